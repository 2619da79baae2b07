// Reports as text and as JSON: the fields are there, and no bytes in them can break the form.
#include "sys/format.h"

#include <chrono>

#include <gtest/gtest.h>

#include "json_check.h"

namespace otp::detail {
namespace {

WarningReport warning_with(std::string text) {
  return {.text = std::move(text), .server = "gen_server demo.Counter", .pid = {}};
}

CrashReport crash() {
  CrashReport report;
  report.server = "gen_server demo.Counter";
  report.name = Name("format_test_counter");
  report.reason = ExitReason::error("std::out_of_range", "place 3");
  report.last_message = "crash";
  report.state = "value: 7";
  return report;
}

TEST(format, a_crash_as_text_names_server_name_reason_message_and_state) {
  const std::string text = format_text(crash());
  for (const char* part : {"gen_server demo.Counter", "format_test_counter", "std::out_of_range",
                           "place 3", "crash", "value: 7"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
}

TEST(format, a_crash_as_json_has_one_member_for_each_fact) {
  const std::string line = format_json(crash());
  EXPECT_TRUE(testing::is_json(line)) << line;
  for (const char* part :
       {R"("report":"crash")", R"("name":"format_test_counter")", R"("type":"std::out_of_range")",
        R"("what":"place 3")", R"("last_message":"crash")", R"("state":"value: 7")"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " is missing in\n" << line;
}

TEST(format, every_single_byte_in_a_text_gives_valid_json) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string line = format_json(warning_with(std::string(1, static_cast<char>(byte))));
    EXPECT_TRUE(testing::is_json(line)) << "byte " << byte << ": " << line;
  }
}

TEST(format, malformed_utf8_is_replaced) {
  for (const std::string text :
       {"\xC3", "\xE2\x82", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF\xFE", "a\x80z"}) {
    const std::string line = format_json(warning_with(text));
    EXPECT_TRUE(testing::is_json(line)) << ::testing::PrintToString(text) << ": " << line;
    EXPECT_NE(line.find("\\ufffd"), std::string::npos) << line;
  }
}

TEST(format, wellformed_utf8_is_kept) {
  const std::string text = "\xC3\xA9 \xE2\x82\xAC \xED\x9F\xBF \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF";
  EXPECT_NE(format_json(warning_with(text)).find(text), std::string::npos);
}

TEST(format, a_json_report_is_one_line_whatever_the_text) {
  EXPECT_EQ(format_json(warning_with("one\ntwo\r\nthree")).find_first_of("\r\n"),
            std::string::npos);
}

TEST(format, a_log_line_as_json_has_its_time_and_who_logged) {
  const std::chrono::system_clock::time_point time(
      std::chrono::microseconds(1'000'000'000'000'042));
  LogReport report{.text = "warm", .pid = {.id = 7, .serial = 1}};
  EXPECT_EQ(json_line(report, time),
            R"({"time":"2001-09-09T01:46:40.000042Z","report":"log","level":"info",)"
            R"("pid":")" +
                to_string(report.pid) + R"(","text":"warm"})");
  report.metadata = {{"time", "now"}, {"pid", "mine"}};  // as in OTP that is stronger
  EXPECT_EQ(json_line(report, time),
            R"({"report":"log","level":"info","text":"warm","time":"now","pid":"mine"})");
  EXPECT_TRUE(json_line(crash(), time).starts_with(R"({"time":"2001-)"));
}

TEST(format, a_text_report_passes_no_terminal_control_on) {
  EXPECT_EQ(format_text(warning_with("\x1B[2Jgone\x07")).find_first_of("\x1B\x07"),
            std::string::npos);
}

TEST(format, crashes_and_supervisors_are_errors_and_progress_is_information) {
  EXPECT_EQ(level_of(CrashReport{}), ReportLevel::error);
  EXPECT_EQ(level_of(SupervisorReport{}), ReportLevel::error);
  EXPECT_EQ(level_of(WarningReport{}), ReportLevel::warning);
  EXPECT_EQ(level_of(ProgressReport{}), ReportLevel::info);
  EXPECT_EQ(level_of(LogReport{}), ReportLevel::info);
}

}  // namespace
}  // namespace otp::detail
