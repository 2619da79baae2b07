#include <otp/detail/registry_process.h>

#include <otp/call.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "behaviours/operation_calls.h"
#include "behaviours/starting.h"
#include "core/spin_lock.h"
#include "process/node.h"

namespace otp::detail {
namespace {

/// See RegistryTableBase::forget.
struct Forget : Message {
  Pid pid;
  std::uint64_t part = 0;
};
constexpr MessageType forget_type{.name = "Registry.forget",
                                  .interface = nullptr,
                                  .deliver = nullptr,
                                  .destroy = &destroy_message<Forget>};

/// It answers no calls: see answer_operation.
constexpr char registry_interface = 0;

using SharedTable = std::shared_ptr<RegistryTableBase>;

/// Its life is the table's. The table itself is everybody's: who opens a registry by name need not
/// ask it.
class RegistryProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &registry_interface;

  RegistryProcess(SharedTable table, const StartOptions& options, RegistryLife life)
      : StartedBehaviour(options), table_(std::move(table)), life_(life) {}

  Flow start() override {
    if (life_ == RegistryLife::of_node) set_application(0);
    node_ = &require_node("Registry");
    table_->process = self();
    node_->published().put(self(), table_);
    if (!take_name()) return Flow::stop;
    acknowledge();
    return Flow::wait;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->kind == MessageKind::call) return answer_operation(*this, std::move(message));
    if (message->type == &forget_type) {
      const auto& gone = static_cast<Forget&>(*message);
      table_->forget(gone.pid, gone.part);
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

std::expected<void, StartError> start_registry(SharedTable table, const StartOptions& options,
                                               RegistryLife life) {
  const auto started =
      start_behaviour(std::make_unique<RegistryProcess>(std::move(table), options, life), options,
                      {.link = life == RegistryLife::of_caller});
  if (!started) return std::unexpected(started.error());
  return {};
}

SharedTable running_registry(Name name) {
  const std::optional<Pid> pid = whereis(name);
  if (!pid) return nullptr;
  auto table = require_node("Registry").published().find<SharedTable>(*pid);
  if (table == nullptr && is_alive(*pid))  // else it has just ended
    throw std::invalid_argument("`" + std::string(name.text()) + "` is no registry");
  return table;
}

void require_contender(const StartError& error) {
  if (error.kind != StartError::Kind::already_started)
    throw std::runtime_error("a registry does not start: " + to_string(error));
}

void RegistryTableBase::owner_ended(Node& node, Pid owner, std::uint64_t part) noexcept {
  auto* message = make_message<Forget>(Message{}, owner, part);
  message->type = &forget_type;
  message->kind = MessageKind::cast;
  node.send(process, message);
}

void require_running(Pid registry) {
  if (is_alive(registry)) return;
  throw CallExit({.reason = ExitReason::noproc(), .call = "the table of " + to_string(registry)});
}

bool lock_soon(std::unique_lock<std::mutex>& lock) noexcept {
  constexpr int tries = 1000;  // some tens of microseconds: who holds it and runs needs less
  for (int i = 0; i < tries && !lock.try_lock(); ++i) relax_cpu();
  return lock.owns_lock();
}

}  // namespace otp::detail
