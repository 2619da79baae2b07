// A partition supervisor: the same child several times, one for each partition, chosen by key.
//
//   auto prices = otp::start_partition_supervisor({
//       .child = [](std::size_t shard) { return price_cache_spec(shard); },
//       .partitions = 8}, {.name = "prices"}).value();
//   shop::PriceCache(prices.at(sku)).price(sku);
//
// One bottleneck becomes several. A key always leads to the same partition: an integer to its
// absolute value modulo their number, anything else by its hash. Partitions are restarted one for
// one; a key leads to the new process then. Process only. Source: Elixir's PartitionSupervisor.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <functional>

#include <otp/detail/key_hash.h>
#include <otp/supervisor.h>

namespace otp {

struct PartitionSupervisorSpec {
  /// The child of a partition; its id becomes the partition's number.
  std::function<ChildSpec(std::size_t partition)> child{};
  std::size_t partitions = 0;  ///< 0: as many as there are schedulers
  std::size_t intensity = 3;
  Duration period = std::chrono::seconds{5};
};

/// Knows a running partition supervisor by pid or name. `at` and `partitions` look into a table of
/// the node, and ask the supervisor only while there is none: until it has started a child they
/// wait for its start to end, and when it is dead they exit the caller, as the other operations do.
class PartitionSupervisorRef : public SupervisorRef {
 public:
  using SupervisorRef::SupervisorRef;

  std::size_t partitions() const;
  /// The process of a key's partition; null while it is being started or restarted.
  template <std::unsigned_integral K>
  Pid at(K key) const {
    return at_number(key);
  }
  template <std::signed_integral K>
  Pid at(K key) const {
    const auto wide = static_cast<std::int64_t>(key);
    return at_number(wide < 0 ? ~static_cast<std::uint64_t>(wide) + 1
                              : static_cast<std::uint64_t>(wide));
  }
  template <class K>
    requires(!std::integral<K>)
  Pid at(const K& key) const {
    return at_number(detail::KeyHash{}(key));
  }

 private:
  Pid at_number(std::uint64_t number) const;
};

/// Throws std::invalid_argument without a name or a child. Linked to the caller.
std::expected<PartitionSupervisorRef, StartError> start_partition_supervisor(
    PartitionSupervisorSpec spec, const StartOptions& options);

}  // namespace otp
