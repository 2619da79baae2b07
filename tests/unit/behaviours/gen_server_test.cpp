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

}  // namespace
}  // namespace otp
