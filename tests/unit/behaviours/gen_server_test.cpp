// gen_server from below: a server written by hand in the shape of generated code. The cases of
// OTP's own suite are in tests/conformance, on generated servers.
#include <otp/gen/server.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

extern const gen::ServerInfo probe_info;

/// A server whose callbacks are what the test says.
class Probe : public GenServer {
 public:
  std::function<Init()> on_init = [] { return Init(ok()); };
  std::function<DeferredReply<int>(int, From<int>)> on_ask = [](int n, From<int>) {
    return DeferredReply<int>(n);
  };
  std::function<NoReply(int)> on_tell = [](int) { return NoReply(); };
  std::function<NoReply()> on_continue = [] { return NoReply(); };
  std::function<NoReply()> on_timeout = [] { return NoReply(); };
  std::function<void(const ExitReason&)> on_terminate = [](const ExitReason&) {};

  const gen::ServerInfo& otp_info() const noexcept override { return probe_info; }
  NoReply handle_timeout() override { return on_timeout(); }
  void otp_terminate(const ExitReason& reason) override { on_terminate(reason); }
};

struct Ask final : gen::CallOf<int> {
  explicit Ask(int given) : n(given) {}
  int n;
  static void deliver(detail::Message& message, void* server, void* context) {
    auto& call = static_cast<Ask&>(message);
    gen::settle<int>(call, context,
                     gen::server_as<Probe>(server).on_ask(call.n, gen::from_of<int>(call)));
  }
  static const detail::MessageType message_type;
};
struct Tell final : gen::CastBase {
  explicit Tell(int given) : n(given) {}
  int n;
  static void deliver(detail::Message& message, void* server, void* context) {
    gen::settle(context, gen::server_as<Probe>(server).on_tell(static_cast<Tell&>(message).n));
  }
  static const detail::MessageType message_type;
};
struct Go final : gen::CastBase {
  static void deliver(detail::Message&, void* server, void* context) {
    gen::settle(context, gen::server_as<Probe>(server).on_continue());
  }
  static const detail::MessageType message_type;
};
const gen::ServerInfo probe_info{.name = "Probe"};
const detail::MessageType Ask::message_type{"Probe.ask", &probe_info, &Ask::deliver,
                                            &detail::destroy_message<Ask>};
const detail::MessageType Tell::message_type{"Probe.tell", &probe_info, &Tell::deliver,
                                             &detail::destroy_message<Tell>};
const detail::MessageType Go::message_type{"Probe.go", &probe_info, &Go::deliver,
                                           &detail::destroy_message<Go>};
const gen::ServerInfo stranger_info{.name = "Stranger"};
struct StrangeCall final : gen::CallOf<int> {
  static const detail::MessageType message_type;
};
const detail::MessageType StrangeCall::message_type{"Stranger.ask", &stranger_info, nullptr,
                                                    &detail::destroy_message<StrangeCall>};

std::expected<ServerRef, StartError> start(std::unique_ptr<Probe> probe, StartOptions options = {},
                                           detail::SpawnOptions spawn = {}) {
  auto started = gen::start_server(
      std::move(probe), [](GenServer& server) { return static_cast<Probe&>(server).on_init(); },
      options, spawn);
  if (!started) return std::unexpected(started.error());
  return ServerRef(started->pid);
}
int ask(const ServerRef& server, int n, Timeout timeout = 5s) {
  return gen::call<Ask>(server, timeout, n);
}
auto try_ask(const ServerRef& server, int n, Timeout timeout = 5s) {
  return gen::try_call<Ask>(server, timeout, n);
}
void tell(const ServerRef& server, int n) { gen::send<Tell>(server, n); }

class GenServerTest : public ::testing::Test {
 protected:
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = 2});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
};

// GS-001, GS-011, GS-023
TEST_F(GenServerTest, answers_calls_and_handles_casts_in_order) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    auto sum = std::make_shared<int>(0);
    probe->on_tell = [sum](int n) {
      *sum = *sum * 10 + n;
      return NoReply();
    };
    probe->on_ask = [sum](int, From<int>) { return *sum; };
    const ServerRef server = *start(std::move(probe));
    for (int i = 1; i <= 4; ++i) tell(server, i);
    EXPECT_EQ(ask(server, 0), 1234);
    server.stop();
    EXPECT_FALSE(is_alive(server.address()));
    EXPECT_EQ(try_ask(server, 0).error().reason, ExitReason::noproc());
  });
}

// GS-021
TEST_F(GenServerTest, a_crash_fails_the_waiting_call_with_the_same_reason) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int, From<int>) -> DeferredReply<int> { throw std::runtime_error("boom"); };
    const ServerRef server = *start(std::move(probe));
    EXPECT_EQ(try_ask(server, 1).error().reason, ExitReason::error("std::runtime_error", "boom"));
  });
}

// GS-017
TEST_F(GenServerTest, a_failed_call_exits_the_caller_with_reason_and_call) {
  in_process([] {
    auto gone = *start(std::make_unique<Probe>());
    gone.stop();
    const auto [pid, ref] = spawn_monitor([gone] { ask(gone, 1); });
    const Down down = *detail::await_down(ref);
    EXPECT_EQ(down.reason.cause(), ExitReason::noproc());
    EXPECT_EQ(down.reason.origin(),
              "Probe.ask to " + to_string(gone.address()) + " within 5000 ms");
  });
}

// GS-013
TEST_F(GenServerTest, a_deferred_reply_may_come_from_any_process_and_only_the_first_counts) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int n, From<int> from) -> DeferredReply<int> {
      spawn([=] {
        from.reply(n + 1);
        from.reply(n + 2);
      });
      return noreply();
    };
    const ServerRef server = *start(std::move(probe));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(server, i), i + 1);
  });
}

TEST_F(GenServerTest, a_caller_whose_reply_was_deferred_learns_of_the_servers_death) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int, From<int>) { return DeferredReply<int>(noreply()); };
    probe->on_tell = [](int) { return NoReply(stop(ExitReason("gone"))); };
    const ServerRef server = *start(std::move(probe));
    spawn([server] {
      sleep(5ms);
      tell(server, 1);
    });
    EXPECT_EQ(try_ask(server, 1).error().reason, ExitReason("gone"));
  });
}

// GS-015, GS-016
TEST_F(GenServerTest, a_late_reply_never_reaches_the_caller) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int n, From<int>) {
      if (n == 0) sleep(30ms);
      return DeferredReply<int>(n);
    };
    const ServerRef server = *start(std::move(probe));
    EXPECT_EQ(try_ask(server, 0, 1ms).error().reason, ExitReason::timeout());
    EXPECT_EQ(ask(server, 7), 7);
    EXPECT_EQ(process_info(self())->message_queue_length, 0U);
  });
}

// GS-022
TEST_F(GenServerTest, stop_with_a_reply_answers_and_then_ends) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int, From<int>) {
      return DeferredReply<int>(stop(ExitReason("stopped"), 3));
    };
    const ServerRef server = *start(std::move(probe));
    const Ref ref = server.monitor();
    EXPECT_EQ(ask(server, 0), 3);
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason("stopped"));
  });
}

// GS-029
TEST_F(GenServerTest, continue_runs_before_anything_queued) {
  in_process([] {
    auto log = std::make_shared<std::string>();
    auto probe = std::make_unique<Probe>();
    probe->on_init = [] {
      tell(ServerRef(self()), 1);
      return Init(ok().then_continue(gen::make_continue<Go>()));
    };
    probe->on_continue = [log] {
      *log += 'c';
      return NoReply();
    };
    probe->on_tell = [log](int) {
      *log += 't';
      return NoReply();
    };
    const ServerRef server = *start(std::move(probe));
    ask(server, 0);
    EXPECT_EQ(*log, "ct");
  });
}

// GS-014
TEST_F(GenServerTest, the_idle_timeout_comes_unless_a_message_is_first) {
  in_process([] {
    const Pid parent = self();
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int n, From<int>) { return DeferredReply<int>(reply(n).timeout(20ms)); };
    probe->on_timeout = [parent] {
      send(parent, std::string("timeout"));
      return NoReply();
    };
    const ServerRef server = *start(std::move(probe));
    ask(server, 1);
    EXPECT_EQ(receive_value<std::string>(5s), "timeout");
    ask(server, 1);
    tell(server, 1);  // returns no time-out of its own: the old one is off
    EXPECT_EQ(receive_value<std::string>(60ms), std::nullopt);
  });
}

// GS-003, GS-004, GS-005, GS-010
TEST_F(GenServerTest, init_results_reach_the_starter) {
  in_process([] {
    trap_exit(true);
    const auto start_with = [](std::function<Init()> init) {
      auto probe = std::make_unique<Probe>();
      probe->on_init = std::move(init);
      return start(std::move(probe), {.name = "probe"}, {.link = true}).error();
    };
    EXPECT_EQ(start_with([] { return Init(ignore()); }).kind, StartError::Kind::ignore);
    EXPECT_EQ(start_with([] { return Init(error(ExitReason("foobar"))); }).reason,
              ExitReason("foobar"));
    EXPECT_EQ(start_with([] { return Init(stop(ExitReason("stopped"))); }).reason,
              ExitReason("stopped"));
    EXPECT_EQ(start_with([]() -> Init { throw std::logic_error("E"); }).reason,
              ExitReason::error("std::logic_error", "E"));
    EXPECT_EQ(start_with([]() -> Init { exit(ExitReason("R")); }).reason, ExitReason("R"));
    EXPECT_EQ(*start_with([] { return Init(error(std::string("typed"))); }).error_as<std::string>(),
              "typed");
    EXPECT_EQ(whereis("probe"), std::nullopt);
    EXPECT_EQ(process_info(self())->message_queue_length, 0U);
    EXPECT_TRUE(process_info(self())->links.empty());
  });
}

// GS-002
TEST_F(GenServerTest, a_slow_init_times_out_and_is_gone) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_init = [] {
      sleep(10s);
      return Init(ok());
    };
    const auto result = start(std::move(probe), {.name = "slow", .timeout = 20ms}, {.link = true});
    EXPECT_EQ(result.error().kind, StartError::Kind::timeout);
    EXPECT_EQ(whereis("slow"), std::nullopt);
  });
}

// GS-007, GS-008
TEST_F(GenServerTest, a_taken_name_gives_the_holder) {
  in_process([] {
    const ServerRef first = *start(std::make_unique<Probe>(), {.name = "taken"});
    const auto second = start(std::make_unique<Probe>(), {.name = "taken"}, {.link = true});
    EXPECT_EQ(second.error().kind, StartError::Kind::already_started);
    EXPECT_EQ(second.error().pid, first.address());
    EXPECT_EQ(ask(ServerRef(Name("taken")), 5), 5);
  });
}

// GS-012
TEST_F(GenServerTest, terminate_runs_after_stop_and_exceptions_but_not_after_kill) {
  in_process([] {
    auto reasons = std::make_shared<std::vector<std::string>>();
    const auto run = [&](std::function<void(const ServerRef&)> end) {
      auto probe = std::make_unique<Probe>();
      probe->on_terminate = [reasons](const ExitReason& reason) {
        reasons->push_back(to_string(reason));
      };
      probe->on_tell = [](int) -> NoReply { throw std::runtime_error("x"); };
      const ServerRef server = *start(std::move(probe));
      const Ref ref = server.monitor();
      end(server);
      detail::await_down(ref);
    };
    run([](const ServerRef& server) { server.stop(ExitReason("bye")); });
    run([](const ServerRef& server) { tell(server, 1); });
    run([](const ServerRef& server) { exit(server.address(), ExitReason::kill()); });
    run([](const ServerRef& server) { exit(server.address(), ExitReason("signal")); });
    EXPECT_EQ(*reasons, (std::vector<std::string>{"bye", "std::runtime_error: x"}));
  });
}

TEST_F(GenServerTest, a_call_of_another_interface_is_refused_without_harm) {
  in_process([] {
    const ServerRef server = *start(std::make_unique<Probe>());
    EXPECT_EQ(gen::try_call<StrangeCall>(server, 1s).error().reason,
              ExitReason::bad_request("Stranger.ask"));
    EXPECT_EQ(ask(server, 1), 1);
  });
}

// GS-018
TEST_F(GenServerTest, calling_oneself_fails_at_once) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int, From<int>) {
      const auto result = try_ask(ServerRef(self()), 1, infinity);
      return DeferredReply<int>(result.error().reason == ExitReason::calling_self() ? 1 : 0);
    };
    EXPECT_EQ(ask(*start(std::move(probe)), 0), 1);
  });
}

// GS-033, GS-035
TEST_F(GenServerTest, requests_are_awaited_in_any_order) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int n, From<int> from) -> DeferredReply<int> {
      spawn([=] {
        sleep(std::chrono::milliseconds(n));
        from.reply(n);
      });
      return noreply();
    };
    const ServerRef server = *start(std::move(probe));
    std::vector<Request<int>> requests{gen::send_request<Ask>(server, 60),
                                       gen::send_request<Ask>(server, 1),
                                       gen::send_request<Ask>(server, 25)};
    std::vector<int> answers;
    while (!requests.empty()) {
      const auto [index, answer] = await_any<int>(requests, 5s);
      answers.push_back(answer.value());
      requests.erase(requests.begin() + static_cast<long>(index));
    }
    EXPECT_EQ(answers, (std::vector<int>{1, 25, 60}));
    const auto open = gen::send_request<Ask>(server, 20);
    EXPECT_EQ(await(open, 0s).error().reason, ExitReason::timeout());
    EXPECT_EQ(await(open, 5s).value(), 20);
  });
}

}  // namespace
}  // namespace otp
