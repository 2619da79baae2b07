#include "fiber/processors.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace otp::detail {
namespace {

namespace fs = std::filesystem;

/// The kernel links each processor to its node: cpu7/node1. Without NUMA there is no such link.
int node_of(int number, const fs::path& sysfs) {
  constexpr std::string_view link = "node";
  std::error_code none;
  for (const auto& each : fs::directory_iterator(
           sysfs / "devices/system/cpu" / ("cpu" + std::to_string(number)), none)) {
    const std::string name = each.path().filename().string();
    int node = 0;
    if (name.starts_with(link) &&
        std::from_chars(name.data() + link.size(), name.data() + name.size(), node).ptr ==
            name.data() + name.size())
      return node;
  }
  return 0;
}

}  // namespace

std::vector<Processor> by_node(const std::vector<int>& numbers, const fs::path& sysfs) {
  std::vector<Processor> found;
  found.reserve(numbers.size());
  for (const int number : numbers)
    found.push_back({.number = number, .node = node_of(number, sysfs)});
  std::ranges::stable_sort(found, {}, &Processor::node);
  return found;
}

std::vector<Processor> usable_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return {};
  std::vector<int> numbers;
  for (int number = 0; number < CPU_SETSIZE; ++number) {
    if (CPU_ISSET(number, &mask)) numbers.push_back(number);
  }
  return by_node(numbers);
}

unsigned granted_processors(const fs::path& root) {
  std::ifstream own(root / "proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(own, line);) {
    if (line.starts_with("0::/")) path = line.substr(3);
  }
  unsigned least = 0;
  while (!path.empty()) {
    std::ifstream limit(root / ("sys/fs/cgroup" + path + "/cpu.max"));
    std::uint64_t quota = 0;
    std::uint64_t period = 0;
    if (limit >> quota >> period && period != 0) {  // `max` is no number
      const auto count = static_cast<unsigned>((quota + period - 1) / period);
      least = least == 0 ? count : std::min(least, count);
    }
    path.resize(path.rfind('/'));
  }
  return least;
}

bool stay_on(const std::vector<Processor>& processors) noexcept {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  for (const Processor& each : processors) CPU_SET(each.number, &mask);
  return sched_setaffinity(0, sizeof mask, &mask) == 0;
}

}  // namespace otp::detail
