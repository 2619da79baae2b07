// What the benchmarks share: arguments, measurements of the program itself, the one JSON line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <otp/runtime.h>

#include "bench.otp.h"

namespace otp_bench {

using bench::Counter;
using Clock = std::chrono::steady_clock;
using Arguments = std::vector<std::string>;
using Extra = std::vector<std::pair<std::string, double>>;

/// What the benchmarks run in; set before any does.
extern otp::Runtime* the_runtime;

/// Ends the program.
[[noreturn]] void fail(const char* what, int status = 1);
/// The argument at `index`, a positive number.
long number(const Arguments& arguments, std::size_t index, long fallback);

/// A figure of /proc/self/status, in KiB: "VmRSS:", "VmHWM:".
long proc_kb(const char* key);
/// CPU time of the whole program.
std::int64_t cpu_us();
std::int64_t now_ns();

void print(const std::string& bench, long n, Clock::duration time, const Extra& extra = {});
/// p50_us to max_us of some nanoseconds.
void add_percentiles(Extra& extra, std::vector<std::int64_t>& times,
                     const std::string& prefix = "");

Counter start_counter();
/// Runs `body` in `count` fresh processes and waits for all.
void parallel(long count, const std::function<void(long)>& body);

/// xorshift64: cheap, so that it is not what is measured.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
  std::uint64_t below(std::uint64_t n) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return (state_ >> 33U) % n;
  }

 private:
  std::uint64_t state_;
};

/// The small computation of Savina's fork-join benchmarks.
double compute(double theta);

struct Bench {
  const char* name;
  const char* arguments;  ///< a word for each; more select a variant of another program
  std::function<void(const Arguments&)> run;
};
std::vector<Bench> call_benches();
std::vector<Bench> server_benches();
std::vector<Bench> message_benches();
std::vector<Bench> timer_benches();
std::vector<Bench> name_benches();
std::vector<Bench> load_benches();
std::vector<Bench> tcp_benches();
std::vector<Bench> session_benches();
std::vector<Bench> peak_benches();

}  // namespace otp_bench
