// What the SUP and DSUP cases share: workers that a test scripts, and waits on their supervisor.
#pragma once

#include <otp/supervisor.h>
#include <otp/sys.h>

#include <algorithm>
#include <atomic>
#include <functional>

#include "proc_support.h"
#include "sup.otp.h"

namespace otp::conformance {

using sup_cases::Worker;

/// What started and ended, in order: "+a +b -b".
class Log {
 public:
  void add(const std::string& entry) {
    const std::lock_guard lock(mutex_);
    text_ += (text_.empty() ? "" : " ") + entry;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

/// What the workers of one child do.
struct WorkerScript {
  std::string id;
  std::shared_ptr<Log> log;
  /// The result of the n-th init, from 1.
  std::function<Init(int)> init = [](int) { return Init(ok()); };
  /// Runs in terminate, before the end is logged.
  std::function<void()> stopping = [] {};
  std::shared_ptr<std::atomic<int>> starts = std::make_shared<std::atomic<int>>(0);
};
/// The init argument of a Worker that follows it.
std::int64_t script(WorkerScript worker);

/// A message that a worker that is stuck in terminate waits for, and none ever sends.
struct Never {};

class Sup : public Proc {
 protected:
  std::shared_ptr<Log> log = std::make_shared<Log>();

  WorkerScript worker(const std::string& id) const { return {.id = id, .log = log}; }
  /// A child spec of a Worker.
  static ChildSpec spec(WorkerScript worker, Restart restart = Restart::permanent) {
    const std::string id = worker.id;
    return {
        .id = id,
        .start = [number = script(std::move(worker))]() -> std::expected<StartedChild, StartError> {
          const auto started = Worker::start_link({.script = number});
          if (!started) return std::unexpected(started.error());
          return started->address();
        },
        .restart = restart};
  }
  ChildSpec child(const std::string& id, Restart restart = Restart::permanent) const {
    return spec(worker(id), restart);
  }
  static SupervisorRef start(SupervisorSpec given) {
    given.name = "S";
    return start_supervisor(std::move(given)).value();
  }
};

inline std::optional<ChildInfo> info_of(const SupervisorRef& supervisor, const std::string& id) {
  const auto children = supervisor.which_children();
  const auto found = std::ranges::find(children, id, &ChildInfo::id);
  return found == children.end() ? std::nullopt : std::optional(*found);
}
/// Null when it does not run.
inline Pid pid_of(const SupervisorRef& supervisor, const std::string& id) {
  const auto info = info_of(supervisor, id);
  return info && info->pid ? *info->pid : Pid{};
}
/// The new pid of a child that is expected to be restarted.
inline Pid restarted(const SupervisorRef& supervisor, const std::string& id, Pid former) {
  Pid now;
  EXPECT_TRUE(eventually([&] {
    now = pid_of(supervisor, id);
    return now && now != former;
  }));
  return now;
}
/// Ends a child by its own doing, and waits for that.
inline void end_child(Pid pid, const ExitReason& reason) {
  const Ref ref = monitor(pid);
  if (reason == ExitReason::killed()) {
    exit(pid, ExitReason::kill());
  } else if (reason.is_shutdown() && !reason.text().empty()) {
    Worker(pid).end_shutdown(std::string(reason.text()));
  } else {
    Worker(pid).end(to_string(reason));
  }
  EXPECT_EQ(down_of(ref).reason, reason);
}
/// Ends a child and waits until it runs again.
inline Pid break_child(const SupervisorRef& supervisor, const std::string& id,
                       const ExitReason& reason = ExitReason("died")) {
  const Pid former = pid_of(supervisor, id);
  end_child(former, reason);
  return restarted(supervisor, id, former);
}
inline std::vector<std::string> ids_of(const std::vector<ChildInfo>& children) {
  std::vector<std::string> ids;
  for (const ChildInfo& each : children) ids.push_back(each.id);
  return ids;
}
inline ChildCounts counts(std::size_t specs, std::size_t active, std::size_t supervisors,
                          std::size_t workers) {
  return {.specs = specs, .active = active, .supervisors = supervisors, .workers = workers};
}
using Ids = std::vector<std::string>;

inline const std::vector<ExitReason>& ends() {
  static const std::vector<ExitReason> all{ExitReason::normal(), ExitReason::shutdown(),
                                           ExitReason::shutdown("x"), ExitReason("died"),
                                           ExitReason::killed()};
  return all;
}

}  // namespace otp::conformance
