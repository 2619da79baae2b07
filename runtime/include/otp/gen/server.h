// Support for generated server code: file_server_cpp.mustache prints instantiations of what stands
// here.
//
// One message type per message of the schema, derived from CallOf, CastBase or InfoBase; its
// MessageType constant names it, binds it to the server's ServerInfo (its identity), and holds the
// function that hands it to the handler. A message whose `interface` is not the server's own is
// refused before that function is called.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <otp/gen/version.h>
#include <otp/gen_server.h>

namespace otp::gen {

/// `info NAME every PERIOD`.
struct EverySpec {
  Duration period;
  detail::Message* (*make)();
};

/// What the schema says of a server. Its address is the server's identity.
struct ServerInfo {
  const char* name;  ///< "demo.Counter"
  bool trap_exit = false;
  Duration hibernate_after = Duration::max();
  std::span<const EverySpec> every = {};
  NoReply (*on_down)(GenServer&, Down) = nullptr;
  NoReply (*on_exit)(GenServer&, Exit) = nullptr;
  /// Handles a plain value, such as what is published on a topic; none when it is not known.
  std::optional<NoReply> (*on_value)(GenServer&, detail::Message&) = nullptr;
  detail::MailboxLimit mailbox{};
  bool skip_expired = false;  ///< a call whose caller has given up is not handled
};

/// A call on its way there with arguments (in the derived type), and back with the result.
template <class R>
struct CallOf : detail::CallBase {
  using Result = R;
  std::optional<R> result;
};
template <>
struct CallOf<void> : detail::CallBase {
  using Result = void;
};
struct CastBase : detail::Message {};
struct InfoBase : detail::Message {};
/// The argument that tells `deliver` where its outcome goes.
struct Delivery {
  bool answered = false;  ///< a call: the result is in the message
  bool deferred = false;  ///< a call: the handler said noreply()
  Next next;
};

// ---- Client side ----

[[noreturn]] void fail_call(const detail::CallBase* answer, const char* name, Pid target,
                            Timeout timeout);
/// Sends and waits; the answer has state replied, or the caller is exited.
std::unique_ptr<detail::CallBase, detail::MessageDeleter> call_or_exit(Pid target,
                                                                       detail::CallBase* request,
                                                                       Timeout timeout);

template <class M, class... Args>
M* make(Args&&... args) {
  M* message = detail::make_message<M>(std::forward<Args>(args)...);
  message->type = &M::message_type;
  if constexpr (requires { M::otp_priority; }) message->flags |= detail::priority_flag;
  return message;
}

template <class M, class... Args>
typename M::Result call(const ServerRef& server, Timeout timeout, Args&&... args) {
  const auto answer = call_or_exit(server.address(), make<M>(std::forward<Args>(args)...), timeout);
  if constexpr (!std::is_void_v<typename M::Result>)
    return std::move(*static_cast<M&>(*answer).result);
}

/// The result of a `try_`: the schema's own error and the call's failure flattened into one.
template <class R>
struct Tried {
  using type = std::expected<R, CallError>;
};
template <class V, class E>
struct Tried<std::expected<V, E>> {
  using type = std::expected<V, CallErrorOr<E>>;
};

template <class M, class... Args>
typename Tried<typename M::Result>::type try_call(const ServerRef& server, Timeout timeout,
                                                  Args&&... args) {
  using Result = typename M::Result;
  using Answer = typename Tried<Result>::type;
  const Pid target = server.address();
  const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::call_and_wait(target, make<M>(std::forward<Args>(args)...), timeout));
  if (answer == nullptr || answer->state != static_cast<std::uint8_t>(detail::CallState::replied)) {
    return Answer(std::unexpect,
                  detail::request_failure(answer.get(), M::message_type.name, target, timeout));
  }
  if constexpr (std::is_void_v<Result>) {
    return {};
  } else if constexpr (std::is_same_v<Answer, std::expected<Result, CallError>>) {
    return std::move(*static_cast<M&>(*answer).result);
  } else {
    Result& result = *static_cast<M&>(*answer).result;
    if (!result) return Answer(std::unexpect, std::move(result).error());
    if constexpr (std::is_void_v<typename Result::value_type>)
      return {};
    else
      return *std::move(result);
  }
}

template <class M, class... Args>
Request<typename M::Result> send_request(const ServerRef& server, Args&&... args) {
  using Result = typename M::Result;
  M* message = make<M>(std::forward<Args>(args)...);
  detail::TakeResult<Result> take = nullptr;
  if constexpr (!std::is_void_v<Result>) {
    take = [](detail::CallBase& answer) -> Result {
      return std::move(*static_cast<CallOf<Result>&>(answer).result);
    };
  }
  const Pid target = server.address();
  return {.id = detail::send_request(target, message),
          .take = take,
          .target = target,
          .name = M::message_type.name};
}

/// cast and info.
template <class M, class... Args>
void send(const ServerRef& server, Args&&... args) {
  detail::send_message(server.address(), make<M>(std::forward<Args>(args)...));
}

template <class M>
M* make_info() {
  M* message = make<M>();
  message->kind = detail::MessageKind::info;
  return message;
}

template <class M, class... Args>
void send_info(const ServerRef& server, Args&&... args) {
  M* message = make<M>(std::forward<Args>(args)...);
  message->kind = detail::MessageKind::info;
  detail::send_message(server.address(), message);
}

template <class M, class... Args>
Continue make_continue(Args&&... args) {
  return Continue(make<M>(std::forward<Args>(args)...));
}

/// Makes the user's object; a test may have put another in its place (see
/// <otp/testing/doubles.h>).
template <class Server>
inline std::function<std::unique_ptr<Server>()> substitute_for;
template <class Server>
std::unique_ptr<Server> make_server() {
  return substitute_for<Server> ? substitute_for<Server>() : Server::create();
}

/// The call of init() that a new server begins with.
class InitCall {
 public:
  virtual ~InitCall() = default;
  virtual Init run(GenServer& server) = 0;
};
template <class Server, class F>
class InitCallOf final : public InitCall {
 public:
  explicit InitCallOf(F init) : init_(std::move(init)) {}
  Init run(GenServer& server) override { return init_(static_cast<Server&>(server)); }

 private:
  F init_;
};

template <class Server, class F>
std::unique_ptr<InitCall> init_call(F init) {
  return std::make_unique<InitCallOf<Server, F>>(std::move(init));
}

/// start, start_link and start_monitor of a generated server.
std::expected<detail::Started, StartError> start_server(std::unique_ptr<GenServer> server,
                                                        std::unique_ptr<InitCall> init,
                                                        const StartOptions& options,
                                                        detail::SpawnOptions spawn);

template <class Client, class Server, class F>
std::expected<Client, StartError> start(const StartOptions& options, bool link, F init) {
  auto started =
      start_server(make_server<Server>(), std::make_unique<InitCallOf<Server, F>>(std::move(init)),
                   options, {.link = link, .monitor = false, .trap_exit = false});
  if (!started) return std::unexpected(std::move(started).error());
  return Client(started->pid);
}

template <class Client, class Server, class F>
std::expected<Monitored<Client>, StartError> start_monitor(const StartOptions& options, F init) {
  auto started =
      start_server(make_server<Server>(), std::make_unique<InitCallOf<Server, F>>(std::move(init)),
                   options, {.link = false, .monitor = true, .trap_exit = false});
  if (!started) return std::unexpected(std::move(started).error());
  return Monitored<Client>{Client(started->pid), started->monitor};
}

template <class Client>
std::optional<Client> whereis(Name name) {
  const std::optional<Pid> pid = otp::whereis(name);
  return pid ? std::optional<Client>(Client(*pid)) : std::nullopt;
}

// ---- Server side: used in the `deliver` functions ----

template <class S>
S& server_as(void* server) noexcept {
  return static_cast<S&>(*static_cast<GenServer*>(server));
}
template <class P>
P& protocol_as(void* implementation) noexcept {
  return *static_cast<P*>(implementation);
}
/// The value of a plain message; null when it carries something else.
template <class T>
T* value_as(detail::Message& message) noexcept {
  return message.type == &detail::value_message_type<T>
             ? &static_cast<detail::ValueMessage<T>&>(message).value
             : nullptr;
}
inline Delivery& delivery_of(void* context) noexcept { return *static_cast<Delivery*>(context); }

/// The answer of a deferred call, made anew.
template <class R>
struct LateReply final : CallOf<R> {
  static constexpr detail::MessageType message_type{.name = "reply",
                                                    .interface = nullptr,
                                                    .deliver = nullptr,
                                                    .destroy = &detail::destroy_message<LateReply>};
};

template <class R>
From<R> from_of(const detail::CallBase& call) {
  if constexpr (std::is_void_v<R>) {
    return From<void>(call, []() -> detail::CallBase* { return make<LateReply<void>>(); });
  } else {
    return From<R>(call, [](R&& value) -> detail::CallBase* {
      auto* reply = make<LateReply<R>>();
      reply->result.emplace(std::move(value));
      return reply;
    });
  }
}

template <class R>
void settle(CallOf<R>& call, void* context, Reply<R> reply) {
  Delivery& delivery = delivery_of(context);
  if constexpr (std::is_void_v<R>) {
    delivery.answered = reply.value;
  } else if (reply.value) {
    call.result.emplace(*std::move(reply.value));
    delivery.answered = true;
  }
  delivery.next = std::move(reply.next);
}

inline void settle(void* context, NoReply result) {
  delivery_of(context).next = std::move(result.next);
}

}  // namespace otp::gen
