#include "process/ports.h"

#include <utility>

#include "process/node.h"
#include "process/signals.h"

namespace otp::detail {

/// A process that ends marks itself before it looks for its ports: either it sees this one, or this
/// sees the mark.
bool PortTable::own(Pid owner, std::shared_ptr<Port> port) {
  Process* process = node_.table().slot(owner);
  if (process == nullptr) return false;
  const Port* const added = port.get();
  {
    const std::lock_guard lock(mutex_);
    ports_.emplace(std::pair(owner, added), std::move(port));
  }
  process->owns_ports.store(true);
  if (!process->exiting.load() && node_.is_alive(owner)) return true;
  disown(owner, *added);
  return false;
}

/// Null: the first one.
std::shared_ptr<Port> PortTable::take(Pid owner, const Port* port) noexcept {
  const std::lock_guard lock(mutex_);
  const auto each = ports_.lower_bound({owner, port});
  if (each == ports_.end() || each->first.first != owner) return nullptr;
  if (port != nullptr && each->first.second != port) return nullptr;
  auto taken = std::move(each->second);
  ports_.erase(each);
  return taken;
}

void PortTable::disown(Pid owner, const Port& port) noexcept { take(owner, &port); }

void PortTable::drop_all_of(const Process& owner) noexcept {
  while (const auto port = take(owner.pid(), nullptr)) port->owner_ended();
}

void wake_process(Node& node, Pid pid) noexcept {
  node.send(pid, make_signal<Message>(MessageKind::wake));
}

}  // namespace otp::detail
