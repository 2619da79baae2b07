#include <otp/registry.h>

#include <utility>

#include "behaviours/starting.h"
#include "process/node.h"

namespace otp::detail {
namespace {

/// A process has registered for the first time.
struct Watch : Message {
  Pid pid;
};
constexpr MessageType watch_type{.name = "Registry.watch",
                                 .interface = nullptr,
                                 .deliver = nullptr,
                                 .destroy = &destroy_message<Watch>};

using SharedTable = std::shared_ptr<RegistryTableBase>;

/// Watches who holds entries; the table itself is everybody's: who opens a registry by name need
/// not ask it.
class RegistryProcess final : public StartedBehaviour {
 public:
  RegistryProcess(SharedTable table, const StartOptions& options, RegistryLife life)
      : StartedBehaviour(options), table_(std::move(table)), life_(life) {}
  ~RegistryProcess() override {
    if (node_ != nullptr) node_->published().drop(pid_);
  }

  Flow start() override {
    if (life_ == RegistryLife::of_node) set_application(0);
    node_ = &require_node("Registry");
    pid_ = self();
    node_->published().put(pid_, table_);
    if (!take_name()) return Flow::stop;
    acknowledge();
    return Flow::wait;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->type == &watch_type) {
      monitor(static_cast<Watch&>(*message).pid);
    } else if (message->kind == MessageKind::down) {
      table_->forget(static_cast<DownMessage&>(*message).down.pid);
    }
    return Flow::wait;
  }
  std::string describe() const override { return "registry"; }
  std::any state() const override { return table_; }

 private:
  SharedTable table_;
  const RegistryLife life_;
  Node* node_ = nullptr;  ///< where it has published the table
  Pid pid_;
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

}  // namespace otp::detail
