// What process_main needs to tell the world of a crash.
#pragma once

#include <string>

#include "process/process.h"

namespace otp::detail {

struct ProcessEnd {
  ExitReason reason;
  bool by_signal = false;  ///< an untrapped exit signal: no terminate, no report
};

std::string demangled(const char* name);
void report_crash(const Process& self, const ExitReason& reason);

}  // namespace otp::detail
