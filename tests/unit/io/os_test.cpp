#include <otp/os.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

TEST(Os, signals_come_as_messages_to_the_last_who_asked) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    ASSERT_TRUE(os::set_signal(SIGUSR1));
    kill(getpid(), SIGUSR1);
    EXPECT_EQ(receive_value<os::Signal>(5s)->number, SIGUSR1);
    const Pid first = self();
    const auto [later, end] = spawn_monitor([first] {
      ASSERT_TRUE(os::set_signal(SIGUSR1));
      send(first, 0);
      EXPECT_EQ(receive_value<os::Signal>(5s)->number, SIGUSR1);
    });
    receive_value<int>();
    os::reset_signal(SIGUSR1);  // not ours any more
    kill(getpid(), SIGUSR1);
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    EXPECT_FALSE(receive_value<os::Signal>(0s));
  }),
            ExitReason::normal());
}

TEST(Os, a_signal_does_what_it_did_when_nobody_receives_it) {
  signal(SIGUSR2, SIG_IGN);
  Runtime runtime({.schedulers = 1});
  EXPECT_EQ(runtime.run([] {
    const auto ref = spawn_monitor([] { ASSERT_TRUE(os::set_signal(SIGUSR2)); }).second;
    detail::await_down(ref);
    ASSERT_TRUE(os::set_signal(SIGUSR2));
    os::reset_signal(SIGUSR2);
    kill(getpid(), SIGUSR2);  // would end the program
  }),
            ExitReason::normal());
}

TEST(Os, what_cannot_be_caught_is_refused) {
  Runtime runtime({.schedulers = 1});
  EXPECT_EQ(runtime.run([] {
    for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 1000})
      EXPECT_EQ(os::set_signal(number).error(), "einval");
  }),
            ExitReason::normal());
}

}  // namespace
}  // namespace otp
