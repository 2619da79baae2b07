// PROC-041 to PROC-046 and PROC-050: starting, stopping and hibernating a server.
#include "proc.otp.h"
#include "proc_support.h"

namespace otp::conformance {

using proc_cases::Manner;
using proc_cases::Subject;

/// Ends a wait of a Subject.
struct GoOn {};

namespace {

class SubjectImpl final : public proc_cases::SubjectServer {
 public:
  Init init(proc_cases::SubjectArgs args) override {
    ending_ = args.ending;
    if (args.observer) send(*args.observer, otp::self());
    behave(args.starting);
    return ok();
  }
  Reply<std::int64_t> count(From<std::int64_t>) override { return ++count_; }
  Reply<std::int64_t> nap(From<std::int64_t>) override { return reply(++count_).hibernate(); }
  NoReply be_busy() override {
    behave(Manner::wait);
    return {};
  }
  void terminate(const ExitReason&) override { behave(ending_); }

 private:
  static void behave(Manner manner) {
    switch (manner) {
      case Manner::ok:
        return;
      case Manner::wait:
        receive_value<GoOn>();
        return;
      case Manner::fail:
        throw std::runtime_error("on purpose");
      case Manner::die:
        exit(ExitReason("die"));
    }
  }
  Manner ending_ = Manner::ok;
  std::int64_t count_ = 0;
};

const ExitReason failure = ExitReason::error("std::runtime_error", "on purpose");

/// Starts a Subject in another process while its init waits; the starter must wait as long.
template <class Start>
void check_start_is_synchronous(Start start) {
  const Pid main = self();
  const Pid starter = spawn_link([main, start] {
    send(main, start(main));
    stay();
  });
  const Pid subject = next<Pid>();
  EXPECT_TRUE(process_info(starter).has_value());
  EXPECT_EQ(receive_value<Subject>(50ms), std::nullopt);
  send(subject, GoOn{});
  EXPECT_EQ(next<Subject>(), Subject(subject));
  unlink(starter);
  exit(starter, ExitReason::kill());
}

}  // namespace
}  // namespace otp::conformance

std::unique_ptr<proc_cases::SubjectServer> proc_cases::SubjectServer::create() {
  return std::make_unique<otp::conformance::SubjectImpl>();
}

namespace otp::conformance {
namespace {

TEST_F(Proc, PROC_041_a_start_function_returns_when_init_is_over_and_not_before) {
  in_process([] {
    check_start_is_synchronous([](Pid observer) {
      return Subject::start({.observer = observer, .starting = Manner::wait}).value();
    });
    check_start_is_synchronous([](Pid observer) {
      return Subject::start_link({.observer = observer, .starting = Manner::wait}).value();
    });
    check_start_is_synchronous([](Pid observer) {
      return Subject::start_monitor({.observer = observer, .starting = Manner::wait})
          .value()
          .server;
    });
  });
}

TEST_F(Proc, PROC_042_a_start_that_times_out_leaves_nothing_behind) {
  in_process([] {
    trap_exit(true);
    const proc_cases::SubjectArgs args{.observer = self(), .starting = Manner::wait};
    const StartOptions options{.name = "proc_042", .timeout = 20ms};
    const auto started = Subject::start_link(args, options);
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().kind, StartError::Kind::timeout);
    const auto monitored = Subject::start_monitor(args, options);
    ASSERT_FALSE(monitored.has_value());
    EXPECT_EQ(monitored.error().kind, StartError::Kind::timeout);
    EXPECT_FALSE(is_alive(next<Pid>()));
    EXPECT_FALSE(is_alive(next<Pid>()));
    EXPECT_EQ(whereis("proc_042"), std::nullopt);
    EXPECT_EQ(receive_value<Exit>(100ms), std::nullopt);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_043_a_crash_in_init_reaches_the_starter_at_once_in_every_variant) {
  in_process([] {
    trap_exit(true);
    for (const Manner manner : {Manner::fail, Manner::die}) {
      const proc_cases::SubjectArgs args{.starting = manner};
      const ExitReason expected = manner == Manner::fail ? failure : ExitReason("die");
      for (const Timeout timeout : {infinity, Timeout(patience)}) {
        const StartOptions options{.timeout = timeout};
        EXPECT_EQ(Subject::start(args, options).error().reason, expected);
        EXPECT_EQ(Subject::start_link(args, options).error().reason, expected);
        EXPECT_EQ(Subject::start_monitor(args, options).error().reason, expected);
      }
    }
  });
}

TEST_F(Proc, PROC_044_stop_returns_when_the_server_is_dead_and_its_name_free) {
  in_process([] {
    const Subject first = Subject::start().value();
    EXPECT_EQ(stop_failure(first), std::nullopt);
    EXPECT_FALSE(is_alive(first.address()));
    EXPECT_EQ(stop_failure(first), ExitReason::noproc());

    const auto second = Subject::start_monitor().value();
    EXPECT_EQ(stop_failure(second.server, ExitReason("other_reason"), infinity), std::nullopt);
    EXPECT_EQ(down_of(second.monitor).reason, ExitReason("other_reason"));

    const Subject third = Subject::start({}, {.name = "proc_044"}).value();
    EXPECT_EQ(stop_failure(Subject(Name("proc_044"))), std::nullopt);
    EXPECT_EQ(whereis("proc_044"), std::nullopt);
    EXPECT_FALSE(is_alive(third.address()));
  });
}

TEST_F(Proc, PROC_045_stop_fails_with_the_reason_when_the_server_ends_with_another) {
  in_process([] {
    EXPECT_EQ(stop_failure(Subject::start({.ending = Manner::fail}).value(), ExitReason("crash")),
              failure);
    EXPECT_EQ(stop_failure(Subject::start({.ending = Manner::die}).value()), ExitReason("die"));
  });
}

TEST_F(Proc, PROC_046_stop_of_a_busy_server_fails_with_timeout) {
  in_process([] {
    const auto [subject, ref] = Subject::start_monitor().value();
    subject.be_busy();
    EXPECT_EQ(stop_failure(subject, {}, 30ms), ExitReason::timeout());
    exit(subject.address(), ExitReason::kill());
    EXPECT_EQ(down_of(ref).reason, ExitReason::killed());
  });
}

TEST_F(Proc, PROC_050_a_hibernated_server_keeps_its_state_and_wakes_on_the_next_message) {
  in_process([] {
    const Subject subject = Subject::start().value();
    EXPECT_EQ(subject.count(), 1);
    EXPECT_FALSE(process_info(subject.address())->hibernating);
    EXPECT_EQ(subject.nap(), 2);
    EXPECT_TRUE(process_info(subject.address())->hibernating);
    EXPECT_EQ(process_info(subject.address())->message_queue_length, 0U);
    EXPECT_EQ(subject.count(), 3);
    EXPECT_FALSE(process_info(subject.address())->hibernating);
    subject.stop();
  });
}

}  // namespace
}  // namespace otp::conformance
