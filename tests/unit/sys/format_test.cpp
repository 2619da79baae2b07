#include "sys/format.h"

#include <otp/receive.h>
#include <otp/runtime.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace otp::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Collector final : ReportSink {
  void write(const Report& report) noexcept override {
    const std::lock_guard lock(mutex);
    reports.push_back(report);
  }
  std::mutex mutex;
  std::vector<Report> reports;
};

[[gnu::noipa]] void throw_from_here() { throw std::out_of_range("place 3"); }

TEST(Reports, a_crash_tells_who_why_and_where_it_was_thrown) {
  const auto collector = std::make_shared<Collector>();
  Runtime runtime({.schedulers = 1, .reports = collector});
  runtime.run([] {
    const auto [pid, ref] = spawn_monitor([] {
      set_label("worker 7");
      throw_from_here();
    });
    await_down(ref);
  });
  ASSERT_EQ(collector->reports.size(), 1U);
  const std::string text = format_text(collector->reports.front());
  EXPECT_THAT(text, HasSubstr("process <0."));
  EXPECT_THAT(text, HasSubstr("std::out_of_range: place 3"));
  EXPECT_THAT(text, HasSubstr("label:         worker 7"));
  EXPECT_THAT(text, HasSubstr("throw_from_here()"));
}

TEST(Reports, the_throw_is_found_again_after_a_destructor_has_waited) {
  const auto collector = std::make_shared<Collector>();
  Runtime runtime({.schedulers = 2, .reports = collector});
  struct Waits {
    ~Waits() {
      blocking([] {});
    }  // goes on on another thread
  };
  runtime.run([] {
    const auto [pid, ref] = spawn_monitor([] {
      const Waits waits;
      throw_from_here();
    });
    await_down(ref);
  });
  ASSERT_EQ(collector->reports.size(), 1U);
  EXPECT_THAT(format_text(collector->reports.front()), HasSubstr("throw_from_here()"));
}

TEST(Reports, ordered_ends_are_not_reported) {
  const auto collector = std::make_shared<Collector>();
  Runtime runtime({.schedulers = 1, .reports = collector});
  runtime.run([] {
    for (const ExitReason& reason :
         {ExitReason::normal(), ExitReason::shutdown(), ExitReason::shutdown("x")}) {
      await_down(spawn_monitor([reason] { exit(reason); }).second);
    }
    const auto [pid, ref] = spawn_monitor([] { sleep(infinity); });
    exit(pid, ExitReason("signal"));  // somebody else's doing
    await_down(ref);
  });
  EXPECT_TRUE(collector->reports.empty());
}

TEST(Reports, json_escapes_whatever_a_text_contains) {
  CrashReport report;
  report.server = "gen_server \"x\"\\\n\x01\xff\xc3";
  report.reason = ExitReason("died");
  EXPECT_EQ(format_json(report),
            R"({"report":"crash","server":"gen_server \"x\"\\\u000a\u0001\ufffd\ufffd",)"
            R"("reason":"died"})");
}

TEST(Reports, nothing_is_lost_when_the_sink_ends) {
  std::FILE* file = std::tmpfile();
  {
    Runtime runtime({.schedulers = 1, .reports = json_sink(file)});
    runtime.run([] {
      for (int i = 0; i < 500; ++i)
        emit_report(WarningReport{.text = std::to_string(i), .server = "s", .pid = self()});
    });
  }
  std::rewind(file);
  int lines = 0;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) lines += c == '\n';
  std::fclose(file);
  EXPECT_EQ(lines, 500);
}

TEST(Reports, a_file_that_cannot_be_opened_is_told) {
  EXPECT_THROW(json_sink(std::string("/dev/null/reports.json")), std::runtime_error);
}

}  // namespace
}  // namespace otp::detail
