// Faults: what handlers do that they should not. Nothing hangs, nothing is lost, others go on.
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/supervisor.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "faults.otp.h"

namespace faults {
namespace {

using namespace std::chrono_literals;

std::atomic<bool> spinning{false};

/// Throws out of a scope whose destructor throws away what it can.
struct Untidy {
  ~Untidy() { otp::send(otp::self(), 1); }
};

class FragileImpl final : public FragileServer {
  otp::Init init(FragileArgs args) override {
    how_ = args.how;
    if (how_ == "stop") return otp::stop(otp::ExitReason("stopped"));
    if (how_ == "throw") throw 13;
    return otp::ok();
  }
  otp::Reply<std::uint32_t> throw_number(From<std::uint32_t>) override {
    const Untidy untidy;
    throw 42;
  }
  otp::Reply<std::uint32_t> answer_twice(From<std::uint32_t> from) override {
    otp::reply(from, 1U);
    otp::reply(from, 2U);
    return 3;
  }
  otp::DeferredReply<std::uint32_t> answer_later(From<std::uint32_t> from) override {
    later_ = from;
    return otp::noreply();
  }
  otp::Reply<std::uint32_t> ask(std::uint32_t n, From<std::uint32_t>) override { return n; }
  otp::Reply<std::uint32_t> spin(From<std::uint32_t>) override {
    while (spinning) {
    }
    return otp::self() == otp::Pid{} ? 1U : 2U;  // the runtime takes it from here
  }
  otp::NoReply answer_now() override {
    otp::reply(later_, 7U);
    otp::reply(later_, 8U);
    return {};
  }
  otp::NoReply exit(otp::Exit) override { return {}; }
  void terminate(const otp::ExitReason&) override {
    if (how_ == "throw_in_terminate") throw std::runtime_error("last words");
    if (how_ == "slow_terminate") otp::sleep(otp::infinity);
  }
  std::string how_;
  From<std::uint32_t> later_;
};

class Faults : public ::testing::Test {
 protected:
  void in_process(std::move_only_function<void()> body) {
    struct Quiet final : otp::ReportSink {
      void write(const otp::Report&) noexcept override {}
    };
    otp::Runtime runtime({.schedulers = 2, .reports = std::make_shared<Quiet>()});
    EXPECT_EQ(runtime.run(std::move(body)), otp::ExitReason::normal());
  }
  static otp::ExitReason end_of(otp::Ref monitor) {
    return otp::detail::await_down(monitor, 30s).value().reason;
  }
};

TEST_F(Faults, what_is_no_std_exception_is_a_crash_like_any_other) {
  in_process([] {
    const auto [server, monitor] = Fragile::start_monitor({.how = ""}).value();
    const auto answer = server.try_throw_number();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason.kind(), otp::ExitReason::Kind::error);
    EXPECT_EQ(answer.error().reason.origin(), "int");
    EXPECT_EQ(end_of(monitor), answer.error().reason);
    const auto started = Fragile::start({.how = "throw"});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().reason.origin(), "int");
  });
}

TEST_F(Faults, a_second_answer_vanishes) {
  in_process([] {
    const Fragile server = Fragile::start_link({.how = ""}).value();
    EXPECT_EQ(server.answer_twice(), 1U);
    for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(server.ask(n), n);  // none is mixed up
  });
}

TEST_F(Faults, an_answer_to_a_dead_caller_vanishes) {
  in_process([] {
    const Fragile server = Fragile::start_link({.how = ""}).value();
    const auto [caller, end] = otp::spawn_monitor([server] { server.answer_later(otp::infinity); });
    otp::yield();
    while (!otp::process_info(caller) || server.ask(1) != 1U) otp::yield();
    otp::exit(caller, otp::ExitReason::kill());
    end_of(end);
    server.answer_now();
    EXPECT_EQ(server.ask(5), 5U);
  });
}

TEST_F(Faults, a_terminate_that_throws_or_never_returns_ends_all_the_same) {
  in_process([] {
    const auto [throws, end] = Fragile::start_monitor({.how = "throw_in_terminate"}).value();
    otp::Ref waits = throws.monitor();
    EXPECT_THROW(throws.stop(), otp::CallExit);
    EXPECT_EQ(end_of(waits).text(), "last words");
    end_of(end);
    const auto supervisor =
        otp::start_supervisor(
            {.name = "s",
             .children = {{.id = "slow",
                           .start = []() -> std::expected<otp::StartedChild, otp::StartError> {
                             const auto started = Fragile::start_link({.how = "slow_terminate"});
                             return started->address();
                           },
                           .shutdown = otp::Shutdown::after(50ms)}}})
            .value();
    const otp::TimePoint begin = otp::monotonic_time();
    EXPECT_TRUE(supervisor.terminate_child("slow"));  // it is killed when its time is over
    EXPECT_GE(otp::monotonic_time() - begin, 50ms);
    EXPECT_EQ(supervisor.count_children().active, 0U);
  });
}

#if defined(__SANITIZE_THREAD__)
constexpr bool thread_sanitizer = true;  // it cannot know of memory barriers on all threads
#else
constexpr bool thread_sanitizer = false;
#endif

TEST_F(Faults, a_handler_that_never_returns_does_not_hold_up_its_supervisor) {
  if (thread_sanitizer) GTEST_SKIP() << "a zombie is taken over by membarrier(2)";
  in_process([] {
    spinning = true;
    const auto supervisor =
        otp::start_supervisor(
            {.name = "s",
             .children = {{.id = "spins",
                           .start = []() -> std::expected<otp::StartedChild, otp::StartError> {
                             const auto started =
                                 Fragile::start_link({.how = ""}, {.name = otp::Name("spins")});
                             return started->address();
                           },
                           .shutdown = otp::Shutdown::after(10ms)}}})
            .value();
    const Fragile server{otp::Name("spins")};
    const otp::Pid pid = *server.pid();
    const auto [caller, end] = otp::spawn_monitor([server] {
      EXPECT_EQ(server.try_spin(otp::infinity).error().reason, otp::ExitReason::killed());
    });
    otp::sleep(10ms);
    EXPECT_TRUE(supervisor.terminate_child("spins"));  // returns when it is over
    EXPECT_FALSE(otp::is_alive(pid));
    EXPECT_FALSE(otp::whereis(otp::Name("spins")));
    EXPECT_EQ(end_of(end), otp::ExitReason::normal());
    EXPECT_TRUE(supervisor.restart_child("spins"));
    EXPECT_EQ(server.ask(7), 7U);
    spinning = false;  // its thread comes back
  });
}

TEST_F(Faults, a_handler_that_does_not_give_way_is_reported_with_its_server_and_message) {
  if (thread_sanitizer) GTEST_SKIP() << "the monitor looks by membarrier(2)";
  struct Warnings final : otp::ReportSink {
    void write(const otp::Report& report) noexcept override {
      const auto* warning = std::get_if<otp::WarningReport>(&report);
      if (warning == nullptr || warning->server == "process") return;
      last = *warning;
      ++count;
      spinning = false;
    }
    otp::WarningReport last;
    std::atomic<int> count{0};
  };
  const auto warnings = std::make_shared<Warnings>();
  otp::Runtime runtime({.schedulers = 2, .long_schedule = 20ms, .reports = warnings});
  otp::Pid pid;
  runtime.run([&] {
    const Fragile server = Fragile::start_link({.how = ""}).value();
    pid = server.address();
    spinning = true;
    EXPECT_EQ(server.spin(otp::infinity), 2U);
  });
  EXPECT_EQ(warnings->count, 1);
  EXPECT_EQ(warnings->last.pid, pid);
  EXPECT_EQ(warnings->last.server, "gen_server faults.Fragile");
  EXPECT_TRUE(
      warnings->last.text.starts_with("its handler of `Fragile.spin` has not given way for "))
      << warnings->last.text;
}

TEST_F(Faults, of_many_that_want_one_name_one_gets_it) {
  in_process([] {
    constexpr int contenders = 200;
    for (int round = 0; round < 5; ++round) {
      const otp::Pid test = otp::self();
      for (int i = 0; i < contenders; ++i) {
        otp::spawn([test] {
          const auto started = Fragile::start({.how = ""}, {.name = otp::Name("contested")});
          otp::send(test, started ? started->address() : started.error().pid);
        });
      }
      std::vector<otp::Pid> winners;
      for (int i = 0; i < contenders; ++i)
        winners.push_back(otp::receive_value<otp::Pid>(30s).value());
      for (const otp::Pid each : winners) EXPECT_EQ(each, winners.front());
      Fragile(otp::Name("contested")).stop();
    }
  });
}

TEST_F(Faults, of_100000_children_every_7th_fails) {
  in_process([] {
    constexpr std::uint32_t children = 100'000;
    const FragileSup supervisor = FragileSup::start_link().value();
    std::size_t failed = 0;
    for (std::uint32_t i = 1; i <= children; ++i) {
      const auto child = supervisor.start_child({.how = i % 7 == 0 ? "stop" : ""});
      failed += child ? 0 : 1;
      if (!child) {
        EXPECT_EQ(child.error().reason, otp::ExitReason("stopped"));
      }
    }
    EXPECT_EQ(failed, children / 7);
    EXPECT_EQ(supervisor.count_children().active, children - failed);
    supervisor.stop();
  });
}

}  // namespace

std::unique_ptr<FragileServer> FragileServer::create() { return std::make_unique<FragileImpl>(); }

}  // namespace faults
