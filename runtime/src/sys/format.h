// Reports as text for people and as JSON for programs.
#pragma once

#include <chrono>
#include <string>

#include <otp/report.h>

namespace otp::detail {

enum class ReportLevel { debug, info, warning, error };
ReportLevel level_of(const Report& report) noexcept;
ReportLevel level_of(LogLevel level) noexcept;

/// Several lines, without a final line break.
std::string format_text(const Report& report);
/// One JSON object on one line; any bytes in texts are escaped or replaced so that it is valid.
std::string format_json(const Report& report);
/// The same with the time first, unless the program says one itself.
std::string json_line(const Report& report, std::chrono::system_clock::time_point time);

/// The addresses of a backtrace as `function + offset (file)`, innermost first.
std::vector<std::string> symbolise(const std::vector<void*>& frames);

}  // namespace otp::detail
