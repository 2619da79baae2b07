// Who decides in a simulation: which process runs next, for how long, and when nothing may.
//
// With a driver a group has one scheduler, no monitor, and no queues of its own; it asks the driver
// instead.
#pragma once

#include <cstdint>

#include "core/runnable.h"

namespace otp::detail {

class Driver {
 public:
  virtual ~Driver() = default;
  /// A process has become runnable. Any thread.
  virtual void ready(Runnable& runnable) noexcept = 0;
  /// The one that runs next; null when none may. Scheduler thread.
  virtual Runnable* next() noexcept = 0;
  /// Whether the process that runs, and has had its share, is to go on at once. Scheduler thread.
  virtual bool keeps_current(const Runnable& current) noexcept = 0;
  /// How many operations it may do. Scheduler thread.
  virtual std::int32_t budget() noexcept = 0;
  /// Returns when one may run again, or the group stops. Scheduler thread.
  virtual void wait() noexcept = 0;
  /// Lets `wait` return for good.
  virtual void stop() noexcept = 0;
};

}  // namespace otp::detail
