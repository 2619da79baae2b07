// The logger's format: one line that a program logs, and the report of a crash.
#include <string>

#include <benchmark/benchmark.h>

#include "check.h"
#include "sys/format.h"

namespace otp::detail {
namespace {

using otp_bench::check;

Report log_line() {
  return LogReport{.text = "order 4711 was shipped to \"Main Street 7\"",
                   .level = LogLevel::info,
                   .module = "shop",
                   .metadata = {{"order", "4711"}, {"carrier", "post"}}};
}

Report crash() {
  CrashReport report;
  report.server = "gen_server demo.Counter";
  report.pid = {.id = 4711, .serial = 1};
  report.reason = ExitReason("badarith");
  report.last_message = "Counter.inc";
  report.state = "{value: 7}";
  report.parent = {.id = 12, .serial = 1};
  report.ancestors = {report.parent, {.id = 3, .serial = 1}};
  return report;
}

void format(benchmark::State& state, const Report& report, std::string (*format)(const Report&)) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string formatted = format(report);
    check(!formatted.empty(), "nothing was formatted");
    bytes = formatted.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK_CAPTURE(format, log_text, log_line(), &format_text)->Name("format/log_as_text");
BENCHMARK_CAPTURE(format, log_json, log_line(), &format_json)->Name("format/log_as_json");
BENCHMARK_CAPTURE(format, crash_text, crash(), &format_text)->Name("format/crash_as_text");
BENCHMARK_CAPTURE(format, crash_json, crash(), &format_json)->Name("format/crash_as_json");

}  // namespace
}  // namespace otp::detail
