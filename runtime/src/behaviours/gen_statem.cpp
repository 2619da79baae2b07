// The engine of state machines: one queue inside, one list of postponed events, and the timers.
//
// Order. An event from the mailbox is handled with everything it leads to before the next is taken:
// the queue inside is empty between two messages. A transition puts what it inserts at the front,
// in order; behind that what was postponed, when the state has changed. A time-out of zero comes
// when that queue is empty, in the order they were set, unless it is cancelled before.
#include <otp/gen/statem.h>

#include <algorithm>
#include <deque>
#include <map>
#include <stdexcept>
#include <utility>

#include <otp/report.h>

#include "behaviours/starting.h"

namespace otp::detail {

const char statem_request_interface = 0;

namespace {

using Action = StatemAction;
using Type = StatemEventType;

using TimerKey = std::pair<Type, std::string>;

/// A time-out is over, unless another has taken its place. It says itself which: a machine may have
/// very many.
struct TimeoutFired : Message {
  Ref ref;
  TimerKey key;
};
constexpr MessageType timeout_fired_type{.name = "time-out",
                                         .interface = nullptr,
                                         .deliver = nullptr,
                                         .destroy = &destroy_message<TimeoutFired>};

class StatemProcess final : public StartedBehaviour {
 public:
  StatemProcess(std::unique_ptr<StatemMachine> machine, std::string name,
                const StartOptions& options)
      : StartedBehaviour(options), machine_(std::move(machine)), name_(std::move(name)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    StatemMachine::Begun begun = machine_->otp_init();
    if (begun.kind != Init::Kind::ok) {
      const bool ignored = begun.kind == Init::Kind::ignore;
      return refuse({.kind = ignored ? StartError::Kind::ignore : StartError::Kind::error,
                     .reason = begun.reason,
                     .pid = {}},
                    begun.kind != Init::Kind::stop);
    }
    acknowledge();
    carry_out(begun.actions);
    postpones_ = false;
    if (machine_->enters() && enter() == Flow::stop) return Flow::stop;
    return run_queue();
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->type == &timeout_fired_type)
      return timer_fired(static_cast<const TimeoutFired&>(*message));
    if (message->kind == MessageKind::exit) {
      auto& exit = static_cast<ExitMessage&>(*message).exit;
      if (exit.pid && exit.pid == parent()) {
        set_exit_reason(exit.reason);
        return Flow::stop;
      }
    }
    if (message->kind == MessageKind::call &&
        message->type->interface != &statem_request_interface) {
      refuse_request(
          std::unique_ptr<CallBase, MessageDeleter>(static_cast<CallBase*>(message.release())));
      return Flow::wait;
    }
    queue_.push_back(event_of(std::move(message)));
    return run_queue();
  }

  void terminate(ExitReason& reason) override {
    if (!is_starting()) machine_->otp_terminate(reason);
  }
  std::string describe() const override { return "gen_statem " + name_; }
  std::string state_text() const override { return machine_->format_status(); }
  std::any state() const override { return machine_->otp_state(); }
  bool replace_state(std::any state) override {
    return machine_->otp_replace_state(std::move(state));
  }
  std::expected<void, ExitReason> change_code(std::string_view old_version,
                                              const std::any& extra) override {
    return machine_->code_change(old_version, extra);
  }

 private:
  struct Timer {
    Ref ref;
    StatemEvent event;
  };

  void refuse_request(std::unique_ptr<CallBase, MessageDeleter> call) const {
    emit_report(
        WarningReport{.text = std::string("unknown message ") + call->type->name + " dropped",
                      .server = describe(),
                      .pid = self()});
    call->state = static_cast<std::uint8_t>(CallState::failed);
    call->failure = ExitReason::bad_request(call->type->name);
    send_back(std::move(call));
  }

  static StatemEvent event_of(std::unique_ptr<Message, MessageDeleter> message) {
    // The event keeps the message, and so the value in it, alive.
    std::shared_ptr<Message> shared(message.release(), MessageDeleter{});
    switch (shared->kind) {
      case MessageKind::call: {
        auto& call = static_cast<CallBase&>(*shared);
        const ReplyTo to = reply_to(call);
        defer_request(call);
        const StatemRequestOps* ops = nullptr;
        call.type->deliver(call, &ops, nullptr);
        return {Type::call, call.type, ops->take(call), to};
      }
      case MessageKind::down:
        return {Type::info, static_cast<DownMessage&>(*shared).down};
      case MessageKind::exit:
        return {Type::info, static_cast<ExitMessage&>(*shared).exit};
      default: {
        const Type type = shared->kind == MessageKind::cast ? Type::cast : Type::info;
        const void* value = nullptr;
        if (shared->type->interface == nullptr && shared->type->deliver != nullptr)
          shared->type->deliver(*shared, &value, nullptr);
        return {type, shared->type, std::shared_ptr<const void>(shared, value), {}};
      }
    }
  }

  Flow run_queue() {
    for (;;) {
      if (queue_.empty()) take_zero_timeout();
      if (queue_.empty()) break;
      const StatemEvent event = std::move(queue_.front());
      queue_.pop_front();
      if (handle_one(event) == Flow::stop) return Flow::stop;
    }
    if (hibernates_) detail::hibernate();
    return Flow::wait;
  }

  Flow handle_one(const StatemEvent& event) {
    hibernates_ = false;
    cancel({Type::timeout, {}});  // any event does
    const StatemOutcome outcome = machine_->otp_handle(event);
    if (outcome.changed) cancel({Type::state_timeout, {}});
    const std::size_t inserted = carry_out(outcome.actions);
    if (outcome.kind == StatemOutcome::Kind::stop) {
      set_exit_reason(outcome.reason);
      return Flow::stop;
    }
    if (std::exchange(postpones_, false)) postponed_.push_back(event);
    if (outcome.changed) {
      queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(inserted), postponed_.begin(),
                    postponed_.end());
      postponed_.clear();
    }
    const bool enters = outcome.changed || outcome.kind == StatemOutcome::Kind::repeat;
    return enters && machine_->enters() ? enter() : Flow::wait;
  }

  Flow enter() {
    for (;;) {
      const StatemOutcome outcome = machine_->otp_enter();
      if (outcome.changed) throw std::logic_error("gen_statem: an enter call changes the state");
      const std::size_t inserted = carry_out(outcome.actions);
      if (inserted != 0 || std::exchange(postpones_, false))
        throw std::logic_error("gen_statem: an enter call postpones or inserts events");
      if (outcome.kind == StatemOutcome::Kind::stop) {
        set_exit_reason(outcome.reason);
        return Flow::stop;
      }
      if (outcome.kind != StatemOutcome::Kind::repeat) return Flow::wait;
    }
  }

  /// How many events were inserted at the front of the queue.
  std::size_t carry_out(const std::vector<Action>& actions) {
    std::vector<StatemEvent> inserted;
    for (const Action& action : actions) {
      switch (action.kind) {
        case Action::Kind::reply:
          action.answer();
          break;
        case Action::Kind::postpone:
          postpones_ = true;
          break;
        case Action::Kind::insert:
          inserted.push_back(action.event);
          break;
        case Action::Kind::hibernate:
          hibernates_ = true;
          break;
        case Action::Kind::cancel:
          cancel(key_of(action.event));
          break;
        case Action::Kind::update: {
          const auto running = timers_.find(key_of(action.event));
          if (running != timers_.end()) {
            running->second.event = action.event;
          } else {
            start_at_once(action.event);
          }
          break;
        }
        case Action::Kind::start:
          cancel(key_of(action.event));
          if (action.at_once) {
            start_at_once(action.event);
          } else {
            start_timeout(action.event, action.due);
          }
          break;
      }
    }
    queue_.insert(queue_.begin(), inserted.begin(), inserted.end());
    return inserted.size();
  }

  // ---- Time-outs ----

  static TimerKey key_of(const StatemEvent& event) { return {event.type(), event.timeout_name()}; }

  void start_timeout(const StatemEvent& event, TimePoint due) {
    TimerKey key = key_of(event);
    auto* message = make_message<TimeoutFired>(Message{}, Ref{}, key);
    message->type = &timeout_fired_type;
    const Ref ref = send_message_at(due, self(), message, &message->ref);
    timers_[std::move(key)] = {ref, event};
  }

  /// A time-out of zero needs no timer, and is until it is handled as cancellable as any other.
  void start_at_once(const StatemEvent& event) {
    timers_[key_of(event)] = {Ref{}, event};
    zero_timeouts_.push_back(key_of(event));
  }

  void take_zero_timeout() {
    if (zero_timeouts_.empty()) return;
    const auto due = timers_.find(zero_timeouts_.front());
    zero_timeouts_.pop_front();
    queue_.push_back(std::move(due->second.event));
    timers_.erase(due);
  }

  void cancel(const TimerKey& key) {
    const auto running = timers_.find(key);
    if (running == timers_.end()) return;
    if (running->second.ref)
      cancel_timer(running->second.ref);
    else
      std::erase(zero_timeouts_, key);
    timers_.erase(running);
  }

  Flow timer_fired(const TimeoutFired& timeout) {
    const auto fired = timers_.find(timeout.key);
    if (fired == timers_.end() || fired->second.ref != timeout.ref)
      return Flow::wait;  // cancelled while it was on its way
    queue_.push_back(std::move(fired->second.event));
    timers_.erase(fired);
    return run_queue();
  }

  std::unique_ptr<StatemMachine> machine_;
  std::string name_;
  std::deque<StatemEvent> queue_;
  std::deque<StatemEvent> postponed_;
  std::map<TimerKey, Timer> timers_;
  std::deque<TimerKey> zero_timeouts_;  ///< of timers_, in the order they were started
  bool postpones_ = false;
  bool hibernates_ = false;
};

}  // namespace

std::expected<Started, StartError> start_statem(std::unique_ptr<StatemMachine> machine,
                                                std::string name, const StartOptions& options,
                                                SpawnOptions spawn) {
  return start_behaviour(
      std::make_unique<StatemProcess>(std::move(machine), std::move(name), options), options,
      spawn);
}

}  // namespace otp::detail

namespace otp::gen {

void statem_unhandled(const StatemEvent& event, std::string_view prefix, std::string_view state) {
  const std::string name = event.name();
  if (event.type() == StatemEventType::call || name.starts_with(prefix)) {
    throw detail::ExitException(
        ExitReason("{function_clause,'" + name + "' in state '" + std::string(state) + "'}"));
  }
  if (event.type() != StatemEventType::cast && event.type() != StatemEventType::info) return;
  emit_report(WarningReport{.text = "unknown message " + name + " dropped",
                            .server = "gen_statem in state " + std::string(state),
                            .pid = self()});
}

void statem_check_transition(std::span<const StatemEdge> edges, std::string_view from,
                             const StatemEvent& event, std::string_view to) {
  std::string_view name = event.is_state_timeout() ? std::string_view("state_timeout")
                          : event.type() == StatemEventType::named_timeout
                              ? std::string_view(event.timeout_name())
                              : std::string_view(event.name());
  if (const auto dot = name.rfind('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  const bool allowed =
      from == to || std::ranges::any_of(edges, [&](const StatemEdge& each) {
        return (each.from.empty() || each.from == from) && each.event == name && each.to == to;
      });
  if (allowed) return;
  throw detail::ExitException(ExitReason("{bad_transition,'" + std::string(name) + "' from '" +
                                         std::string(from) + "' to '" + std::string(to) + "'}"));
}

}  // namespace otp::gen
