// SYS-012 to SYS-014: levels, handlers and filters of the logger.
#include <otp/logger.h>

#include <thread>

#include "proc_support.h"

namespace otp::conformance {
namespace {

/// A logger with two handlers; what reached which.
class Logging : public ::testing::Test {
 protected:
  std::vector<std::string> texts(const ReportCollector& of) const {
    std::vector<std::string> all;
    for (const LogReport& each : of.all<LogReport>()) all.push_back(each.text);
    return all;
  }
  void write(LogLevel level, std::string text, std::string module = {}) {
    logger.write(LogReport{.text = std::move(text), .level = level, .module = std::move(module)});
  }

  Logger logger{LogLevel::info};
  std::shared_ptr<ReportCollector> h1 = std::make_shared<ReportCollector>();
  std::shared_ptr<ReportCollector> h2 = std::make_shared<ReportCollector>();
};
using Texts = std::vector<std::string>;

TEST_F(Logging, SYS_012_each_handler_gets_what_its_level_lets_through) {
  EXPECT_TRUE(logger.add_handler("h1", {.sink = h1, .level = LogLevel::notice}).has_value());
  EXPECT_TRUE(logger.add_handler("h2", {.sink = h2, .level = LogLevel::error}).has_value());
  EXPECT_EQ(logger.add_handler("h1", {.sink = h1}).error(), ExitReason("{already_exist,h1}"));
  EXPECT_EQ(logger.add_handler("none", {}).error(), ExitReason("{handler_not_added,undef}"));
  EXPECT_EQ(logger.handlers(), (Texts{"h1", "h2"}));
  write(LogLevel::error, "error");
  write(LogLevel::notice, "notice");
  write(LogLevel::info, "info");
  EXPECT_EQ(texts(*h1), (Texts{"error", "notice"}));
  EXPECT_EQ(texts(*h2), Texts{"error"});
  EXPECT_TRUE(logger.set_handler_level("h2", LogLevel::all).has_value());
  EXPECT_TRUE(logger.remove_handler("h1").has_value());
  write(LogLevel::notice, "later");
  EXPECT_EQ(texts(*h1).size(), 2U);
  EXPECT_EQ(texts(*h2), (Texts{"error", "later"}));
  EXPECT_EQ(logger.remove_handler("h1").error(), ExitReason("{not_found,h1}"));
  EXPECT_EQ(logger.set_handler_level("h9", LogLevel::all).error(), ExitReason("{not_found,h9}"));
}

TEST_F(Logging, SYS_013_levels_have_an_order) {
  using enum LogLevel;
  const std::vector<LogLevel> order{none,    emergency, alert, critical, error,
                                    warning, notice,    info,  debug,    all};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t k = 0; k < order.size(); ++k)
      EXPECT_EQ(compare_levels(order[i], order[k]), k <=> i);
    EXPECT_EQ(level_from(to_string(order[i])), order[i]);
  }
  EXPECT_EQ(level_from("fatal"), std::nullopt);
}

TEST_F(Logging, SYS_014_a_modules_level_decides_for_that_module) {
  logger.set_primary_level(LogLevel::error);
  EXPECT_TRUE(logger.add_handler("h1", {.sink = h1}).has_value());
  logger.set_module_level("noisy", LogLevel::none);
  logger.set_module_level("watched", LogLevel::debug);
  for (const char* module : {"noisy", "watched", "other"}) {
    write(LogLevel::error, std::string("e:") + module, module);
    write(LogLevel::debug, std::string("d:") + module, module);
  }
  EXPECT_EQ(texts(*h1), (Texts{"e:watched", "d:watched", "e:other"}));
  logger.unset_module_level("noisy");
  write(LogLevel::error, "again", "noisy");
  EXPECT_EQ(texts(*h1).back(), "again");
}

TEST_F(Logging, reports_have_levels_and_modules_too) {
  EXPECT_TRUE(logger.add_handler("h1", {.sink = h1, .level = LogLevel::error}).has_value());
  logger.write(CrashReport{.server = "gen_server a.B"});
  logger.write(ProgressReport{.supervisor = "supervisor S"});
  logger.write(WarningReport{.text = "odd", .server = "gen_server a.B"});
  EXPECT_EQ(h1->all<CrashReport>().size(), 1U);
  EXPECT_TRUE(h1->all<ProgressReport>().empty());
  EXPECT_TRUE(h1->all<WarningReport>().empty());
  logger.set_module_level("gen_server a.B", LogLevel::none);
  logger.write(CrashReport{.server = "gen_server a.B"});
  EXPECT_EQ(h1->all<CrashReport>().size(), 1U);
}

TEST_F(Logging, filters_stop_reports_for_all_or_for_one_handler) {
  const auto without = [](std::string text) -> LogFilter {
    return [text](const Report& report) {
      const auto* log = std::get_if<LogReport>(&report);
      return log == nullptr || log->text != text;
    };
  };
  logger.add_primary_filter(without("secret"));
  EXPECT_TRUE(logger.add_handler("h1", {.sink = h1, .filters = {without("dull")}}).has_value());
  EXPECT_TRUE(logger.add_handler("h2", {.sink = h2}).has_value());
  for (const char* text : {"secret", "dull", "news"}) write(LogLevel::error, text);
  EXPECT_EQ(texts(*h1), Texts{"news"});
  EXPECT_EQ(texts(*h2), (Texts{"dull", "news"}));
}

TEST_F(Logging, a_burst_is_cut_off_and_what_was_lost_is_told) {
  EXPECT_TRUE(logger
                  .add_handler("h1", {.sink = h1,
                                      .burst_limit = BurstLimit{3, std::chrono::milliseconds(50)}})
                  .has_value());
  for (int i = 0; i < 1000; ++i) write(LogLevel::error, "x");
  EXPECT_LT(texts(*h1).size(), 1000U);
  EXPECT_GE(texts(*h1).size(), 3U);
  const auto told = [&] { return h1->all<WarningReport>(); };
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (told().empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
    write(LogLevel::error, "x");
  }
  ASSERT_FALSE(told().empty());
  EXPECT_NE(told().front().text.find("beyond the burst limit of `h1` were dropped"),
            std::string::npos);
}

TEST_F(Logging, a_program_logs_through_its_runtime) {
  const auto shared = std::make_shared<Logger>(LogLevel::notice);
  EXPECT_TRUE(shared->add_handler("h1", {.sink = h1}).has_value());
  Runtime runtime({.schedulers = 1, .reports = shared});
  runtime.run([] {
    log(LogLevel::notice, "warm", {.module = "shop", .metadata = {{"n", "7"}}});
    log(LogLevel::debug, "too much");
  });
  ASSERT_EQ(texts(*h1), Texts{"warm"});
  EXPECT_EQ(h1->all<LogReport>().front().metadata.front().second, "7");
}

}  // namespace
}  // namespace otp::conformance
