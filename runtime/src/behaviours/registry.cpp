#include <otp/registry.h>

#include <set>
#include <utility>

#include <otp/sys.h>

#include "behaviours/starting.h"

namespace otp::detail {
namespace {

/// A process has registered.
struct Watch : Message {
  Pid pid;
};
constexpr MessageType watch_type{.name = "Registry.watch",
                                 .interface = nullptr,
                                 .deliver = nullptr,
                                 .destroy = &destroy_message<Watch>};

/// Watches who holds entries; the table itself is everybody's.
class RegistryProcess final : public StartedBehaviour {
 public:
  RegistryProcess(std::shared_ptr<RegistryTableBase> table, const StartOptions& options)
      : StartedBehaviour(options), table_(std::move(table)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    acknowledge();
    return Flow::wait;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter> message) override {
    if (message->type == &watch_type) {
      const Pid pid = static_cast<Watch&>(*message).pid;
      if (watched_.insert(pid).second) monitor(pid);
    } else if (message->kind == MessageKind::down) {
      const Pid pid = static_cast<DownMessage&>(*message).down.pid;
      watched_.erase(pid);
      table_->forget(pid);
    }
    return Flow::wait;
  }
  std::string describe() const override { return "registry"; }
  std::any state() const override { return table_; }

 private:
  std::shared_ptr<RegistryTableBase> table_;
  std::set<Pid> watched_;
};

}  // namespace

std::expected<Pid, StartError> start_registry(std::shared_ptr<RegistryTableBase> table,
                                              const StartOptions& options) {
  const auto started = start_behaviour(std::make_unique<RegistryProcess>(std::move(table), options),
                                       options, {.link = true});
  if (!started) return std::unexpected(started.error());
  return started->pid;
}

std::shared_ptr<RegistryTableBase> table_of_registry(Name name) {
  try {
    return sys::get_state_as<std::shared_ptr<RegistryTableBase>>(ServerRef(name));
  } catch (const CallExit& exit) {
    throw std::invalid_argument("no registry runs under the name `" + std::string(name.text()) +
                                "`: " + to_string(exit.error().reason));
  }
}

void watch_caller(Pid registry) {
  auto* message = make_message<Watch>(Message{}, self());
  message->type = &watch_type;
  message->kind = MessageKind::cast;
  send_message(registry, message);
}

}  // namespace otp::detail
