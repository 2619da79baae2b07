// What a benchmark of a part has found must be right, or the program ends with status 1.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace otp_bench {

inline void check(bool right, const char* what) {
  if (right) [[likely]]
    return;
  std::fprintf(stderr, "otp-bench-parts: %s\n", what);
  std::_Exit(1);
}

}  // namespace otp_bench
