// Starting a process that has an init: options, results, errors. Shared by every behaviour.
//
//   auto counter = demo::Counter::start_link({.initial = 5}, {.name = "counter"});
//   if (!counter && counter.error().kind == otp::StartError::Kind::already_started)
//     use(counter.error().pid);
//
// Start functions return only when init is over. start_link links before init runs. Source:
// gen_server(3), proc_lib(3): a failed init ends the new process before the start function returns,
// so its name is free; when init stopped with a reason or threw, the link carries that reason to a
// caller that does not trap exits.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <otp/exit_reason.h>
#include <otp/process.h>
#include <otp/via.h>

namespace otp {

struct StartOptions {
  Name name{};  ///< registered before init; a taken name gives already_started
  /// For init; after it the process is killed and the error is `timeout`.
  Timeout timeout = infinity;
  /// Another name than a local one, taken before init: Registry::via, global::via.
  Via via{};
  /// A gen_server hibernates when idle for so long; none: what its schema says.
  std::optional<Duration> hibernate_after{};
  Priority priority = Priority::normal;  ///< see <otp/priority.h>
};

struct StartError {
  enum class Kind : std::uint8_t {
    ignore,           ///< init chose not to start; no error to a supervisor
    already_started,  ///< the name is held by `pid`
    timeout,
    error,  ///< init gave or threw `reason`
  };
  Kind kind = Kind::error;
  ExitReason reason{};
  Pid pid{};

  /// The reason in the form a supervisor reports: `ignore`, `{already_started,<0.5.1>}`, `timeout`,
  /// the reason.
  ExitReason as_reason() const;
  /// The typed error of an init that `throws E`.
  template <class E>
  const E* error_as() const noexcept {
    return reason.payload<E>();
  }
};

std::string to_string(const StartError& error);

namespace detail {
/// A process whose init is over.
struct Started {
  Pid pid;
  Ref monitor;
};
}  // namespace detail

namespace detail {
/// What has been started, as its typed client.
template <class Client, class Untyped>
std::expected<Client, StartError> as_client(const std::expected<Untyped, StartError>& started) {
  if (!started) return std::unexpected(started.error());
  return Client(started->address());
}
}  // namespace detail

/// The result of start_monitor.
template <class Ref_>
struct Monitored {
  Ref_ server;
  Ref monitor;
};

}  // namespace otp
