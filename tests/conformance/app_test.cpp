// APP-001 and APP-008: what of application(3) a program of one application shows.
#include <otp/application.h>
#include <otp/supervisor.h>

#include "proc_support.h"

namespace otp::conformance {
namespace {

class App : public Proc {
 protected:
  int run(ApplicationSpec spec, std::move_only_function<void()> body) {
    ApplicationOptions options;
    options.runtime.schedulers = 2;
    options.runtime.reports = reports;
    options.body = std::move(body);
    const char* const arguments[] = {"program"};
    return run_application(1, arguments, spec, std::move(options));
  }
};

TEST_F(App, APP_001_an_application_whose_supervisor_fails_is_not_started_and_leaves_nothing) {
  Pid sibling;
  const ChildSpec starts{.id = "starts", .start = [&]() -> std::expected<StartedChild, StartError> {
                           sibling = spawn_link([] { stay(); });
                           return sibling;
                         }};
  const ChildSpec fails{.id = "fails", .start = []() -> std::expected<StartedChild, StartError> {
                          return std::unexpected(StartError{.reason = ExitReason("E")});
                        }};
  ApplicationSpec spec;
  spec.name = "shop";
  ExitReason reason;
  spec.start = [&](const Env&) -> std::expected<Pid, ExitReason> {
    const auto started = start_supervisor({.name = "S", .children = {starts, fails}});
    reason = started.error().reason;
    EXPECT_FALSE(is_alive(sibling));
    return std::unexpected(reason);
  };
  bool ran = false;
  EXPECT_EQ(run(spec, [&] { ran = true; }), static_cast<int>(ExitStatus::start_failed));
  EXPECT_FALSE(ran);
  EXPECT_EQ(to_string(reason), "{shutdown,{failed_to_start_child,fails,E}}");
}

TEST_F(App, APP_008_configured_values_are_looked_up_by_key) {
  ApplicationSpec spec;
  spec.name = "app_008";
  spec.env = {{.name = "limit",
               .type = EnvType::natural,
               .fallback = EnvValue(std::uint64_t{20}),
               .min = {},
               .max = {},
               .doc = {}}};
  spec.start = [](const Env& env) -> std::expected<Pid, ExitReason> {
    EXPECT_EQ(env.get<int>("limit"), 20);
    EXPECT_EQ(std::get<std::uint64_t>(env["limit"]), 20U);
    EXPECT_THROW(env["unknown"], std::out_of_range);
    return spawn_link([] {
      trap_exit(true);
      receive_value<Exit>();
    });
  };
  EXPECT_EQ(run(spec, [] {}), 0);
}

}  // namespace
}  // namespace otp::conformance
