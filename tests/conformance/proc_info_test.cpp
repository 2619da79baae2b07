// PROC-035 to PROC-040, PROC-047 and PROC-049: names, inspection, reasons of failures, crash
// reports, long mailboxes.
#include "proc.otp.h"
#include "proc_support.h"

namespace otp::conformance {
namespace {

/// A pid whose process has ended.
Pid spawn_dead() {
  const auto [pid, ref] = spawn_monitor([] {});
  down_of(ref);
  return pid;
}

TEST_F(Proc, PROC_035_registration_is_strict_and_a_refused_one_leaves_the_name_free) {
  in_process([] {
    const Name name("proc_035");
    EXPECT_THROW(register_name(name, spawn_dead()), std::invalid_argument);
    EXPECT_THROW(register_name(name, Pid{}), std::invalid_argument);
    EXPECT_THROW(register_name("", self()), std::invalid_argument);
    EXPECT_EQ(whereis(name), std::nullopt);
    register_name(name, self());
    EXPECT_EQ(whereis(name), self());
    EXPECT_THROW(register_name("proc_035_second", self()), std::invalid_argument);
    EXPECT_EQ(whereis("proc_035_second"), std::nullopt);
  });
}

TEST_F(Proc, PROC_036_sending_to_a_free_name_is_an_error_and_to_a_dead_pid_is_none) {
  in_process([] {
    EXPECT_THROW(send(Name("proc_036"), 1), std::invalid_argument);
    EXPECT_NO_THROW(send(spawn_dead(), 1));
  });
}

TEST_F(Proc, PROC_037_a_dead_process_has_no_info) {
  in_process([] {
    const Pid pid = spawn_dead();
    EXPECT_FALSE(process_info(pid).has_value());
    EXPECT_FALSE(process_info(Pid{}).has_value());
    EXPECT_FALSE(is_alive(pid));
  });
}

// The messages themselves are typed C++ values; their number is what is shown.
TEST_F(Proc, PROC_038_the_queue_shows_what_waits_and_empties_as_it_is_read) {
  in_process([] {
    const Pid reader = spawn([] {
      next<Pid>();
      for (int expected = 1; expected <= 5; ++expected) EXPECT_EQ(next<int>(), expected);
      stay();
    });
    for (int n = 1; n <= 5; ++n) {
      send(reader, n);
      const auto info = process_info(reader);
      EXPECT_EQ(info->message_queue_length, static_cast<std::size_t>(n));
      EXPECT_EQ(info->messages, std::vector<std::string>(static_cast<std::size_t>(n), "int"));
    }
    send(reader, self());
    EXPECT_TRUE(eventually([&] { return process_info(reader)->message_queue_length == 0; }));
    exit(reader, ExitReason::kill());
  });
}

TEST_F(Proc, PROC_039_parent_and_label_are_shown) {
  in_process([] {
    const Pid main = self();
    const Pid child = spawn([main] {
      send(main, process_info(self())->label);
      set_label("the child");
      send(main, process_info(self())->label);
      stay();
    });
    EXPECT_EQ(next<std::string>(), "");
    EXPECT_EQ(next<std::string>(), "the child");
    EXPECT_EQ(process_info(child)->label, "the child");
    EXPECT_EQ(process_info(child)->parent, main);
    EXPECT_EQ(process_info(main)->label, "");
    exit(child, ExitReason::kill());
  });
}

TEST_F(Proc, PROC_040_the_kind_of_failure_shows_in_the_reason) {
  in_process([] {
    const auto reason_of = [](void (*body)()) {
      return down_of(spawn_monitor(body).second).reason;
    };
    const ExitReason error = reason_of([] { throw std::out_of_range("E"); });
    EXPECT_EQ(error, ExitReason::error("std::out_of_range", "E"));
    EXPECT_FALSE(error.frames().empty());
    const ExitReason exited = reason_of([] { exit(ExitReason("bye")); });
    EXPECT_EQ(exited, ExitReason("bye"));
    EXPECT_TRUE(exited.frames().empty());
    const ExitReason thrown = reason_of([] { throw 42; });
    EXPECT_EQ(thrown, ExitReason::error("int", ""));
    EXPECT_FALSE(thrown.frames().empty());
  });
}

TEST_F(Proc, PROC_047_only_abnormal_ends_are_reported) {
  Pid died;
  Pid main;
  in_process([&] {
    main = self();
    for (const ExitReason& reason : {ExitReason::normal(), ExitReason::shutdown(),
                                     ExitReason::shutdown("tired"), ExitReason("die")}) {
      const auto [pid, ref] = spawn_monitor([&] { exit(reason); });
      EXPECT_EQ(down_of(ref).reason, reason);
      died = pid;
    }
  });
  const auto crashes = reports->crashes();
  ASSERT_EQ(crashes.size(), 1U);
  EXPECT_EQ(crashes[0].reason, ExitReason("die"));
  EXPECT_EQ(crashes[0].pid, died);
  EXPECT_EQ(crashes[0].parent, main);
  EXPECT_EQ(crashes[0].ancestors, std::vector{main});
  EXPECT_EQ(crashes[0].server, "process");
}

std::chrono::nanoseconds time_of_calls(const proc_cases::Subject& subject, int calls) {
  const auto start = processor_time();
  for (int i = 0; i < calls; ++i) subject.count();
  return processor_time() - start;
}

TEST_F(Proc, PROC_049_waiting_for_a_reply_does_not_scan_a_long_mailbox) {
  in_process([] {
    constexpr int calls = 10'000;
    constexpr std::size_t unrelated = 500'000;
    const auto subject = proc_cases::Subject::start().value();
    time_of_calls(subject, calls / 10);
    const auto with_empty = time_of_calls(subject, calls);
    for (std::size_t i = 0; i < unrelated; ++i) send(self(), i);
    const auto with_long = time_of_calls(subject, calls);
    EXPECT_EQ(process_info(self())->message_queue_length, unrelated);
    EXPECT_LT(with_long, 10 * with_empty);
    subject.stop();
  });
}

}  // namespace
}  // namespace otp::conformance
