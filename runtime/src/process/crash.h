// What process_main needs to tell the world of a crash.
#pragma once

#include <cxxabi.h>

#include <string>

#include <otp/report.h>

#include "process/process.h"

namespace otp::detail {

struct ProcessEnd {
  ExitReason reason;
  bool by_signal = false;  ///< an untrapped exit signal: no terminate, no report
};

std::string demangled(const char* name);
/// The exception that is being handled, as an exit reason, with the frames of its throw.
ExitReason reason_of_exception();
/// Whether anybody wants the reports of the current process that are of this level.
bool reports_of(LogLevel level) noexcept;
void report_crash(const Process& self, const ExitReason& reason);

/// What the user's format_status() gives. One that throws, as it may when the state is what has
/// made the process crash, takes nothing else with it. Source: gen:format_status/2.
template <class Format>
std::string formatted_status(Format format) {
  try {
    return format();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return "format_status() crashed: " + to_string(reason_of_exception());
  }
}

}  // namespace otp::detail
