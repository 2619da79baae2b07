// gen_event: an event manager, to which handlers are added and removed while it runs.
//
//   struct Added { std::int64_t customer; };                     // an event is any copyable value
//   struct Total { using Reply = std::int64_t; };                // a request to one handler
//
//   class AuditLog final
//       : public otp::Handles<AuditLog, otp::Events<Added>, otp::Requests<Total>> {
//    public:
//     explicit AuditLog(std::string path);
//     otp::Handled on(const Added& event) { ... return {}; }
//     otp::HandledRequest<std::int64_t> on(const Total&) { return total_; }
//   };
//
//   auto audit = otp::EventManager::start_link({.name = "audit"}).value();
//   audit.add_handler(otp::event_handler<AuditLog>("audit.log"));
//   audit.notify(Added{7});                                      // returns at once
//   audit.sync_notify(Added{8});                                 // every handler has seen it
//   auto total = audit.call({"AuditLog"}, Total{});              // std::expected
//
// - Handlers run in the manager's process, one after the other, the newest first. A handler sees
//   the events it lists; others pass it by.
// - A handler that throws is removed, with terminate(error), and reported; the manager and the
//   other handlers go on. So is one that returns remove_handler(). swap_handler() puts another in
//   its place, which gets what terminate gave.
// - add_sup_handler links the handler to the caller: when it goes, the caller gets a GenEventExit
//   (reason `normal` when it was deleted or removed itself, `shutdown` when the manager stops);
//   when the caller ends, the handler is removed.
// - Plain messages to the manager go to handle_info of every handler; unhandled, they are dropped
//   with a warning for each handler.
// - terminate runs in every case, with why and with what delete_handler or swap_handler gave.
// Process only. Source: gen_event(3).
#pragma once

#include <any>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <otp/call.h>
#include <otp/receive.h>
#include <otp/server_ref.h>
#include <otp/start.h>

namespace otp {

class EventHandler;

/// Names a handler in its manager: its type, and which of several of that type.
struct EventHandlerId {
  std::string module;
  std::string id{};
  friend auto operator<=>(const EventHandlerId&, const EventHandlerId&) = default;
};
/// `AuditLog`, `{AuditLog,second}`.
std::string to_string(const EventHandlerId& id);

/// A handler that is to be added.
struct EventHandlerSpec {
  EventHandlerId handler;
  std::function<std::unique_ptr<EventHandler>()> create;
};

/// What a handler does after an event. Empty: it stays.
class Handled {
 public:
  enum class Kind : std::uint8_t { keep, remove, swap };
  struct Swap {
    std::any argument;
    EventHandlerSpec successor;
  };
  Handled() = default;
  explicit Handled(Kind kind) : kind_(kind) {}
  explicit Handled(Swap swap) : kind_(Kind::swap), swap_(std::make_shared<Swap>(std::move(swap))) {}
  Kind kind() const noexcept { return kind_; }
  Swap& swap() const noexcept { return *swap_; }

 private:
  Kind kind_ = Kind::keep;
  std::shared_ptr<Swap> swap_;
};
/// The handler leaves; its terminate learns Removal::Kind::removed_itself.
inline Handled remove_handler() { return Handled(Handled::Kind::remove); }
/// Another takes its place: terminate gets `argument`, and the successor's init what that gives.
inline Handled swap_handler(std::any argument, EventHandlerSpec successor) {
  return Handled(Handled::Swap{std::move(argument), std::move(successor)});
}

/// The answer to a request, and what the handler does then.
template <class R>
struct HandledRequest {
  template <class U = R>
    requires std::is_convertible_v<U&&, R>
  HandledRequest(U&& given) : reply(std::forward<U>(given)) {}  // NOLINT
  HandledRequest(R given, Handled then) : reply(std::move(given)), next(std::move(then)) {}
  R reply;
  Handled next;
};

/// Why a handler goes.
struct Removal {
  enum class Kind : std::uint8_t {
    deleted,         ///< by delete_handler, with its argument
    removed_itself,  ///< remove_handler()
    swapped,         ///< with the argument of the swap
    stop,            ///< the manager ends, or whom a supervised handler belongs to
    error,           ///< it has thrown
  };
  Kind kind = Kind::stop;
  std::any argument{};
  ExitReason reason{};  ///< of stop and error
};

/// What a supervised handler's owner gets when it goes.
struct GenEventExit {
  EventHandlerId handler;
  ExitReason reason;
  std::optional<EventHandlerId> successor{};  ///< it was swapped
};

/// A handler's state as sys::get_state shows it: std::vector<EventHandlerState>, one for each.
struct EventHandlerState {
  EventHandlerId handler;
  std::any state;
};

/// The base of all handlers; derive from Handles.
class EventHandler {
 public:
  EventHandler() = default;
  EventHandler(const EventHandler&) = delete;
  EventHandler& operator=(const EventHandler&) = delete;
  virtual ~EventHandler() = default;

  /// Runs in the manager. `handover` is what the terminate of the one it replaces gave, the atom
  /// `error` (an ExitReason) when that was not there, and empty when it is added.
  virtual std::expected<void, ExitReason> init(const std::any& handover) {
    static_cast<void>(handover);
    return {};
  }
  /// Its last words; the result goes to the caller of delete_handler, or to the successor.
  virtual std::any terminate(const Removal& why) {
    static_cast<void>(why);
    return {};
  }
  /// For sys: a copy of the state, and a new one.
  virtual std::any state() const { return {}; }
  virtual void replace_state(std::any state) { static_cast<void>(state); }
  /// The state in reports.
  virtual std::string format_status() const { return {}; }

  // ---- Dispatch, made by Handles ----
  /// None: not an event of this handler.
  virtual std::optional<Handled> otp_event(const detail::Message& event) = 0;
  virtual std::optional<Handled> otp_info(const detail::Message& message) = 0;
  /// None: not a request of this handler. Else the reply is in the request.
  virtual std::optional<Handled> otp_request(detail::Message& request) = 0;
};

/// What a handler handles: events by `Handled on(const E&)`, plain messages by
/// `Handled handle_info(const M&)`, requests by `HandledRequest<Q::Reply> on(const Q&)`.
template <class... E>
struct Events {};
template <class... M>
struct Infos {};
template <class... Q>
struct Requests {};

namespace detail {

/// A request to one handler, and on its way back its answer.
template <class Q>
struct HandlerRequest final : CallBase {
  using Result = std::expected<typename Q::Reply, ExitReason>;
  HandlerRequest(EventHandlerId to, Q question)
      : handler(std::move(to)), request(std::move(question)) {}
  EventHandlerId handler;
  Q request;
  std::optional<Result> result;

  static const EventHandlerId& addressee(const Message& message) {
    return static_cast<const HandlerRequest&>(message).handler;
  }
  static void refuse(Message& message, ExitReason reason) {
    static_cast<HandlerRequest&>(message).result = std::unexpected(std::move(reason));
  }
};
/// How the manager sees a request without knowing its type.
struct HandlerRequestOps {
  const EventHandlerId& (*addressee)(const Message&);
  void (*refuse)(Message&, ExitReason);
};
template <class Q>
inline constexpr HandlerRequestOps handler_request_ops{&HandlerRequest<Q>::addressee,
                                                       &HandlerRequest<Q>::refuse};
extern const char handler_request_interface;
template <class Q>
inline const MessageType handler_request_type{.name = message_name<Q>(),
                                              .interface = &handler_request_interface,
                                              .deliver =
                                                  [](Message&, void* ops, void*) {
                                                    *static_cast<const HandlerRequestOps**>(ops) =
                                                        &handler_request_ops<Q>;
                                                  },
                                              .destroy = &destroy_message<HandlerRequest<Q>>};

}  // namespace detail

template <class Self, class EventList = Events<>, class RequestList = Requests<>,
          class InfoList = Infos<>>
class Handles;

template <class Self, class... E, class... Q, class... M>
class Handles<Self, Events<E...>, Requests<Q...>, Infos<M...>> : public EventHandler {
 public:
  std::optional<Handled> otp_event(const detail::Message& event) final {
    std::optional<Handled> result;
    static_cast<void>((event_as<E>(event, result) || ...));
    return result;
  }
  std::optional<Handled> otp_info(const detail::Message& message) final {
    std::optional<Handled> result;
    static_cast<void>((info_as<M>(message, result) || ...));
    return result;
  }
  std::optional<Handled> otp_request(detail::Message& request) final {
    std::optional<Handled> result;
    static_cast<void>((request_as<Q>(request, result) || ...));
    return result;
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
  template <class T>
  bool event_as(const detail::Message& event, std::optional<Handled>& result) {
    if (event.type != &detail::value_message_type<T>) return false;
    result = self().on(static_cast<const detail::ValueMessage<T>&>(event).value);
    return true;
  }
  template <class T>
  bool info_as(const detail::Message& message, std::optional<Handled>& result) {
    if (message.type != &detail::value_message_type<T>) return false;
    result = self().handle_info(static_cast<const detail::ValueMessage<T>&>(message).value);
    return true;
  }
  template <class T>
  bool request_as(detail::Message& request, std::optional<Handled>& result) {
    if (request.type != &detail::handler_request_type<T>) return false;
    auto& call = static_cast<detail::HandlerRequest<T>&>(request);
    HandledRequest<typename T::Reply> answer = self().on(std::as_const(call.request));
    call.result.emplace(std::move(answer.reply));
    result = std::move(answer.next);
    return true;
  }
};

/// A spec for a handler of type H, made with these arguments; `id` tells several of one type apart.
template <class H, class... Args>
EventHandlerSpec event_handler_with_id(std::string id, Args... args) {
  std::string module(detail::name_of_type<H>.data());
  if (const auto scope = module.rfind("::"); scope != std::string::npos) module.erase(0, scope + 2);
  return {.handler = {std::move(module), std::move(id)}, .create = [args...] {
            return std::unique_ptr<EventHandler>(std::make_unique<H>(args...));
          }};
}
template <class H, class... Args>
EventHandlerSpec event_handler(Args... args) {
  return event_handler_with_id<H>({}, std::move(args)...);
}

/// A manager as its clients see it. What manages handlers is a call that exits the caller when the
/// manager is dead; what fails in the manager is its result.
class EventManager : public ServerRef {
 public:
  using ServerRef::ServerRef;

  static std::expected<EventManager, StartError> start(const StartOptions& options = {});
  static std::expected<EventManager, StartError> start_link(const StartOptions& options = {});
  static std::expected<Monitored<EventManager>, StartError> start_monitor(
      const StartOptions& options = {});

  template <class E>
  void notify(E event) const {
    auto* message = detail::make_value(std::move(event));
    message->kind = detail::MessageKind::cast;
    detail::send_message(address(), message);
  }
  /// Returns when every handler has processed the event.
  template <class E>
  void sync_notify(E event, Timeout timeout = infinity) const {
    sync_notify_message(detail::make_value(std::move(event)), timeout);
  }

  /// The error of the handler's init, or `already_present` when the id is taken.
  std::expected<void, ExitReason> add_handler(EventHandlerSpec spec) const;
  /// The same; the handler belongs to the caller.
  std::expected<void, ExitReason> add_sup_handler(EventHandlerSpec spec) const;
  /// What terminate gave, or `module_not_found`.
  std::expected<std::any, ExitReason> delete_handler(EventHandlerId handler,
                                                     std::any argument = {}) const;
  /// The error of the successor's init; then neither is installed.
  std::expected<void, ExitReason> swap_handler(EventHandlerId handler, std::any argument,
                                               EventHandlerSpec successor) const;
  std::expected<void, ExitReason> swap_sup_handler(EventHandlerId handler, std::any argument,
                                                   EventHandlerSpec successor) const;
  /// The newest first.
  std::vector<EventHandlerId> which_handlers() const;

  /// Asks one handler: its reply; `bad_module` when it is not installed or does not know the
  /// request, or the error it has thrown. Like any call it exits the caller when the manager does
  /// not answer.
  template <class Q>
  std::expected<typename Q::Reply, ExitReason> call(EventHandlerId handler, Q request,
                                                    Timeout timeout = std::chrono::seconds{
                                                        5}) const {
    auto* call = make_request(std::move(handler), std::move(request));
    const auto answer = call_manager(call, timeout);
    return std::move(*static_cast<detail::HandlerRequest<Q>&>(*answer).result);
  }
  /// The same, to be awaited later.
  template <class Q>
  Request<std::expected<typename Q::Reply, ExitReason>> async_call(EventHandlerId handler,
                                                                   Q request) const {
    using Result = typename detail::HandlerRequest<Q>::Result;
    auto* call = make_request(std::move(handler), std::move(request));
    return {.id = detail::send_request(address(), call),
            .take = [](detail::CallBase& answer) -> Result {
              return std::move(*static_cast<detail::HandlerRequest<Q>&>(answer).result);
            },
            .target = address(),
            .name = detail::handler_request_type<Q>.name};
  }

 private:
  template <class Q>
  static detail::CallBase* make_request(EventHandlerId handler, Q request) {
    auto* call =
        detail::make_message<detail::HandlerRequest<Q>>(std::move(handler), std::move(request));
    call->type = &detail::handler_request_type<Q>;
    return call;
  }
  std::unique_ptr<detail::CallBase, detail::MessageDeleter> call_manager(detail::CallBase* call,
                                                                         Timeout timeout) const;
  void sync_notify_message(detail::Message* event, Timeout timeout) const;
};

}  // namespace otp
