// GS-001 to GS-012, GS-022, GS-041 to GS-043: starting, naming and stopping a gen_server.
#include "gs_support.h"

namespace otp::conformance {
namespace {

const ExitReason boom = ExitReason::error("std::runtime_error", "boom");

/// The outcome of starting a Subject by every start function, under `name` when there is one.
template <class Check>
void start_in_every_way(const Script& script, const StartOptions& options, Check check) {
  const gs_cases::SubjectArgs args{.script = play(script)};
  const auto failed = [&](const auto& started) {
    ASSERT_FALSE(started.has_value());
    check(started.error());
  };
  failed(Subject::start(args, options));
  failed(Subject::start_link(args, options));
  failed(Subject::start_monitor(args, options));
}

TEST_F(Gs, GS_001_start_call_and_stop_with_reply) {
  in_process([] {
    const Subject server = subject(
        {.sync = [](SubjectImpl&) -> Reply<void> { return stop(ExitReason("stopped"), reply()); }});
    EXPECT_EQ(server.ask(7), 7);
    const Ref monitor = server.monitor();
    server.sync();
    EXPECT_EQ(down_of(monitor).reason, ExitReason("stopped"));
    EXPECT_EQ(server.try_ask(1).error().reason, ExitReason::noproc());
  });
}

TEST_F(Gs, GS_002_an_init_that_takes_too_long_is_given_up_and_killed) {
  in_process([] {
    const Pid test = self();
    const Script slow{.init = [test](SubjectImpl&) -> Init {
      send(test, otp::self());
      stay();
      return ok();
    }};
    const auto began = monotonic_time();
    const auto started = Subject::start({.script = play(slow)}, {.timeout = 100ms});
    EXPECT_GE(monotonic_time() - began, 100ms);
    EXPECT_EQ(started.error().kind, StartError::Kind::timeout);
    EXPECT_FALSE(is_alive(next<Pid>()));
  });
}

TEST_F(Gs, GS_003_ignore_is_no_error_and_leaves_nothing) {
  in_process([this] {
    trap_exit(true);
    start_in_every_way(
        {.init = [](SubjectImpl&) { return Init(ignore()); }}, {},
        [](const StartError& error) { EXPECT_EQ(error.kind, StartError::Kind::ignore); });
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_TRUE(reports->crashes().empty());
  });
}

TEST_F(Gs, GS_004_error_and_stop_in_init_give_their_reason_unwrapped) {
  in_process([] {
    trap_exit(true);
    start_in_every_way({.init = [](SubjectImpl&) { return Init(error(ExitReason("foobar"))); }}, {},
                       [](const StartError& error) {
                         EXPECT_EQ(error.kind, StartError::Kind::error);
                         EXPECT_EQ(error.reason, ExitReason("foobar"));
                       });
    start_in_every_way(
        {.init = [](SubjectImpl&) { return Init(stop(ExitReason("stopped"))); }}, {},
        [](const StartError& error) { EXPECT_EQ(error.reason, ExitReason("stopped")); });
    start_in_every_way({.init =
                            [](SubjectImpl&) {
                              return Init(error(gs_cases::Refused(gs_cases::Refused::with{3})));
                            }},
                       {}, [](const StartError& error) {
                         ASSERT_NE(error.error_as<gs_cases::Refused>(), nullptr);
                         EXPECT_EQ(*error.error_as<gs_cases::Refused>(),
                                   gs_cases::Refused(gs_cases::Refused::with{3}));
                       });
  });
}

// The first case, a result that is no result, does not compile: Init takes only its own.
TEST_F(Gs, GS_005_an_init_that_fails_gives_the_failure_and_one_that_exits_its_reason) {
  static_assert(!std::is_convertible_v<int, Init>);
  in_process([] {
    trap_exit(true);
    start_in_every_way({.init = [](SubjectImpl&) -> Init { throw std::runtime_error("boom"); }}, {},
                       [](const StartError& error) { EXPECT_EQ(error.reason, boom); });
    start_in_every_way({.init = [](SubjectImpl&) -> Init { exit(ExitReason("R")); }}, {},
                       [](const StartError& error) { EXPECT_EQ(error.reason, ExitReason("R")); });
  });
}

TEST_F(Gs, GS_006_start_link_links_start_monitor_monitors_and_start_does_neither) {
  in_process([] {
    trap_exit(true);
    const std::int64_t script = play({});
    const Subject linked = Subject::start_link({.script = script}).value();
    linked.stop(ExitReason("stopped"));
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.pid, linked.address());
    EXPECT_EQ(exit.reason, ExitReason("stopped"));

    const auto monitored = Subject::start_monitor({.script = script}).value();
    monitored.server.stop(ExitReason("stopped"));
    const Down down = down_of(monitored.monitor);
    EXPECT_EQ(down.pid, monitored.server.address());
    EXPECT_EQ(down.reason, ExitReason("stopped"));

    const Subject alone = Subject::start({.script = script}).value();
    EXPECT_TRUE(process_info(alone.address())->links.empty());
    EXPECT_TRUE(process_info(alone.address())->monitored_by.empty());
    alone.stop();
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Gs, GS_007_a_taken_name_gives_its_holder_and_leaves_nothing) {
  in_process([] {
    trap_exit(true);
    const Subject first = subject({}, {.name = "gs_007"});
    start_in_every_way({}, {.name = "gs_007"}, [&](const StartError& error) {
      EXPECT_EQ(error.kind, StartError::Kind::already_started);
      EXPECT_EQ(error.pid, first.address());
    });
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_TRUE(process_info(first.address())->links.empty());
    EXPECT_TRUE(process_info(first.address())->monitored_by.empty());
    EXPECT_EQ(first.ask(1), 1);
  });
}

TEST_F(Gs, GS_008_a_name_serves_as_address_and_is_free_after_stop) {
  in_process([] {
    const Subject by_name{Name("gs_008")};
    for (int round = 0; round < 3; ++round) {
      const Subject server = subject({}, {.name = "gs_008"});
      EXPECT_EQ(by_name.ask(round), round);
      EXPECT_EQ(Subject::whereis("gs_008"), server);
      by_name.stop();
      EXPECT_EQ(Subject::whereis("gs_008"), std::nullopt);
    }
  });
}

TEST_F(Gs, GS_010_a_failed_init_never_leaves_its_name_behind) {
  in_process([] {
    const std::int64_t ignoring = play({.init = [](SubjectImpl&) { return Init(ignore()); }});
    const std::int64_t stopping =
        play({.init = [](SubjectImpl&) { return Init(stop(ExitReason("R"))); }});
    for (int i = 0; i < 100; ++i) {
      ASSERT_FALSE(Subject::start({.script = ignoring}, {.name = "gs_010"}));
      ASSERT_EQ(whereis("gs_010"), std::nullopt);
      ASSERT_FALSE(Subject::start({.script = stopping}, {.name = "gs_010"}));
      ASSERT_EQ(whereis("gs_010"), std::nullopt);
    }
  });
}

TEST_F(Gs, GS_011_stop_returns_when_the_server_is_dead_and_fails_on_a_dead_one) {
  in_process([] {
    const auto [server, monitor] = Subject::start_monitor({.script = play({})}).value();
    server.stop();
    EXPECT_FALSE(is_alive(server.address()));
    EXPECT_EQ(down_of(monitor).reason, ExitReason::normal());
    EXPECT_EQ(stop_failure(server), ExitReason::noproc());
  });
}

TEST_F(Gs, GS_012_stop_with_a_reason_with_and_without_terminate) {
  in_process([] {
    const auto plain = Plain::start_monitor().value();
    EXPECT_EQ(stop_failure(plain.server, ExitReason("other_reason"), infinity), std::nullopt);
    EXPECT_EQ(down_of(plain.monitor).reason, ExitReason("other_reason"));

    const Pid test = self();
    const auto full =
        Subject::start_monitor({.script = play({.terminate =
                                                    [test](SubjectImpl&, const ExitReason& reason) {
                                                      send(test, reason);
                                                    }})})
            .value();
    EXPECT_EQ(stop_failure(full.server, ExitReason("other_reason"), infinity), std::nullopt);
    EXPECT_EQ(next<ExitReason>(), ExitReason("other_reason"));
    EXPECT_EQ(down_of(full.monitor).reason, ExitReason("other_reason"));
  });
}

TEST_F(Gs, GS_042_terminate_runs_when_the_parent_is_a_named_process) {
  in_process([] {
    const Pid test = self();
    spawn([test] {
      register_name("gs_042_parent", self());
      Trapping::start_link({.observer = test}, {.name = "gs_042"}).value().end_with("stop");
      stay();
    });
    EXPECT_EQ(next<ExitReason>(), ExitReason("stop"));
    exit(*whereis("gs_042_parent"), ExitReason::kill());
  });
}

TEST_F(Gs, GS_042_terminate_runs_with_the_parents_reason_when_it_ends) {
  in_process([] {
    const Pid test = self();
    spawn([test] {
      Trapping::start_link({.observer = test}).value();
      exit(ExitReason("parent_gone"));
    });
    EXPECT_EQ(next<ExitReason>(), ExitReason("parent_gone"));
  });
}

TEST_F(Gs, GS_043_a_reference_resolves_to_the_process_behind_it) {
  in_process([] {
    const Subject server = subject({}, {.name = "gs_043"});
    EXPECT_EQ(ServerRef(Name("gs_043")).pid(), server.address());
    EXPECT_EQ(server.pid(), server.address());
    EXPECT_EQ(ServerRef(Name("gs_043_free")).pid(), std::nullopt);
    EXPECT_EQ(ServerRef().pid(), std::nullopt);
    EXPECT_EQ(Subject::whereis("gs_043_free"), std::nullopt);
  });
}

}  // namespace
}  // namespace otp::conformance
