// Reports as text for people and as JSON for programs.
#pragma once

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

/// The addresses of a backtrace as `function + offset (file)`, innermost first.
std::vector<std::string> symbolise(const std::vector<void*>& frames);

}  // namespace otp::detail
