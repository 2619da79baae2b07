// Aliases: references of the caller that others can send to, until the caller turns them off.
//
//   const otp::Alias here = otp::alias({.reply = true});       // takes one message
//   otp::send(worker, Question{.answer_to = here});
//   auto answer = otp::receive_value<Answer>(1s);
//   otp::unalias(here);                                        // what comes later vanishes
//
// - Sending through an alias that is off, or whose owner is dead, is silent.
// - A monitor may be an alias too (MonitorOptions::alias): `alias_of(ref)` is it.
// - Through a priority alias a sender may let a message or an exit signal overtake the ordinary
//   messages of the owner's mailbox: send(alias, value, {.priority = true}). Priority messages keep
//   their order among themselves. Without the owner's consent (a priority alias) nobody can.
// Process only. Source: erlang(3) alias/1, unalias/1, monitor/3; "Processes", priority messages
// (OTP 28).
#pragma once

#include <utility>

#include <otp/receive.h>

namespace otp {

/// A value: copy it, compare it, send it.
struct Alias {
  Pid owner;
  Ref ref;
  friend bool operator==(const Alias&, const Alias&) = default;
};

struct AliasOptions {
  bool reply = false;     ///< the first message through it turns it off
  bool priority = false;  ///< messages sent with priority overtake ordinary ones
};
/// A new alias of the caller.
Alias alias(AliasOptions options = {});
/// The alias of a monitor of the caller that was made with MonitorOptions::alias.
Alias alias_of(Ref monitor);
/// Turns an alias of the caller off; true when it was on.
bool unalias(const Alias& alias);

struct SendOptions {
  bool priority = false;
};

namespace detail {
/// Sends `message` (kind info) through `alias`; consumes it.
void send_through(const Alias& alias, Message* message, SendOptions options) noexcept;
}  // namespace detail

template <class T>
void send(const Alias& alias, T value, SendOptions options = {}) {
  detail::send_through(alias, detail::make_value(std::move(value)), options);
}

/// An exit signal through an alias.
void exit(const Alias& alias, ExitReason reason, SendOptions options = {});

}  // namespace otp
