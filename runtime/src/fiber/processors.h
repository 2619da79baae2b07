// The processors that a program may use, and where they are.
#pragma once

#include <filesystem>
#include <vector>

namespace otp::detail {

struct Processor {
  int number = 0;
  int node = 0;  ///< of memory that is near to it (NUMA)
};

/// Those of one node beside each other. `sysfs`: where /sys is.
std::vector<Processor> by_node(const std::vector<int>& numbers,
                               const std::filesystem::path& sysfs = "/sys");

/// Those of the calling thread's affinity mask, by_node().
std::vector<Processor> usable_processors();

/// How many processors' time the program's control groups grant it, rounded up: the least of
/// `cpu.max` from its own up to the root. 0: any number. `root`: where /proc and /sys are.
unsigned granted_processors(const std::filesystem::path& root = "/");

/// Keeps the calling thread on these. False when the system does not let it.
bool stay_on(const std::vector<Processor>& processors) noexcept;

}  // namespace otp::detail
