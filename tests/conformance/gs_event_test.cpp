// GS-025 to GS-037: plain messages, continue, hibernation, requests.
#include <otp/request_collection.h>
#include <otp/sys.h>

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

TEST_F(Gs, GS_032_a_server_hibernates_by_itself_when_idle_and_wakes_for_a_message) {
  in_process([] {
    const Subject server = Subject::start({.script = play({})}, {.hibernate_after = 200ms}).value();
    const auto hibernating = [&] { return process_info(server.address())->hibernating; };
    EXPECT_FALSE(hibernating());
    EXPECT_TRUE(eventually(hibernating));
    EXPECT_EQ(sys::get_state(server).last, 0);  // a system request changes nothing
    EXPECT_TRUE(hibernating());
    EXPECT_EQ(server.ask(1), 1);
    EXPECT_FALSE(hibernating());
    EXPECT_TRUE(eventually(hibernating));
    server.tell(1);
    EXPECT_TRUE(eventually([&] { return !hibernating(); }));
    EXPECT_TRUE(eventually(hibernating));
    server.note(1);
    EXPECT_TRUE(eventually([&] { return !hibernating(); }));
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

using Requests = RequestCollection<std::int64_t, int>;

TEST_F(Gs, GS_035_a_collection_hands_out_answers_as_they_come) {
  in_process([] {
    const Subject server = answering_on_demand();
    Requests requests;
    for (int i = 0; i < 3; ++i) requests.add(server.async_later(i), i + 1);
    const Request<std::int64_t> outside = server.async_ask(99);
    std::vector<int> labels;
    for (const std::int64_t n : {1, 2, 0}) {
      server.tell(n);
      const auto response = requests.receive_response(monotonic_time() + patience);
      ASSERT_TRUE(response.has_value());
      EXPECT_EQ(response->result.value(), n);
      labels.push_back(response->label);
      EXPECT_EQ(requests.size(), 3 - labels.size());
    }
    EXPECT_EQ(labels, (std::vector<int>{2, 3, 1}));
    EXPECT_FALSE(requests.receive_response(patience).has_value());
    EXPECT_EQ(await(outside, patience).value(), 99);
  });
}

TEST_F(Gs, GS_036_a_request_is_added_once_and_a_failure_is_an_answer) {
  in_process([] {
    const Subject server = answering_on_demand();
    const Subject stopping = subject({.ask = [](SubjectImpl&, std::int64_t) -> Reply<std::int64_t> {
      return stop(ExitReason::shutdown());
    }});
    Requests requests;
    const Request<std::int64_t> request = server.async_later(0);
    requests.add(request, 1);
    EXPECT_THROW(requests.add(request, 2), std::invalid_argument);
    requests.add(stopping.async_ask(1), 2);
    const auto failure = requests.receive_response(patience);
    EXPECT_EQ(failure->label, 2);
    EXPECT_EQ(failure->result.error().reason, ExitReason::shutdown());
    server.tell(0);
    EXPECT_EQ(requests.receive_response(patience)->result.value(), 0);
  });
}

TEST_F(Gs, GS_037_wait_response_abandons_nothing_and_receive_response_does) {
  in_process([] {
    const Subject server = answering_on_demand();
    Requests requests;
    requests.add(server.async_later(0), 1);
    requests.add(server.async_later(1), 2);
    const auto late = requests.wait_response(monotonic_time() + 1ms);
    EXPECT_EQ(late->result.error().reason, ExitReason::timeout());
    ASSERT_EQ(requests.to_list().size(), 2U);
    EXPECT_EQ(requests.to_list()[1].second, 2);
    server.tell(1);
    EXPECT_EQ(requests.wait_response(patience)->label, 2);
    EXPECT_EQ(requests.receive_response(1ms)->result.error().reason, ExitReason::timeout());
    EXPECT_TRUE(requests.empty());
    server.tell(0);
    EXPECT_EQ(server.ask(1), 1);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

// In OTP the collection is fed with messages; here an answer is none, and the collection is asked.
TEST_F(Gs, GS_038_check_response_takes_what_is_there_and_waits_for_nothing) {
  in_process([] {
    const Subject server = answering_on_demand();
    Requests requests;
    EXPECT_FALSE(requests.check_response().has_value());
    requests.add(server.async_later(0), 7);
    const Request<std::int64_t> outside = server.async_ask(5);
    EXPECT_EQ(await(outside, patience).value(), 5);
    EXPECT_FALSE(requests.check_response().has_value());
    EXPECT_EQ(requests.size(), 1U);
    server.tell(0);
    EXPECT_EQ(server.ask(1), 1);  // behind the answer
    const auto response = requests.check_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->label, 7);
    EXPECT_EQ(response->result.value(), 0);
    EXPECT_TRUE(requests.empty());
  });
}

TEST_F(Gs, GS_040_multi_call_gives_the_replies_and_those_who_gave_none) {
  in_process([] {
    const Subject first = subject();
    const Subject stopping = subject({.ask = [](SubjectImpl&, std::int64_t n) {
      return Reply<std::int64_t>(stop(ExitReason::normal(), n));
    }});
    const Subject nobody{Name("gs_040")};
    const Subject slow = answering_on_demand();
    const auto ask = [](const Subject& each) { return each.async_ask(3); };
    const auto answers = multi_call(std::vector{first, nobody, stopping}, ask, patience);
    ASSERT_EQ(answers.replies.size(), 2U);
    EXPECT_EQ(answers.replies[0], (std::pair<Subject, std::int64_t>(first, 3)));
    EXPECT_EQ(answers.replies[1], (std::pair<Subject, std::int64_t>(stopping, 3)));
    ASSERT_EQ(answers.bad.size(), 1U);
    EXPECT_EQ(answers.bad[0].first, nobody);
    EXPECT_EQ(answers.bad[0].second.reason, ExitReason::noproc());
    const auto late = multi_call(
        std::vector{slow, first}, [](const Subject& each) { return each.async_later(1); }, 20ms);
    EXPECT_EQ(late.bad.at(0).first, slow);
    EXPECT_EQ(late.replies.at(0).first, first);
  });
}

TEST_F(Gs, GS_044_a_timeout_may_carry_a_message) {
  in_process([] {
    const Pid test = self();
    Script script;
    script.note = [test](SubjectImpl&, std::int64_t n) -> NoReply {
      send(test, n);
      return {};
    };
    script.init = [](SubjectImpl&) -> Init { return ok().timeout(1ms, SubjectImpl::info_note(1)); };
    script.ask = [](SubjectImpl&, std::int64_t n) -> Reply<std::int64_t> {
      return reply(n).timeout(monotonic_time() + 1ms, SubjectImpl::info_note(n));
    };
    script.tell = [](SubjectImpl&, std::int64_t n) -> NoReply {
      return noreply().then_continue(SubjectImpl::continue_go(n));
    };
    script.go = [](SubjectImpl&, std::int64_t n) -> NoReply {
      return noreply().timeout(n < 0 ? Timeout(1h) : Timeout(1ms), SubjectImpl::info_note(n));
    };
    const Subject server =
        Subject::start({.script = play(script)}, {.hibernate_after = 0ms}).value();
    EXPECT_EQ(next<std::int64_t>(), 1);
    server.ask(2);
    EXPECT_EQ(next<std::int64_t>(), 2);
    server.tell(3);
    EXPECT_EQ(next<std::int64_t>(), 3);
    server.tell(-1);
    server.sync();  // in between: the time-out is off
    EXPECT_EQ(receive_value<std::int64_t>(30ms), std::nullopt);
  });
}

}  // namespace
}  // namespace otp::conformance
