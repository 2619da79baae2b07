#include "census.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <iterator>

#include <otp/process.h>

#include "process/node.h"

namespace otp_soak {

Census take_census() {
  otp::detail::Node& node = otp::detail::require_node("take_census");
  const auto descriptors = std::filesystem::directory_iterator("/proc/self/fd");
  return {.processes = node.table().count(),
          .descriptors = static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)))};
}

std::size_t timer_bytes() {
  return otp::detail::require_node("timer_bytes").schedulers().timer_slab().bytes();
}

std::string to_string(const Census& census) {
  return std::to_string(census.processes) + " processes, " + std::to_string(census.descriptors) +
         " file descriptors";
}

std::string describe_processes() {
  std::string text;
  for (const otp::Pid pid : otp::detail::require_node("describe_processes").table().live()) {
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

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long all = 0;
  unsigned long resident = 0;
  if (file == nullptr || std::fscanf(file, "%lu %lu", &all, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace otp_soak
