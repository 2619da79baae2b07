// sys: looking into a running server, and stopping the world inside it.
//
//   otp::sys::suspend(counter);                               // it answers nobody but sys
//   demo::CounterState state = otp::sys::get_state(counter);  // where the schema declares `state`
//   otp::sys::replace_state(counter, [](auto state) { state.n = 0; return state; });
//   otp::sys::resume(counter);
//   otp::sys::log(counter, 10);                               // remember the last ten events
//   otp::sys::Status status = otp::sys::get_status(counter);
//
// - Every behaviour answers, also while it is suspended; requests that come meanwhile wait in their
//   order. The request itself waits until the process is between two messages.
// - Like a failed call, every function exits the caller (CallExit) when the server is dead
//   (`noproc`), is the caller (`calling_self`) or does not answer in time; what a function of the
//   caller's throws inside the server fails with `{callback_failed,...}` and changes nothing.
// - Events are the messages a server takes and the replies it gives. With nothing switched on they
//   cost nothing.
// - A process of your own takes part by the clause `otp::sys::on_request(state)` in its receives.
// Process only. Source: sys(3), "sys and proc_lib" in OTP Design Principles; Elixir's :sys.
#pragma once

#include <any>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <otp/receive.h>
#include <otp/server_ref.h>
#include <otp/timer.h>

namespace otp::sys {

struct Event {
  enum class Kind : std::uint8_t { in, out };
  Kind kind = Kind::in;
  std::string message;  ///< "Counter.get"; of a reply, the name of the request where it is known
  Pid peer;             ///< of a call its caller, of a reply its receiver; else null
  TimePoint time;
};
/// `in Counter.get from <0.7.1>`.
std::string to_string(const Event& event);

struct Status {
  Pid pid;
  Pid parent;
  Name name;
  std::string behaviour;  ///< "gen_server demo.Counter"
  bool suspended = false;
  std::string state;               ///< what format_status() makes of it
  std::vector<std::string> debug;  ///< what is switched on: "trace", "log", "statistics", hooks
};

struct Statistics {
  TimePoint start;
  TimePoint now;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
};

/// Called in the server for every event; false takes it out.
using Hook = std::function<bool(const Event&)>;

inline constexpr std::chrono::seconds default_timeout{5};

void suspend(const ServerRef& server, Timeout timeout = default_timeout);
void resume(const ServerRef& server, Timeout timeout = default_timeout);
Status get_status(const ServerRef& server, Timeout timeout = default_timeout);
/// stop() of ServerRef.
void terminate(const ServerRef& server, const ExitReason& reason = ExitReason::normal(),
               Timeout timeout = infinity);

void statistics(const ServerRef& server, bool on, Timeout timeout = default_timeout);
/// None when they are switched off (`no_statistics`).
std::optional<Statistics> get_statistics(const ServerRef& server,
                                         Timeout timeout = default_timeout);

/// Prints every event to standard output, as `*DBG* ...`.
void trace(const ServerRef& server, bool on, Timeout timeout = default_timeout);
/// Remembers the last `events` events; 0 switches off.
void log(const ServerRef& server, std::size_t events, Timeout timeout = default_timeout);
/// The events remembered, the oldest first; empty when it is off.
std::vector<Event> get_log(const ServerRef& server, Timeout timeout = default_timeout);
/// Appends every event as a line to a file; an empty path switches off. Fails with
/// `{open_file,...}` when it cannot be opened.
void log_to_file(const ServerRef& server, const std::string& path,
                 Timeout timeout = default_timeout);
/// Installs a hook under an id; an id that is taken keeps its hook.
void install(const ServerRef& server, const std::string& id, Hook hook,
             Timeout timeout = default_timeout);
void remove(const ServerRef& server, const std::string& id, Timeout timeout = default_timeout);
/// Switches everything off.
void no_debug(const ServerRef& server, Timeout timeout = default_timeout);

/// Runs code_change of a suspended server; its error, or `not_suspended`. The state stays when it
/// fails.
std::expected<void, ExitReason> change_code(const ServerRef& server, std::string_view old_version,
                                            std::any extra = {}, Timeout timeout = default_timeout);

namespace detail {
std::any get_any_state(const ServerRef& server, Timeout timeout);
std::any replace_any_state(const ServerRef& server, std::function<std::any(std::any)> f,
                           Timeout timeout);
[[noreturn]] void fail_state_type(const ServerRef& server);

template <class Client>
struct StateOf : std::type_identity<typename Client::State> {};
template <class Client>
  requires requires { typename Client::StateAndData; }
struct StateOf<Client> : std::type_identity<typename Client::StateAndData> {};
}  // namespace detail

/// The state of a server as a `State`; fails with `bad_state_type` when it keeps another, or none.
template <class State>
State get_state_as(const ServerRef& server, Timeout timeout = default_timeout) {
  std::any state = detail::get_any_state(server, timeout);
  auto* typed = std::any_cast<State>(&state);
  if (typed == nullptr) detail::fail_state_type(server);
  return std::move(*typed);
}
/// Runs `f` in the server on a copy of its state, stores what it gives, and returns that.
template <class State, class F>
State replace_state_as(const ServerRef& server, F f, Timeout timeout = default_timeout) {
  std::any stored = detail::replace_any_state(
      server,
      [f = std::move(f)](std::any state) mutable -> std::any {
        return State(f(std::any_cast<State>(std::move(state))));
      },
      timeout);
  return std::any_cast<State>(std::move(stored));
}
/// The same for a server whose schema declares its state, and for a machine, which gives the pair
/// of its state and data.
template <class Client>
typename detail::StateOf<Client>::type get_state(const Client& server,
                                                 Timeout timeout = default_timeout) {
  return get_state_as<typename detail::StateOf<Client>::type>(server, timeout);
}
template <class Client, class F>
typename detail::StateOf<Client>::type replace_state(const Client& server, F f,
                                                     Timeout timeout = default_timeout) {
  return replace_state_as<typename detail::StateOf<Client>::type>(server, std::move(f), timeout);
}

/// For a process of your own: a clause of receive that takes a request and answers it; get_state
/// and replace_state reach `state`. A stop request exits the process; when it is suspended, the
/// clause ends only after it is resumed.
template <class State>
auto on_request(State& state) {
  return on([&state](otp::detail::SystemRequest&& request) {
    const otp::detail::StateAccess access{
        .object = &state,
        .get = [](void* object) { return std::any(*static_cast<State*>(object)); },
        .set =
            [](void* object, std::any value) {
              *static_cast<State*>(object) = std::any_cast<State>(std::move(value));
            }};
    otp::detail::answer_while_suspended(std::move(request), access);
  });
}

}  // namespace otp::sys
