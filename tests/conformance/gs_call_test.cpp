// GS-013 to GS-024: calls, their failures, casts.
#include "gs_support.h"

namespace otp::conformance {
namespace {

/// Ends a wait inside a callback.
struct GoOn {};
/// The event time-out came.
struct TimedOut {};

Script telling_timeouts(Pid test) {
  return {.timed_out = [test](SubjectImpl&) {
    send(test, TimedOut{});
    return NoReply();
  }};
}

TEST_F(Gs, GS_013_a_deferred_reply_comes_from_a_later_event) {
  in_process([] {
    const Pid test = self();
    Script script;
    script.later = [test](SubjectImpl& server, std::int64_t,
                          const From<std::int64_t>& from) -> DeferredReply<std::int64_t> {
      server.waiting.push_back(from);
      send(test, GoOn{});
      return noreply();
    };
    script.tell = [](SubjectImpl& server, std::int64_t n) -> NoReply {
      reply(server.waiting.at(0), n);
      return {};
    };
    const Subject server = subject(script);
    spawn_link([server, test] { send(test, server.later(0)); });
    next<GoOn>();
    EXPECT_EQ(server.ask(1), 1);  // it serves others meanwhile
    EXPECT_EQ(receive_value<std::int64_t>(0s), std::nullopt);
    server.tell(42);
    EXPECT_EQ(next<std::int64_t>(), 42);
  });
}

TEST_F(Gs, GS_014_the_idle_timeout_comes_unless_a_call_is_earlier) {
  in_process([] {
    const auto seen = [](SubjectImpl& server, std::int64_t) {
      return Reply<std::int64_t>(reply(static_cast<std::int64_t>(server.seen.size())).timeout(1h));
    };
    Script early;
    early.ask = seen;
    early.timed_out = [](SubjectImpl& server) {
      server.seen += 't';
      return NoReply();
    };
    const Subject patient = subject(early);
    EXPECT_EQ(patient.ask(0), 0);
    EXPECT_EQ(patient.ask(0), 0);

    const Pid test = self();
    Script late = telling_timeouts(test);
    late.ask = [](SubjectImpl&, std::int64_t n) {
      return Reply<std::int64_t>(reply(n).timeout(10ms));
    };
    const Subject hasty = subject(late);
    EXPECT_EQ(hasty.ask(1), 1);
    next<TimedOut>();
    EXPECT_EQ(receive_value<TimedOut>(50ms), std::nullopt);  // once
  });
}

TEST_F(Gs, GS_015_a_call_that_times_out_leaves_the_server_unharmed) {
  in_process([] {
    Script script;
    script.ask = [](SubjectImpl&, std::int64_t n) {
      if (n == 0) receive_value<GoOn>();
      return Reply<std::int64_t>(n);
    };
    const Subject server = subject(script);
    EXPECT_EQ(server.try_ask(0, 1ms).error().reason, ExitReason::timeout());
    send(server.address(), GoOn{});
    EXPECT_EQ(server.ask(8), 8);
  });
}

TEST_F(Gs, GS_016_a_late_reply_never_reaches_the_callers_mailbox) {
  in_process([] {
    Script script;
    script.ask = [](SubjectImpl&, std::int64_t n) {
      if (n == 0) receive_value<GoOn>();
      return Reply<std::int64_t>(n);
    };
    const Subject server = subject(script);
    EXPECT_FALSE(server.try_ask(0, 1ms));
    send(server.address(), GoOn{});
    EXPECT_EQ(server.ask(1), 1);  // the late reply has been sent by now
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Gs, GS_017_a_failed_call_carries_reason_and_call) {
  in_process([] {
    const Subject dead = subject();
    dead.stop();
    const auto failure = [](const Subject& server, Timeout timeout = 5s) {
      return server.try_ask(1, timeout).error();
    };
    EXPECT_EQ(failure(dead).reason, ExitReason::noproc());
    EXPECT_EQ(failure(dead).call,
              "Subject.ask to " + to_string(dead.address()) + " within 5000 ms");
    EXPECT_EQ(failure(Subject()).reason, ExitReason::noproc());
    EXPECT_EQ(failure(Subject(Name("gs_017"))).reason, ExitReason::noproc());
    EXPECT_EQ(failure(Subject(Name("gs_017"))).call, "Subject.ask to `gs_017` within 5000 ms");
    EXPECT_EQ(failure(Subject(self())).reason, ExitReason::calling_self());
    Script busy;
    busy.ask = [](SubjectImpl&, std::int64_t n) {
      stay();
      return Reply<std::int64_t>(n);
    };
    const Subject slow = subject(busy);
    EXPECT_EQ(failure(slow, 1ms).reason, ExitReason::timeout());
    EXPECT_NE(failure(slow, 1ms).call.find("within 1 ms"), std::string::npos);
    exit(slow.address(), ExitReason::kill());

    const auto [caller, monitor] = spawn_monitor([dead] { dead.ask(1); });
    const ExitReason end = down_of(monitor).reason;
    EXPECT_EQ(end.cause(), ExitReason::noproc());
    EXPECT_NE(end.origin().find("Subject.ask"), std::string::npos);
  });
}

TEST_F(Gs, GS_018_calling_oneself_fails_at_once) {
  in_process([] {
    Script script;
    script.ask = [](SubjectImpl&, std::int64_t) {
      const Subject oneself{otp::self()};
      std::int64_t refused = 0;
      for (const Timeout timeout : {Timeout(5s), infinity}) {
        refused += oneself.try_ask(1, timeout).error().reason == ExitReason::calling_self() ? 1 : 0;
      }
      return Reply<std::int64_t>(refused);
    };
    EXPECT_EQ(subject(script).ask(0), 2);
  });
}

TEST_F(Gs, GS_020_shutdown_reasons_reach_caller_and_link_and_are_not_logged) {
  in_process([this] {
    trap_exit(true);
    const ExitReason detailed = ExitReason::shutdown("r");
    const auto stopping = [](const ExitReason& reason) {
      return [reason](SubjectImpl&, std::int64_t) { return Reply<std::int64_t>(stop(reason)); };
    };
    const auto exiting = [](const ExitReason& reason) {
      return [reason](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> { exit(reason); };
    };
    const std::vector<std::pair<ExitReason, Script>> runs{
        {detailed, {.ask = exiting(detailed)}},
        {ExitReason::shutdown(), {.ask = exiting(ExitReason::shutdown())}},
        {ExitReason::shutdown(), {.ask = stopping(ExitReason::shutdown())}},
        {detailed, {.ask = stopping(detailed)}}};
    for (const auto& [reason, script] : runs) {
      const Subject server = Subject::start_link({.script = play(script)}).value();
      EXPECT_EQ(server.try_ask(1).error().reason, reason);
      EXPECT_EQ(next<Exit>().reason, reason);
    }
    EXPECT_TRUE(reports->crashes().empty());
  });
}

TEST_F(Gs, GS_021_a_crash_fails_the_call_and_is_reported_once_with_all_that_is_known) {
  in_process([this] {
    Script script;
    script.ask = [](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> {
      exit(ExitReason("crashed"));
    };
    const auto [server, monitor] = Subject::start_monitor({.script = play(script)}).value();
    EXPECT_EQ(server.try_ask(17).error().reason, ExitReason("crashed"));
    EXPECT_EQ(down_of(monitor).reason, ExitReason("crashed"));
    ASSERT_TRUE(eventually([&] { return !reports->crashes().empty(); }));
    ASSERT_EQ(reports->crashes().size(), 1U);
    const CrashReport crash = reports->crashes().front();
    EXPECT_EQ(crash.server, "gen_server gs_cases.Subject");
    EXPECT_EQ(crash.pid, server.address());
    EXPECT_EQ(crash.reason, ExitReason("crashed"));
    EXPECT_EQ(crash.last_message, "Subject.ask");
    EXPECT_EQ(crash.client, self());
    EXPECT_NE(crash.state.find("17"), std::string::npos) << crash.state;
  });
}

TEST_F(Gs, GS_022_stop_with_reply_answers_first) {
  in_process([] {
    const auto [server, monitor] =
        Subject::start_monitor(
            {.script = play({.ask = [](SubjectImpl&, std::int64_t n) -> Reply<std::int64_t> {
               return stop(ExitReason("stopped"), n + 1);
             }})})
            .value();
    EXPECT_EQ(server.ask(1), 2);
    EXPECT_EQ(down_of(monitor).reason, ExitReason("stopped"));
  });
}

TEST_F(Gs, GS_023_casts_return_at_once_may_ask_for_a_timeout_and_may_stop) {
  in_process([] {
    const Pid test = self();
    Script script = telling_timeouts(test);
    script.tell = [test](SubjectImpl&, std::int64_t n) -> NoReply {
      send(test, n);
      if (n == 1) return noreply().timeout(1ms);
      if (n == 2) return stop(ExitReason("R"));
      return {};
    };
    script.terminate = [test](SubjectImpl&, const ExitReason& reason) { send(test, reason); };
    const auto [server, monitor] = Subject::start_monitor({.script = play(script)}).value();
    server.tell(0);
    EXPECT_EQ(next<std::int64_t>(), 0);
    server.tell(1);
    next<TimedOut>();
    server.tell(2);
    EXPECT_EQ(next<ExitReason>(), ExitReason("R"));
    EXPECT_EQ(down_of(monitor).reason, ExitReason("R"));
  });
}

TEST_F(Gs, GS_024_a_cast_to_nobody_is_silent) {
  in_process([] {
    Subject(Name("gs_024")).tell(1);
    Subject().tell(1);
    const Subject dead = subject();
    dead.stop();
    dead.tell(1);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

}  // namespace
}  // namespace otp::conformance
