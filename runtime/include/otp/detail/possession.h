// What belongs to a process and ends with it: a socket, its entries in a registry.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <otp/pid.h>

namespace otp::detail {

class Node;

class Possession {
 public:
  virtual ~Possession() = default;
  /// Who had this part of it has ended, which nobody has been told of yet. Any thread: it waits for
  /// no lock that is held while users' code runs.
  virtual void owner_ended(Node& node, Pid owner, std::uint64_t part) noexcept = 0;
};

// Whoever uses these may hold a lock: they do not enter the runtime, where a process that has been
// declared over leaves its stack for ever. Process only.

/// From now on `part` of `thing` belongs to `owner`; more than once is once. False when that one
/// has ended, or is of another node. Throws std::bad_alloc.
bool possess(Pid owner, std::shared_ptr<Possession> thing, std::uint64_t part = 0);
/// No longer. What does not belong to it stays as it is.
void dispossess(Pid owner, const Possession& thing, std::uint64_t part = 0) noexcept;
/// The parts of `thing` that belong to `owner`, oldest first.
std::vector<std::uint64_t> parts_of(Pid owner, const Possession& thing);
/// is_alive().
bool is_living(Pid pid) noexcept;

}  // namespace otp::detail
