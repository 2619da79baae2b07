// Simulation: a whole tree of processes on one seeded scheduler and in virtual time.
//
//   otp::testing::Simulation sim({.seed = 7});
//   sim.spawn([] {
//     demo::ShopSup::start_link().value();
//     otp::sleep(otp::infinity);
//   });
//   sim.run_until_idle();                      // no time passes
//   sim.kill(*sim.whereis("cart"));
//   sim.expect("the cart is back").within(1s).that([&] {
//     return sim.whereis("cart").has_value();
//   });
//   sim.advance(24h);                          // a day of timers, in no time
//
// - The seed decides which of the runnable processes goes on and after how many operations it is
//   interrupted: every interleaving that the schedulers could bring about is possible, and the same
//   seed gives the same one again. Code that asks the machine for time, randomness or threads is
//   outside of that; otp::blocking runs in place.
// - Time stands still while anything can run. `advance` lets it pass from timer to timer; `run` and
//   `expect` let it pass as far as they need.
// - Faults: `kill` a process, `delay` what is sent to it, `drop` messages to it,
//   `crash_on_message`. Signals (links, monitors, exits, replies) are never lost, as in OTP.
// - What fails throws SimulationFailure, which names the seed and the virtual time.
// Belongs to the thread that made it, which must not be a process. Source: the idea of
// FoundationDB's simulation testing; Erlang's Concuerror and PropEr's PULSE.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/server_ref.h>

namespace otp::testing {

struct SimulationOptions {
  /// Decides everything. 0 takes the environment variable OTP_SEED, or 1.
  std::uint64_t seed = 0;
  /// Where reports go; null drops them.
  std::shared_ptr<ReportSink> reports = nullptr;
};

class SimulationFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Simulation {
 public:
  explicit Simulation(SimulationOptions options = {});
  /// Stops all processes, as Runtime does, in virtual time.
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  std::uint64_t seed() const noexcept;
  /// Virtual time since the beginning.
  Duration now() const noexcept;
  /// A number below `bound` from the seed, for the test's own choices.
  std::uint64_t random(std::uint64_t bound);

  /// Starts a process without a parent. It runs with the next step.
  Pid spawn(std::move_only_function<void()> body);
  /// Runs `body` as a process to its end, with everything that this takes. Throws when it can never
  /// end: nothing is runnable and no timer is armed.
  ExitReason run(std::move_only_function<void()> body);

  /// One turn of one process; false when none can run.
  bool step();
  /// Until no process can run. No time passes. Throws after a million turns.
  void run_until_idle();
  /// Lets `time` pass, from timer to timer.
  void advance(Duration time);

  bool is_alive(Pid pid) const;
  std::optional<Pid> whereis(Name name) const;
  /// Every live process, the oldest slot first.
  std::vector<Pid> processes() const;

  /// An exit signal from nobody; `kill` by default.
  void kill(Pid pid, const ExitReason& reason = ExitReason::kill());
  /// From now on what is sent to `pid` arrives so much later, in its order; its own time-outs do
  /// not. Zero ends that: what is on its way arrives first.
  void delay(Pid pid, Duration time);
  /// Loses the next `count` calls, casts and plain messages to `pid`.
  void drop(Pid pid, std::size_t count = 1);
  /// `pid`, a server, crashes with `reason` instead of handling the n-th message from now, from 1.
  void crash_on_message(Pid pid, std::size_t n,
                        ExitReason reason = ExitReason("crashed_by_simulation"));

  /// `expect("...").within(d).that(condition)`: fails when `condition` never holds until then.
  class Expectation {
   public:
    Expectation& within(Duration time) {
      time_ = time;
      return *this;
    }
    void that(const std::function<bool()>& condition);
    /// The opposite: it holds now and does not cease to hold.
    void stays(const std::function<bool()>& condition);

   private:
    friend class Simulation;
    Expectation(Simulation& simulation, std::string text)
        : simulation_(simulation), text_(std::move(text)) {}
    Simulation& simulation_;
    std::string text_;
    Duration time_{};
  };
  Expectation expect(std::string text) { return {*this, std::move(text)}; }
  /// Throws SimulationFailure with seed and time.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Runs `body` with the seeds first, first+1, ... With OTP_SEED set, with that one alone. A failure
/// names its seed and how to run it again.
void for_each_seed(std::uint64_t count, const std::function<void(Simulation&)>& body,
                   std::uint64_t first = 1);

}  // namespace otp::testing
