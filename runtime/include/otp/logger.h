// Logger: levels, several handlers, filters, and what a program logs itself.
//
//   auto logger = std::make_shared<otp::Logger>(otp::LogLevel::notice);
//   logger->add_handler("console", {.sink = otp::text_sink(stderr, {.progress = true})});
//   logger->add_handler("errors",
//                       {.sink = otp::json_sink("errors.log"), .level = otp::LogLevel::error});
//   otp::Runtime rt{{.reports = logger}};
//   ...
//   otp::log(otp::LogLevel::notice, "cache warmed",
//            {.module = "shop.Prices", .metadata = {{"n", "7"}}});
//
// - A report passes when its level is at least as severe as the primary level (or, where one is
//   set, as the level of its module), all primary filters let it, and then for each handler that
//   one's level, filters and burst limit.
// - Crash and supervisor reports are errors, warnings warnings, progress reports info. The module
//   of a report is the behaviour it is about: "gen_server shop.Cart", "supervisor shop.ShopSup".
// - Handlers write as ReportSinks do: text and JSON on a thread of their own. Overload protection
//   is on (ReportOptions::overload): with more than 10 reports queued, who reports waits; with 200,
//   reports are dropped. A burst limit drops what is beyond it. What is lost is counted, and told
//   with the next report that passes.
// Everything here may be called from any thread, `log` from a process. Source: logger(3), Elixir's
// Logger.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <otp/report.h>

namespace otp {

/// How severe `a` is against `b`: none > emergency > alert > ... > debug > all.
std::strong_ordering compare_levels(LogLevel a, LogLevel b) noexcept;
/// "error"; and back, none for what is no level.
std::string_view to_string(LogLevel level) noexcept;
std::optional<LogLevel> level_from(std::string_view text) noexcept;

LogLevel level_of(const Report& report) noexcept;
std::string_view module_of(const Report& report) noexcept;

/// False: the report ends here.
using LogFilter = std::function<bool(const Report&)>;

/// At most `count` reports in `window`; the others are dropped, and counted in one warning.
struct BurstLimit {
  std::size_t count = 500;
  std::chrono::milliseconds window{1000};
};

struct LogHandler {
  std::shared_ptr<ReportSink> sink;
  LogLevel level = LogLevel::all;
  std::vector<LogFilter> filters{};
  std::optional<BurstLimit> burst_limit{};
};

class Logger final : public ReportSink {
 public:
  explicit Logger(LogLevel primary = LogLevel::notice);
  ~Logger() override;

  /// `{already_exist,Id}` when the id is taken.
  std::expected<void, ExitReason> add_handler(const std::string& id, LogHandler handler);
  /// `{not_found,Id}` for an unknown id.
  std::expected<void, ExitReason> remove_handler(const std::string& id);
  std::expected<void, ExitReason> set_handler_level(const std::string& id, LogLevel level);
  std::vector<std::string> handlers() const;

  void set_primary_level(LogLevel level);
  void add_primary_filter(LogFilter filter);
  void set_module_level(const std::string& module, LogLevel level);
  void unset_module_level(const std::string& module);

  void write(const Report& report) noexcept override;

 private:
  struct Installed;
  struct Config;
  template <class Change>
  auto change(Change change);

  mutable std::mutex mutex_;
  std::shared_ptr<const Config> config_;  ///< replaced as a whole, so that writers wait for nobody
};

struct LogOptions {
  std::string module{};
  LogMetadata metadata{};
};
/// Logs to the sink of the caller's runtime, with the caller's pid. In a JSON line what `metadata`
/// calls `pid` or `time` stands in the place of ours, as in OTP. Process only; elsewhere it goes to
/// nobody.
void log(LogLevel level, std::string text, LogOptions options = {});

}  // namespace otp
