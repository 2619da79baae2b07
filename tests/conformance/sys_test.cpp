// SYS-001 to SYS-011: system messages.
#include <otp/supervisor.h>
#include <otp/sys.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "proc_support.h"
#include "sys.otp.h"

namespace otp::conformance {
namespace {

using sys_cases::Counter;
using sys_cases::Formatting;

class CounterImpl final : public sys_cases::CounterServer {
 public:
  Init init(sys_cases::CounterArgs args) override {
    state = {.n = args.n, .secret = "hush"};
    return ok();
  }
  Reply<std::int64_t> get(From<std::int64_t>) override { return state.n; }
  NoReply inc() override {
    ++state.n;
    return {};
  }
};

class FormattingImpl final : public sys_cases::FormattingServer {
 public:
  Init init() override {
    state.password = "sesame";
    return ok();
  }
  Reply<std::int64_t> crash(From<std::int64_t>) override { otp::exit(ExitReason("crashed")); }
  std::string format_status() const override { return "password: ***"; }
  std::expected<void, ExitReason> code_change(std::string_view old_version,
                                              const std::any& extra) override {
    state.password = "half changed";
    if (old_version != "1") return std::unexpected(ExitReason("unknown_version"));
    state.password = std::any_cast<std::string>(extra);
    return {};
  }
};

/// What a request of sys fails with; none when it succeeds.
template <class F>
std::optional<ExitReason> failure_of(F request) {
  try {
    request();
    return std::nullopt;
  } catch (const CallExit& exit) {
    return exit.error().reason;
  }
}

/// A file of this test's own, gone at its end.
class ScratchFile {
 public:
  ScratchFile()
      : path_(std::filesystem::temp_directory_path() /
              ("otp_sys_test_" + std::to_string(::getpid()))) {}
  ~ScratchFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }
  std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path path_;
};

class Sys : public Proc {};

}  // namespace
}  // namespace otp::conformance

std::unique_ptr<sys_cases::CounterServer> sys_cases::CounterServer::create() {
  return std::make_unique<otp::conformance::CounterImpl>();
}
std::unique_ptr<sys_cases::FormattingServer> sys_cases::FormattingServer::create() {
  return std::make_unique<otp::conformance::FormattingImpl>();
}

namespace otp::conformance {
namespace {

TEST_F(Sys, SYS_001_a_suspended_server_answers_nobody_until_it_is_resumed) {
  in_process([] {
    const Counter server = Counter::start().value();
    sys::suspend(server);
    EXPECT_EQ(server.try_get(10ms).error().reason, ExitReason::timeout());
    server.inc();
    const Request<std::int64_t> queued = server.async_get();
    EXPECT_TRUE(sys::get_status(server).suspended);
    sys::suspend(server);
    EXPECT_EQ(sys::get_state(server).n, 0);
    sys::resume(server);
    EXPECT_EQ(await(queued, patience).value(), 1);
    EXPECT_FALSE(sys::get_status(server).suspended);
    sys::resume(server);
    EXPECT_EQ(server.get(), 1);
  });
}

TEST_F(Sys, SYS_001_a_suspended_server_ends_with_its_parent_and_when_stopped) {
  in_process([] {
    trap_exit(true);
    const auto [server, monitor] = Counter::start_monitor().value();
    sys::suspend(server);
    server.stop(ExitReason("bye"), patience);
    EXPECT_EQ(down_of(monitor).reason, ExitReason("bye"));

    const SupervisorRef supervisor = start_supervisor({.name = "S", .children = {}}).value();
    sys::suspend(supervisor);
    exit(supervisor.address(), ExitReason::shutdown());
    EXPECT_EQ(end_of(supervisor.address()), ExitReason::shutdown());
  });
}

TEST_F(Sys, SYS_002_the_state_is_read_and_replaced_by_pid_and_name_running_and_suspended) {
  in_process([] {
    const Counter server = Counter::start({.n = 5}, {.name = "sys_002"}).value();
    for (const Counter& ref : {server, Counter(Name("sys_002"))}) {
      for (const bool suspended : {false, true}) {
        if (suspended) sys::suspend(ref);
        const auto before = sys::get_state(ref).n;
        const auto stored = sys::replace_state(ref, [](Counter::State state) {
          ++state.n;
          return state;
        });
        EXPECT_EQ(stored.n, before + 1);
        EXPECT_EQ(sys::get_state(ref).n, before + 1);
        if (suspended) sys::resume(ref);
      }
    }
    EXPECT_EQ(server.get(), 9);
  });
}

TEST_F(Sys, SYS_003_a_replacement_that_throws_changes_nothing) {
  in_process([] {
    const Counter server = Counter::start({.n = 5}).value();
    const auto failure = failure_of([&] {
      sys::replace_state(server,
                         [](Counter::State) -> Counter::State { throw std::runtime_error("E"); });
    });
    EXPECT_EQ(failure, ExitReason("{callback_failed,std::runtime_error: E}"));
    EXPECT_EQ(server.get(), 5);
    EXPECT_EQ(failure_of([&] { sys::get_state_as<int>(server); }), ExitReason("bad_state_type"));
  });
}

TEST_F(Sys, SYS_004_statistics_count_what_comes_and_goes) {
  in_process([] {
    const Counter server = Counter::start().value();
    sys::statistics(server, true);
    server.get();
    const auto counted = sys::get_statistics(server);
    ASSERT_TRUE(counted.has_value());
    EXPECT_EQ(counted->messages_in, 1U);
    EXPECT_EQ(counted->messages_out, 1U);
    EXPECT_LE(counted->start, counted->now);
    sys::statistics(server, false);
    EXPECT_FALSE(sys::get_statistics(server).has_value());
  });
}

TEST_F(Sys, SYS_005_a_trace_has_a_line_for_each_event) {
  in_process([] {
    const ScratchFile file;
    const Counter server = Counter::start().value();
    sys::log_to_file(server, file.path());
    server.get();
    sys::log_to_file(server, "");
    server.get();
    const std::string who = "*DBG* gen_server sys_cases.Counter ";
    EXPECT_EQ(file.lines(),
              (std::vector<std::string>{who + "in Counter.get from " + to_string(self()),
                                        who + "out Counter.get to " + to_string(self())}));
    EXPECT_EQ(failure_of([&] { sys::log_to_file(server, "/no/such/folder/file"); }),
              ExitReason("{open_file,/no/such/folder/file}"));

    ::testing::internal::CaptureStdout();
    sys::trace(server, true);
    server.get();
    sys::trace(server, false);
    server.get();
    std::fflush(stdout);
    const std::string printed = ::testing::internal::GetCapturedStdout();
    EXPECT_EQ(printed, who + "in Counter.get from " + to_string(self()) + "\n" + who +
                           "out Counter.get to " + to_string(self()) + "\n");
  });
}

TEST_F(Sys, SYS_006_the_log_keeps_the_last_events) {
  in_process([] {
    const Counter server = Counter::start().value();
    const auto names = [&] {
      std::vector<std::string> names;
      for (const sys::Event& event : sys::get_log(server)) {
        names.push_back((event.kind == sys::Event::Kind::in ? "in " : "out ") + event.message);
      }
      return names;
    };
    EXPECT_TRUE(names().empty());
    sys::log(server, 3);
    server.inc();
    server.inc();
    server.get();
    EXPECT_EQ(names(),
              (std::vector<std::string>{"in Counter.inc", "in Counter.get", "out Counter.get"}));
    sys::log(server, 0);
    server.get();
    EXPECT_TRUE(names().empty());
  });
}

TEST_F(Sys, SYS_007_a_hook_sees_each_event_once_while_it_is_installed) {
  in_process([] {
    const Counter server = Counter::start().value();
    const auto seen = std::make_shared<std::atomic<int>>(0);
    const sys::Hook hook = [seen](const sys::Event&) {
      ++*seen;
      return true;
    };
    sys::install(server, "h", hook);
    server.get();
    EXPECT_EQ(*seen, 2);
    sys::no_debug(server);
    server.get();
    EXPECT_EQ(*seen, 2);
    sys::install(server, "h", hook);
    sys::install(server, "h", hook);
    server.get();
    EXPECT_EQ(*seen, 4);
    EXPECT_EQ(sys::get_status(server).debug, std::vector<std::string>{"h"});
    sys::remove(server, "h");
    server.get();
    EXPECT_EQ(*seen, 4);
    sys::install(server, "once", [seen](const sys::Event&) {
      ++*seen;
      return false;
    });
    server.get();
    EXPECT_EQ(*seen, 5);
  });
}

TEST_F(Sys, SYS_008_a_status_says_who_it_is_whose_and_in_which_state) {
  in_process([] {
    const Counter server = Counter::start({.n = 3}, {.name = "sys_008"}).value();
    for (const Counter& ref : {server, Counter(Name("sys_008"))}) {
      const sys::Status status = sys::get_status(ref);
      EXPECT_EQ(status.pid, server.address());
      EXPECT_EQ(status.parent, self());
      EXPECT_EQ(status.name, Name("sys_008"));
      EXPECT_EQ(status.behaviour, "gen_server sys_cases.Counter");
      EXPECT_FALSE(status.suspended);
      EXPECT_NE(status.state.find("n: 3"), std::string::npos) << status.state;
      EXPECT_EQ(status.state.find("hush"), std::string::npos) << status.state;
      EXPECT_TRUE(status.debug.empty());
    }
  });
}

TEST_F(Sys, SYS_009_a_server_may_format_its_state_for_status_and_crash_report) {
  in_process([this] {
    const Formatting server = Formatting::start().value();
    EXPECT_EQ(sys::get_status(server).state, "password: ***");
    EXPECT_FALSE(server.try_crash());
    ASSERT_TRUE(eventually([&] { return !reports->crashes().empty(); }));
    EXPECT_EQ(reports->crashes().front().state, "password: ***");
  });
}

TEST_F(Sys, SYS_010_a_change_of_code_that_fails_leaves_the_state_alone) {
  in_process([] {
    const Formatting server = Formatting::start().value();
    EXPECT_EQ(sys::change_code(server, "1", std::string("new")).error(),
              ExitReason("not_suspended"));
    sys::suspend(server);
    EXPECT_TRUE(sys::change_code(server, "1", std::string("new")).has_value());
    EXPECT_EQ(sys::get_state(server).password, "new");
    EXPECT_EQ(sys::change_code(server, "7").error(), ExitReason("unknown_version"));
    EXPECT_EQ(sys::get_state(server).password, "new");
    sys::resume(server);

    const Counter without = Counter::start().value();
    sys::suspend(without);
    EXPECT_EQ(sys::change_code(without, "1").error(), ExitReason("undef"));
    sys::resume(without);
    EXPECT_EQ(without.get(), 0);
  });
}

TEST_F(Sys, SYS_011_a_process_of_ones_own_takes_part_by_a_clause) {
  in_process([] {
    struct Add {
      int n;
    };
    const auto [pid, monitor] = spawn_monitor([] {
      register_name("sys_011", self());
      int sum = 0;
      for (;;) receive(on([&](const Add& add) { sum += add.n; }), sys::on_request(sum));
    });
    const ServerRef process(pid);
    send(pid, Add{4});
    EXPECT_EQ(sys::get_state_as<int>(process), 4);
    EXPECT_EQ(sys::replace_state_as<int>(process, [](int n) { return n * 10; }), 40);
    sys::suspend(process);
    send(pid, Add{2});
    EXPECT_EQ(sys::get_state_as<int>(process), 40);
    EXPECT_TRUE(sys::get_status(process).suspended);
    sys::resume(process);
    EXPECT_EQ(sys::get_state_as<int>(process), 42);
    sys::terminate(process, ExitReason::normal(), patience);
    EXPECT_EQ(down_of(monitor).reason, ExitReason::normal());
    EXPECT_EQ(whereis("sys_011"), std::nullopt);
  });
}

TEST_F(Sys, requests_to_nobody_and_to_oneself_fail_as_calls_do) {
  in_process([] {
    const Counter dead = Counter::start().value();
    dead.stop();
    EXPECT_EQ(failure_of([&] { sys::suspend(dead); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { sys::suspend(Counter(Name("sys_nobody"))); }), ExitReason::noproc());
    EXPECT_EQ(failure_of([&] { sys::suspend(ServerRef(self())); }), ExitReason::calling_self());
  });
}

}  // namespace
}  // namespace otp::conformance
