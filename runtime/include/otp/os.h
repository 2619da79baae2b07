// os: signals of the operating system as messages.
//
//   otp::os::set_signal(SIGHUP);                         // from now on the caller gets it
//   otp::os::Signal signal = *otp::receive_value<otp::os::Signal>();
//
// A signal has at most one receiver; a later one takes its place. When the receiver ends, the
// signal does what it did before. otp::run_application takes SIGTERM and SIGINT for itself.
// Process only. Source: os:set_signal/2, erl_signal_server.
#pragma once

#include <expected>

#include <otp/inet.h>

namespace otp::os {

struct Signal {
  int number;  ///< SIGHUP, SIGUSR1...
};

/// `einval` for a number that is no signal, or one that cannot be caught (SIGKILL, SIGSTOP), or one
/// that a crash raises (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT).
std::expected<void, InetError> set_signal(int number);
/// The signal does what it did before; nothing happens unless the caller receives it.
void reset_signal(int number);

}  // namespace otp::os
