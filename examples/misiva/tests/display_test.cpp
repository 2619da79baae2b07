#include "display.h"

#include <gtest/gtest.h>

namespace campaign {
namespace {

Situation at(std::uint32_t acknowledged) {
  return {.devices = 10000, .acknowledged = acknowledged, .in_flight = 512};
}

TEST(Display, numbers_are_grouped_by_thousands) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

TEST(Display, a_situation_is_one_line) {
  EXPECT_EQ(format_situation(at(3104)),
            "[#########---------------------]  31 %  3,104 of 10,000  in flight 512  retries 0"
            "  restarts 0");
  EXPECT_EQ(format_situation({}),
            "[##############################] 100 %  0 of 0  in flight 0  retries 0  restarts 0");
}

TEST(Display, a_file_gets_a_line_for_each_tenth_and_no_escape_sequences) {
  Display display{false};
  int lines = 0;
  for (std::uint32_t done = 0; done <= 10000; done += 10) {
    const std::string text = display.progress(at(done));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    if (!text.empty()) ++lines;
  }
  EXPECT_EQ(lines, 10);
  EXPECT_EQ(display.event("killed"), "killed\n");
}

TEST(Display, a_terminal_gets_one_line_that_is_rewritten) {
  Display display{true};
  EXPECT_EQ(display.progress(at(1)), "\r\x1b[2K" + format_situation(at(1)));
  EXPECT_EQ(display.event("killed"), "\r\x1b[2Kkilled\n");
}

}  // namespace
}  // namespace campaign
