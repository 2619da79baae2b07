#include "census.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <otp/process.h>

#include "process/node.h"

namespace otp_soak {

namespace {

namespace fs = std::filesystem;

/// What each file descriptor leads to; those of the pollers, which are kept as their schedulers
/// are, left out.
std::vector<std::string> descriptors() {
  std::vector<std::string> found;
  for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    std::string target = fs::read_symlink(each.path(), gone).string();
    if (!gone && !target.starts_with("anon_inode:[event")) found.push_back(std::move(target));
  }
  return found;
}

}  // namespace

Census take_census() {
  return {.processes = otp::detail::require_node("take_census").table().count(),
          .descriptors = descriptors().size()};
}

std::size_t timer_bytes() {
  return otp::detail::require_node("timer_bytes").schedulers().timer_slab().bytes();
}

std::string to_string(const Census& census) {
  return std::to_string(census.processes) + " processes, " + std::to_string(census.descriptors) +
         " file descriptors";
}

std::string describe_what_is_there() {
  std::string text;
  for (const std::string& each : descriptors()) text += "  " + each + "\n";
  for (const otp::Pid pid : otp::detail::require_node("describe_what_is_there").table().live()) {
    if (pid == otp::self()) continue;
    const auto info = otp::process_info(pid);
    text += "  " + to_string(pid);
    if (info) {
      text += " " + info->behaviour + " `" + std::string(info->name.text()) + "` of " +
              to_string(info->parent) + ", " + std::to_string(info->message_queue_length) +
              " messages";
    }
    text += "\n";
  }
  return text;
}

std::size_t threads() {
  const auto tasks = fs::directory_iterator("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0;
  unsigned long resident = 0;
  if (file == nullptr || std::fscanf(file, "%lu %lu", &all, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace otp_soak
