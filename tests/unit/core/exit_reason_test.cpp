#include <otp/exit_reason.h>

#include <string>

#include <gtest/gtest.h>

namespace otp {
namespace {

TEST(ExitReason, the_texts_of_closed_kinds_give_those_kinds) {
  EXPECT_EQ(ExitReason("normal"), ExitReason::normal());
  EXPECT_EQ(ExitReason("killed"), ExitReason::killed());
  EXPECT_EQ(ExitReason("noproc"), ExitReason::noproc());
  EXPECT_EQ(ExitReason("died").kind(), ExitReason::Kind::custom);
}

TEST(ExitReason, is_compared_by_value_and_never_by_its_stack) {
  EXPECT_EQ(ExitReason("died"), ExitReason("died"));
  EXPECT_NE(ExitReason("died"), ExitReason("bang"));
  EXPECT_EQ(ExitReason::error("E", "x", {nullptr}), ExitReason::error("E", "x"));
  EXPECT_NE(ExitReason::error("E", "x"), ExitReason::error("E", "y"));
  EXPECT_NE(ExitReason::shutdown(), ExitReason::shutdown("draining"));
}

TEST(ExitReason, shutdown_is_ordered_also_as_the_cause_of_a_failed_call) {
  EXPECT_TRUE(ExitReason::shutdown().is_shutdown());
  EXPECT_TRUE(ExitReason::shutdown("draining").is_shutdown());
  EXPECT_TRUE(ExitReason::call_failed(ExitReason::shutdown(), "Counter.get").is_shutdown());
  EXPECT_TRUE(ExitReason::call_failed(ExitReason::normal(), "Counter.get").is_abnormal());
  EXPECT_TRUE(ExitReason::killed().is_abnormal());
}

TEST(ExitReason, prints_as_otp_does) {
  EXPECT_EQ(to_string(ExitReason::shutdown("draining")), "{shutdown,draining}");
  EXPECT_EQ(to_string(ExitReason::call_failed(ExitReason::noproc(), "Counter.get")),
            "{noproc,Counter.get}");
  EXPECT_EQ(to_string(ExitReason::error("std::runtime_error", "boom")), "std::runtime_error: boom");
}

TEST(ExitReason, carries_a_typed_value) {
  const ExitReason reason = ExitReason("full").with_payload(42);
  ASSERT_NE(reason.payload<int>(), nullptr);
  EXPECT_EQ(*reason.payload<int>(), 42);
  EXPECT_EQ(reason.payload<std::string>(), nullptr);
  EXPECT_EQ(reason, ExitReason("full"));
}

}  // namespace
}  // namespace otp
