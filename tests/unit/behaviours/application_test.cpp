// Applications whole: run_application in a child program would be the real thing (examples/misiva
// is); here it runs in the test, with roots that are plain supervisors.
#include <otp/application.h>
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/supervisor.h>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include <gtest/gtest.h>

namespace otp {
namespace {

struct Silence final : ReportSink {
  void write(const Report&) noexcept override {}
};

class ApplicationTest : public ::testing::Test {
 protected:
  ApplicationSpec application(const std::string& name, std::vector<ApplicationSpec> depends = {}) {
    ApplicationSpec spec;
    spec.name = name;
    spec.depends = std::move(depends);
    spec.start = [this, name](const Env&) -> std::expected<Pid, ExitReason> {
      log += "+" + name + " ";
      const Pid controller = self();
      const Pid root = spawn_link([this, name, controller] {
        trap_exit(true);
        const Exit exit = receive_value<Exit>().value();
        log += "-" + name + " ";
        static_cast<void>(controller);
        otp::exit(exit.reason);
      });
      return root;
    };
    return spec;
  }

  int run(const ApplicationSpec& spec, std::move_only_function<void()> body,
          std::vector<const char*> arguments = {}) {
    arguments.insert(arguments.begin(), "program");
    ApplicationOptions options;
    options.runtime.schedulers = 1;
    options.runtime.reports = std::make_shared<Silence>();
    options.body = std::move(body);
    return run_application(static_cast<int>(arguments.size()), arguments.data(), spec,
                           std::move(options));
  }

  std::string log;
};

TEST_F(ApplicationTest, dependencies_start_first_and_stop_last_each_once) {
  const ApplicationSpec base = application("base");
  const ApplicationSpec middle = application("middle", {base});
  EXPECT_EQ(run(application("top", {base, middle}), [] { yield(); }), 0);
  EXPECT_EQ(log, "+base +middle +top -top -middle -base ");
}

TEST_F(ApplicationTest, a_signal_stops_it_in_order) {
  EXPECT_EQ(run(application("top", {application("base")}),
                [] {
                  kill(getpid(), SIGTERM);
                  sleep(infinity);
                }),
            0);
  EXPECT_EQ(log, "+base +top -top -base ");
}

// As when it comes before the program's process has taken its name.
TEST_F(ApplicationTest, a_signal_stops_it_in_order_also_while_it_has_no_name) {
  EXPECT_EQ(run(application("top", {application("base")}),
                [] {
                  unregister_name("init");
                  kill(getpid(), SIGTERM);
                  sleep(std::chrono::seconds(30));
                  throw std::runtime_error("the signal was lost");
                }),
            0);
  EXPECT_EQ(log, "+base +top -top -base ");
}

// The threads of the sink that it makes itself do not take the signal.
TEST_F(ApplicationTest, a_signal_stops_it_in_order_where_nothing_is_said_of_reports) {
  const auto stopped_by_signal = [this] {
    const char* const arguments[] = {"program"};
    ApplicationOptions options;
    options.body = [] {
      kill(getpid(), SIGTERM);
      sleep(infinity);
    };
    std::exit(run_application(1, arguments, application("top"), std::move(options)));
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(stopped_by_signal(), ::testing::ExitedWithCode(0), "SIGTERM");
}

TEST_F(ApplicationTest, one_that_does_not_start_stops_those_before_it) {
  ApplicationSpec bad = application("bad", {application("base")});
  bad.start = [](const Env&) -> std::expected<Pid, ExitReason> {
    return std::unexpected(ExitReason("no_disk"));
  };
  EXPECT_EQ(run(bad, nullptr), static_cast<int>(ExitStatus::start_failed));
  EXPECT_EQ(log, "+base -base ");
}

TEST_F(ApplicationTest, without_descriptors_it_says_so_and_ends) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer looks at memory through descriptors of its own";
#endif
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  int status = -1;
  for (rlim_t left = 0; status != 0; ++left) {
    ASSERT_LT(left, 16U);
    testing::internal::CaptureStderr();
    const int next = dup(STDERR_FILENO);
    close(next);
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(next) + left;
    setrlimit(RLIMIT_NOFILE, &few);
    status = run(application("top"), [] { yield(); });
    setrlimit(RLIMIT_NOFILE, &before);
    const std::string said = testing::internal::GetCapturedStderr();
    if (status == 0) break;
    EXPECT_EQ(status, static_cast<int>(ExitStatus::start_failed));
    EXPECT_NE(said.find("Too many open files"), std::string::npos) << said;
    EXPECT_EQ(log, "");
  }
  EXPECT_EQ(log, "+top -top ");
}

TEST_F(ApplicationTest, the_status_tells_why_it_ended) {
  EXPECT_EQ(run(application("top"),
                [] {
                  stop_applications(7);
                  sleep(infinity);
                }),
            7);
  EXPECT_EQ(run(application("top"), [] { throw std::runtime_error("x"); }),
            static_cast<int>(ExitStatus::body_failed));
  EXPECT_EQ(run(application("top"), nullptr, {"--nonsense"}),
            static_cast<int>(ExitStatus::bad_config));
  ApplicationSpec crashing = application("crashing");
  crashing.start = [](const Env&) -> std::expected<Pid, ExitReason> {
    return spawn_link([] { exit(ExitReason("died")); });
  };
  EXPECT_EQ(run(crashing, nullptr), static_cast<int>(ExitStatus::crashed));
  crashing.start = [](const Env&) -> std::expected<Pid, ExitReason> {
    return spawn_link(
        [] { exit(ExitReason::shutdown().with_payload(ReachedMaxRestartIntensity{})); });
  };
  EXPECT_EQ(run(crashing, nullptr), static_cast<int>(ExitStatus::crashed));
}

}  // namespace
}  // namespace otp
