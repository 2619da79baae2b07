// Plain messages and selective receive, for processes that are no servers.
//
//   otp::send(pid, std::string{"hello"});
//   otp::receive(otp::on([](const std::string& text) { ... }),
//                otp::on([](const otp::Down& down) { ... }),
//                otp::after(1s, [] { ... }));
//
// A message is a value of any movable type; it is matched by exactly that type (EXIT and DOWN
// arrive as otp::Exit and otp::Down). `receive` takes the oldest message that a clause matches and
// leaves the others in the mailbox in their order. `on_if` adds a guard. Without `after` it waits
// for ever. Exit signals interrupt the wait. Process only. Source: the Erlang reference manual,
// "Receive".
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <otp/detail/behaviour.h>
#include <otp/process.h>

namespace otp {
namespace detail {

template <class T>
T* message_as(Message& message) noexcept {
  if constexpr (std::is_same_v<T, Down>) {
    return message.kind == MessageKind::down ? &static_cast<DownMessage&>(message).down : nullptr;
  } else if constexpr (std::is_same_v<T, Exit>) {
    return message.kind == MessageKind::exit ? &static_cast<ExitMessage&>(message).exit : nullptr;
  } else if constexpr (std::is_same_v<T, SystemRequest>) {
    return message.kind == MessageKind::system ? &static_cast<SystemRequest&>(message) : nullptr;
  } else {
    return message.type == &value_message_type<T> ? &static_cast<ValueMessage<T>&>(message).value
                                                  : nullptr;
  }
}

template <class F>
struct argument_of : argument_of<decltype(&F::operator())> {};
template <class R, class C, class A>
struct argument_of<R (C::*)(A)> : std::type_identity<std::remove_cvref_t<A>> {};
template <class R, class C, class A>
struct argument_of<R (C::*)(A) const> : std::type_identity<std::remove_cvref_t<A>> {};

template <class Guard, class F>
struct Clause {
  using Value = typename argument_of<F>::type;
  Guard guard;
  F action;
};
template <class F>
struct AfterClause {
  Timeout timeout;
  F action;
};
struct NoGuard {
  template <class T>
  bool operator()(const T&) const noexcept {
    return true;
  }
};

template <class T>
inline constexpr bool is_after = false;
template <class F>
inline constexpr bool is_after<AfterClause<F>> = true;

/// The oldest message that `accept` takes, out of the mailbox; null at the deadline.
std::unique_ptr<Message, MessageDeleter> receive_matching(bool (*accept)(void*, Message&),
                                                          void* context, Timeout timeout);

template <class C>
bool clause_accepts(C& clause, Message& message) {
  if constexpr (is_after<C>) {
    return false;
  } else {
    const auto* value = message_as<typename C::Value>(message);
    return value != nullptr && clause.guard(*value);
  }
}

template <class C>
void clause_runs(C& clause, Message& message) {
  if constexpr (!is_after<C>) clause.action(std::move(*message_as<typename C::Value>(message)));
}

template <class C>
void clause_times_out(C& clause) {
  if constexpr (is_after<C>) clause.action();
}

template <class C>
Timeout clause_timeout(const C& clause) {
  if constexpr (is_after<C>) return clause.timeout;
  return infinity;
}

}  // namespace detail

/// Sends a value. To a dead pid it vanishes, and so does what a thread that is no process sends:
/// see Runtime::invoke.
template <class T>
void send(Pid target, T value) {
  detail::send_message(target, detail::make_value(std::move(value)));
}

/// Sends to whoever holds the name; throws std::invalid_argument when nobody does (badarg in OTP).
/// On a thread that is no process it throws std::logic_error.
template <class T>
void send(Name target, T value) {
  const std::optional<Pid> pid = whereis(target);
  if (!pid)
    throw std::invalid_argument("send: no process is registered as `" + std::string(target.text()) +
                                "`");
  send(*pid, std::move(value));
}

template <class F>
auto on(F action) {
  return detail::Clause<detail::NoGuard, F>{{}, std::move(action)};
}
template <class Guard, class F>
auto on_if(Guard guard, F action) {
  return detail::Clause<Guard, F>{std::move(guard), std::move(action)};
}
template <class F>
auto after(Timeout timeout, F action) {
  return detail::AfterClause<F>{timeout, std::move(action)};
}

template <class... Clauses>
void receive(Clauses... clauses) {
  std::tuple<Clauses...> all{std::move(clauses)...};
  struct Search {
    std::tuple<Clauses...>& all;
    std::size_t taken = 0;  ///< the clause that has accepted
  } search{all};
  const auto accept = [](void* context, detail::Message& message) {
    auto& in = *static_cast<Search*>(context);
    in.taken = 0;
    const auto accepts = [&](auto& clause) {
      if (detail::clause_accepts(clause, message)) return true;
      ++in.taken;
      return false;
    };
    return std::apply([&](auto&... each) { return (accepts(each) || ...); }, in.all);
  };
  Timeout timeout = infinity;
  std::apply(
      [&](auto&... each) {
        ((timeout =
              detail::clause_timeout(each).is_infinite() ? timeout : detail::clause_timeout(each)),
         ...);
      },
      all);
  const auto message = detail::receive_matching(accept, &search, timeout);
  if (message == nullptr) {
    std::apply([](auto&... each) { (detail::clause_times_out(each), ...); }, all);
  } else {
    std::size_t at = 0;
    const auto run = [&](auto& clause) {
      if (at++ == search.taken) detail::clause_runs(clause, *message);
    };
    std::apply([&](auto&... each) { (run(each), ...); }, all);
  }
}

/// The oldest message of type T that `guard` takes; none when there is none now.
template <class T, class Guard>
std::optional<T> receive_value_if(Guard guard) {
  std::optional<T> taken;
  receive(on_if(std::move(guard), [&](T value) { taken.emplace(std::move(value)); }),
          after(Duration::zero(), [] {}));
  return taken;
}

/// The oldest message of type T, or none at the time-out.
template <class T>
std::optional<T> receive_value(Timeout timeout = infinity) {
  const auto accept = [](void*, detail::Message& message) {
    return detail::message_as<T>(message) != nullptr;
  };
  const auto message = detail::receive_matching(accept, nullptr, timeout);
  if (message == nullptr) return std::nullopt;
  return std::move(*detail::message_as<T>(*message));
}

}  // namespace otp
