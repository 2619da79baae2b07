#include "harness.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <otp/process.h>

namespace otp_bench {

otp::Runtime* the_runtime = nullptr;

void fail(const char* what, int status) {
  std::fprintf(stderr, "otp-bench: %s\n", what);
  std::_Exit(status);
}

long number(const Arguments& arguments, std::size_t index, long fallback) {
  const long given = index < arguments.size() ? std::atol(arguments[index].c_str()) : fallback;
  if (given <= 0) fail("an argument must be a positive number");
  return given;
}

long proc_kb(const char* key) {
  std::FILE* file = std::fopen("/proc/self/status", "r");
  char line[256];
  long value = -1;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, key, std::strlen(key)) == 0) value = std::atol(line + std::strlen(key));
  }
  if (file != nullptr) std::fclose(file);
  return value;
}

std::int64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

void print(const std::string& bench, long n, Clock::duration time, const Extra& extra) {
  const double seconds = std::chrono::duration<double>(time).count();
  std::printf(
      "{\"bench\":\"%s\",\"impl\":\"otpc\",\"n\":%ld,\"seconds\":%.6f,\"ops_per_s\":%.1f,\"extra\":"
      "{\"vmhwm_kb\":%ld",
      bench.c_str(), n, seconds, static_cast<double>(n) / seconds, proc_kb("VmHWM:"));
  for (const auto& [key, value] : extra) std::printf(",\"%s\":%.3f", key.c_str(), value);
  std::printf("}}\n");
}

void add_percentiles(Extra& extra, std::vector<std::int64_t>& times, const std::string& prefix) {
  std::ranges::sort(times);
  const auto at = [&](double q) {
    const double rank = std::ceil(q * static_cast<double>(times.size()) / 100);
    return static_cast<double>(times[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]) / 1000;
  };
  extra.insert(extra.end(), {{prefix + "p50_us", at(50)},
                             {prefix + "p90_us", at(90)},
                             {prefix + "p99_us", at(99)},
                             {prefix + "p999_us", at(99.9)},
                             {prefix + "max_us", at(100)}});
}

Counter start_counter() { return Counter::start().value(); }

void parallel(long count, const std::function<void(long)>& body) {
  std::vector<otp::Ref> monitors;
  for (long i = 0; i < count; ++i)
    monitors.push_back(otp::spawn_monitor([&body, i] { body(i); }).second);
  for (const otp::Ref ref : monitors) {
    if (!otp::detail::await_down(ref)->reason.is_normal())
      fail("a process of the benchmark crashed");
  }
}

double compute(double theta) {
  const double sine = std::sin(theta);
  return sine * sine * sine * sine;
}

}  // namespace otp_bench
