// What the sessions' servers tell the benchmark that drives them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace otp_bench {

struct Traffic {
  alignas(64) std::atomic<std::int64_t> delivered{0};
  alignas(64) std::atomic<std::int64_t> missed{0};  ///< to somebody who was not there
  alignas(64) std::atomic<std::size_t> measured{0};
  std::vector<std::int64_t> times;  ///< of the measured ones, ns; as many as there is room for

  void took(std::int64_t ns) {
    const std::size_t at = measured.fetch_add(1, std::memory_order_relaxed);
    if (at < times.size()) times[at] = ns;
  }
  /// Nobody measures any more.
  std::vector<std::int64_t> take_times() {
    times.resize(std::min(measured.load(), times.size()));
    return std::move(times);
  }
};
Traffic& traffic();

}  // namespace otp_bench
