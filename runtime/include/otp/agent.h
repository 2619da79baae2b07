// Agent: a process that keeps a state, for when functions on it are all that is needed.
//
//   using Words = std::set<std::string>;
//   auto words = otp::Agent<Words>::start_link([] { return Words(); }).value();
//   words.update([](Words& set) { set.insert("otp"); });
//   bool known = words.get([](const Words& set) { return set.contains("otp"); });
//
// - The functions run in the agent, one after the other: what they are given is the state itself.
//   Keep them short; what takes long holds up everybody.
// - A function that throws crashes the agent, and the call fails with the same reason.
// - get, update and get_and_update are calls (five seconds by default) and exit the caller as calls
//   do; cast returns at once.
// Process only. Source: Elixir's Agent.
#pragma once

#include <any>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <otp/call.h>
#include <otp/server_ref.h>
#include <otp/start.h>
#include <otp/supervisor.h>

namespace otp {

namespace detail {
using AgentFunction = std::function<std::any(std::any& state)>;
std::expected<Started, StartError> start_agent(std::function<std::any()> init,
                                               const StartOptions& options, bool link);
std::any call_agent(const ServerRef& agent, const char* name, AgentFunction function,
                    Timeout timeout);
void cast_agent(const ServerRef& agent, AgentFunction function);
}  // namespace detail

template <class S>
class Agent : public ServerRef {
 public:
  using State = S;
  using ServerRef::ServerRef;
  static constexpr std::chrono::seconds default_timeout{5};

  /// The state is what `init` returns, in the agent.
  template <class F>
  static std::expected<Agent, StartError> start(F init, const StartOptions& options = {}) {
    return started(detail::start_agent(boxed(std::move(init)), options, false));
  }
  template <class F>
  static std::expected<Agent, StartError> start_link(F init, const StartOptions& options = {}) {
    return started(detail::start_agent(boxed(std::move(init)), options, true));
  }
  /// A permanent worker; change what should be different.
  template <class F>
  static ChildSpec child_spec(F init, const StartOptions& options = {}) {
    return {.id = "Agent", .start = [init, options]() -> std::expected<StartedChild, StartError> {
              const auto agent = start_link(init, options);
              if (!agent) return std::unexpected(agent.error());
              return agent->address();
            }};
  }

  /// f(const S&).
  template <class F, class R = std::decay_t<std::invoke_result_t<F&, const S&>>>
  R get(F f, Timeout timeout = default_timeout) const {
    return std::any_cast<R>(detail::call_agent(
        *this, "Agent.get",
        [f = std::move(f)](std::any& state) mutable -> std::any {
          return R(f(std::as_const(*std::any_cast<S>(&state))));
        },
        timeout));
  }
  /// f(S&).
  template <class F>
  void update(F f, Timeout timeout = default_timeout) const {
    detail::call_agent(*this, "Agent.update", changing(std::move(f)), timeout);
  }
  /// f(S&), whose result comes back.
  template <class F, class R = std::decay_t<std::invoke_result_t<F&, S&>>>
  R get_and_update(F f, Timeout timeout = default_timeout) const {
    return std::any_cast<R>(detail::call_agent(
        *this, "Agent.get_and_update",
        [f = std::move(f)](std::any& state) mutable -> std::any {
          return R(f(*std::any_cast<S>(&state)));
        },
        timeout));
  }
  /// update, without waiting.
  template <class F>
  void cast(F f) const {
    detail::cast_agent(*this, changing(std::move(f)));
  }

  /// For sys::change_code: `extra` that turns the state into `f(state)`.
  template <class F>
  static std::any migration(F f) {
    return detail::AgentFunction(
        changing([f = std::move(f)](S& state) { state = f(std::move(state)); }));
  }

 private:
  template <class F>
  static std::function<std::any()> boxed(F init) {
    return [init = std::move(init)]() mutable { return std::any(S(init())); };
  }
  template <class F>
  static detail::AgentFunction changing(F f) {
    return [f = std::move(f)](std::any& state) mutable -> std::any {
      f(*std::any_cast<S>(&state));
      return {};
    };
  }
  static std::expected<Agent, StartError> started(
      std::expected<detail::Started, StartError> result) {
    if (!result) return std::unexpected(std::move(result).error());
    return Agent(result->pid);
  }
};

}  // namespace otp
