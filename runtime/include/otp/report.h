// Reports: what the runtime tells about crashes, supervision and oddities, as values.
//
//   otp::Runtime rt{{.reports = otp::json_sink("shop.log")}};         // JSON lines into a file
//   otp::Runtime rt{{.reports = otp::text_sink(stderr, {.progress = true})}};
//
// A report reaches the sink of its process's runtime. The given sinks format and write on a thread
// of their own and are flushed when they end, so that a report costs its process little. When
// reports come faster than they are written, who reports waits, and then reports are dropped: see
// OverloadLimits, which hold unless others are given. A line tells when the report was made; in a
// simulation that is its virtual time, as if it had begun in 1970, so that a seed gives the same
// lines again. A sink of one's own may be called from every scheduler at once and must not suspend.
// Source: sasl error logging, proc_lib crash reports, supervisor(3) reports, logger(3): progress
// reports are off by default.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <otp/exit_reason.h>
#include <otp/name.h>
#include <otp/pid.h>

namespace otp {

/// A process ended abnormally by its own doing.
struct CrashReport {
  std::string server{};  ///< "gen_server demo.Counter", "process"
  Pid pid{};
  Name name{};
  std::string label{};
  ExitReason reason{};         ///< its frames() are the addresses at the throw
  std::string last_message{};  ///< name of the message it was handling
  std::string state{};         ///< where the schema declares one
  Pid parent{};
  std::vector<Pid> ancestors{};  ///< the parent first, as far as they live
  Pid client{};                  ///< whose call it was handling
  std::vector<Pid> links{};
};

/// A supervisor acted on a child.
struct SupervisorReport {
  enum class Context : std::uint8_t { start_error, child_terminated, shutdown_error, shutdown };
  std::string supervisor{};
  Pid pid{};
  Context context = Context::child_terminated;
  ExitReason reason{};
  std::string child_id{};
  Pid child{};
  std::string restart{};   ///< "permanent"
  std::string shutdown{};  ///< "5000 ms", "brutal_kill", "infinity"
  std::string type{};      ///< "worker"
};

/// A supervisor started a child.
struct ProgressReport {
  std::string supervisor{};
  Pid pid{};
  std::string child_id{};
  Pid child{};
};

/// Something odd that was survived: an unknown message, a handler that runs too long.
struct WarningReport {
  std::string text{};
  std::string server{};
  Pid pid{};
};

/// From the most severe; `none` and `all` are thresholds only.
enum class LogLevel : std::uint8_t {
  none,
  emergency,
  alert,
  critical,
  error,
  warning,
  notice,
  info,
  debug,
  all
};
using LogMetadata = std::vector<std::pair<std::string, std::string>>;

/// What the program says itself: see log() in <otp/logger.h>.
struct LogReport {
  std::string text{};
  LogLevel level = LogLevel::info;
  std::string module{};
  LogMetadata metadata{};
  Pid pid{};  ///< whose process says it
};

using Report =
    std::variant<CrashReport, SupervisorReport, ProgressReport, WarningReport, LogReport>;

class ReportSink {
 public:
  virtual ~ReportSink() = default;
  virtual void write(const Report& report) noexcept = 0;
  /// False: it writes no report of this level, and need not be given one. Any thread.
  virtual bool wants(LogLevel level) const noexcept {
    static_cast<void>(level);
    return true;
  }
};

/// What a sink does when reports come faster than they are written; the defaults are those of
/// OTP's logger_std_h. What is lost is counted, and told in one warning before the next report that
/// passes.
struct OverloadLimits {
  std::size_t sync = 10;     ///< with more queued, who reports waits until its report is written
  std::size_t drop = 200;    ///< with so many, a report is dropped
  std::size_t flush = 1000;  ///< with so many, all of these are; not reached where `drop` is less
};

struct ReportOptions {
  bool progress = false;  ///< also progress reports, and what is logged below a warning
  OverloadLimits overload{};
};

/// For people: to a stream, in colour when it is a terminal and NO_COLOR is not set.
std::shared_ptr<ReportSink> text_sink(std::FILE* stream, ReportOptions options = {});
/// One JSON object a line; `time` is as "2026-11-22T06:06:15.123456Z". Throws std::runtime_error
/// when the file cannot be opened.
std::shared_ptr<ReportSink> json_sink(const std::string& path, ReportOptions options = {});
std::shared_ptr<ReportSink> json_sink(std::FILE* stream, ReportOptions options = {});

/// Sends a report to the sink of the current process's runtime; to nobody outside a process.
void emit_report(const Report& report) noexcept;

}  // namespace otp
