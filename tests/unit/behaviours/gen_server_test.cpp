// gen_server from below: a server written by hand in the shape of generated code. The cases of
// OTP's own suite are in tests/conformance, on generated servers.
#include <otp/gen/server.h>
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/sys.h>
#include <otp/testing/simulation.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../reports.h"
#include "process/process.h"

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
  std::function<std::string()> on_format_status = [] { return std::string(); };

  const gen::ServerInfo& otp_info() const noexcept override { return probe_info; }
  NoReply handle_timeout() override { return on_timeout(); }
  void otp_terminate(const ExitReason& reason) override { on_terminate(reason); }
  std::string format_status() const override { return on_format_status(); }
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
const gen::ServerInfo probe_info{.name = "Probe"};
const detail::MessageType Ask::message_type{"Probe.ask", &probe_info, &Ask::deliver,
                                            &detail::destroy_message<Ask>};
const detail::MessageType Tell::message_type{"Probe.tell", &probe_info, &Tell::deliver,
                                             &detail::destroy_message<Tell>};

std::expected<ServerRef, StartError> start(std::unique_ptr<Probe> probe, StartOptions options = {},
                                           detail::SpawnOptions spawn = {}) {
  auto started = gen::start_server(
      std::move(probe), gen::init_call<Probe>([](Probe& server) { return server.on_init(); }),
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

TEST_F(GenServerTest, the_reply_of_a_handler_that_stops_comes_when_terminate_is_through) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    auto closed = std::make_shared<std::atomic<bool>>(false);
    probe->on_ask = [](int n, From<int>) { return DeferredReply<int>(stop(ExitReason(), n)); };
    probe->on_terminate = [closed](const ExitReason&) {
      sleep(1ms);
      *closed = true;
    };
    const ServerRef server = *start(std::move(probe));
    EXPECT_EQ(ask(server, 7), 7);
    EXPECT_TRUE(*closed);
  });
}

TEST_F(GenServerTest, a_format_status_that_throws_is_told_in_its_place) {
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = 2, .reports = reports});
  const ExitReason reason = runtime.run([&] {
    auto probe = std::make_unique<Probe>();
    probe->on_format_status = []() -> std::string { throw std::logic_error("half moved"); };
    probe->on_tell = [](int) -> NoReply { throw std::runtime_error("crash"); };
    const ServerRef server = *start(std::move(probe));
    EXPECT_EQ(sys::get_status(server).state,
              "format_status() crashed: std::logic_error: half moved");
    const Ref ref = server.monitor();
    tell(server, 1);
    EXPECT_EQ(detail::await_down(ref)->reason.text(), "crash");
  });
  EXPECT_EQ(reason, ExitReason::normal());
  const auto crash = reports->wait_for<CrashReport>([](const CrashReport&) { return true; });
  EXPECT_EQ(crash.state, "format_status() crashed: std::logic_error: half moved");
  EXPECT_EQ(crash.reason.text(), "crash");
}

/// How many callers a server, asked in one of its own handlers, remembers that it owes an answer.
std::size_t owed_here() {
  const auto& extras = detail::current_process()->extras;
  return extras ? extras->deferred.size() : 0;
}

TEST_F(GenServerTest, who_has_an_answer_before_noreply_is_owed_none) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    auto owed = std::make_shared<std::atomic<std::size_t>>(1);
    probe->on_ask = [](int n, From<int> from) -> DeferredReply<int> {
      if (n == 0) {
        from.reply(1);
      } else {  // another answers while the handler waits
        const auto [other, done] = spawn_monitor([from, n] { from.reply(n + 1); });
        detail::await_down(done);
      }
      return noreply();
    };
    probe->on_tell = [owed](int) {
      *owed = owed_here();
      return NoReply();
    };
    const ServerRef server = *start(std::move(probe));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(server, i, infinity), i + 1);
    tell(server, 0);
    while (*owed != 0) sleep(1ms);
    server.stop();
  });
}

TEST_F(GenServerTest, who_gives_a_request_up_is_owed_no_answer) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [](int n, From<int>) -> DeferredReply<int> {
      if (n == 0) return noreply();
      return static_cast<int>(owed_here());
    };
    const ServerRef server = *start(std::move(probe));
    const auto request = gen::send_request<Ask>(server, 0);
    EXPECT_EQ(ask(server, 1), 1);
    abandon(request);
    EXPECT_EQ(ask(server, 1), 0);
    server.stop();
  });
}

TEST_F(GenServerTest, a_caller_that_does_not_wait_at_all_has_a_deadline) {
  in_process([] {
    auto probe = std::make_unique<Probe>();
    probe->on_ask = [test = self()](int, From<int>) {
      send(test, time_left(infinity).value);
      return DeferredReply<int>(1);
    };
    const ServerRef server = *start(std::move(probe));
    EXPECT_EQ(try_ask(server, 1, 0ms).error().reason, ExitReason::timeout());
    EXPECT_EQ(receive_value<Duration>(), Duration::zero());
  });
}

TEST_F(GenServerTest, a_hook_that_fails_is_removed_and_hurts_nobody) {
  in_process([] {
    const ServerRef server = *start(std::make_unique<Probe>());
    auto calls = std::make_shared<std::atomic<int>>(0);
    sys::install(server, "fails", [calls](const sys::Event&) -> bool {
      ++*calls;
      throw std::runtime_error("hook");
    });
    EXPECT_EQ(ask(server, 1), 1);
    EXPECT_EQ(ask(server, 2), 2);
    EXPECT_EQ(*calls, 1);
    EXPECT_TRUE(sys::get_status(server).debug.empty());
  });
}

TEST_F(GenServerTest, one_that_times_out_at_once_again_and_again_gives_way) {
  testing::Simulation sim;
  sim.spawn([] {
    auto probe = std::make_unique<Probe>();
    std::atomic<bool> goes_on{true};
    probe->on_timeout = [&]() -> NoReply {
      if (!goes_on) return {};
      return noreply().timeout(0ms);
    };
    probe->on_init = []() -> Init { return ok().timeout(0ms); };
    const ServerRef server = *start(std::move(probe));
    for (int i = 0; i < 100; ++i) yield();
    goes_on = false;
    server.stop();
  });
  sim.run_until_idle();
}

}  // namespace
}  // namespace otp
