// Support for generated state machines: their base class, what their handlers return, and how their
// clients call them.
//
//   Transition<State, State::paid, State::failed> authorizing_bank(bool ok) override {
//     return ok ? ... to_paid() : to_failed();        // any other state does not compile
//   }
//
// A handler returns keep_state(), repeat_state(), otp::stop(reason), or to_NAME() for a state that
// the schema names behind `to`; each but stop with the actions of <otp/gen_statem.h>.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <otp/gen/server.h>
#include <otp/gen_statem.h>

namespace otp {

/// A change of state that the schema allows; `from` is empty for one of `any`.
struct StatemEdge {
  std::string_view from;
  std::string_view event;
  std::string_view to;
};

namespace gen {

/// The change to one state.
template <class S, S Target>
class ToState : public StatemActions<ToState<S, Target>> {};

/// No change of state.
template <class S>
class Stay : public StatemActions<Stay<S>> {
 public:
  Stay() = default;
  explicit Stay(bool enters_again) : repeat(enters_again) {}
  bool repeat = false;
};

/// What a handler may return: to stay, to stop, or to go to one of the targets.
template <class S, S... Targets>
class Transition : public StatemTransition<S> {
  using Base = StatemTransition<S>;

 public:
  template <S Target>
    requires((Target == Targets) || ...)
  Transition(ToState<S, Target> next) : Base(Target) {  // NOLINT(google-explicit-constructor)
    this->actions = std::move(next.actions);
  }
  Transition(Stay<S> stay)  // NOLINT(google-explicit-constructor)
      : Base(stay.repeat ? Base::Kind::repeat : Base::Kind::keep) {
    this->actions = std::move(stay.actions);
  }
  Transition(Stop result) : Base(std::move(result)) {}  // NOLINT(google-explicit-constructor)
};

/// The result of a generated machine's init: the schema says in which state it begins.
class Begin : public StatemActions<Begin> {
 public:
  Begin() = default;
  Begin(Ignore) : kind(Init::Kind::ignore) {}                                       // NOLINT
  Begin(Stop result) : kind(Init::Kind::stop), reason(std::move(result.reason)) {}  // NOLINT
  Begin(InitError result)                                                           // NOLINT
      : kind(Init::Kind::error), reason(std::move(result.reason)) {}
  Init::Kind kind = Init::Kind::ok;
  ExitReason reason;
};

/// `state_timeout 5s` or `timeout NAME 5s` of a state, armed when it is entered.
struct DeclaredTimeout {
  const char* name;  ///< null: the state's own
  Duration after;
};

/// Throws the exit `function_clause` for an event of the schema, whose name begins with `prefix`.
void statem_unhandled(const StatemEvent& event, std::string_view prefix, std::string_view state);
/// Throws the exit `bad_transition` for one that is not among the edges.
void statem_check_transition(std::span<const StatemEdge> edges, std::string_view from,
                             const StatemEvent& event, std::string_view to);

/// The base of a generated machine.
template <class S>
class StatemServer : public detail::StatemMachine {
 public:
  /// The end by stop, by an exception, or by the parent's exit.
  virtual void otp_ended(const ExitReason& reason) { static_cast<void>(reason); }

 protected:
  explicit StatemServer(S first) : state_(first), previous_(first) {}
  S state() const noexcept { return state_; }
  static Begin begin() { return {}; }
  static Stay<S> keep_state() { return {}; }
  static Stay<S> repeat_state() { return Stay<S>(true); }

  // ---- Machinery of generated code ----
  S otp_previous() const noexcept { return previous_; }
  static Begun otp_begun(Begin result) {
    return {result.kind, std::move(result.reason), std::move(result.actions)};
  }
  detail::StatemOutcome otp_carry_out(StatemTransition<S> transition) {
    const bool changed = transition.state && *transition.state != state_;
    if (transition.kind != StatemTransition<S>::Kind::stop) previous_ = state_;
    if (changed) state_ = *transition.state;
    return {transition.kind, changed, std::move(transition.reason), std::move(transition.actions)};
  }
  /// The state is entered: its time-outs begin before the handler's own actions, which may change
  /// them. A final state ends the machine after these.
  detail::StatemOutcome otp_entered(detail::StatemOutcome outcome,
                                    std::span<const DeclaredTimeout> timeouts, bool final) {
    Stay<S> armed;
    for (const DeclaredTimeout& each : timeouts) {
      armed = each.name == nullptr ? std::move(armed).state_timeout(each.after)
                                   : std::move(armed).named_timeout(each.name, each.after);
    }
    outcome.actions.insert(outcome.actions.begin(), armed.actions.begin(), armed.actions.end());
    if (final && outcome.kind != detail::StatemOutcome::Kind::stop) {
      outcome.kind = detail::StatemOutcome::Kind::stop;
      outcome.reason = ExitReason::normal();
    }
    return outcome;
  }
  static detail::StatemOutcome otp_postponed() {
    detail::StatemOutcome outcome;
    outcome.actions.push_back({.kind = detail::StatemAction::Kind::postpone});
    return outcome;
  }
  /// An event without a handler: one of the schema ends the machine, as a clause that is missing
  /// does in gen_statem; a time-out of a state that has been left is over; anything else is dropped
  /// with a warning.
  static detail::StatemOutcome otp_unhandled(const StatemEvent& event, std::string_view prefix,
                                             std::string_view state) {
    statem_unhandled(event, prefix, state);
    return {};
  }
  /// For a handler of all states, whose targets the compiler cannot check.
  static void otp_check_transition(std::span<const StatemEdge> edges, std::string_view from,
                                   const StatemEvent& event, std::string_view to) {
    statem_check_transition(edges, from, event, to);
  }
  void otp_set_state(S state) noexcept { state_ = state; }

 private:
  void otp_terminate(const ExitReason& reason) final { otp_ended(reason); }

  S state_;
  S previous_;
};

template <class Q>
detail::StatemRequest<Q>* make_statem_answer() {
  auto* answer = detail::make_message<detail::StatemRequest<Q>>();
  answer->type = &detail::statem_request_type<Q>;
  return answer;
}

/// Who waits for the answer to the request `Q`, as its handler sees it.
template <class Q>
From<typename Q::Result> statem_from(const StatemEvent& event) {
  const detail::ReplyTo to = event.from<Q>().to;
  if constexpr (std::is_void_v<typename Q::Result>) {
    return From<void>(to, []() -> detail::CallBase* {
      auto* answer = make_statem_answer<Q>();
      answer->result.emplace();
      return answer;
    });
  } else {
    return From<typename Q::Result>(to, [](typename Q::Result&& value) -> detail::CallBase* {
      auto* answer = make_statem_answer<Q>();
      answer->result.emplace(std::move(value));
      return answer;
    });
  }
}

/// As call, try_call and send_request of <otp/gen/server.h>, for a machine.
template <class Q, class... Args>
typename Q::Result statem_call(const ServerRef& server, Timeout timeout, Args&&... args) {
  if constexpr (std::is_void_v<typename Q::Result>)
    StatemRef(server.address()).call(Q(std::forward<Args>(args)...), timeout);
  else
    return StatemRef(server.address()).call(Q(std::forward<Args>(args)...), timeout);
}

template <class Q, class... Args>
typename Tried<typename Q::Result>::type statem_try_call(const ServerRef& server, Timeout timeout,
                                                         Args&&... args) {
  using Result = typename Q::Result;
  using Answer = typename Tried<Result>::type;
  auto answer = StatemRef(server.address()).try_call(Q(std::forward<Args>(args)...), timeout);
  if (!answer) return Answer(std::unexpect, std::move(answer).error());
  if constexpr (std::is_void_v<Result>) {
    return {};
  } else if constexpr (std::is_same_v<Answer, std::expected<Result, CallError>>) {
    return *std::move(answer);
  } else {
    Result& result = *answer;
    if (!result) return Answer(std::unexpect, std::move(result).error());
    if constexpr (std::is_void_v<typename Result::value_type>)
      return {};
    else
      return *std::move(result);
  }
}

template <class Q, class... Args>
Request<typename Q::Result> statem_send_request(const ServerRef& server, Args&&... args) {
  const auto sent = StatemRef(server.address()).async_call(Q(std::forward<Args>(args)...));
  if constexpr (std::is_void_v<typename Q::Result>)
    return {.id = sent.id, .take = nullptr, .target = sent.target, .name = sent.name};
  else
    return sent;
}

template <class T, class... Args>
void statem_send(const ServerRef& server, Args&&... args) {
  StatemRef(server.address()).cast(T(std::forward<Args>(args)...));
}
template <class T, class... Args>
void statem_send_info(const ServerRef& server, Args&&... args) {
  detail::send_message(server.address(), detail::make_value(T(std::forward<Args>(args)...)));
}

/// start, start_link and start_monitor of a generated machine.
template <class Client, class Args>
std::expected<detail::Started, StartError> start_statem(Args args, const char* name,
                                                        const StartOptions& options,
                                                        detail::SpawnOptions spawn) {
  using Server = typename Client::Server;
  std::unique_ptr<Server> machine = make_server<Server>();
  machine->otp_take(std::move(args));
  return detail::start_statem(std::move(machine), name, options, spawn);
}
template <class Client, class Args>
std::expected<Client, StartError> start_statem(Args args, const char* name,
                                               const StartOptions& options, bool link) {
  const auto started =
      start_statem<Client>(std::move(args), name, options, detail::SpawnOptions{.link = link});
  if (!started) return std::unexpected(started.error());
  return Client(started->pid);
}
template <class Client, class Args>
std::expected<Monitored<Client>, StartError> start_statem_monitor(Args args, const char* name,
                                                                  const StartOptions& options) {
  const auto started =
      start_statem<Client>(std::move(args), name, options, detail::SpawnOptions{.monitor = true});
  if (!started) return std::unexpected(started.error());
  return Monitored<Client>{Client(started->pid), started->monitor};
}

}  // namespace gen
}  // namespace otp
