// What registries and scopes have in common: a table that everybody works on, and a process whose
// life is the table's.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <vector>

#include <otp/detail/possession.h>
#include <otp/name.h>
#include <otp/start.h>

namespace otp::detail {

/// Processes possess parts of it.
class RegistryTableBase : public Possession,
                          public std::enable_shared_from_this<RegistryTableBase> {
 public:
  /// One has ended that had this part. May wait: the table's process runs it.
  virtual void forget(Pid pid, std::uint64_t part) = 0;
  /// Its process has ended: forgets everything. Who is to end with it.
  virtual std::vector<Pid> close() = 0;
  /// Tells the table's process.
  void owner_ended(Node& node, Pid owner, std::uint64_t part) noexcept override;

  Pid process;  ///< set before anybody else has the table
};

/// What a registry ends with: who starts it, its application, or the node alone, as one that is
/// started by whoever comes first.
enum class RegistryLife : std::uint8_t { of_caller, of_application, of_node };
std::expected<void, StartError> start_registry(std::shared_ptr<RegistryTableBase> table,
                                               const StartOptions& options, RegistryLife life);
/// The table of the registry that runs under `name`; null when nobody holds that. Throws
/// std::invalid_argument when its holder is no registry.
std::shared_ptr<RegistryTableBase> running_registry(Name name);
/// Throws std::runtime_error unless it has not started because its name is taken.
void require_contender(const StartError& error);
/// Exits the caller with `noproc` when the registry's process has ended.
void require_running(Pid registry);
/// False when whoever holds it does not let go soon.
bool lock_soon(std::unique_lock<std::mutex>& lock) noexcept;

}  // namespace otp::detail
