// What the PROC cases share: a runtime whose reports are kept, and waits on conditions.
#pragma once

#include <otp/call.h>
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/server_ref.h>
#include <otp/testing/simulation.h>

#include <time.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace otp::conformance {

using namespace std::chrono_literals;

class ReportCollector final : public ReportSink {
 public:
  void write(const Report& report) noexcept override {
    const std::lock_guard lock(mutex_);
    reports_.push_back(report);
  }
  template <class R>
  std::vector<R> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<R> result;
    for (const Report& report : reports_) {
      if (const auto* found = std::get_if<R>(&report)) result.push_back(*found);
    }
    return result;
  }
  std::vector<CrashReport> crashes() const { return all<CrashReport>(); }

 private:
  mutable std::mutex mutex_;
  std::vector<Report> reports_;
};

class Proc : public ::testing::Test {
 protected:
  /// Runs `body` as a process that must end normally: a stray exit signal fails the test. With
  /// OTP_SIMULATED=SEED in the environment everything is simulated, in virtual time.
  void in_process(std::move_only_function<void()> body) {
    if (const char* first_seed = std::getenv("OTP_SIMULATED")) {
      static std::uint64_t runs = 0;  // each run has a seed of its own, also with --gtest_repeat
      const std::uint64_t seed = std::strtoull(first_seed, nullptr, 10) + runs++;
      SCOPED_TRACE("OTP_SIMULATED=" + std::to_string(seed));
      testing::Simulation simulation({.seed = seed, .reports = reports});
      EXPECT_EQ(simulation.run(std::move(body)), ExitReason::normal());
      return;
    }
    Runtime runtime({.schedulers = 2, .reports = reports});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }
  std::shared_ptr<ReportCollector> reports = std::make_shared<ReportCollector>();
};

/// For waits whose end is expected: long enough for a loaded machine under a sanitizer.
inline constexpr auto patience = 30s;

/// What the program has used of the processors: unlike a clock it does not see what else runs.
inline std::chrono::nanoseconds processor_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

inline Down down_of(Ref ref) {
  auto down = detail::await_down(ref, patience);
  if (!down) throw std::runtime_error("no DOWN came");
  return *std::move(down);
}
/// Ends the caller's wait for `pid` with the reason of its end.
inline ExitReason end_of(Pid pid) { return down_of(monitor(pid)).reason; }

template <class T>
T next() {
  auto value = receive_value<T>(patience);
  if (!value) throw std::runtime_error("the expected message did not come");
  return *std::move(value);
}

/// True as soon as `holds` is; false when it never becomes so.
template <class Condition>
bool eventually(Condition holds) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    sleep(1ms);
  }
  return true;
}

inline bool mailbox_is_empty() { return process_info(self())->message_queue_length == 0; }

/// What stop() fails with; none when it succeeds.
inline std::optional<ExitReason> stop_failure(const ServerRef& server,
                                              const ExitReason& reason = ExitReason::normal(),
                                              Timeout timeout = patience) {
  try {
    server.stop(reason, timeout);
    return std::nullopt;
  } catch (const CallExit& exit) {
    return exit.error().reason;
  }
}

/// A process that lives until it is told to end by a signal.
inline void stay() { sleep(infinity); }

}  // namespace otp::conformance
