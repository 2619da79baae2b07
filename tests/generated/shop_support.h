// What the tests of the shop share.
#pragma once

#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/sys.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shop.otp.h"

namespace shop {

using namespace std::chrono_literals;

/// What the handlers of AuditLog have seen, in order.
struct AuditRecord {
  std::mutex mutex;
  std::vector<std::string> lines;
  void add(std::string line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(lines, {});
  }
};
AuditRecord& audit_record();

/// How often the task Sweep has run.
std::atomic<int>& sweeps();

/// The start phases that were run, in order.
std::vector<ShopPhase>& phases();

class Shop : public ::testing::Test {
 protected:
  /// Runs `body` as a process that must end normally.
  void in_process(std::move_only_function<void()> body) {
    struct Quiet final : otp::ReportSink {
      void write(const otp::Report&) noexcept override {}
    };
    otp::Runtime runtime({.schedulers = 2, .reports = std::make_shared<Quiet>()});
    EXPECT_EQ(runtime.run(std::move(body)), otp::ExitReason::normal());
  }
  /// Waits, giving others the processor, until it is so.
  static void eventually(const std::function<bool()>& is_so) {
    while (!is_so()) otp::sleep(1ms);
  }
  /// The reason for which a process ends.
  static otp::ExitReason end_of(otp::Ref monitor) {
    otp::ExitReason reason;
    otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == monitor; },
                            [&](const otp::Down& down) { reason = down.reason; }));
    return reason;
  }
};

}  // namespace shop
