// Supervision under 1,000 seeds: what a supervisor does is compared, event by event, with a model
// of OTP's rules; and trees under a storm of kills, delays and losses keep their invariants.
#include <otp/gen_server.h>
#include <otp/receive.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "world.h"

namespace otp::simulated_tests {
namespace {

using namespace std::chrono_literals;
using testing::for_each_seed;
using testing::Simulation;

constexpr std::uint64_t seeds = 1000;

template <class T>
T one_of(Simulation& sim, const std::vector<T>& choices) {
  return choices[sim.random(choices.size())];
}

void require_equal(Simulation& sim, const std::string& what, const std::string& got,
                   const std::string& expected) {
  if (got != expected) sim.fail(what + ": got `" + got + "`, OTP's rules say `" + expected + "`");
}

void require_no_violation(Simulation& sim, const World& world) {
  if (!world.violations().empty()) sim.fail(world.violations().front());
}

// ---- One supervisor, one event after the other, against a model ----

/// OTP's rules for a supervisor of workers, restated from supervisor(3) without regard to ours.
class Model {
 public:
  Model(Strategy strategy, std::size_t intensity, Duration period)
      : strategy_(strategy), intensity_(intensity), period_(period) {}

  void add(std::int64_t number, Restart restart) {
    children_.push_back({.number = number, .restart = restart});
    note('+', number);
  }
  bool is_over() const noexcept { return over_; }
  std::string take_log() { return std::exchange(log_, {}); }
  std::vector<std::int64_t> running() const {
    std::vector<std::int64_t> numbers;
    for (const Child& child : children_) {
      if (child.runs) numbers.push_back(child.number);
    }
    return numbers;
  }

  void ends(std::int64_t number, bool abnormal, Duration now) {
    auto child = find(number);
    child->runs = false;
    note('-', number);
    if (child->restart == Restart::temporary) {
      children_.erase(child);
      return;
    }
    if (child->restart == Restart::transient && !abnormal) return;
    restarts_.push_back(now);
    while (now - restarts_.front() > period_) restarts_.pop_front();
    if (restarts_.size() > intensity_) return stop_all();
    restart_with(child);
  }

  void stop_all() {
    over_ = true;
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) stop(*child);
  }

 private:
  struct Child {
    std::int64_t number;
    Restart restart;
    bool runs = true;
  };
  using Place = std::vector<Child>::iterator;

  Place find(std::int64_t number) { return std::ranges::find(children_, number, &Child::number); }
  void note(char sign, std::int64_t number) {
    log_ += (log_.empty() ? "" : " ") + std::string(1, sign) + std::to_string(number);
  }
  void stop(Child& child) {
    if (std::exchange(child.runs, false)) note('-', child.number);
  }
  void start(Child& child) {
    child.runs = true;
    note('+', child.number);
  }
  void restart_with(Place failed) {
    if (strategy_ == Strategy::one_for_one) return start(*failed);
    const auto first =
        strategy_ == Strategy::one_for_all ? std::ptrdiff_t{0} : failed - children_.begin();
    for (auto i = static_cast<std::ptrdiff_t>(children_.size()); i-- > first;)
      stop(children_[static_cast<std::size_t>(i)]);
    children_.erase(
        std::remove_if(children_.begin() + first, children_.end(),
                       [](const Child& each) { return each.restart == Restart::temporary; }),
        children_.end());
    for (auto child = children_.begin() + first; child != children_.end(); ++child) start(*child);
  }

  Strategy strategy_;
  std::size_t intensity_;
  Duration period_;
  std::vector<Child> children_;
  std::deque<Duration> restarts_;
  std::string log_;
  bool over_ = false;
};

/// Ends a worker in one of the ways in which processes end; true when that was abnormal.
bool end_worker(Simulation& sim, Pid pid) {
  const std::string way = one_of<std::string>(sim, {"normal", "shutdown", "died", "kill", "crash"});
  if (way == "kill") {
    sim.kill(pid);
  } else {
    if (way == "crash") sim.crash_on_message(pid, 1);
    sim.run([&] { simulated::Worker(pid).end(way); });
  }
  sim.run_until_idle();
  return way != "normal" && way != "shutdown";
}

void compare_with_model(Simulation& sim) {
  World world;
  SupervisorSpec spec{
      .name = "S",
      .strategy = one_of(
          sim, std::vector{Strategy::one_for_one, Strategy::one_for_all, Strategy::rest_for_one}),
      .intensity = sim.random(4),
      .period = std::chrono::seconds(1 + sim.random(5))};
  Model model(spec.strategy, spec.intensity, spec.period);
  const auto count = static_cast<std::int64_t>(1 + sim.random(6));
  for (std::int64_t number = 0; number < count; ++number) {
    const Restart restart = one_of(sim, std::vector{Restart::permanent, Restart::permanent,
                                                    Restart::transient, Restart::temporary});
    spec.children.push_back(worker(number, restart, true));
    model.add(number, restart);
  }
  Pid supervisor;
  const Pid parent = sim.spawn([&] {
    trap_exit(true);
    supervisor = start_supervisor(spec).value().address();
    sleep(infinity);
  });
  sim.run_until_idle();
  require_equal(sim, "the start", world.take_log(), model.take_log());
  for (int event = 0; event < 12 && !model.is_over() && !model.running().empty(); ++event) {
    sim.advance(std::chrono::milliseconds(sim.random(1500)));
    const std::int64_t number = one_of(sim, model.running());
    const bool abnormal = end_worker(sim, world.pid_of(number));
    model.ends(number, abnormal, sim.now());
    require_equal(sim, "after the end of " + std::to_string(number), world.take_log(),
                  model.take_log());
    if (sim.is_alive(supervisor) == model.is_over())
      sim.fail(model.is_over() ? "the limit is exceeded and the supervisor lives"
                               : "the supervisor gave up within its limit");
  }
  if (!model.is_over()) {
    model.stop_all();
    sim.kill(parent, ExitReason::kill());
    sim.run_until_idle();
    require_equal(sim, "the end", world.take_log(), model.take_log());
  }
  if (!world.live().empty()) sim.fail("a worker has outlived its supervisor");
  require_no_violation(sim, world);
}

TEST(SupervisionSimulation, a_supervisor_does_what_otps_rules_say) {
  for_each_seed(seeds, compare_with_model);
}

// ---- A tree in a storm ----

/// A supervisor of one to four workers, as the child of another; counts its workers on.
ChildSpec group(Simulation& sim, World& world, const std::string& id, bool named,
                std::int64_t& next_number) {
  SupervisorSpec spec{
      .name = id,
      .strategy = one_of(
          sim, std::vector{Strategy::one_for_one, Strategy::one_for_all, Strategy::rest_for_one}),
      .intensity = sim.random(3),
      .period = 2s};
  for (std::uint64_t i = 0; i < 1 + sim.random(4); ++i) {
    const std::int64_t number = next_number++;
    ChildSpec child = worker(number, Restart::permanent, named);
    if (sim.random(4) == 0) world.slowness[number] = std::chrono::milliseconds(sim.random(300));
    if (sim.random(3) == 0)
      child.shutdown = Shutdown::after(std::chrono::milliseconds(1 + sim.random(200)));
    spec.children.push_back(std::move(child));
  }
  return ChildSpec{.id = id,
                   .start = [spec]() -> std::expected<StartedChild, StartError> {
                     const auto started = start_supervisor(spec);
                     if (!started) return std::unexpected(started.error());
                     return started->address();
                   },
                   .type = ChildType::supervisor};
}

/// One fault for one of the workers, or of the supervisors of those.
void strike(Simulation& sim, const World& world, bool kills_supervisors) {
  std::vector<Pid> targets;
  for (const auto& [pid, live] : world.live()) targets.push_back(pid);
  if (kills_supervisors && sim.random(4) == 0) {
    targets.clear();
    for (const auto& [pid, live] : world.live()) targets.push_back(live.parent);
  }
  if (targets.empty()) return;
  const Pid target = one_of(sim, targets);
  switch (sim.random(5)) {
    case 0:
    case 1:
      sim.kill(target);
      break;
    case 2:
      sim.kill(target, ExitReason("signal"));
      break;
    case 3:
      sim.delay(target, std::chrono::milliseconds(sim.random(400)));
      break;
    case 4:
      sim.drop(target);
      break;
  }
}

/// Calm has come: every worker has its supervisor, and a tree that is left has all of its children.
void check_calm(Simulation& sim, const World& world, Pid top, std::int64_t workers) {
  for (const auto& [pid, live] : world.live()) {
    if (!sim.is_alive(live.parent)) sim.fail("an orphan: worker " + std::to_string(live.number));
  }
  if (!sim.is_alive(top)) return;
  ChildCounts counts;
  sim.run([&] { counts = SupervisorRef(top).count_children(); });
  if (counts.active != 3) sim.fail("the top has lost a child for good");
  if (static_cast<std::int64_t>(world.live().size()) != workers)
    sim.fail(std::to_string(world.live().size()) + " of " + std::to_string(workers) +
             " workers are back");
}

void storm(Simulation& sim) {
  World world;
  std::int64_t next_number = 0;
  // In half of the runs supervisors are killed too; then the old workers may live on for a moment.
  const bool kills_supervisors = sim.random(2) == 0;
  world.may_overlap = kills_supervisors;
  SupervisorSpec top{.name = "top", .intensity = 3 + sim.random(10), .period = 1h};
  for (int i = 0; i < 3; ++i) {
    top.children.push_back(
        group(sim, world, "g" + std::to_string(i), !kills_supervisors, next_number));
  }
  Pid top_pid;
  const Pid parent = sim.spawn([&] {
    trap_exit(true);
    const auto started = start_supervisor(top);
    top_pid = started ? started->address() : Pid{};
    sleep(infinity);
  });
  sim.run_until_idle();

  for (int fault = 0; fault < 40 && sim.is_alive(top_pid); ++fault) {
    strike(sim, world, kills_supervisors);
    for (std::uint64_t turns = sim.random(30); turns != 0 && sim.step(); --turns) {
    }
    if (sim.random(4) == 0) sim.advance(std::chrono::milliseconds(sim.random(800)));
  }

  sim.advance(1min);
  check_calm(sim, world, top_pid, next_number);
  sim.kill(parent);
  sim.advance(1h);
  if (!sim.processes().empty()) sim.fail("a process has outlived the tree");
  require_no_violation(sim, world);
}

TEST(SupervisionSimulation, a_tree_in_a_storm_loses_nobody_and_leaves_nobody_behind) {
  for_each_seed(seeds, storm);
}

}  // namespace
}  // namespace otp::simulated_tests
