// What sockets of every kind share: addresses, errors, active mode.
// Source: inet(3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace otp {

/// Why an operation on a socket failed.
class InetError {
 public:
  /// The socket is closed, by whichever side.
  static InetError closed() { return InetError("closed", 0, {}); }
  /// It took too long.
  static InetError timeout() { return InetError("timeout", 0, {}); }
  /// What the system said, by its errno.
  static InetError system(int error);
  static InetError other(const char* reason, std::string detail) {
    return InetError(reason, 0, std::move(detail));
  }

  /// As OTP writes it: "closed", "timeout", "econnrefused", "nxdomain", "tls_alert".
  std::string_view reason() const noexcept { return reason_; }
  /// The errno; 0 when it is none.
  int code() const noexcept { return code_; }
  /// For people.
  std::string text() const;
  friend bool operator==(const InetError&, const InetError&) = default;
  friend bool operator==(const InetError& error, std::string_view reason) noexcept {
    return error.reason_ == reason;
  }

 private:
  InetError(std::string reason, int code, std::string detail)
      : reason_(std::move(reason)), code_(code), detail_(std::move(detail)) {}
  std::string reason_;
  int code_ = 0;
  std::string detail_;
};

struct SocketAddress {
  std::string ip;  ///< "127.0.0.1", "::1"
  std::uint16_t port = 0;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

/// Whether what arrives comes to the owner as messages: `active` of inet:setopts.
class Active {
 public:
  /// Passive: who wants data calls recv.
  static constexpr Active off() { return Active(0, false); }
  /// Without end, however slow the owner is.
  static constexpr Active on() { return Active(-1, false); }
  /// One message, then passive.
  static constexpr Active once() { return Active(1, false); }
  /// So many more messages, then `Passive` and passive. Adds to what is left of another `times`, or
  /// takes away from it. When that leaves none, the socket is passive at once and says so, also
  /// when it was before. `einval`, and nothing changes, when it makes more than 32767. For a new
  /// socket, as an option, `n` of 0 or less is the same as off().
  static constexpr Active times(std::int16_t n) { return Active(n, true); }

  /// How many more messages; -1: without end.
  std::int32_t left() const noexcept { return left_; }
  /// Whether it is of `times`.
  bool tells() const noexcept { return tells_; }

 private:
  constexpr Active(std::int32_t left, bool tells) : left_(left), tells_(tells) {}
  std::int32_t left_;
  bool tells_;
};

}  // namespace otp
