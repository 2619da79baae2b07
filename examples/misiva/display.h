// How a campaign looks: on a terminal one line that keeps changing, elsewhere a line for each
// tenth.
#pragma once

#include <cstdint>
#include <string>

namespace campaign {

struct Situation {
  std::uint32_t devices = 0;
  std::uint32_t acknowledged = 0;
  std::uint32_t in_flight = 0;
  std::uint32_t retries = 0;
  std::uint32_t restarts = 0;
};

/// "[#########---------------------]  31 %  3,104 of 10,000  in flight 512  retries 0  restarts 0"
std::string format_situation(const Situation& situation);

/// "10,000"
std::string with_thousands(std::uint64_t number);

class Display {
 public:
  /// For a terminal when standard output is one.
  Display();
  explicit Display(bool is_terminal) noexcept : is_terminal_(is_terminal) {}

  /// What to print for this situation; empty when there is nothing new to say.
  std::string progress(const Situation& situation);
  /// What to print for an event in between, on a line of its own.
  std::string event(const std::string& text) const;

 private:
  bool is_terminal_;
  std::uint32_t last_tenth_ = 0;
};

}  // namespace campaign
