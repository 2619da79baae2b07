// How a client addresses a server: by pid, or by a name that is resolved at each use, local or via
// a registry.
//
//   demo::Counter counter{otp::Name{"counter"}};   // generated handles derive from ServerRef
//   otp::Ref monitor = counter.monitor();
//   counter.stop();                                // returns when it is dead
//
// A reference is a value: copyable, sendable, comparable. It says nothing about whether the server
// lives. Process only, but for construction and comparison. Source: gen_server(3),
// server_ref(); Elixir's GenServer.
#pragma once

#include <optional>
#include <utility>

#include <otp/detail/behaviour.h>
#include <otp/process.h>
#include <otp/via.h>

namespace otp {

class ServerRef {
 public:
  ServerRef() = default;
  explicit ServerRef(Pid pid) noexcept : address_(pid) {}
  explicit ServerRef(Name name) noexcept : address_(detail::name_pid(name)) {}
  explicit ServerRef(Via via) noexcept : via_(std::move(via)) {}

  /// The process behind the reference now; none for a name that nobody holds.
  std::optional<Pid> pid() const {
    const Pid now = detail::resolve(address());
    // Names learn of an end a little later.
    const bool named = via_ != nullptr || detail::is_name(address_);
    return !now || (named && !otp::is_alive(now)) ? std::nullopt : std::optional(now);
  }
  /// Pid or local name in one value, for messages of one's own. Of another name it is who holds it
  /// now, or the null pid.
  Pid address() const { return via_ == nullptr ? address_ : via_->whereis_name(); }

  Ref monitor() const { return otp::monitor(address()); }
  /// sys:terminate: the server ends with `reason`, terminate included, and is dead when this
  /// returns. Like a failed call it exits the caller when the server was dead (`noproc`), is the
  /// caller (`calling_self`), ended with another reason, or did not end in time.
  void stop(const ExitReason& reason = ExitReason::normal(), Timeout timeout = infinity) const;

  explicit operator bool() const noexcept { return via_ != nullptr || address_; }
  friend bool operator==(const ServerRef& one, const ServerRef& other) noexcept {
    if (one.via_ == nullptr || other.via_ == nullptr)
      return one.via_ == other.via_ && one.address_ == other.address_;
    return one.via_->equals(*other.via_);
  }

 private:
  Pid address_;
  Via via_;
};

}  // namespace otp
