// How soon a server answers beside processes that never give up their threads.
#include <atomic>

#include <otp/receive.h>
#include <otp/runtime.h>

#include "harness.h"

namespace otp_bench {
namespace {

std::atomic<std::uint64_t> spins{0};

void latency_under_load(const Arguments& arguments) {
  const auto end = std::chrono::seconds(number(arguments, 0, 4));
  const long spinners = arguments.size() > 1 ? std::atol(arguments[1].c_str()) : 0;
  const Counter server = start_counter();
  for (long i = 0; i < spinners; ++i) {
    otp::spawn([] {
      for (;;) spins.fetch_add(1, std::memory_order_relaxed);
    });
  }
  std::vector<std::int64_t> latencies;
  std::vector<std::int64_t> ticks;
  const auto start = Clock::now();
  while (Clock::now() - start < end) {
    const std::int64_t before = now_ns();
    otp::sleep(std::chrono::milliseconds(1));
    const std::int64_t woken = now_ns();
    server.bump(otp::infinity);
    ticks.push_back(woken - before);
    latencies.push_back(now_ns() - woken);
  }
  const auto time = Clock::now() - start;
  Extra extra{{"spinners", static_cast<double>(spinners)}};
  add_percentiles(extra, ticks, "tick_");
  add_percentiles(extra, latencies);
  print("latency_under_load", static_cast<long>(latencies.size()), time, extra);
}

}  // namespace

std::vector<Bench> load_benches() {
  return {{"latency_under_load", "[SECONDS [SPINNERS]]", latency_under_load}};
}

}  // namespace otp_bench
