// AGENT-001 to AGENT-005.
#include <otp/agent.h>
#include <otp/sys.h>

#include <map>

#include "proc_support.h"

namespace otp::conformance {
namespace {

class Agents : public Proc {};

using IntAgent = Agent<int>;
const auto zero = [] { return 0; };
const auto identity = [](const int& n) { return n; };

TEST_F(Agents, AGENT_001_a_state_is_read_and_changed) {
  in_process([] {
    trap_exit(true);
    const IntAgent agent = IntAgent::start_link(zero).value();
    EXPECT_EQ(process_info(agent.address())->links, std::vector<Pid>{self()});
    agent.update([](int& n) { n += 1; });
    EXPECT_EQ(agent.get(identity), 1);
    EXPECT_EQ(agent.get_and_update([](int& n) { return std::exchange(n, n + 1); }), 1);
    EXPECT_EQ(agent.get(identity), 2);
    agent.stop();
    EXPECT_FALSE(is_alive(agent.address()));
    EXPECT_EQ(next<Exit>().reason, ExitReason::normal());
  });
}

TEST_F(Agents, what_is_read_is_a_value_of_its_own) {
  in_process([] {
    const auto agent = Agent<std::string>::start_link([] { return std::string(100, 'a'); }).value();
    const auto whole = [](const std::string& text) -> const std::string& { return text; };
    static_assert(std::is_same_v<decltype(agent.get(whole)), std::string>);
    const std::string& got = agent.get(whole);
    agent.update([](std::string& text) { text.assign(100, 'b'); });
    EXPECT_EQ(got, std::string(100, 'a'));
  });
}

TEST_F(Agents, AGENT_002_a_named_agent_takes_casts_in_order) {
  in_process([] {
    const IntAgent started = IntAgent::start(zero, {.name = "agent_002"}).value();
    const IntAgent agent{Name("agent_002")};
    EXPECT_TRUE(process_info(started.address())->links.empty());
    agent.cast([](int& n) { n += 5; });
    EXPECT_EQ(agent.get(identity), 5);
    agent.stop();
    EXPECT_EQ(whereis("agent_002"), std::nullopt);
  });
}

TEST_F(Agents, AGENT_003_an_agent_whose_init_fails_is_not_started) {
  in_process([] {
    trap_exit(true);
    const auto failing = []() -> int { throw std::runtime_error("boom"); };
    EXPECT_EQ(IntAgent::start(failing, {.name = "agent_003"}).error().reason,
              ExitReason::error("std::runtime_error", "boom"));
    EXPECT_EQ(whereis("agent_003"), std::nullopt);
  });
}

TEST_F(Agents, AGENT_004_an_agent_is_a_permanent_child) {
  in_process([] {
    ChildSpec spec = IntAgent::child_spec(zero, {.name = "agent_004"});
    EXPECT_EQ(spec.id, "Agent");
    EXPECT_EQ(spec.restart, Restart::permanent);
    spec.id = "other";
    const auto supervisor = start_supervisor({.name = "S", .children = {spec}}).value();
    const IntAgent agent{Name("agent_004")};
    agent.update([](int& n) { n = 9; });
    const Pid former = *agent.pid();
    exit(former, ExitReason::kill());
    EXPECT_TRUE(eventually([&] { return agent.pid() && *agent.pid() != former; }));
    EXPECT_EQ(agent.get(identity), 0);
    supervisor.stop();
  });
}

TEST_F(Agents, AGENT_005_a_change_of_code_transforms_the_state) {
  in_process([] {
    using Table = std::map<std::string, int>;
    using TableAgent = Agent<Table>;
    const auto agent = TableAgent::start([] { return Table{{"a", 1}}; }).value();
    sys::suspend(agent);
    EXPECT_TRUE(sys::change_code(agent, "1", TableAgent::migration([](Table table) {
                                   table["b"] = 2;
                                   return table;
                                 }))
                    .has_value());
    sys::resume(agent);
    EXPECT_EQ(agent.get([](const Table& table) { return table.at("b"); }), 2);
    EXPECT_EQ(sys::get_state(agent).size(), 2U);
  });
}

TEST_F(Agents, a_function_that_throws_crashes_the_agent_and_fails_the_call) {
  in_process([] {
    const auto agent = IntAgent::start(zero).value();
    try {
      agent.update([](int&) { throw std::runtime_error("boom"); });
      ADD_FAILURE() << "the call has not failed";
    } catch (const CallExit& exit) {
      EXPECT_EQ(exit.error().reason, ExitReason::error("std::runtime_error", "boom"));
    }
    EXPECT_FALSE(is_alive(agent.address()));
  });
}

}  // namespace
}  // namespace otp::conformance
