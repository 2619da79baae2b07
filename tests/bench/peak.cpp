// What is left of a peak: resident memory before it, at it, and when it has been over for a while.
#include <thread>

#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/timer.h>

#include "harness.h"

namespace otp_bench {
namespace {

struct Item {
  std::int64_t number;
};
struct Count {};

/// A million messages wait in one mailbox, and are taken.
void messages(long n, long& highest) {
  const auto [pid, ref] = otp::spawn_monitor([n, &highest] {
    otp::receive_value<Count>();
    highest = proc_kb("VmRSS:");
    for (long i = 0; i < n; ++i) {
      if (otp::receive_value<Item>()->number != i) fail("a message is missing");
    }
  });
  for (long i = 0; i < n; ++i) otp::send(pid, Item{i});
  otp::send(pid, Count{});
  otp::detail::await_down(ref);
}

/// A million servers are started, answer, and end.
void processes(long n, long& highest) {
  std::vector<Counter> servers;
  servers.reserve(static_cast<std::size_t>(n));
  for (long i = 0; i < n; ++i) servers.push_back(start_counter());
  for (const Counter& each : servers) each.get();
  highest = proc_kb("VmRSS:");
  for (const Counter& each : servers) each.finish();
}

/// A million timers are armed for later, and fire.
void timers(long n, long& highest) {
  const auto [pid, ref] = otp::spawn_monitor([n] {
    for (long i = 0; i < n; ++i) otp::receive_value<Item>();
  });
  for (long i = 0; i < n; ++i) otp::send_after(std::chrono::seconds(1), pid, Item{i});
  highest = proc_kb("VmRSS:");
  otp::detail::await_down(ref);
}

/// Beside a runtime that has warmed up; and once more, to tell what is kept from what is lost.
void peak(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const long wait_ms = number(arguments, 1, 4000);
  const auto settled = [wait_ms] {
    otp::sleep(std::chrono::milliseconds(wait_ms));
    return proc_kb("VmRSS:");
  };
  const auto start = Clock::now();
  Extra extra;
  struct Kind {
    const char* name;
    void (*make)(long, long&);
  };
  for (const auto& [name, make] :
       {Kind{"messages", messages}, Kind{"timers", timers}, Kind{"processes", processes}}) {
    long highest = 0;
    make(1000, highest);
    const long before = settled();
    for (const char* round : {"", "_again"}) {
      make(n, highest);
      extra.emplace_back(std::string(name) + round + "_peak_kb", highest - before);
      extra.emplace_back(std::string(name) + round + "_left_kb", settled() - before);
    }
  }
  print("peak", n, Clock::now() - start, extra);
}

/// So many processes are blocked in a call at once, each with its own stack and time-out; then all
/// are answered.
void blocked_calls(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const auto door = bench::Door::start().value();
  const Counter right = start_counter();
  const long before = proc_kb("VmRSS:");
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) {
    otp::spawn([door, right] {
      if (door.enter() >= 0) right.inc();
    });
  }
  while (door.waiting(otp::infinity) < n) otp::sleep(std::chrono::milliseconds(1));
  const auto blocked = Clock::now();
  const long after = proc_kb("VmRSS:");
  if (door.open(otp::infinity) != n) fail("a caller is missing");
  while (right.get(otp::infinity) < n) otp::sleep(std::chrono::milliseconds(1));
  const auto answered = Clock::now();
  otp::sleep(std::chrono::seconds(4));
  print("blocked_calls", n, blocked - start,
        {{"bytes_per_process", static_cast<double>(after - before) * 1024 / static_cast<double>(n)},
         {"answer_all_s", std::chrono::duration<double>(answered - blocked).count()},
         {"left_kb", static_cast<double>(proc_kb("VmRSS:") - before)}});
}

}  // namespace

std::vector<Bench> peak_benches() {
  return {{"peak", "[N [WAIT_MS]]", peak}, {"blocked_calls", "[N]", blocked_calls}};
}

}  // namespace otp_bench
