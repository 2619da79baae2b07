// The sinks: what they let through, and that nothing is lost when they end.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <otp/logger.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/testing/simulation.h>

#include "json_check.h"
#include "sys/format.h"

namespace otp {
namespace {

/// A file of its own for one test, removed with it.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "otp_reports_XXXXXX").string();
    const int file = mkstemp(name.data());
    if (file < 0) throw std::runtime_error("mkstemp");
    close(file);
    path_ = name;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const noexcept { return path_; }
  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) result.push_back(line);
    return result;
  }

 private:
  std::string path_;
};

/// A stream that takes nothing until somebody reads.
class BlockedStream {
 public:
  BlockedStream() {
    if (pipe(ends_) != 0) throw std::runtime_error("pipe");
    fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    const std::string page(4096, '#');
    for (std::size_t size = page.size(); size != 0; size /= 2) {
      while (::write(ends_[1], page.data(), size) > 0) {
      }
    }
    fcntl(ends_[1], F_SETFL, 0);
    stream_ = fdopen(ends_[1], "w");
  }
  ~BlockedStream() { ::close(ends_[0]); }
  BlockedStream(const BlockedStream&) = delete;
  BlockedStream& operator=(const BlockedStream&) = delete;
  std::FILE* stream() const noexcept { return stream_; }
  /// Lets everything through until the writing end is closed.
  void read_all() {
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(ends_[0], buffer, sizeof buffer)) > 0;) {
      const std::lock_guard lock(mutex_);
      read_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  /// How often that has been read.
  int count_of(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (std::size_t at = read_.find(part); at != std::string::npos; at = read_.find(part, at + 1))
      ++count;
    return count;
  }

 private:
  int ends_[2] = {};
  std::FILE* stream_ = nullptr;
  mutable std::mutex mutex_;
  std::string read_;
};

/// A stream that keeps its writer waiting until it is opened.
class Gate {
 public:
  Gate()
      : stream_(fopencookie(
            this, "w",
            {.read = nullptr, .write = &Gate::write, .seek = nullptr, .close = nullptr})) {}
  ~Gate() { std::fclose(stream_); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  std::FILE* stream() const noexcept { return stream_; }
  void await_writer() const { has_writer_.wait(false); }
  void open() {
    open_ = true;
    open_.notify_all();
  }
  /// When nobody writes any more.
  const std::string& written() const noexcept { return written_; }

 private:
  static ssize_t write(void* context, const char* bytes, std::size_t size) {
    auto& gate = *static_cast<Gate*>(context);
    gate.has_writer_ = true;
    gate.has_writer_.notify_all();
    gate.open_.wait(false);
    gate.written_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }

  std::FILE* stream_;
  std::atomic<bool> has_writer_{false};
  std::atomic<bool> open_{false};
  std::string written_;
};

WarningReport report_of(const char* text) { return {.text = text, .server = "s", .pid = {}}; }

/// Writes "early" reports while nothing gets through, then "late" ones until one does.
void write_under(OverloadLimits limits, int early, BlockedStream& blocked) {
  std::thread reader;
  {
    const auto sink = json_sink(blocked.stream(), {.overload = limits});
    for (int i = 0; i < early; ++i) sink->write(report_of("early"));
    reader = std::thread([&] { blocked.read_all(); });
    while (blocked.count_of("late") == 0) {
      sink->write(report_of("late"));
      std::this_thread::yield();
    }
  }
  std::fclose(blocked.stream());
  reader.join();
}

TEST(sinks, reports_beyond_the_drop_limit_are_lost_and_counted) {
  BlockedStream blocked;
  write_under({.sync = 100'000, .drop = 20, .flush = 100'000}, 50, blocked);
  EXPECT_GE(blocked.count_of("early"), 20);
  EXPECT_LE(blocked.count_of("early"), 21);  // one may have been on its way out
  EXPECT_GE(blocked.count_of(" reports were dropped"), 1);
}

TEST(sinks, a_queue_beyond_the_flush_limit_is_flushed) {
  BlockedStream blocked;
  write_under({.sync = 100'000, .drop = 100'000, .flush = 20}, 23, blocked);
  // Two may have been on their way out, and two may have come after the flush.
  EXPECT_LE(blocked.count_of("early"), 4);
  EXPECT_GE(blocked.count_of(" reports were dropped"), 1);
}

TEST(sinks, what_is_flushed_is_counted_once) {
  Gate gate;
  {
    const auto sink =
        json_sink(gate.stream(), {.overload = {.sync = 100'000, .drop = 100'000, .flush = 20}});
    sink->write(report_of("written"));
    gate.await_writer();
    for (int i = 0; i < 50; ++i) sink->write(report_of("lost"));
    gate.open();
  }
  EXPECT_NE(gate.written().find(R"("50 reports were dropped)"), std::string::npos)
      << gate.written();
}

TEST(sinks, what_was_lost_last_is_told_when_the_sink_ends) {
  BlockedStream blocked;
  std::thread reader;
  {
    const auto sink = json_sink(blocked.stream(), {.overload = {.sync = 100, .drop = 20}});
    for (int i = 0; i < 50; ++i) sink->write(report_of("early"));
    reader = std::thread([&] { blocked.read_all(); });
  }
  std::fclose(blocked.stream());
  reader.join();
  EXPECT_EQ(blocked.count_of(" reports were dropped"), 1);
}

TEST(sinks, beyond_the_sync_limit_who_reports_waits) {
  BlockedStream blocked;
  std::atomic<int> written{0};
  std::thread reader;
  {
    const auto sink = json_sink(blocked.stream(), {.overload = {.sync = 10}});
    std::thread reporter([&] {
      for (; written < 50; ++written) sink->write(report_of("early"));
    });
    while (written < 10) std::this_thread::yield();
    EXPECT_LE(written, 11);  // ten are queued, and one may be on its way out
    reader = std::thread([&] { blocked.read_all(); });
    reporter.join();
  }
  std::fclose(blocked.stream());
  reader.join();
  EXPECT_EQ(blocked.count_of("early"), 50);
}

TEST(sinks, nothing_written_is_lost_when_the_sink_ends) {
  constexpr int reports = 20'000;  // more than the queue holds
  const TemporaryFile file;
  {
    const auto sink = json_sink(file.path());
    for (int i = 0; i < reports; ++i)
      sink->write(WarningReport{.text = "report " + std::to_string(i), .server = "s", .pid = {}});
  }
  const auto lines = file.lines();
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(reports));
  EXPECT_NE(lines.front().find("report 0"), std::string::npos);
  EXPECT_NE(lines.back().find("report " + std::to_string(reports - 1)), std::string::npos);
}

TEST(sinks, progress_and_information_are_hidden_unless_asked_for) {
  for (const bool progress : {false, true}) {
    const TemporaryFile file;
    {
      const auto sink = json_sink(file.path(), {.progress = progress});
      EXPECT_EQ(sink->wants(LogLevel::info), progress);
      EXPECT_TRUE(sink->wants(LogLevel::warning));
      sink->write(ProgressReport{});
      sink->write(LogReport{.text = "hello"});
      sink->write(WarningReport{});
    }
    EXPECT_EQ(file.lines().size(), progress ? 3U : 1U);
  }
}

TEST(sinks, a_json_sink_on_a_folder_says_which_path_failed) {
  const std::string folder = std::filesystem::temp_directory_path().string();
  try {
    json_sink(folder);
    FAIL() << "a folder was opened as a file";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(folder), std::string::npos) << error.what();
  }
}

TEST(sinks, text_in_a_file_has_no_colour) {
  const TemporaryFile file;
  std::FILE* stream = std::fopen(file.path().c_str(), "w");
  ASSERT_NE(stream, nullptr);
  text_sink(stream)->write(WarningReport{.text = "careful", .server = "s", .pid = {}});
  std::fclose(stream);
  ASSERT_FALSE(file.lines().empty());
  EXPECT_NE(file.lines().front().find("careful"), std::string::npos);
  EXPECT_EQ(file.lines().front().find('\x1B'), std::string::npos);
}

TEST(sinks, reports_of_a_crash_are_in_the_file_once_the_runtime_is_gone) {
  const TemporaryFile file;
  {
    Runtime runtime({.schedulers = 2, .reports = json_sink(file.path())});
    runtime.run([] { throw std::runtime_error("a \"quoted\" \xFF boom"); });
    runtime.run([] { exit(ExitReason::shutdown()); });
  }
  const auto lines = file.lines();
  ASSERT_EQ(lines.size(), 1U) << "an ordered end is not reported";
  EXPECT_TRUE(testing::is_json(lines[0])) << lines[0];
  EXPECT_NE(lines[0].find("boom"), std::string::npos);
}

TEST(sinks, a_line_of_json_tells_when_and_by_whom_it_was_logged) {
  const TemporaryFile file;
  Pid logger;
  {
    Runtime runtime({.schedulers = 1, .reports = json_sink(file.path())});
    runtime.run([&] {
      logger = self();
      log(LogLevel::warning, "hello");
    });
  }
  const auto lines = file.lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(testing::is_json(lines[0])) << lines[0];
  EXPECT_TRUE(lines[0].starts_with(R"({"time":"20)")) << lines[0];
  EXPECT_NE(lines[0].find(R"("pid":")" + to_string(logger) + '"'), std::string::npos) << lines[0];
}

std::vector<std::string> simulated_lines(std::shared_ptr<ReportSink> (*sink)(std::FILE*,
                                                                             ReportOptions)) {
  const TemporaryFile file;
  std::FILE* stream = std::fopen(file.path().c_str(), "w");
  {
    testing::Simulation simulation({.seed = 7, .reports = sink(stream, {})});
    simulation.run([] {
      sleep(std::chrono::seconds(90));
      log(LogLevel::warning, "hello");
      throw std::runtime_error("boom");
    });
  }
  std::fclose(stream);
  return file.lines();
}

// The virtual clock begins with one second, and a timer may be late by a tick.
TEST(sinks, the_lines_of_a_simulation_are_the_same_each_time) {
  const auto json = simulated_lines(&json_sink);
  ASSERT_EQ(json.size(), 2U);
  for (const std::string& line : json)
    EXPECT_TRUE(line.starts_with(R"({"time":"1970-01-01T00:01:31.00)")) << line;
  EXPECT_EQ(json, simulated_lines(&json_sink));
  const auto text = simulated_lines(&text_sink);
  ASSERT_FALSE(text.empty());
  EXPECT_NE(text[0].find(":31.00"), std::string::npos) << text[0];
  EXPECT_EQ(text, simulated_lines(&text_sink));
}

double cpu_us_of(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  };
  const double begin = now();
  work();
  return now() - begin;
}

TEST(sinks, whoever_reports_does_not_pay_for_formatting) {
  constexpr std::size_t reports = 500;  // and nobody waits for the writer
  CrashReport crash;
  crash.reason =
      ExitReason::error("E", "", std::vector<void*>(32, reinterpret_cast<void*>(&cpu_us_of)));
  const TemporaryFile file;
  const auto sink = json_sink(
      file.path(), {.overload = {.sync = 2 * reports, .drop = 2 * reports, .flush = 2 * reports}});
  static_cast<void>(detail::format_json(crash));  // the first one reads the symbol table
  const double formatting = cpu_us_of([&] {
    for (std::size_t i = 0; i < reports; ++i) static_cast<void>(detail::format_json(crash));
  });
  const double writing = cpu_us_of([&] {
    for (std::size_t i = 0; i < reports; ++i) sink->write(crash);
  });
  EXPECT_LT(writing, formatting / 4) << "us on the reporter's thread for " << reports;
}

}  // namespace
}  // namespace otp
