// What is outside of the runtime and belongs to a process: sockets. As the BEAM's ports it has one
// owner, can be given to another process, and is closed when its owner ends.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <otp/pid.h>

namespace otp::detail {

class Node;
struct Process;

class Port {
 public:
  virtual ~Port() = default;
  /// Any thread, from the end of the owner.
  virtual void owner_ended() noexcept = 0;
};

class PortTable {
 public:
  explicit PortTable(Node& node) : node_(node) {}

  /// The port closes with `owner`; false when that one is dead.
  bool own(Pid owner, std::shared_ptr<Port> port);
  /// No longer.
  void disown(Pid owner, const Port& port) noexcept;
  void drop_all_of(const Process& owner) noexcept;

 private:
  std::shared_ptr<Port> take(Pid owner, const Port* port) noexcept;

  Node& node_;
  std::mutex mutex_;
  /// In order, so that those of one owner are together and each is found without the others: a
  /// process may own very many.
  std::map<std::pair<Pid, const Port*>, std::shared_ptr<Port>> ports_;
};

/// Lets a process that waits look again at what it waits for.
void wake_process(Node& node, Pid pid) noexcept;

}  // namespace otp::detail
