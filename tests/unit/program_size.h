// How large the test's own program is.
#pragma once

#include <unistd.h>

#include <fstream>

namespace otp {

struct ProgramSize {
  long address_space = 0;
  long resident = 0;
};

/// In bytes.
inline ProgramSize program_size() {
  std::ifstream file("/proc/self/statm");
  ProgramSize pages;
  file >> pages.address_space >> pages.resident;
  const long page = sysconf(_SC_PAGESIZE);
  return {.address_space = pages.address_space * page, .resident = pages.resident * page};
}

inline long resident() { return program_size().resident; }

}  // namespace otp
