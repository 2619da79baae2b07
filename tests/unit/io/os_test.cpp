#include <otp/os.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <signal.h>
#include <unistd.h>

#include <vector>

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

TEST(Os, whoever_asks_at_the_same_time_leaves_the_signal_as_it_was) {
  signal(SIGUSR2, SIG_IGN);
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run([] {
    std::vector<Ref> ends;
    for (int i = 0; i < 4; ++i) {
      ends.push_back(spawn_monitor([] {
                       for (int n = 0; n < 500; ++n) {
                         EXPECT_TRUE(os::set_signal(SIGUSR2));
                         kill(getpid(), SIGUSR2);
                         os::reset_signal(SIGUSR2);
                       }
                     }).second);
    }
    for (const Ref end : ends) EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    struct sigaction now{};
    sigaction(SIGUSR2, nullptr, &now);
    EXPECT_TRUE(now.sa_handler == SIG_IGN);
    ASSERT_TRUE(os::set_signal(SIGUSR2));
    kill(getpid(), SIGUSR2);
    EXPECT_EQ(receive_value<os::Signal>(5s)->number, SIGUSR2);
  }),
            ExitReason::normal());
}

TEST(Os, what_came_before_another_asked_is_not_lost) {
  Runtime runtime({.schedulers = 1});
  EXPECT_EQ(runtime.run([] {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(os::set_signal(SIGUSR1));
      kill(getpid(), SIGUSR1);
      ASSERT_TRUE(receive_value<os::Signal>(5s));
      kill(getpid(), SIGUSR1);  // comes, and nobody has looked
      ASSERT_TRUE(os::set_signal(SIGUSR1));
      ASSERT_TRUE(receive_value<os::Signal>(5s));
    }
  }),
            ExitReason::normal());
}

TEST(Os, what_cannot_be_caught_is_refused) {
  Runtime runtime({.schedulers = 1});
  EXPECT_EQ(runtime.run([] {
    for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 32, 33, 1000})
      EXPECT_EQ(os::set_signal(number).error(), "einval");
  }),
            ExitReason::normal());
}

}  // namespace
}  // namespace otp
