// How a client addresses a server: by pid, or by a name that is resolved at each use, local or via
// a registry.
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
#include <otp/via.h>

namespace otp {

class ServerRef {
 public:
  ServerRef() = default;
  explicit ServerRef(Pid pid) noexcept : address_(pid) {}
  explicit ServerRef(Name name) noexcept : address_(detail::name_pid(name)) {}
  /// Process only.
  explicit ServerRef(const Via& via) : address_(via.address()) {}

  /// The process behind the reference now; none for a name that nobody holds.
  std::optional<Pid> pid() const {
    const Pid now = detail::resolve(address_);
    // A registry learns of an end a little later.
    if (detail::is_indirect(address_) && now && !otp::is_alive(now)) return std::nullopt;
    return now ? std::optional<Pid>(now) : std::nullopt;
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
