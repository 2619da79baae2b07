// Support for generated event managers and handlers.
#pragma once

#include <any>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <otp/gen/server.h>
#include <otp/gen_event.h>

namespace otp::gen {

/// The base of a generated handler. It runs in its manager's process.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  /// Its last words; see EventHandler::terminate.
  virtual std::any terminate(const Removal& why) {
    static_cast<void>(why);
    return {};
  }
  /// For sys: a copy of the state, and a new one.
  virtual std::any state() const { return {}; }
  virtual void replace_state(std::any state) { static_cast<void>(state); }
  virtual std::string format_status() const { return {}; }

  // ---- Machinery of generated code ----
  virtual std::optional<Handled> otp_event(const detail::Message& event) = 0;
  virtual std::optional<Handled> otp_request(detail::Message& request) = 0;

 protected:
  /// In init: what the handler it replaces has left; empty when it replaces none.
  const std::any& handover() const noexcept { return handover_; }

 private:
  template <class, class>
  friend class HandlerAdaptor;
  std::any handover_;
};

/// A generated handler as the manager runs it.
template <class H, class Args>
class HandlerAdaptor final : public EventHandler {
 public:
  explicit HandlerAdaptor(Args args) : handler_(make_server<H>()), args_(std::move(args)) {}
  std::expected<void, ExitReason> init(const std::any& handover) override {
    // A handler may have a name `handover_` of its own.
    static_cast<Handler&>(*handler_).handover_ = handover;
    return handler_->init(std::move(args_));
  }
  std::any terminate(const Removal& why) override { return handler_->terminate(why); }
  std::any state() const override { return handler_->state(); }
  void replace_state(std::any state) override { handler_->replace_state(std::move(state)); }
  std::string format_status() const override { return handler_->format_status(); }
  std::optional<Handled> otp_event(const detail::Message& event) override {
    return handler_->otp_event(event);
  }
  std::optional<Handled> otp_info(const detail::Message&) override { return std::nullopt; }
  std::optional<Handled> otp_request(detail::Message& request) override {
    return handler_->otp_request(request);
  }

 private:
  std::unique_ptr<H> handler_;
  Args args_;
};

template <class H, class Args>
EventHandlerSpec handler_spec(EventHandlerId id, Args args) {
  return {.handler = std::move(id), .create = [args = std::move(args)] {
            return std::unique_ptr<EventHandler>(std::make_unique<HandlerAdaptor<H, Args>>(args));
          }};
}

template <class E>
const E* event_as(const detail::Message& event) noexcept {
  return event.type == &detail::value_message_type<E>
             ? &static_cast<const detail::ValueMessage<E>&>(event).value
             : nullptr;
}
template <class Q>
detail::HandlerRequest<Q>* request_as(detail::Message& request) noexcept {
  return request.type == &detail::handler_request_type<Q>
             ? &static_cast<detail::HandlerRequest<Q>&>(request)
             : nullptr;
}
template <class Q, class R>
Handled answer(detail::HandlerRequest<Q>& request, HandledRequest<R> answer) {
  request.result.emplace(std::move(answer.reply));
  return std::move(answer.next);
}

/// Starts a manager with its handlers: a child of a supervisor.
template <class Manager>
std::expected<Pid, StartError> start_manager(const StartOptions& options,
                                             std::vector<EventHandlerSpec> handlers) {
  const std::expected<Manager, StartError> manager = Manager::start_link(options);
  if (!manager) return std::unexpected(manager.error());
  for (EventHandlerSpec& each : handlers) {
    std::string name = to_string(each.handler);
    const auto added = manager->add_handler(std::move(each));
    if (added) continue;
    manager->stop();
    return std::unexpected(StartError{
        .kind = StartError::Kind::error,
        .reason = ExitReason("{add_handler," + name + "," + to_string(added.error()) + "}"),
        .pid = {}});
  }
  return manager->address();
}

}  // namespace otp::gen
