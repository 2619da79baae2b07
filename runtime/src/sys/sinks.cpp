// The report sinks, on spdlog: its thread pool of one thread formats and writes, away from the
// schedulers.
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include "sys/format.h"

namespace otp {
namespace {

constexpr std::size_t queued_reports = 8192;

spdlog::level::level_enum spdlog_level(detail::ReportLevel level) {
  switch (level) {
    case detail::ReportLevel::debug:
      return spdlog::level::debug;
    case detail::ReportLevel::info:
      return spdlog::level::info;
    case detail::ReportLevel::warning:
      return spdlog::level::warn;
    case detail::ReportLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// A stream that is not ours to close.
class StreamSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StreamSink(std::FILE* stream) : stream_(stream) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), stream_);
  }
  void flush_() override { std::fflush(stream_); }

 private:
  std::FILE* stream_;
};

/// Owns its queue and its thread, so that runtimes share nothing. A full queue makes reporters
/// wait: none is lost.
class SpdlogSink final : public ReportSink {
 public:
  using Format = std::string (*)(const Report&);

  SpdlogSink(spdlog::sink_ptr sink, const char* pattern, Format format, ReportOptions options)
      : format_(format),
        pool_(std::make_shared<spdlog::details::thread_pool>(queued_reports, 1)),
        logger_(std::make_shared<spdlog::async_logger>("otp", std::move(sink), pool_,
                                                       spdlog::async_overflow_policy::block)) {
    logger_->set_pattern(pattern);
    logger_->set_level(options.progress ? spdlog::level::trace : spdlog::level::warn);
    logger_->flush_on(spdlog::level::warn);
  }
  ~SpdlogSink() override { logger_->flush(); }  // the pool's end then waits for the queue

  void write(const Report& report) noexcept override {
    const auto level = spdlog_level(detail::level_of(report));
    if (!logger_->should_log(level)) return;
    try {
      logger_->log(level, spdlog::string_view_t(format_(report)));
    } catch (...) {
      std::fputs("otp: a report could not be written\n", stderr);
    }
  }

 private:
  Format format_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::shared_ptr<ReportSink> text_sink(std::FILE* stream, ReportOptions options) {
  const bool colour = std::getenv("NO_COLOR") == nullptr && isatty(fileno(stream)) != 0;
  spdlog::sink_ptr sink;
  if (colour && stream == stderr)
    sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  else if (colour && stream == stdout)
    sink = std::make_shared<spdlog::sinks::ansicolor_stdout_sink_mt>();
  else
    sink = std::make_shared<StreamSink>(stream);
  return std::make_shared<SpdlogSink>(std::move(sink), "%H:%M:%S.%e [%^%l%$] %v",
                                      &detail::format_text, options);
}

std::shared_ptr<ReportSink> json_sink(std::FILE* stream, ReportOptions options) {
  return std::make_shared<SpdlogSink>(std::make_shared<StreamSink>(stream), "%v",
                                      &detail::format_json, options);
}

std::shared_ptr<ReportSink> json_sink(const std::string& path, ReportOptions options) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    return std::make_shared<SpdlogSink>(std::move(sink), "%v", &detail::format_json, options);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error("cannot write reports to `" + path + "`: " + error.what());
  }
}

}  // namespace otp
