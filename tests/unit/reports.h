// A sink that keeps what is reported, for tests to look at.
#pragma once

#include <otp/report.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace otp {

/// Keeps what is reported.
class Reports final : public ReportSink {
 public:
  void write(const Report& report) noexcept override {
    const std::lock_guard lock(mutex_);
    reports_.push_back(report);
    changed_.notify_all();
  }
  /// The first that `matches`, once it is there; fails after a while.
  template <class T, class F>
  T wait_for(F matches) {
    std::unique_lock lock(mutex_);
    T found;
    const auto is_there = [&] {
      return std::ranges::any_of(reports_, [&](const Report& each) {
        const T* report = std::get_if<T>(&each);
        if (report == nullptr || !matches(*report)) return false;
        found = *report;
        return true;
      });
    };
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds{30}, is_there));
    return found;
  }
  /// How many warnings there are of a process.
  std::ptrdiff_t warnings_of(Pid pid) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::count_if(reports_, [pid](const Report& each) {
      const auto* report = std::get_if<WarningReport>(&each);
      return report != nullptr && report->pid == pid;
    });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Report> reports_;
};

}  // namespace otp
