#include <otp/partition_supervisor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "process/node.h"

namespace otp {
namespace {

/// The processes of the partitions, for whoever looks for one. The supervisor publishes it; its
/// children's specifications hold it.
class Partitions : public std::enable_shared_from_this<Partitions> {
 public:
  explicit Partitions(std::size_t count) : pids_(count) {}
  ~Partitions() {
    if (node_ != nullptr && detail::current_node() == node_) node_->published().drop(supervisor_);
  }
  Partitions(const Partitions&) = delete;
  Partitions& operator=(const Partitions&) = delete;

  /// A partition has been started, by the supervisor.
  void note(std::size_t partition, Pid pid) {
    pids_[partition].store(std::uint64_t{pid.serial} << 32U | pid.id, std::memory_order_release);
    if (supervisor_ == self()) return;
    supervisor_ = self();
    node_ = &detail::require_node("PartitionSupervisor");
    node_->published().put(supervisor_, weak_from_this());
  }
  Pid at(std::uint64_t number) const noexcept {
    const std::uint64_t word = pids_[number % pids_.size()].load(std::memory_order_acquire);
    const Pid pid{.id = static_cast<std::uint32_t>(word),
                  .serial = static_cast<std::uint32_t>(word >> 32U)};
    return is_alive(pid) ? pid : Pid{};
  }
  std::size_t count() const noexcept { return pids_.size(); }

 private:
  std::vector<std::atomic<std::uint64_t>> pids_;
  Pid supervisor_;
  detail::Node* node_ = nullptr;  ///< the supervisor's
};

/// Null when there are none.
std::shared_ptr<const Partitions> published_by(const SupervisorRef& supervisor) {
  const auto pid = supervisor.pid();
  if (!pid) return nullptr;
  const auto& published = detail::require_node("PartitionSupervisor").published();
  return published.find<std::weak_ptr<Partitions>>(*pid).lock();
}

/// Null when its children have all been deleted. Exits the caller when the supervisor is dead, as a
/// call would.
std::shared_ptr<const Partitions> partitions_of(const SupervisorRef& supervisor) {
  if (auto found = published_by(supervisor)) return found;
  static_cast<void>(supervisor.count_children());  // is answered after a start that is under way
  return published_by(supervisor);
}

}  // namespace

std::size_t PartitionSupervisorRef::partitions() const {
  const auto partitions = partitions_of(*this);
  return partitions == nullptr ? 0 : partitions->count();
}

Pid PartitionSupervisorRef::at_number(std::uint64_t number) const {
  const auto partitions = partitions_of(*this);
  return partitions == nullptr ? Pid{} : partitions->at(number);
}

std::expected<PartitionSupervisorRef, StartError> start_partition_supervisor(
    PartitionSupervisorSpec spec, const StartOptions& options) {
  if (!options.name)
    throw std::invalid_argument("start_partition_supervisor: a name is needed, to find it by");
  if (!spec.child) throw std::invalid_argument("start_partition_supervisor: no child");
  if (spec.partitions == 0) spec.partitions = schedulers_online();
  SupervisorSpec supervisor{
      .name = std::string(options.name.text()), .intensity = spec.intensity, .period = spec.period};
  const auto table = std::make_shared<Partitions>(spec.partitions);
  for (std::size_t partition = 0; partition < spec.partitions; ++partition) {
    ChildSpec child = spec.child(partition);
    child.id = std::to_string(partition);
    child.start = [start = std::move(child.start), table, partition] {
      auto started = start();
      if (started) table->note(partition, started->pid);
      return started;
    };
    supervisor.children.push_back(std::move(child));
  }
  const auto started = start_supervisor(std::move(supervisor), options);
  if (!started) return std::unexpected(started.error());
  return PartitionSupervisorRef(started->address());
}

}  // namespace otp
