// The report sinks, on spdlog: its thread pool of one thread formats and writes, away from the
// schedulers.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include "process/node.h"
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

/// How many reports wait to be written, and what that means for the next one.
class Overload {
 public:
  explicit Overload(OverloadLimits limits) : limits_(limits) {}

  struct Verdict {
    bool passes = true;
    std::size_t lost = 0;      ///< before this one, and not told yet
    std::uint64_t ticket = 0;  ///< of this one
  };
  Verdict enter() {
    const std::lock_guard lock(mutex_);
    if (queued_ >= limits_.flush) {
      lost_ += entered_ - std::max(flushed_, begun_);  // what was flushed before is counted
      flushed_ = entered_;
    }
    if (queued_ >= limits_.drop || queued_ >= limits_.flush) {
      ++lost_;
      return {.passes = false};
    }
    const std::size_t lost = std::exchange(lost_, 0);
    queued_ += lost == 0 ? 1 : 2;  // one more to tell of those that are lost
    entered_ += lost == 0 ? 1 : 2;
    return {.passes = true, .lost = lost, .ticket = entered_};
  }
  /// How many have been lost and not told; room for the report that tells it.
  std::size_t take_lost() {
    const std::lock_guard lock(mutex_);
    queued_ += lost_ == 0 ? 0 : 1;
    entered_ += lost_ == 0 ? 0 : 1;
    return std::exchange(lost_, 0);
  }
  /// When many are queued: until the report with this ticket is written.
  void wait_in_turn(std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    if (queued_ <= limits_.sync) return;
    written_.wait(lock, [&] { return left_ >= ticket || queued_ <= limits_.sync; });
  }
  /// On the writing thread: whether the next report is written, or was flushed away.
  bool writes_next() {
    const std::lock_guard lock(mutex_);
    return ++begun_ > flushed_;
  }
  void leaves() {
    {
      const std::lock_guard lock(mutex_);
      --queued_;
      ++left_;
    }
    written_.notify_all();
  }

 private:
  const OverloadLimits limits_;
  std::mutex mutex_;
  std::condition_variable written_;
  std::size_t queued_ = 0;
  std::size_t lost_ = 0;
  std::uint64_t entered_ = 0;  ///< tickets, in the order of the queue
  std::uint64_t begun_ = 0;    ///< up to this ticket it was said whether the report is written
  std::uint64_t left_ = 0;
  std::uint64_t flushed_ = 0;  ///< up to this ticket nothing is written any more
};

/// In a simulation the virtual time, so that its lines are the same each time.
spdlog::log_clock::time_point report_time() {
  const detail::Node* node = detail::current_node();
  if (node == nullptr || node->clock() == nullptr) return spdlog::log_clock::now();
  return spdlog::log_clock::time_point(
      std::chrono::duration_cast<spdlog::log_clock::duration>(Duration(node->clock()->now())));
}

/// On the writing thread: makes text of the report and passes it on. What travels through spdlog's
/// queue is only the address of a copy of the report, as the bytes of the message; the message's
/// receiver owns the copy.
class FormattingSink final : public spdlog::sinks::sink {
 public:
  using Format = std::string (*)(const Report&, spdlog::log_clock::time_point);
  FormattingSink(spdlog::sink_ptr next, Format format, std::shared_ptr<Overload> overload)
      : next_(std::move(next)), format_(format), overload_(std::move(overload)) {}

  static std::string_view bytes_of(const Report* const& report) {
    return {reinterpret_cast<const char*>(&report), sizeof report};
  }
  void log(const spdlog::details::log_msg& message) override {
    const Report* address = nullptr;
    std::memcpy(&address, message.payload.data(), sizeof address);
    const std::unique_ptr<const Report> report(address);
    struct Turn {
      Overload& overload;
      ~Turn() { overload.leaves(); }
    } const turn{*overload_};
    if (!overload_->writes_next()) return;
    const std::string text = format_(*report, message.time);
    spdlog::details::log_msg formatted = message;
    formatted.payload = text;
    next_->log(formatted);
  }
  void flush() override { next_->flush(); }
  void set_pattern(const std::string& pattern) override { next_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    next_->set_formatter(std::move(formatter));
  }

 private:
  spdlog::sink_ptr next_;
  Format format_;
  const std::shared_ptr<Overload> overload_;
};

/// Owns its queue and its thread, so that runtimes share nothing.
class SpdlogSink final : public ReportSink {
 public:
  SpdlogSink(spdlog::sink_ptr sink, const char* pattern, FormattingSink::Format format,
             ReportOptions options)
      : overload_(std::make_shared<Overload>(options.overload)),
        pool_(std::make_shared<spdlog::details::thread_pool>(queued_reports, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "otp", std::make_shared<FormattingSink>(std::move(sink), format, overload_), pool_,
            spdlog::async_overflow_policy::block)) {
    logger_->set_pattern(pattern);
    logger_->set_level(options.progress ? spdlog::level::trace : spdlog::level::warn);
    logger_->flush_on(spdlog::level::warn);
  }
  ~SpdlogSink() override {
    try {
      tell_lost(overload_->take_lost());
    } catch (...) {  // no memory to tell it with
    }
    logger_->flush();
    pool_.reset();  // works the queue off and joins its thread, which uses the logger until then
  }

  bool wants(LogLevel level) const noexcept override {
    return logger_->should_log(spdlog_level(detail::level_of(level)));
  }
  void write(const Report& report) noexcept override {
    const auto level = spdlog_level(detail::level_of(report));
    if (!logger_->should_log(level)) return;
    try {
      const Overload::Verdict verdict = overload_->enter();
      if (!verdict.passes) return;
      tell_lost(verdict.lost);
      enqueue(level, report);
      overload_->wait_in_turn(verdict.ticket);
    } catch (...) {
      std::fputs("otp: a report could not be written\n", stderr);
    }
  }

 private:
  void tell_lost(std::size_t count) {
    if (count == 0) return;
    enqueue(spdlog::level::warn,
            WarningReport{.text = std::to_string(count) +
                                  " reports were dropped: they came too fast to be written",
                          .server = "logger",
                          .pid = {}});
  }
  void enqueue(spdlog::level::level_enum level, const Report& report) {
    const Report* copy = std::make_unique<Report>(report).release();
    const std::string_view bytes = FormattingSink::bytes_of(copy);
    logger_->log(report_time(), {}, level, spdlog::string_view_t(bytes.data(), bytes.size()));
  }

  std::shared_ptr<Overload> overload_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::shared_ptr<ReportSink> text_sink(std::FILE* stream, ReportOptions options) {
  // The pattern has the time.
  const auto format = [](const Report& report, spdlog::log_clock::time_point) {
    return detail::format_text(report);
  };
  const bool colour = std::getenv("NO_COLOR") == nullptr && isatty(fileno(stream)) != 0;
  spdlog::sink_ptr sink;
  if (colour && stream == stderr)
    sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  else if (colour && stream == stdout)
    sink = std::make_shared<spdlog::sinks::ansicolor_stdout_sink_mt>();
  else
    sink = std::make_shared<StreamSink>(stream);
  return std::make_shared<SpdlogSink>(std::move(sink), "%H:%M:%S.%e [%^%l%$] %v", format, options);
}

std::shared_ptr<ReportSink> json_sink(std::FILE* stream, ReportOptions options) {
  return std::make_shared<SpdlogSink>(std::make_shared<StreamSink>(stream), "%v",
                                      &detail::json_line, options);
}

std::shared_ptr<ReportSink> json_sink(const std::string& path, ReportOptions options) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    return std::make_shared<SpdlogSink>(std::move(sink), "%v", &detail::json_line, options);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error("cannot write reports to `" + path + "`: " + error.what());
  }
}

}  // namespace otp
