// What the types exclude: each case's faulty input, as a requirement that does not hold.
#include <otp/gen_event.h>
#include <otp/gen_statem.h>
#include <otp/supervisor.h>
#include <otp/task.h>

#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include "gs.otp.h"

namespace otp::conformance {
namespace {

template <class Field, class Given>
constexpr bool takes = std::is_assignable_v<Field&, Given>;

template <class T>
concept TakesAnUnknownAction = requires(T transition) { std::move(transition).no_such_action(); };
template <class T, class Due>
concept TakesATimeout = requires(T transition, Due due) {
  std::move(transition).state_timeout(due);
};
template <class S>
concept HasAStrategy = requires(S spec) { spec.strategy; };
template <class S>
concept HasAutoShutdown = requires(S spec) { spec.auto_shutdown; };

class Types : public ::testing::Test {};

class Machine : public Statem<int> {
 public:
  StatemInit<int> init() override { return start_in(1); }
  Transition handle_event(const Event&, const int&) override { return keep_state(); }
};

TEST_F(Types, SM_012_a_result_an_action_or_a_time_out_of_another_form) {
  static_assert(!std::is_convertible_v<const char*, Machine::Transition>);
  static_assert(!std::is_convertible_v<ExitReason, Machine::Transition>);
  static_assert(!TakesAnUnknownAction<Machine::Transition>);
  static_assert(!TakesATimeout<Machine::Transition, const char*>);
  static_assert(TakesATimeout<Machine::Transition, std::chrono::seconds>);
}

TEST_F(Types, SM_022_the_style_of_handlers_is_a_type_and_cannot_change) {
  static_assert(!std::is_assignable_v<Statem<int>&, Machine&>);
}

TEST_F(Types, SM_024_a_running_process_cannot_become_a_machine) {
  static_assert(!std::is_default_constructible_v<Statem<int>>);  // no handlers, no machine
}

TEST_F(Types, GS_028_a_handler_cannot_be_missing) {
  struct Deaf : gs_cases::SubjectServer {};
  static_assert(std::is_abstract_v<Deaf>);
}

TEST_F(Types, SUP_002_a_supervisor_has_no_init_to_return_something_else) {
  static_assert(!std::is_invocable_v<decltype(&start_supervisor), int, StartOptions>);
}

TEST_F(Types, SUP_006_an_unknown_restart_type_or_start) {
  static_assert(!takes<decltype(ChildSpec::restart), const char*>);
  static_assert(!takes<decltype(ChildSpec::type), const char*>);
  static_assert(!takes<decltype(ChildSpec::start), int>);
  static_assert(takes<decltype(ChildSpec::restart), Restart>);
}

TEST_F(Types, SUP_008_an_unknown_strategy_or_auto_shutdown) {
  static_assert(!takes<decltype(SupervisorSpec::strategy), const char*>);
  static_assert(!takes<decltype(SupervisorSpec::auto_shutdown), const char*>);
  static_assert(!takes<decltype(SupervisorSpec::period), std::string>);
}

TEST_F(Types, DSUP_013_flags_that_a_dynamic_supervisor_does_not_have) {
  static_assert(HasAStrategy<SupervisorSpec> && !HasAStrategy<DynamicSupervisorSpec>);
  static_assert(HasAutoShutdown<SupervisorSpec> && !HasAutoShutdown<DynamicSupervisorSpec>);
  static_assert(std::is_unsigned_v<decltype(DynamicSupervisorSpec::intensity)>);
  static_assert(std::is_unsigned_v<decltype(DynamicSupervisorSpec::max_children)::value_type>);
}

TEST_F(Types, TASK_027_an_unknown_option_of_a_stream) {
  static_assert(!takes<decltype(StreamOptions::on_timeout), const char*>);
  static_assert(!takes<decltype(StreamOptions::timeout), const char*>);
  static_assert(std::is_unsigned_v<decltype(StreamOptions::max_concurrency)>);
}

}  // namespace
}  // namespace otp::conformance
