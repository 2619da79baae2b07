// What the supervision simulation watches: every start and every end of a worker, as they happen.
#pragma once

#include <otp/supervisor.h>
#include <otp/testing/simulation.h>

#include <map>
#include <string>
#include <vector>

#include "supervision.otp.h"

namespace otp::simulated_tests {

/// One for each seed. Workers run on the simulation's scheduler while the test waits, so nothing
/// here needs a lock.
class World {
 public:
  World();
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  /// Null when the test has given up already, and its processes are only being stopped.
  static World* current() noexcept;

  void started(std::int64_t number, Pid pid, Pid parent);
  void ended(std::int64_t number, Pid pid);

  /// "+0 +1 -1": starts and ends since the last call.
  std::string take_log();
  /// Two live workers of one number, at any time.
  const std::vector<std::string>& violations() const noexcept { return violations_; }
  struct Live {
    std::int64_t number;
    Pid parent;
  };
  const std::map<Pid, Live>& live() const noexcept { return live_; }
  Pid pid_of(std::int64_t number) const;

  /// How long terminate of each worker takes.
  std::map<std::int64_t, Duration> slowness;
  /// Numbers of which several may live: their supervisor is killed, so that old and new overlap.
  bool may_overlap = false;

 private:
  std::string log_;
  std::map<Pid, Live> live_;
  std::vector<std::string> violations_;
};

/// A child spec of worker `number`, named "w<number>" when `named`.
ChildSpec worker(std::int64_t number, Restart restart, bool named);

}  // namespace otp::simulated_tests
