// Supervisors with children that tell a log when they start and stop.
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/supervisor.h>

#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

/// "+a +b -b +b": what started and ended, in order.
class Log {
 public:
  void add(const std::string& entry) {
    const std::lock_guard lock(mutex_);
    text_ += (text_.empty() ? "" : " ") + entry;
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

/// A child is a plain process that tells its start and its end, and waits.
ChildSpec child(const std::string& id, Log& log, Restart restart = Restart::permanent,
                bool significant = false) {
  return {.id = id,
          .start = [id, &log]() -> std::expected<Pid, StartError> {
            const Pid parent = self();
            const Pid pid = spawn_link([id, &log, parent] {
              trap_exit(true);
              log.add("+" + id);
              send(parent, std::string("up"));
              for (;;) {
                const Exit exit = receive_value<Exit>().value();
                log.add("-" + id);
                otp::exit(exit.reason);
              }
            });
            receive_value<std::string>();  // it is up: the log is in order
            return pid;
          },
          .restart = restart,
          .shutdown = Shutdown::after(5s),
          .type = ChildType::worker,
          .significant = significant};
}

/// Breaks a child, and waits until it is gone.
void break_child(const SupervisorRef& supervisor, const std::string& id,
                 const ExitReason& reason = ExitReason("broken")) {
  for (const ChildInfo& info : supervisor.which_children()) {
    if (info.id != id) continue;
    const Ref ref = monitor(*info.pid);
    exit(*info.pid, reason);
    detail::await_down(ref);
  }
  supervisor.count_children();  // answered after the restart
}

class SupervisorTest : public ::testing::Test {
 protected:
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = 1, .reports = text_sink_to_nowhere()});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
  static std::shared_ptr<ReportSink> text_sink_to_nowhere() {
    struct Nowhere final : ReportSink {
      void write(const Report&) noexcept override {}
    };
    return std::make_shared<Nowhere>();
  }
  SupervisorRef start(SupervisorSpec spec) { return start_supervisor(std::move(spec)).value(); }
  std::vector<ChildSpec> abc(Restart restart = Restart::permanent) {
    return {child("a", log, restart), child("b", log, restart), child("c", log, restart)};
  }
  Log log;
};

// SUP-001, SUP-028
TEST_F(SupervisorTest, children_start_in_order_and_stop_in_reverse) {
  in_process([&] {
    const SupervisorRef supervisor = start({.name = "S", .children = abc()});
    supervisor.count_children();
    yield();
    EXPECT_EQ(log.take(), "+a +b +c");
    supervisor.stop();
    EXPECT_EQ(log.take(), "-c -b -a");
  });
}

// SUP-018, SUP-023
TEST_F(SupervisorTest, one_for_one_restarts_the_one_that_broke) {
  in_process([&] {
    const SupervisorRef supervisor = start({.name = "S", .children = abc()});
    yield();
    log.take();
    break_child(supervisor, "b");
    yield();
    EXPECT_EQ(log.take(), "-b +b");
    supervisor.stop();
  });
}

// SUP-025
TEST_F(SupervisorTest, rest_for_one_restarts_those_behind_too) {
  in_process([&] {
    const SupervisorRef supervisor =
        start({.name = "S", .strategy = Strategy::rest_for_one, .children = abc()});
    yield();
    log.take();
    break_child(supervisor, "b");
    yield();
    EXPECT_EQ(log.take(), "-b -c +b +c");
    supervisor.stop();
  });
}

// SUP-024
TEST_F(SupervisorTest, one_for_all_restarts_all) {
  in_process([&] {
    const SupervisorRef supervisor =
        start({.name = "S", .strategy = Strategy::one_for_all, .children = abc()});
    yield();
    log.take();
    break_child(supervisor, "b");
    yield();
    EXPECT_EQ(log.take(), "-b -c -a +a +b +c");
    supervisor.stop();
  });
}

// SUP-019
TEST_F(SupervisorTest, a_transient_child_is_restarted_only_after_an_abnormal_end) {
  in_process([&] {
    const SupervisorRef supervisor =
        start({.name = "S", .children = {child("t", log, Restart::transient)}});
    yield();
    break_child(supervisor, "t");
    EXPECT_EQ(supervisor.count_children().active, 1U);
    break_child(supervisor, "t", ExitReason::shutdown());
    EXPECT_EQ(supervisor.count_children(),
              (ChildCounts{.specs = 1, .active = 0, .supervisors = 0, .workers = 1}));
    supervisor.stop();
  });
}

// SUP-020, SUP-036
TEST_F(SupervisorTest, a_temporary_child_is_gone_for_good) {
  in_process([&] {
    const SupervisorRef supervisor =
        start({.name = "S", .children = {child("t", log, Restart::temporary)}});
    yield();
    break_child(supervisor, "t");
    EXPECT_EQ(supervisor.count_children().specs, 0U);
    supervisor.stop();
  });
}

// SUP-021
TEST_F(SupervisorTest, one_restart_too_many_ends_it_with_shutdown) {
  in_process([&] {
    trap_exit(true);
    const SupervisorRef supervisor =
        start({.name = "S", .intensity = 2, .period = 60s, .children = abc()});
    const Ref ref = supervisor.monitor();
    break_child(supervisor, "a");
    break_child(supervisor, "b");
    for (const ChildInfo& info : supervisor.which_children()) {
      if (info.id == "c") exit(*info.pid, ExitReason("broken"));
    }
    const Down down = detail::await_down(ref).value();
    EXPECT_EQ(down.reason, ExitReason::shutdown());
    EXPECT_NE(down.reason.payload<ReachedMaxRestartIntensity>(), nullptr);
  });
}

// SUP-003
TEST_F(SupervisorTest, a_child_that_cannot_start_stops_those_before_it) {
  in_process([&] {
    trap_exit(true);
    std::vector<ChildSpec> children{child("a", log)};
    children.push_back({.id = "bad", .start = []() -> std::expected<Pid, StartError> {
                          return std::unexpected(StartError{.reason = ExitReason("no_disk")});
                        }});
    const auto started = start_supervisor({.name = "S", .children = std::move(children)});
    ASSERT_FALSE(started);
    EXPECT_EQ(to_string(started.error()), "{shutdown,{failed_to_start_child,bad,no_disk}}");
    EXPECT_EQ(log.take(), "+a -a");
  });
}

// SUP-026
TEST_F(SupervisorTest, a_restart_that_fails_is_tried_again_and_counts) {
  in_process([&] {
    trap_exit(true);
    auto attempts = std::make_shared<int>(0);
    ChildSpec fragile = child("f", log);
    fragile.start = [attempts, start = fragile.start]() -> std::expected<Pid, StartError> {
      if (++*attempts == 1 || *attempts == 4) return start();
      return std::unexpected(StartError{.reason = ExitReason("not_yet")});
    };
    const SupervisorRef supervisor =
        start({.name = "S", .intensity = 5, .period = 60s, .children = {fragile}});
    yield();
    break_child(supervisor, "f");
    while (supervisor.count_children().active == 0) yield();
    EXPECT_EQ(*attempts, 4);
    supervisor.stop();
  });
}

// SUP-037
TEST_F(SupervisorTest, a_significant_child_that_ends_ends_the_supervisor) {
  in_process([&] {
    trap_exit(true);
    const SupervisorRef supervisor =
        start({.name = "S",
               .auto_shutdown = AutoShutdown::any_significant,
               .children = {child("a", log), child("t", log, Restart::transient, true)}});
    yield();
    const Ref ref = supervisor.monitor();
    for (const ChildInfo& info : supervisor.which_children()) {
      if (info.id == "t") exit(*info.pid, ExitReason::normal());
    }
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason::shutdown());
    EXPECT_EQ(log.take(), "+a +t -t -a");
  });
}

// SUP-011, SUP-012, SUP-013, SUP-014
TEST_F(SupervisorTest, children_are_managed_by_id) {
  in_process([&] {
    const SupervisorRef supervisor = start({.name = "S", .children = {}});
    const Pid pid = supervisor.start_child(child("x", log)).value();
    EXPECT_EQ(supervisor.start_child(child("x", log)).error().kind,
              ChildError::Kind::already_started);
    EXPECT_EQ(supervisor.start_child(child("x", log)).error().pid, pid);
    EXPECT_EQ(supervisor.delete_child("x").error().kind, ChildError::Kind::running);
    EXPECT_EQ(supervisor.restart_child("x").error().kind, ChildError::Kind::running);
    EXPECT_TRUE(supervisor.terminate_child("x"));
    EXPECT_FALSE(is_alive(pid));
    EXPECT_EQ(supervisor.start_child(child("x", log)).error().kind,
              ChildError::Kind::already_present);
    EXPECT_TRUE(supervisor.restart_child("x"));
    EXPECT_TRUE(supervisor.terminate_child("x"));
    EXPECT_TRUE(supervisor.delete_child("x"));
    EXPECT_EQ(supervisor.terminate_child("x").error().kind, ChildError::Kind::not_found);
    supervisor.stop();
  });
}

// SUP-030
TEST_F(SupervisorTest, a_child_that_ignores_shutdown_is_killed_when_its_time_is_over) {
  in_process([&] {
    ChildSpec stubborn{.id = "s",
                       .start = []() -> std::expected<Pid, StartError> {
                         return spawn_link([] {
                           trap_exit(true);
                           for (;;) receive_value<Exit>();
                         });
                       },
                       .shutdown = Shutdown::after(20ms)};
    const SupervisorRef supervisor = start({.name = "S", .children = {stubborn}});
    yield();
    const Pid pid = *supervisor.which_children().front().pid;
    const Ref ref = monitor(pid);
    supervisor.stop();
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason::killed());
  });
}

TEST_F(SupervisorTest, the_parents_end_ends_the_supervisor_and_its_children) {
  in_process([&] {
    Ref down;
    const auto [parent, ref] = spawn_monitor([&] {
      start({.name = "S", .children = abc()});
      receive_value<int>();
    });
    yield();
    while (log.take() != "+a +b +c") yield();
    send(parent, 1);
    detail::await_down(ref);
    std::string ended;
    while (ended != "-c -b -a") {
      ended += log.take();
      yield();
    }
    static_cast<void>(down);
  });
}

// DSUP-002, DSUP-005, DSUP-010, DSUP-017, DSUP-019
TEST_F(SupervisorTest, a_dynamic_supervisor_starts_restarts_and_stops_many) {
  in_process([&] {
    const DynamicSupervisorRef supervisor =
        start_dynamic_supervisor({.name = "D", .intensity = 10, .period = 60s}).value();
    std::vector<Pid> pids;
    for (int i = 0; i < 200; ++i)
      pids.push_back(
          supervisor
              .start_child(child("d", log, i % 2 == 0 ? Restart::permanent : Restart::temporary))
              .value());
    const Ref ref = monitor(pids[0]);
    const Ref other = monitor(pids[1]);
    exit(pids[0], ExitReason("broken"));
    exit(pids[1], ExitReason("broken"));
    detail::await_down(ref);
    detail::await_down(other);
    EXPECT_EQ(supervisor.count_children(),
              (ChildCounts{.specs = 199, .active = 199, .supervisors = 0, .workers = 199}));
    EXPECT_TRUE(supervisor.terminate_child(pids[2]));
    EXPECT_EQ(supervisor.terminate_child(pids[2]).error().kind, ChildError::Kind::not_found);
    supervisor.stop();
    EXPECT_FALSE(is_alive(pids[4]));
  });
}

}  // namespace
}  // namespace otp
