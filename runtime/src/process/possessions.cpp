#include "process/possessions.h"

#include <new>
#include <optional>
#include <utility>

#include "process/node.h"

namespace otp::detail {

/// A process that ends marks itself before it looks for what it owns: either it sees this, or this
/// sees the mark.
bool Possessions::add(Pid owner, std::shared_ptr<Possession> thing, std::uint64_t part) {
  Process* const process = node_.table().slot(owner);
  if (process == nullptr) return false;
  const Possession& added = *thing;
  {
    Shard& shard = of(owner);
    const std::lock_guard lock(shard.mutex);
    const auto [belongings, is_first] = shard.owners.try_emplace(owner);
    if (belongings->second.contains({&added, part})) return true;
    try {
      belongings->second.add({.thing = std::move(thing), .part = part});
    } catch (...) {
      if (is_first) shard.owners.erase(belongings);
      throw;
    }
  }
  process->owns_things.store(true);
  if (!process->exiting.load() && node_.is_alive(owner)) return true;
  remove(owner, added, part);
  return false;
}

void Possessions::remove(Pid owner, const Possession& thing, std::uint64_t part) noexcept {
  std::optional<Owned> removed;  // it may be the last to refer to the thing: not under the lock
  Shard& shard = of(owner);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.owners.find(owner);
  if (found == shard.owners.end()) return;
  removed = found->second.take({&thing, part});
  if (!found->second.empty()) return;
  shard.owners.erase(found);
  shrink(shard);
}

std::vector<std::uint64_t> Possessions::parts(Pid owner, const Possession& thing) {
  std::vector<std::uint64_t> parts;
  Shard& shard = of(owner);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.owners.find(owner);
  if (found == shard.owners.end()) return parts;
  found->second.for_each([&](const Owned& each) {
    if (each.thing.get() == &thing) parts.push_back(each.part);
  });
  return parts;
}

void Possessions::drop_all_of(const Process& owner) noexcept {
  const Pid pid = owner.pid();
  Belongings belongings;
  {
    Shard& shard = of(pid);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.owners.find(pid);
    if (found == shard.owners.end()) return;
    belongings = std::move(found->second);
    shard.owners.erase(found);
    shrink(shard);
  }
  belongings.for_each([&](const Owned& each) { each.thing->owner_ended(node_, pid, each.part); });
}

/// Under the lock: a peak may be over.
void Possessions::shrink(Shard& shard) noexcept {
  constexpr std::size_t worth_it = 1024;
  const std::size_t room = shard.owners.bucket_count();
  if (room < worth_it || shard.owners.size() > room / 8) return;
  try {
    shard.owners.rehash(0);
  } catch (const std::bad_alloc&) {  // it stays as large as it is
  }
}

bool possess(Pid owner, std::shared_ptr<Possession> thing, std::uint64_t part) {
  return node_in_passing().possessions().add(owner, std::move(thing), part);
}
void dispossess(Pid owner, const Possession& thing, std::uint64_t part) noexcept {
  node_in_passing().possessions().remove(owner, thing, part);
}
std::vector<std::uint64_t> parts_of(Pid owner, const Possession& thing) {
  return node_in_passing().possessions().parts(owner, thing);
}
bool is_living(Pid pid) noexcept { return node_in_passing().is_alive(pid); }

}  // namespace otp::detail
