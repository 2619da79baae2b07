// SM-014 to SM-018: the time-outs of gen_statem. Times are OTP's, scaled down.
#include "sm_support.h"

namespace otp::conformance {
namespace {

/// Tells every time-out with its name; a Ping starts what `start` says.
Script timing(Pid test, std::function<Transition(int)> start) {
  return {.handle = [=](const StatemEvent& event, Place) -> Transition {
    if (const auto* ping = event.as<Ping>()) return start(ping->n);
    const auto* text = event.as<std::string>();
    send(test, Seen{name_of(event) + event.timeout_name() + ":" + (text ? *text : "")});
    return Scripted::keep_state();
  }};
}

TEST_F(Sm, SM_014_a_change_of_state_cancels_the_state_timeout) {
  in_process([] {
    const StatemRef m = machine(timing(self(), [](int n) {
      return n == 0 ? Scripted::keep_state().state_timeout(30ms)
                    : Scripted::next_state(Place::connected).state_timeout(1ms, std::string("own"));
    }));
    cast_together(m, Ping{0}, Go{Place::wait});
    EXPECT_EQ(receive_value<Seen>(80ms).has_value(), false);
    m.cast(Ping{1});  // one that is set with the change is the new state's
    EXPECT_EQ(seen(), "state_timeout:own");
  });
}

TEST_F(Sm, SM_015_any_event_cancels_the_event_timeout) {
  in_process([] {
    const Pid test = self();
    const StatemRef m = machine(timing(test, [](int n) -> Transition {
      switch (n) {
        case 0:
          return Scripted::keep_state().timeout(30ms);
        case 1:
          return Scripted::keep_state().timeout(30ms).next_event(Ping{9});
        case 2:
          return Scripted::keep_state().timeout(1ms, std::string("fires"));
        case 3:
          return Scripted::keep_state().timeout(0ms).next_event(Ping{9});
        case 4:
          return Scripted::keep_state().timeout(0ms, std::string("at once"));
        default:
          return Scripted::keep_state();
      }
    }));
    cast_together(m, Ping{0}, Ping{9});
    EXPECT_EQ(receive_value<Seen>(80ms).has_value(), false);
    cast_together(m, Ping{1}, Ping{3});
    EXPECT_EQ(receive_value<Seen>(80ms).has_value(), false);
    m.cast(Ping{2});
    EXPECT_EQ(seen(), "timeout:fires");
    m.cast(Ping{4});
    EXPECT_EQ(seen(), "timeout:at once");
  });
}

TEST_F(Sm, SM_016_named_timeouts_live_on_and_start_anew) {
  in_process([] {
    const StatemRef m = machine(timing(self(), [](int n) -> Transition {
      if (n == 0) {
        return Scripted::next_state(Place::wait)
            .named_timeout("a", 1h, std::string("old"))
            .named_timeout("b", 20ms, std::string("never"));
      }
      return Scripted::next_state(Place::connected)
          .named_timeout("a", 30ms, std::string("new"))
          .cancel_timeout("b");
    }));
    const TimePoint restart = monotonic_time();
    cast_together(m, Ping{0}, Ping{1}, Go{Place::start});
    EXPECT_EQ(seen(), "named_timeouta:new");
    EXPECT_GE(monotonic_time() - restart, 30ms);
    EXPECT_EQ(receive_value<Seen>(40ms).has_value(), false);
  });
}

TEST_F(Sm, SM_017_a_timeout_may_be_absolute) {
  in_process([] {
    const TimePoint due = monotonic_time() + 20ms;
    const StatemRef m = machine(
        timing(self(), [due](int) { return Scripted::keep_state().named_timeout("c", due); }));
    m.cast(Ping{0});
    EXPECT_EQ(seen(), "named_timeoutc:");
    EXPECT_GE(monotonic_time(), due);
    m.cast(Ping{0});  // in the past: at once
    EXPECT_EQ(seen(), "named_timeoutc:");
  });
}

TEST_F(Sm, SM_018_timeouts_are_cancelled_and_updated) {
  in_process([] {
    const StatemRef m = machine(timing(self(), [](int n) -> Transition {
      switch (n) {
        case 0:
          return Scripted::keep_state().state_timeout(30ms).named_timeout("u", 20ms,
                                                                          std::string("old"));
        case 1:
          return Scripted::keep_state().cancel_state_timeout().update_timeout("u",
                                                                              std::string("new"));
        default:  // nothing runs
          return Scripted::keep_state()
              .cancel_state_timeout()
              .cancel_timeout()
              .cancel_timeout("x")
              .update_timeout("y", std::string("at once"));
      }
    }));
    cast_together(m, Ping{0}, Ping{1});
    EXPECT_EQ(seen(), "named_timeoutu:new");
    EXPECT_EQ(receive_value<Seen>(60ms).has_value(), false);
    m.cast(Ping{2});
    EXPECT_EQ(seen(), "named_timeouty:at once");
  });
}

// As OTP does, tried there.
TEST_F(Sm, SM_018_a_timeout_of_zero_is_cancelled_like_any_other) {
  in_process([] {
    const StatemRef m = machine(timing(self(), [](int n) -> Transition {
      switch (n) {
        case 0:
          return Scripted::keep_state().next_event(Go{Place::wait}).state_timeout(0ms);
        case 1:
          return Scripted::keep_state().next_event(Ping{2}).named_timeout("n", 0ms);
        case 2:
          return Scripted::keep_state().cancel_timeout("n");
        case 3:
          return Scripted::keep_state().timeout(0ms).cancel_timeout();
        default:
          return n == 9 ? Scripted::keep_state()
                        : Scripted::keep_state().named_timeout("n", 0ms).next_event(Ping{9});
      }
    }));
    for (const int n : {0, 1, 3}) m.cast(Ping{n});
    EXPECT_EQ(m.call(Where{}), Place::wait);
    EXPECT_FALSE(receive_value<Seen>(0s).has_value());
    m.cast(Ping{4});
    EXPECT_EQ(seen(), "named_timeoutn:");
  });
}

}  // namespace
}  // namespace otp::conformance
