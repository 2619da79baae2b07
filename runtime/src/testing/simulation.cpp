#include <otp/testing/simulation.h>

#include <cstdlib>
#include <list>
#include <map>
#include <utility>

#include "process/node.h"
#include "process/signals.h"
#include "process/system_requests.h"
#include "testing/simulated_driver.h"

namespace otp::testing {
namespace {

using otp::detail::Message;
using otp::detail::MessageKind;
using otp::detail::Nanoseconds;
using otp::detail::never;
using otp::detail::Node;
using otp::detail::Process;

constexpr std::uint64_t most_turns = 1'000'000;

struct Nowhere final : ReportSink {
  void write(const Report&) noexcept override {}
};

std::uint64_t chosen_seed(std::uint64_t given) {
  if (given != 0) return given;
  const char* text = std::getenv("OTP_SEED");
  const std::uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  return seed == 0 ? 1 : seed;
}

/// What the simulation does to messages on their way.
class Faults final : public otp::detail::MessageFilter {
 public:
  bool takes(Pid target, Message* message) noexcept override {
    if (message->kind == MessageKind::timer) return false;  // one of its own time-outs
    const Pid pid = resolved(target);
    const auto found = by_pid_.find(pid);
    if (found == by_pid_.end()) return false;
    Fault& fault = found->second;
    const bool is_loss = message->kind == MessageKind::call || message->kind == MessageKind::cast ||
                         message->kind == MessageKind::info;
    if (fault.drop != 0 && is_loss) {
      --fault.drop;
      message->type->destroy(message);
      return true;
    }
    const Nanoseconds time = otp::detail::now(node_->clock());
    if (fault.delay == 0 && fault.last_arrival <= time) return false;
    fault.last_arrival = std::max(fault.last_arrival, time + fault.delay);
    post(pid, fault.last_arrival, message);
    return true;
  }

  void attach(Node& node) { node_ = &node; }
  void delay(Pid pid, Duration time) { by_pid_[pid].delay = time.count(); }
  void drop(Pid pid, std::size_t count) { by_pid_[pid].drop += count; }
  /// What is held back for this time or before, in the order in which it was sent.
  Nanoseconds next_arrival() const noexcept {
    return held_.empty() ? never : held_.begin()->first.first;
  }
  void deliver_due() {
    const Nanoseconds time = otp::detail::now(node_->clock());
    while (next_arrival() <= time) {
      const Held held = held_.begin()->second;
      held_.erase(held_.begin());
      node_->deliver(held.target, held.message);
    }
  }
  ~Faults() override {
    for (auto& [when, held] : held_) held.message->type->destroy(held.message);
  }

 private:
  struct Fault {
    Nanoseconds delay = 0;
    Nanoseconds last_arrival = 0;  ///< nothing that is sent later arrives earlier
    std::size_t drop = 0;
  };
  struct Held {
    Pid target;
    Message* message;
  };

  Pid resolved(Pid target) const noexcept { return node_->resolve(target); }
  void post(Pid target, Nanoseconds arrival, Message* message) {
    held_.emplace(std::pair(arrival, ++sequence_), Held{target, message});
  }

  Node* node_ = nullptr;
  std::map<Pid, Fault> by_pid_;
  std::map<std::pair<Nanoseconds, std::uint64_t>, Held> held_;
  std::uint64_t sequence_ = 0;
};

RuntimeOptions runtime_options(const SimulationOptions& options) {
  RuntimeOptions made;
  made.schedulers = 1;
  made.reports = options.reports != nullptr ? options.reports : std::make_shared<Nowhere>();
  return made;
}

}  // namespace

struct Simulation::Impl {
  explicit Impl(const SimulationOptions& options)
      : seed(chosen_seed(options.seed)),
        driver(seed),
        node(runtime_options(options), {.driver = &driver, .clock = &clock, .filter = &faults}) {
    faults.attach(node);
  }

  /// The next moment at which something happens by itself.
  Nanoseconds next_event() noexcept {
    return std::min(node.schedulers().next_deadline(), faults.next_arrival());
  }
  void pass_to(Nanoseconds time) {
    clock.set(std::max(clock.now(), time));
    node.schedulers().fire_timers();
    faults.deliver_due();
  }

  const std::uint64_t seed;
  otp::detail::VirtualClock clock;
  const Nanoseconds begin = clock.now();
  otp::detail::SimulatedDriver driver;
  Faults faults;
  Node node;
  std::list<otp::detail::WaitingThread> waits;  ///< of run(); a process may outlive its failure
};

Simulation::Simulation(SimulationOptions options)
    : impl_(in_process() ? throw std::logic_error("otp: a simulation inside a process")
                         : std::make_unique<Impl>(options)) {}

Simulation::~Simulation() {
  Node& node = impl_->node;
  const auto settle = [&](Duration limit) {
    const Nanoseconds end = impl_->clock.now() + limit.count();
    impl_->driver.grant(most_turns);
    while (node.table().count() != 0) {
      const Nanoseconds next = impl_->next_event();
      if (next > end) return;
      impl_->pass_to(next);
      impl_->driver.grant(most_turns);
    }
  };
  node.timers().stop_starting();
  node.exit_all(ExitReason::shutdown());
  settle(std::chrono::seconds{5});
  while (node.table().count() != 0) {
    node.exit_all(ExitReason::kill());
    settle(std::chrono::seconds{5});
  }
  node.stop();
}

std::uint64_t Simulation::seed() const noexcept { return impl_->seed; }

Duration Simulation::now() const noexcept { return Duration(impl_->clock.now() - impl_->begin); }

std::uint64_t Simulation::random(std::uint64_t bound) { return impl_->driver.random(bound); }

Pid Simulation::spawn(std::move_only_function<void()> body) {
  return impl_->node.spawn(otp::detail::make_function_behaviour(std::move(body)), {}, nullptr,
                           nullptr);
}

ExitReason Simulation::run(std::move_only_function<void()> body) {
  otp::detail::WaitingThread& waiting = impl_->waits.emplace_back();
  impl_->node.spawn_for(waiting, otp::detail::make_function_behaviour(std::move(body)));
  const auto ended = [&] {
    const std::lock_guard lock(waiting.mutex);
    return waiting.reason.has_value();
  };
  for (;;) {
    for (std::uint64_t turns = 0; !ended() && step(); ++turns) {
      if (turns == most_turns) fail("a million turns passed and no time: something runs for ever");
    }
    if (ended()) return *waiting.reason;
    const Nanoseconds next = impl_->next_event();
    if (next == never) fail("nothing can happen any more, and the process has not ended");
    impl_->pass_to(next);
  }
}

bool Simulation::step() { return impl_->driver.grant(1) != 0; }

void Simulation::run_until_idle() {
  if (impl_->driver.grant(most_turns) == most_turns)
    fail("a million turns passed and no time: something runs for ever");
}

void Simulation::advance(Duration time) {
  const Nanoseconds end = impl_->clock.now() + time.count();
  run_until_idle();
  for (Nanoseconds next = impl_->next_event(); next <= end; next = impl_->next_event()) {
    impl_->pass_to(next);
    run_until_idle();
  }
  impl_->pass_to(end);
  run_until_idle();
}

bool Simulation::is_alive(Pid pid) const { return impl_->node.is_alive(pid); }

std::optional<Pid> Simulation::whereis(Name name) const {
  const Pid holder = impl_->node.names().holder(name);
  return holder ? std::optional(holder) : std::nullopt;
}

std::vector<Pid> Simulation::processes() const { return impl_->node.table().live(); }

void Simulation::kill(Pid pid, const ExitReason& reason) {
  otp::detail::send_exit(impl_->node, {}, pid, reason, false);
}

void Simulation::delay(Pid pid, Duration time) { impl_->faults.delay(pid, time); }

void Simulation::drop(Pid pid, std::size_t count) { impl_->faults.drop(pid, count); }

void Simulation::crash_on_message(Pid pid, std::size_t n, ExitReason reason) {
  Process* process = impl_->node.table().slot(pid);
  if (process == nullptr || !is_alive(pid)) return;
  auto& debugging = process->more().debugging;
  if (!debugging) debugging = std::make_unique<otp::detail::Debugging>();
  debugging->hooks.emplace_back(
      "simulation", [left = n, reason = std::move(reason)](const sys::Event& event) mutable {
        if (event.kind == sys::Event::Kind::in && --left == 0) otp::exit(reason);
        return left != 0;
      });
}

void Simulation::Expectation::that(const std::function<bool()>& condition) {
  auto& impl = *simulation_.impl_;
  const Nanoseconds end = impl.clock.now() + time_.count();
  simulation_.run_until_idle();
  while (!condition()) {
    const Nanoseconds next = impl.next_event();
    if (next > end)
      simulation_.fail("expected, within " + std::to_string(time_.count() / 1'000'000) +
                       " ms: " + text_);
    impl.pass_to(next);
    simulation_.run_until_idle();
  }
}

void Simulation::Expectation::stays(const std::function<bool()>& condition) {
  auto& impl = *simulation_.impl_;
  const Nanoseconds end = impl.clock.now() + time_.count();
  simulation_.run_until_idle();
  for (Nanoseconds next = 0; next <= end; next = impl.next_event()) {
    if (next != 0) impl.pass_to(next);
    simulation_.run_until_idle();
    if (!condition()) simulation_.fail("expected to stay so: " + text_);
  }
  impl.pass_to(end);
}

void Simulation::fail(const std::string& what) const {
  throw SimulationFailure("simulation with seed " + std::to_string(seed()) + ", after " +
                          std::to_string(now().count() / 1'000'000) + " ms: " + what);
}

void for_each_seed(std::uint64_t count, const std::function<void(Simulation&)>& body,
                   std::uint64_t first) {
  const bool single = std::getenv("OTP_SEED") != nullptr;
  for (std::uint64_t seed = first; seed < first + (single ? 1 : count); ++seed) {
    Simulation simulation({.seed = single ? 0 : seed});
    try {
      body(simulation);
    } catch (const std::exception& error) {
      throw SimulationFailure(std::string(error.what()) +
                              "\nTo run it again: OTP_SEED=" + std::to_string(simulation.seed()));
    }
  }
}

}  // namespace otp::testing
