#include "display.h"

#include <unistd.h>

namespace campaign {
namespace {

constexpr std::uint32_t bar_width = 30;
// Back to the first column, and erase what stood there.
constexpr const char* restart_line = "\r\x1b[2K";

std::uint32_t share(const Situation& situation, std::uint32_t whole) {
  if (situation.devices == 0) return whole;
  return static_cast<std::uint32_t>(std::uint64_t{situation.acknowledged} * whole /
                                    situation.devices);
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

std::string format_situation(const Situation& situation) {
  const std::uint32_t filled = share(situation, bar_width);
  std::string percent = std::to_string(share(situation, 100));
  percent.insert(0, 3 - percent.size(), ' ');
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "] " + percent +
         " %  " + with_thousands(situation.acknowledged) + " of " +
         with_thousands(situation.devices) + "  in flight " + with_thousands(situation.in_flight) +
         "  retries " + with_thousands(situation.retries) + "  restarts " +
         with_thousands(situation.restarts);
}

Display::Display() : is_terminal_(::isatty(STDOUT_FILENO) == 1) {}

std::string Display::progress(const Situation& situation) {
  if (is_terminal_) return restart_line + format_situation(situation);
  const std::uint32_t tenth = share(situation, 10);
  if (tenth == last_tenth_) return {};
  last_tenth_ = tenth;
  return format_situation(situation) + "\n";
}

std::string Display::event(const std::string& text) const {
  return (is_terminal_ ? restart_line : "") + text + "\n";
}

}  // namespace campaign
