// GS-025 to GS-037: plain messages, continue, hibernation, requests.
#include "gs_support.h"

namespace otp::conformance {
namespace {

struct TimedOut {};

std::vector<WarningReport> warnings_of(const ReportCollector& reports) {
  return reports.all<WarningReport>();
}

TEST_F(Gs, GS_025_plain_messages_are_handled_may_time_out_and_may_stop) {
  in_process([] {
    const Pid test = self();
    Script script;
    script.note = [test](SubjectImpl&, std::int64_t n) -> NoReply {
      send(test, n);
      if (n == 1) return noreply().timeout(1ms);
      if (n == 2) return stop(ExitReason("R"));
      return {};
    };
    script.timed_out = [test](SubjectImpl&) {
      send(test, TimedOut{});
      return NoReply();
    };
    script.terminate = [test](SubjectImpl&, const ExitReason& reason) { send(test, reason); };
    const auto [server, monitor] = Subject::start_monitor({.script = play(script)}).value();
    server.note(0);
    EXPECT_EQ(next<std::int64_t>(), 0);
    server.note(1);
    next<TimedOut>();
    server.note(2);
    EXPECT_EQ(next<ExitReason>(), ExitReason("R"));
    EXPECT_EQ(down_of(monitor).reason, ExitReason("R"));
  });
}

TEST_F(Gs, GS_026_a_message_without_a_handler_is_dropped_with_a_warning) {
  in_process([this] {
    const Plain server = Plain::start().value();
    send(server.address(), std::string("hello"));
    Subject(server.address()).note(1);
    EXPECT_EQ(server.ask(), 1);
    ASSERT_TRUE(eventually([&] { return warnings_of(*reports).size() == 2; }));
    for (const WarningReport& warning : warnings_of(*reports)) {
      EXPECT_EQ(warning.server, "gen_server gs_cases.Plain");
      EXPECT_EQ(warning.pid, server.address());
    }
    EXPECT_NE(warnings_of(*reports)[1].text.find("Subject.note"), std::string::npos);
  });
}

TEST_F(Gs, GS_027_an_error_inside_the_handler_of_a_message_ends_the_server_with_it) {
  in_process([this] {
    const auto [server, monitor] =
        Subject::start_monitor({.script = play({.note = [](SubjectImpl&, std::int64_t) -> NoReply {
                                  throw std::bad_function_call();
                                }})})
            .value();
    server.note(1);
    EXPECT_EQ(down_of(monitor).reason,
              ExitReason::error("std::bad_function_call", std::bad_function_call().what()));
    EXPECT_TRUE(warnings_of(*reports).empty());
  });
}

// In OTP the server of a foreign message ends with undef. Here a handler cannot be missing: what
// another interface sends is refused, and costs its sender alone.
TEST_F(Gs, GS_028_a_request_of_another_interface_is_refused) {
  static_assert(std::is_abstract_v<gs_cases::SubjectServer>);
  in_process([] {
    const Plain server = Plain::start().value();
    const auto refused = Subject(server.address()).try_ask(1);
    EXPECT_EQ(refused.error().reason, ExitReason::bad_request("Subject.ask"));
    Subject(server.address()).tell(1);
    EXPECT_EQ(server.ask(), 1);
  });
}

TEST_F(Gs, GS_029_continue_runs_before_anything_queued) {
  in_process([] {
    Script script;
    const auto then_go = [](auto result) {
      return std::move(result).then_continue(SubjectImpl::continue_go(1));
    };
    script.init = [=](SubjectImpl&) -> Init {
      Subject(otp::self()).note(0);
      return then_go(ok());
    };
    script.go = [](SubjectImpl& server, std::int64_t) -> NoReply {
      server.seen += 'c';
      if (!server.waiting.empty()) reply(server.waiting.front(), 5);
      return {};
    };
    script.note = [=](SubjectImpl& server, std::int64_t n) -> NoReply {
      server.seen += 'm';
      if (n == 0) return {};
      Subject(otp::self()).note(0);
      return then_go(noreply());
    };
    script.tell = [=](SubjectImpl&, std::int64_t) -> NoReply {
      Subject(otp::self()).note(0);
      return then_go(noreply());
    };
    script.ask = [=](SubjectImpl&, std::int64_t n) -> Reply<std::int64_t> {
      Subject(otp::self()).note(0);
      return then_go(reply(n));
    };
    script.sync = [test = self()](SubjectImpl& server) {
      send(test, server.seen);
      return Reply<void>();
    };
    script.later = [=](SubjectImpl& server, std::int64_t,
                       const From<std::int64_t>& from) -> DeferredReply<std::int64_t> {
      server.waiting.push_back(from);
      Subject(otp::self()).note(0);
      return then_go(noreply());
    };
    const Subject server = subject(script);
    const auto seen = [server] {
      server.sync();  // what the server sent itself is queued behind this one, but before the next
      next<std::string>();
      server.sync();
      return next<std::string>();
    };
    EXPECT_EQ(seen(), "cm");
    EXPECT_EQ(server.ask(9), 9);
    EXPECT_EQ(seen(), "cmcm");
    server.tell(1);
    EXPECT_EQ(seen(), "cmcmcm");
    server.note(1);
    EXPECT_EQ(seen(), "cmcmcmmcm");
    EXPECT_EQ(server.later(1), 5);
    EXPECT_EQ(seen(), "cmcmcmmcmcm");
  });
}

TEST_F(Gs, GS_030_continue_may_stop) {
  in_process([] {
    const auto [server, monitor] =
        Subject::start_monitor({.script = play({.init = [](SubjectImpl&) -> Init {
                                                  return ok().then_continue(
                                                      SubjectImpl::continue_go(1));
                                                },
                                                .go = [](SubjectImpl&, std::int64_t) -> NoReply {
                                                  return stop(ExitReason::normal());
                                                }})})
            .value();
    EXPECT_EQ(down_of(monitor).reason, ExitReason::normal());
  });
}

TEST_F(Gs, GS_031_hibernate_is_legal_in_every_callback_and_loses_nothing) {
  in_process([] {
    Script script;
    script.init = [](SubjectImpl& server) -> Init {
      server.state.last = 5;
      return ok().hibernate();
    };
    script.ask = [](SubjectImpl& server, std::int64_t) -> Reply<std::int64_t> {
      return reply(server.seen.size()).hibernate();
    };
    script.tell = [](SubjectImpl& server, std::int64_t n) -> NoReply {
      server.seen += 't';
      if (!server.waiting.empty()) reply(server.waiting.front(), n);
      return noreply().hibernate();
    };
    script.note = [](SubjectImpl& server, std::int64_t) -> NoReply {
      server.seen += 'n';
      return noreply().hibernate();
    };
    script.later = [](SubjectImpl& server, std::int64_t,
                      const From<std::int64_t>& from) -> DeferredReply<std::int64_t> {
      server.waiting.push_back(from);
      return noreply().hibernate();
    };
    const Subject server = subject(script);
    EXPECT_EQ(server.ask(0), 0);
    server.note(1);
    server.tell(1);
    EXPECT_EQ(server.ask(0), 2);
    const Request<std::int64_t> pending = server.async_later(1);
    EXPECT_EQ(server.ask(0), 2);
    server.tell(77);
    EXPECT_EQ(await(pending, patience).value(), 77);
  });
}

TEST_F(Gs, GS_033_a_request_is_awaited_when_the_requester_likes) {
  in_process([] {
    Script script;
    script.later = [](SubjectImpl& server, std::int64_t,
                      const From<std::int64_t>& from) -> DeferredReply<std::int64_t> {
      server.waiting.push_back(from);
      return noreply();
    };
    script.tell = [](SubjectImpl& server, std::int64_t n) -> NoReply {
      reply(server.waiting.back(), n);
      return {};
    };
    const Subject server = subject(script);
    EXPECT_EQ(await(server.async_ask(3), infinity).value(), 3);
    const Request<std::int64_t> request = server.async_later(0);
    EXPECT_EQ(await(request, 0s).error().reason, ExitReason::timeout());
    send(self(), std::string("unrelated"));
    server.tell(4);
    EXPECT_EQ(await(request, patience).value(), 4);
    EXPECT_EQ(next<std::string>(), "unrelated");
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Gs, GS_034_a_request_to_a_failing_target_gives_an_error) {
  in_process([] {
    const auto failure = [](const Request<std::int64_t>& request) {
      return await(request, patience).error().reason;
    };
    const Subject dead = subject();
    dead.stop();
    EXPECT_EQ(failure(dead.async_ask(1)), ExitReason::noproc());
    EXPECT_EQ(failure(Subject(Name("gs_034")).async_ask(1)), ExitReason::noproc());
    const Subject stopping = subject({.ask = [](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> {
      return stop(ExitReason::shutdown());
    }});
    EXPECT_EQ(failure(stopping.async_ask(1)), ExitReason::shutdown());
    const Subject crashing = subject({.ask = [](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> {
      throw std::runtime_error("boom");
    }});
    EXPECT_EQ(failure(crashing.async_ask(1)), ExitReason::error("std::runtime_error", "boom"));
  });
}

/// A server that answers `later` when it is told to, by the request's own number.
Subject answering_on_demand() {
  Script script;
  script.later = [](SubjectImpl& server, std::int64_t,
                    const From<std::int64_t>& from) -> DeferredReply<std::int64_t> {
    server.waiting.push_back(from);
    return noreply();
  };
  script.tell = [](SubjectImpl& server, std::int64_t n) -> NoReply {
    reply(server.waiting.at(static_cast<std::size_t>(n)), n);
    return {};
  };
  return subject(script);
}

TEST_F(Gs, GS_035_answers_of_several_requests_come_in_their_own_order) {
  in_process([] {
    const Subject server = answering_on_demand();
    std::vector<Request<std::int64_t>> requests;
    for (int i = 0; i < 3; ++i) requests.push_back(server.async_later(i));
    const Request<std::int64_t> outside = server.async_ask(99);
    std::vector<std::int64_t> answers;
    for (const std::int64_t n : {1, 2, 0}) {
      server.tell(n);
      const auto [index, answer] = await_any<std::int64_t>(requests, patience);
      answers.push_back(answer.value());
      requests.erase(requests.begin() + static_cast<std::ptrdiff_t>(index));
    }
    EXPECT_EQ(answers, (std::vector<std::int64_t>{1, 2, 0}));
    EXPECT_EQ(await(outside, patience).value(), 99);
  });
}

TEST_F(Gs, GS_036_a_failing_member_of_several_requests_fails_alone) {
  in_process([] {
    const Subject server = answering_on_demand();
    const Subject stopping = subject({.ask = [](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> {
      return stop(ExitReason::shutdown());
    }});
    const std::vector<Request<std::int64_t>> requests{server.async_later(0), stopping.async_ask(1)};
    const auto [first, failure] = await_any<std::int64_t>(requests, patience);
    EXPECT_EQ(first, 1U);
    EXPECT_EQ(failure.error().reason, ExitReason::shutdown());
    server.tell(0);
    EXPECT_EQ(await(requests[0], patience).value(), 0);
  });
}

TEST_F(Gs, GS_037_a_deadline_that_passes_abandons_nothing) {
  in_process([] {
    const Subject server = answering_on_demand();
    const std::vector<Request<std::int64_t>> requests{server.async_later(0), server.async_later(1)};
    const auto [index, late] = await_any<std::int64_t>(requests, 1ms);
    EXPECT_EQ(index, requests.size());
    EXPECT_EQ(late.error().reason, ExitReason::timeout());
    server.tell(1);
    server.tell(0);
    EXPECT_EQ(await(requests[0], patience).value(), 0);
    EXPECT_EQ(await(requests[1], patience).value(), 1);
  });
}

}  // namespace
}  // namespace otp::conformance
