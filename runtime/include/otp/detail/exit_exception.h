// How a process leaves its stack: the exception behind otp::exit() and behind an exit signal that
// ends a blocked process. Deliberately no std::exception, so that `catch (const std::exception&)`
// lets it pass.
#pragma once

#include <utility>

#include <otp/exit_reason.h>

namespace otp::detail {

class ExitException {
 public:
  explicit ExitException(ExitReason reason, bool from_signal = false) noexcept
      : reason_(std::move(reason)), from_signal_(from_signal) {}
  const ExitReason& reason() const noexcept { return reason_; }
  /// True for an untrapped exit signal: it cannot be kept, and terminate is not called.
  bool from_signal() const noexcept { return from_signal_; }

 private:
  ExitReason reason_;
  bool from_signal_;
};

}  // namespace otp::detail
