#include "behaviours/starting.h"

#include <stdexcept>
#include <utility>

namespace otp {
namespace detail {
namespace {

struct StartAck : CallBase {
  Name name;
  Via via;
  std::optional<StartError> error;
};
constexpr MessageType start_ack_type{.name = "start",
                                     .interface = nullptr,
                                     .deliver = nullptr,
                                     .destroy = &destroy_message<StartAck>};

}  // namespace

StartedBehaviour::StartedBehaviour(const StartOptions& options)
    : last_answer_(make_message<StartAck>()) {
  auto& ack = static_cast<StartAck&>(*last_answer_);
  ack.type = &start_ack_type;
  ack.name = options.name;
  ack.via = options.via;
}

bool StartedBehaviour::is_starting() const noexcept {
  return last_answer_ != nullptr && last_answer_->type == &start_ack_type;
}

bool StartedBehaviour::take_name() {
  auto& ack = static_cast<StartAck&>(*last_answer_);
  while (ack.name) {
    if (const std::optional<Pid> holder = whereis(ack.name)) {
      refuse({.kind = StartError::Kind::already_started, .reason = {}, .pid = *holder}, true);
      return false;
    }
    try {
      register_name(ack.name, self());
      break;
    } catch (const std::invalid_argument&) {
      // Somebody was faster, or has just ended: look again.
    }
  }
  if (!ack.via) return true;
  const auto registered = ack.via->register_name();
  if (registered) return true;
  refuse({.kind = StartError::Kind::already_started, .reason = {}, .pid = registered.error()},
         true);
  return false;
}

void StartedBehaviour::acknowledge() noexcept { answer(std::nullopt); }

Flow StartedBehaviour::refuse(StartError error, bool silent) {
  if (silent)
    unlink(parent());
  else
    set_exit_reason(error.reason);
  static_cast<StartAck&>(*last_answer_).error = std::move(error);
  return Flow::stop;
}

void StartedBehaviour::answer(std::optional<StartError> error) noexcept {
  static_cast<StartAck&>(*last_answer_).error = std::move(error);
  last_answer_->state = static_cast<std::uint8_t>(CallState::replied);
  send_back(std::move(last_answer_));
}

void StartedBehaviour::ended(const ExitReason& reason) noexcept {
  if (last_answer_ == nullptr) return;
  if (!is_starting()) return send_back(std::move(last_answer_));
  auto& error = static_cast<StartAck&>(*last_answer_).error;
  if (!error) error = StartError{.kind = StartError::Kind::error, .reason = reason, .pid = {}};
  answer(std::move(error));
}

std::expected<Started, StartError> start_behaviour(std::unique_ptr<StartedBehaviour> behaviour,
                                                   const StartOptions& options,
                                                   SpawnOptions spawn) {
  spawn.priority = options.priority;
  CallBase* ack = behaviour->last_answer_.get();
  Spawned spawned;
  const std::unique_ptr<CallBase, MessageDeleter> answer(
      spawn_and_wait(std::move(behaviour), spawn, ack, options.timeout, spawned));
  std::optional<StartError> error;
  if (answer != nullptr) {
    error = std::move(static_cast<StartAck&>(*answer).error);
    if (!error) return Started{.pid = spawned.pid, .monitor = spawned.monitor};
    if (spawn.link && traps_exit())
      unlink_and_flush(spawned.pid);  // the error tells it all: no Exit message besides
  } else {
    unlink_and_flush(spawned.pid);
    const Ref gone = monitor(spawned.pid);
    exit(spawned.pid, ExitReason::kill());
    await_down(gone);
    error =
        StartError{.kind = StartError::Kind::timeout, .reason = ExitReason::timeout(), .pid = {}};
  }
  if (spawn.monitor) demonitor(spawned.monitor, flush);
  return std::unexpected(std::move(*error));
}

}  // namespace detail

ExitReason StartError::as_reason() const {
  switch (kind) {
    case Kind::ignore:
      return ExitReason("ignore");
    case Kind::already_started:
      return ExitReason("{already_started," + to_string(pid) + "}");
    case Kind::timeout:
      return ExitReason::timeout();
    case Kind::error:
      return reason;
  }
  return reason;
}

std::string to_string(const StartError& error) { return to_string(error.as_reason()); }

}  // namespace otp
