// Why a process ended: the value that travels in EXIT and DOWN.
//
//   otp::exit(otp::ExitReason::shutdown());            // an ordered stop
//   otp::exit(otp::ExitReason("disk_full"));           // a reason of your own; in OTP an atom
//   if (down.reason == otp::ExitReason::noproc()) ...
//
// Reasons are compared by value; the backtrace and the payload of a crash are never compared.
// `normal` and `shutdown` are ordered ends: they are not logged as crashes and do not restart a
// transient child. `kill` is what is sent and cannot be trapped; everybody else sees `killed`.
// Source: erlang(3) exit/2, gen_server(3), supervisor(3).
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace otp {

class ExitReason {
 public:
  enum class Kind : std::uint8_t {
    normal,
    shutdown,  ///< `shutdown` or, with text, `{shutdown, Text}`
    kill,      ///< only ever sent
    killed,
    noproc,
    noconnection,
    timeout,
    calling_self,
    overloaded,   ///< refused by a full mailbox
    bad_request,  ///< the target does not understand the message; text says which
    call_failed,  ///< an uncaught failed call: `{Cause, CallDescription}`
    custom,       ///< an atom or a text of the program's own
    error,        ///< an exception left a callback: `{Error, Stack}`
    terminate,    ///< std::terminate was reached inside the process
  };

  /// `normal`.
  ExitReason() noexcept = default;
  /// A reason of the program's own. The texts of the closed kinds ("normal", "shutdown",
  /// "killed"...) give those.
  explicit ExitReason(std::string_view text);

  static ExitReason normal() noexcept { return {}; }
  static ExitReason shutdown() noexcept { return ExitReason{Kind::shutdown}; }
  static ExitReason shutdown(std::string_view detail);
  static ExitReason kill() noexcept { return ExitReason{Kind::kill}; }
  static ExitReason killed() noexcept { return ExitReason{Kind::killed}; }
  static ExitReason noproc() noexcept { return ExitReason{Kind::noproc}; }
  static ExitReason noconnection() noexcept { return ExitReason{Kind::noconnection}; }
  static ExitReason timeout() noexcept { return ExitReason{Kind::timeout}; }
  static ExitReason calling_self() noexcept { return ExitReason{Kind::calling_self}; }
  static ExitReason overloaded() noexcept { return ExitReason{Kind::overloaded}; }
  static ExitReason bad_request(std::string_view detail);
  static ExitReason terminate(std::string_view detail);
  /// `{cause, call}`: what a caller ends with when it does not catch a failed call.
  static ExitReason call_failed(const ExitReason& cause, std::string_view call);
  /// An exception: its type, its what(), and the return addresses at the throw (symbolised only for
  /// reports).
  static ExitReason error(std::string_view type, std::string_view what,
                          std::vector<void*> frames = {});
  /// The same reason carrying a typed value, for receivers that know the type (`payload<T>()`).
  ExitReason with_payload(std::any payload) const;

  Kind kind() const noexcept { return kind_; }
  /// The custom text, the shutdown detail, the exception's what(); empty for the closed kinds.
  std::string_view text() const noexcept;
  /// The exception's type (error), the failed call's description (call_failed); else empty.
  std::string_view origin() const noexcept;
  /// What the failed call failed with (call_failed); else this reason itself.
  const ExitReason& cause() const noexcept;
  const std::vector<void*>& frames() const noexcept;
  template <class T>
  const T* payload() const noexcept {
    return std::any_cast<T>(any_payload());
  }

  bool is_normal() const noexcept { return kind_ == Kind::normal; }
  /// `shutdown`, `{shutdown, _}`, also as the cause of a failed call, as OTP's pattern has it.
  bool is_shutdown() const noexcept;
  /// Neither normal nor shutdown: is logged, restarts transient children.
  bool is_abnormal() const noexcept { return !is_normal() && !is_shutdown(); }

  friend bool operator==(const ExitReason& a, const ExitReason& b) noexcept;

 private:
  struct Detail;
  explicit ExitReason(Kind kind) noexcept : kind_(kind) {}
  ExitReason(Kind kind, std::shared_ptr<const Detail> detail) noexcept
      : kind_(kind), detail_(std::move(detail)) {}
  const std::any* any_payload() const noexcept;

  Kind kind_ = Kind::normal;
  std::shared_ptr<const Detail> detail_;
};

/// Payload of the `shutdown` with which a supervisor gives up after too many restarts: OTP's reason
/// is the plain `shutdown`, and so it compares; who must tell a failure from an ordered end looks
/// for this.
struct ReachedMaxRestartIntensity {};

/// As OTP prints it: `normal`, `{shutdown,draining}`, `{noproc,{call,Counter.get,...}}`,
/// `std::runtime_error: boom`.
std::string to_string(const ExitReason& reason);

}  // namespace otp
