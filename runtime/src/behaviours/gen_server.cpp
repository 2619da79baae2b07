// The machinery of gen_server: one process around one user object.
//
// Who owns what. The process owns this behaviour, the behaviour owns the user's object. A request
// is owned here while its handler runs; answered, it goes home as its own reply; deferred, or cut
// off by an exception or a stop, its caller is entered in the process's list, and the core tells it
// the exit reason when the process ends.
#include <otp/gen/server.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <otp/report.h>
#include <otp/timer.h>

#include "behaviours/starting.h"

namespace otp {
namespace detail {
namespace {

constexpr auto replied = static_cast<std::uint8_t>(CallState::replied);

/// Reminds the process of `info ... every ...`.
struct EveryTick : Message {
  std::size_t index = 0;
};
constexpr MessageType every_tick_type{.name = "every",
                                      .interface = nullptr,
                                      .deliver = nullptr,
                                      .destroy = &destroy_message<EveryTick>};

class GenServerProcess final : public StartedBehaviour {
 public:
  GenServerProcess(std::unique_ptr<GenServer> server, std::unique_ptr<gen::InitCall> init,
                   const StartOptions& options)
      : StartedBehaviour(options),
        server_(std::move(server)),
        info_(server_->otp_info()),
        hibernate_after_(options.hibernate_after.value_or(info_.hibernate_after)),
        init_(std::move(init)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    if (info_.trap_exit) otp::trap_exit(true);
    if (info_.mailbox.limit != 0) limit_mailbox(info_.mailbox);
    Init result = std::exchange(init_, nullptr)->run(*server_);
    if (result.kind != Init::Kind::ok) {
      const bool ignored = result.kind == Init::Kind::ignore;
      return refuse({.kind = ignored ? StartError::Kind::ignore : StartError::Kind::error,
                     .reason = result.reason,
                     .pid = {}},
                    result.kind != Init::Kind::stop);
    }
    if (hibernate_after_ != Duration::max()) detail::hibernate_after(hibernate_after_);
    arm_every();
    acknowledge();
    return proceed(std::move(result.next));
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->type->interface != &info_) [[unlikely]]
      return handle_foreign(message);
    if (message->kind == MessageKind::call) return handle_call(message, server_.get());
    return deliver(*message, server_.get());
  }

  Flow idle_timeout(std::unique_ptr<Message, MessageDeleter> message) override {
    return message == nullptr ? proceed(server_->handle_timeout().next)
                              : deliver(*message, server_.get());
  }

  void terminate(ExitReason& reason) override {
    if (!is_starting()) server_->otp_terminate(reason);  // not after a failed init
  }

  const void* object() const noexcept override { return server_.get(); }
  std::string describe() const override { return std::string("gen_server ") + info_.name; }
  std::string state_text() const override { return server_->format_status(); }
  std::any state() const override { return server_->otp_state(); }
  bool replace_state(std::any state) override {
    return server_->otp_replace_state(std::move(state));
  }
  std::expected<void, ExitReason> change_code(std::string_view old_version,
                                              const std::any& extra) override {
    return server_->code_change(old_version, extra);
  }

 private:
  /// Another sort of message than the schema declares for this server.
  [[gnu::noinline]] Flow handle_foreign(std::unique_ptr<Message, MessageDeleter>& message) {
    switch (message->kind) {
      case MessageKind::call:
        return handle_protocol_call(message);
      case MessageKind::exit:
        return handle_exit(static_cast<ExitMessage&>(*message).exit);
      case MessageKind::down:
        if (info_.on_down == nullptr) break;
        return proceed(
            info_.on_down(*server_, std::move(static_cast<DownMessage&>(*message).down)).next);
      default:
        if (message->type == &every_tick_type)
          return handle_tick(static_cast<EveryTick&>(*message).index);
        if (void* const protocol = server_->otp_protocol(message->type->interface))
          return deliver(*message, protocol);
        if (info_.on_value != nullptr && message->type->interface == nullptr) {
          if (std::optional<NoReply> result = info_.on_value(*server_, *message))
            return proceed(std::move(result->next));
        }
    }
    if (message->kind == MessageKind::info && message->type->interface == nullptr)
      return proceed(server_->handle_info(Info(*message)).next);
    warn_unknown(message->kind == MessageKind::down ? "DOWN" : message->type->name);
    return Flow::wait;
  }

  Flow handle_protocol_call(std::unique_ptr<Message, MessageDeleter>& message) {
    const char* const name = message->type->name;
    if (void* const protocol = server_->otp_protocol(message->type->interface))
      return handle_call(message, protocol);
    warn_unknown(name);
    Handling(*this, std::move(message)).refuse(ExitReason::bad_request(name));
    return Flow::wait;
  }

  Flow handle_call(std::unique_ptr<Message, MessageDeleter>& message, void* receiver) {
    Handling handling(*this, std::move(message));
    CallBase& call = handling.call();
    if (info_.skip_expired && call.deadline != 0 &&
        monotonic_time().time_since_epoch().count() >= call.deadline) {
      handling.drop();
      return Flow::wait;
    }
    gen::Delivery delivery;
    call.type->deliver(call, receiver, &delivery);
    if (delivery.next.waits()) [[likely]] {
      if (delivery.answered) handling.send_back();
      return Flow::wait;
    }
    if (delivery.answered && delivery.next.stops()) {
      handling.send_back_at_end();
    } else if (delivery.answered) {
      handling.send_back();
    }
    return proceed(std::move(delivery.next));
  }

  Flow deliver(Message& message, void* receiver) {
    gen::Delivery delivery;
    message.type->deliver(message, receiver, &delivery);
    return delivery.next.waits() ? Flow::wait : proceed(std::move(delivery.next));
  }

  Flow handle_exit(Exit& exit) {
    if (exit.pid == detail::parent() && exit.pid) {
      set_exit_reason(std::move(exit.reason));
      return Flow::stop;
    }
    if (info_.on_exit != nullptr) return proceed(info_.on_exit(*server_, std::move(exit)).next);
    warn_unknown("EXIT");
    return Flow::wait;
  }

  [[gnu::noinline]] Flow proceed(Next next) {
    while (!next.waits()) {
      Next::Step step = std::move(next.step());
      next = {};
      switch (step.kind) {
        case Next::Kind::wait:
          break;
        case Next::Kind::hibernate:
          detail::hibernate();
          break;
        case Next::Kind::timeout:
          arm_idle_timer(step.timeout, std::move(step.message));
          break;
        case Next::Kind::stop:
          set_exit_reason(std::move(step.reason));
          return Flow::stop;
        case Next::Kind::run_continue: {
          gen::Delivery delivery;
          step.message->type->deliver(*step.message, server_.get(), &delivery);
          next = std::move(delivery.next);
        }
      }
    }
    return Flow::wait;
  }

  // ---- info ... every ... ----
  // At a fixed rate from the end of init: a tick that comes late does not push the next one back,
  // ticks that were missed are not made up for.

  void arm_every() {
    if (info_.every.empty()) return;
    every_due_ = std::make_unique<TimePoint[]>(info_.every.size());
    std::fill_n(every_due_.get(), info_.every.size(), monotonic_time());
    for (std::size_t i = 0; i < info_.every.size(); ++i) arm_tick(i);
  }

  void arm_tick(std::size_t index) {
    TimePoint& due = every_due_[index];
    const Duration period = info_.every[index].period;
    const TimePoint now = monotonic_time();
    due += period;
    if (due <= now) due += (now - due) / period * period + period;
    auto* tick = make_message<EveryTick>(Message{}, index);
    tick->type = &every_tick_type;
    send_message_at(due, otp::self(), tick);
  }

  Flow handle_tick(std::size_t index) {
    arm_tick(index);
    const std::unique_ptr<Message, MessageDeleter> message(info_.every[index].make());
    return deliver(*message, server_.get());
  }

  void warn_unknown(const char* message) const {
    emit_report(WarningReport{.text = std::string("unknown message ") + message + " dropped",
                              .server = describe(),
                              .pid = otp::self()});
  }

  // A million of these are alive at once: what few servers have is behind a pointer.
  std::unique_ptr<GenServer> server_;
  const gen::ServerInfo& info_;
  Duration hibernate_after_;
  std::unique_ptr<gen::InitCall> init_;  ///< until it has run
  /// One for each of info_.every.
  std::unique_ptr<TimePoint[]> every_due_;  // NOLINT(modernize-avoid-c-arrays)
};

std::string describe_target(Pid target) {
  if (!target) return "a name that nobody holds";
  return is_name(target) ? "`" + std::string(name_of(target).text()) + "`" : to_string(target);
}

std::string describe_timeout(Timeout timeout) {
  if (timeout.is_infinite()) return "";
  return " within " +
         std::to_string(
             std::chrono::duration_cast<std::chrono::milliseconds>(timeout.value).count()) +
         " ms";
}

}  // namespace

CallError request_failure(const CallBase* answer, const char* name, Pid target, Timeout timeout) {
  return {.reason = answer == nullptr ? ExitReason::timeout() : answer->failure,
          .call = std::string(name) + " to " + describe_target(target) + describe_timeout(timeout)};
}

}  // namespace detail

namespace gen {

void fail_call(const detail::CallBase* answer, const char* name, Pid target, Timeout timeout) {
  throw CallExit(detail::request_failure(answer, name, target, timeout));
}

std::unique_ptr<detail::CallBase, detail::MessageDeleter> call_or_exit(Pid target,
                                                                       detail::CallBase* request,
                                                                       Timeout timeout) {
  const char* name = request->type->name;
  std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::call_and_wait(target, request, timeout));
  if (answer == nullptr || answer->state != detail::replied)
    fail_call(answer.get(), name, target, timeout);
  return answer;
}

std::expected<detail::Started, StartError> start_server(std::unique_ptr<GenServer> server,
                                                        std::unique_ptr<InitCall> init,
                                                        const StartOptions& options,
                                                        detail::SpawnOptions spawn) {
  auto process =
      std::make_unique<detail::GenServerProcess>(std::move(server), std::move(init), options);
  return detail::start_behaviour(std::move(process), options, spawn);
}

}  // namespace gen

void Next::DeleteStep::operator()(Step* step) const noexcept { delete step; }

Timeout time_left(Timeout otherwise) {
  const std::int64_t deadline = detail::request_deadline();
  if (deadline == 0) return otherwise;
  const std::int64_t left = deadline - monotonic_time().time_since_epoch().count();
  return Duration(std::max<std::int64_t>(left, 0));
}

NoReply GenServer::handle_timeout() {
  emit_report(WarningReport{
      .text = "time-out without a handler", .server = otp_info().name, .pid = self()});
  return {};
}

NoReply GenServer::handle_info(Info message) {
  emit_report(
      WarningReport{.text = std::string("unknown message ") + message.type_name() + " dropped",
                    .server = std::string("gen_server ") + otp_info().name,
                    .pid = self()});
  return {};
}

void ServerRef::stop(const ExitReason& reason, Timeout timeout) const {
  const auto fail = [&](const ExitReason& why) {
    throw CallExit(CallError{.reason = why,
                             .call = "stop of " + detail::describe_target(address()) +
                                     detail::describe_timeout(timeout)});
  };
  const std::optional<Pid> target = pid();
  if (!target) fail(ExitReason::noproc());
  if (*target == self()) fail(ExitReason::calling_self());
  const Ref ref = otp::monitor(*target);
  auto* message = detail::make_message<detail::SystemRequest>();
  message->type = &detail::system_request_type;
  message->stop = reason;
  message->kind = detail::MessageKind::system;
  detail::send_message(*target, message);
  const std::optional<Down> down = detail::await_down(ref, timeout);
  if (!down) {
    demonitor(ref, flush);
    fail(ExitReason::timeout());
  }
  if (!(down->reason == reason)) fail(down->reason);
}

std::string to_string(const CallError& error) {
  return error.call + ": " + to_string(error.reason);
}

}  // namespace otp
