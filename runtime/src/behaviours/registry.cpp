#include <otp/registry.h>

#include <utility>

#include "behaviours/operation_calls.h"
#include "behaviours/starting.h"
#include "process/node.h"

namespace otp::detail {
namespace {

/// See RegistryTableBase::review.
struct Watch : Message {
  Pid pid;
};
constexpr MessageType watch_type{.name = "Registry.watch",
                                 .interface = nullptr,
                                 .deliver = nullptr,
                                 .destroy = &destroy_message<Watch>};

/// It answers no calls: see answer_operation.
constexpr char registry_interface = 0;

using SharedTable = std::shared_ptr<RegistryTableBase>;

/// Watches who holds entries; the table itself is everybody's: who opens a registry by name need
/// not ask it.
class RegistryProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &registry_interface;

  RegistryProcess(SharedTable table, const StartOptions& options, RegistryLife life)
      : StartedBehaviour(options), table_(std::move(table)), life_(life) {}

  Flow start() override {
    if (life_ == RegistryLife::of_node) set_application(0);
    node_ = &require_node("Registry");
    node_->published().put(self(), table_);
    if (!take_name()) return Flow::stop;
    acknowledge();
    return Flow::wait;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->kind == MessageKind::call) return answer_operation(*this, std::move(message));
    if (message->type == &watch_type) {
      table_->review(static_cast<Watch&>(*message).pid);
    } else if (message->kind == MessageKind::down) {
      table_->forget(static_cast<DownMessage&>(*message).down.pid);
    }
    return Flow::wait;
  }
  void ended(const ExitReason& reason) noexcept override {
    StartedBehaviour::ended(reason);
    if (node_ == nullptr) return;
    node_->published().drop(self());
    for (const Pid each : table_->close())
      exit(each, reason.is_normal() ? ExitReason::shutdown() : reason);
  }
  std::string describe() const override { return "registry"; }
  std::any state() const override { return table_; }

 private:
  SharedTable table_;
  const RegistryLife life_;
  Node* node_ = nullptr;  ///< where it has published the table
};

}  // namespace

std::expected<Pid, StartError> start_registry(SharedTable table, const StartOptions& options,
                                              RegistryLife life) {
  const auto started =
      start_behaviour(std::make_unique<RegistryProcess>(std::move(table), options, life), options,
                      {.link = life == RegistryLife::of_caller});
  if (!started) return std::unexpected(started.error());
  return started->pid;
}

std::optional<RunningRegistry> running_registry(Name name) {
  const std::optional<Pid> pid = whereis(name);
  if (!pid) return std::nullopt;
  if (auto table = require_node("Registry").published().find<SharedTable>(*pid))
    return RunningRegistry{*pid, std::move(table)};
  if (!is_alive(*pid)) return std::nullopt;  // it has just ended
  throw std::invalid_argument("`" + std::string(name.text()) + "` is no registry");
}

void require_contender(const StartError& error) {
  if (error.kind != StartError::Kind::already_started)
    throw std::runtime_error("a registry does not start: " + to_string(error));
}

void watch(Pid registry, Pid pid) noexcept {
  auto* message = make_message<Watch>(Message{}, pid);
  message->type = &watch_type;
  message->kind = MessageKind::cast;
  post_message(registry, message);
}

void require_running(Pid registry) {
  if (is_alive(registry)) return;
  throw CallExit({.reason = ExitReason::noproc(), .call = "the table of " + to_string(registry)});
}

}  // namespace otp::detail
