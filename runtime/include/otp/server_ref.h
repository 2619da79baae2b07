// How a client addresses a server: by pid, or by a name that is resolved at each use.
//
//   demo::Counter counter{otp::Name{"counter"}};   // generated handles derive from ServerRef
//   otp::Ref monitor = counter.monitor();
//   counter.stop();                                // returns when it is dead
//
// A reference is a value of 16 bytes: copyable, sendable, comparable. It says nothing about whether
// the server lives. Process only, but for construction and comparison. Source: gen_server(3),
// server_ref(); Elixir's GenServer.
#pragma once

#include <optional>

#include <otp/detail/behaviour.h>
#include <otp/process.h>

namespace otp {

class ServerRef {
 public:
  ServerRef() = default;
  explicit ServerRef(Pid pid) noexcept : address_(pid) {}
  explicit ServerRef(Name name) noexcept : address_(detail::name_pid(name)) {}

  /// The process behind the reference now; none for a name nobody holds.
  std::optional<Pid> pid() const {
    if (!detail::is_name(address_)) return address_ ? std::optional<Pid>(address_) : std::nullopt;
    return otp::whereis(detail::name_of(address_));
  }
  /// Pid or name in one value, for messages of one's own.
  Pid address() const noexcept { return address_; }

  Ref monitor() const { return otp::monitor(address_); }
  /// sys:terminate: the server ends with `reason`, terminate included, and is dead when this
  /// returns. Like a failed call it exits the caller when the server was dead (`noproc`), is the
  /// caller (`calling_self`), ended with another reason, or did not end in time.
  void stop(const ExitReason& reason = ExitReason::normal(), Timeout timeout = infinity) const;

  explicit operator bool() const noexcept { return static_cast<bool>(address_); }
  friend bool operator==(const ServerRef&, const ServerRef&) = default;

 private:
  Pid address_;
};

}  // namespace otp
