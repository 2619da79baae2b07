// What both kinds of supervisors do: start a child, stop one, count restarts, report.
#pragma once

#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <otp/report.h>
#include <otp/supervisor.h>

#include "core/clock.h"

namespace otp::detail {

/// More than `intensity` restarts within `period` are too many.
class RestartWindow {
 public:
  RestartWindow(std::size_t intensity, Duration period)
      : intensity_(intensity), period_(period.count()) {}
  /// Enters one restart; false when it is one too many.
  bool add(Nanoseconds now);
  /// New limits; what has been counted stays.
  void set(std::size_t intensity, Duration period) {
    intensity_ = intensity;
    period_ = period.count();
  }

 private:
  std::size_t intensity_;
  Nanoseconds period_;
  std::deque<Nanoseconds> restarts_;
};

/// How long the next restart of one child waits.
class RestartDelay {
 public:
  void started(TimePoint now) noexcept { started_ = now; }
  /// The child has ended. Zero without a back-off.
  Duration next(const std::optional<Backoff>& backoff, TimePoint now) noexcept;

 private:
  TimePoint started_{};
  unsigned restarts_ = 0;
};

/// Its own, or the default of its type.
Shutdown shutdown_of(const ChildSpec& spec);
/// What OTP's check of a child spec says against it; none when it is sound.
std::optional<ExitReason> fault_of(const ChildSpec& spec, AutoShutdown auto_shutdown);
/// The same for the limits of a supervisor.
std::optional<ExitReason> fault_of_period(Duration period);

class Supervision {
 public:
  explicit Supervision(std::string name) : name_(std::move(name)) {}
  const std::string& name() const noexcept { return name_; }

  std::expected<StartedChild, StartError> start(const ChildSpec& spec) const;
  /// Returns when the child is dead. An Exit of it never comes after that.
  void stop(const ChildSpec& spec, Pid pid) const;
  /// The same for many at once, each with its own limit, which begins now for all.
  void stop_all(const std::vector<std::pair<const ChildSpec*, Pid>>& children) const;
  void report(SupervisorReport::Context context, const ChildSpec& spec, Pid child,
              const ExitReason& reason) const;

 private:
  struct Stopping {
    const ChildSpec* spec;
    Ref monitor;
    std::optional<ExitReason> exited;  ///< it had ended by itself, for this reason
  };
  void report_stop(const ChildSpec& spec, Pid pid, const ExitReason& reason) const;

  std::string name_;
};

/// `ignore` leaves a child without a process and is no error.
inline bool is_ignore(const StartError& error) noexcept {
  return error.kind == StartError::Kind::ignore;
}

}  // namespace otp::detail
