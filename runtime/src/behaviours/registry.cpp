#include <otp/registry.h>

#include <map>
#include <shared_mutex>
#include <utility>

#include "behaviours/starting.h"

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

/// The tables of the registries that run, by their process: who opens one by name need not ask it.
struct OpenTables {
  std::shared_mutex mutex;
  std::map<Pid, std::shared_ptr<RegistryTableBase>> tables;
};
OpenTables& open_tables() {
  static OpenTables tables;
  return tables;
}

/// Watches who holds entries; the table itself is everybody's.
class RegistryProcess final : public StartedBehaviour {
 public:
  RegistryProcess(std::shared_ptr<RegistryTableBase> table, const StartOptions& options)
      : StartedBehaviour(options), table_(std::move(table)) {}
  ~RegistryProcess() override {
    if (!pid_) return;
    const std::lock_guard lock(open_tables().mutex);
    open_tables().tables.erase(pid_);
  }

  Flow start() override {
    {
      const std::lock_guard lock(open_tables().mutex);
      open_tables().tables[self()] = table_;
    }
    pid_ = self();
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
  std::shared_ptr<RegistryTableBase> table_;
  Pid pid_;
};

}  // namespace

std::expected<Pid, StartError> start_registry(std::shared_ptr<RegistryTableBase> table,
                                              const StartOptions& options, bool link) {
  const auto started = start_behaviour(std::make_unique<RegistryProcess>(std::move(table), options),
                                       options, {.link = link});
  if (!started) return std::unexpected(started.error());
  return started->pid;
}

std::shared_ptr<RegistryTableBase> table_of_registry(Name name) {
  const std::optional<Pid> pid = whereis(name);
  if (pid) {
    OpenTables& open = open_tables();
    const std::shared_lock lock(open.mutex);
    const auto found = open.tables.find(*pid);
    if (found != open.tables.end()) return found->second;
  }
  throw std::invalid_argument("no registry runs under the name `" + std::string(name.text()) + "`");
}

void watch(Pid registry, Pid pid) {
  auto* message = make_message<Watch>(Message{}, pid);
  message->type = &watch_type;
  message->kind = MessageKind::cast;
  send_message(registry, message);
}

}  // namespace otp::detail
