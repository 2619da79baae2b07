#include <otp/partition_supervisor.h>

#include <stdexcept>
#include <string>

namespace otp {

std::size_t PartitionSupervisorRef::partitions() const { return count_children().specs; }

Pid PartitionSupervisorRef::at_number(std::uint64_t number) const {
  const std::vector<ChildInfo> children = which_children();  // the last partition first
  const ChildInfo& child = children[children.size() - 1 - number % children.size()];
  return child.pid.value_or(Pid{});
}

std::expected<PartitionSupervisorRef, StartError> start_partition_supervisor(
    PartitionSupervisorSpec spec, const StartOptions& options) {
  if (!options.name)
    throw std::invalid_argument("start_partition_supervisor: a name is needed, to find it by");
  if (!spec.child) throw std::invalid_argument("start_partition_supervisor: no child");
  if (spec.partitions == 0) spec.partitions = schedulers_online();
  SupervisorSpec supervisor{
      .name = std::string(options.name.text()), .intensity = spec.intensity, .period = spec.period};
  for (std::size_t partition = 0; partition < spec.partitions; ++partition) {
    ChildSpec child = spec.child(partition);
    child.id = std::to_string(partition);
    supervisor.children.push_back(std::move(child));
  }
  const auto started = start_supervisor(std::move(supervisor), options);
  if (!started) return std::unexpected(started.error());
  return PartitionSupervisorRef(started->address());
}

}  // namespace otp
