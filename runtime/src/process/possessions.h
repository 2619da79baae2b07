// What belongs to processes: their sockets, their entries in registries. A socket is what the BEAM
// calls a port: it has one owner, can be given to another process, and is closed when its owner
// ends.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include <otp/detail/possession.h>

#include "process/keyed_list.h"

namespace otp::detail {

class Node;
struct Process;

/// Who owns what. Any thread.
class Possessions {
 public:
  explicit Possessions(Node& node) : node_(node) {}

  /// See possess().
  bool add(Pid owner, std::shared_ptr<Possession> thing, std::uint64_t part = 0);
  /// See dispossess().
  void remove(Pid owner, const Possession& thing, std::uint64_t part = 0) noexcept;
  /// See parts_of().
  std::vector<std::uint64_t> parts(Pid owner, const Possession& thing);
  void drop_all_of(const Process& owner) noexcept;

 private:
  struct Owned {
    std::shared_ptr<Possession> thing;
    std::uint64_t part = 0;

    struct Key {
      const Possession* thing;
      std::uint64_t part;
      friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
      std::size_t operator()(const Key& key) const noexcept {
        return std::hash<const Possession*>{}(key.thing) ^ (key.part * 0x9e3779b97f4a7c15U);
      }
    };
    Key key() const noexcept { return {thing.get(), part}; }
  };
  using Belongings = KeyedList<Owned, Owned::Hash>;
  struct alignas(64) Shard {
    std::mutex mutex;
    boost::unordered_flat_map<Pid, Belongings, std::hash<Pid>> owners;
  };
  /// Schedulers that meet at a lock put each other to sleep.
  static constexpr std::size_t shard_count = 128;

  Shard& of(Pid owner) noexcept { return shards_[owner.id % shard_count]; }
  static void shrink(Shard& shard) noexcept;

  Node& node_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace otp::detail
