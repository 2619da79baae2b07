// Calls and casts to one server.
#include <thread>

#include "harness.h"

namespace otp_bench {
namespace {

void calls(const Counter& server, long n) {
  for (long i = 0; i < n; ++i) server.bump(otp::infinity);
}

/// From a thread that is no process: each call starts one.
void calls_from_outside(const Counter& server, long n) {
  std::thread thread([&] {
    for (long i = 0; i < n; ++i) the_runtime->invoke([&] { return server.bump(otp::infinity); });
  });
  otp::blocking([&] { thread.join(); });
}

void call_roundtrip(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const bool from_outside = arguments.size() > 1;
  if (from_outside && arguments[1] != "blocking") fail("a variant of another program", 2);
  const Counter server = start_counter();
  const auto start = Clock::now();
  if (from_outside)
    calls_from_outside(server, n);
  else
    parallel(1, [&](long) { calls(server, n); });
  const auto time = Clock::now() - start;
  if (server.get() != n) fail("calls are missing");
  print("call_roundtrip", n, time);
}

void call_parallel(const Arguments& arguments) {
  const long pairs = number(arguments, 1, 64);
  const long each = number(arguments, 0, 1'000'000) / pairs;
  const auto start = Clock::now();
  parallel(pairs, [&](long) { calls(start_counter(), each); });
  print("call_parallel", each * pairs, Clock::now() - start,
        {{"pairs", static_cast<double>(pairs)}});
}

void cast_throughput(const Arguments& arguments) {
  const long producers = number(arguments, 1, 1);
  const long each = number(arguments, 0, 5'000'000) / producers;
  const Counter server = start_counter();
  const auto start = Clock::now();
  parallel(producers, [&](long) {
    for (long i = 0; i < each; ++i) server.inc();
    server.get(otp::infinity);
  });
  const auto time = Clock::now() - start;
  if (server.get(otp::infinity) != each * producers) fail("casts are missing");
  print("cast_throughput", each * producers, time, {{"producers", static_cast<double>(producers)}});
}

}  // namespace

std::vector<Bench> call_benches() {
  return {{"call_roundtrip", "[N [blocking]]", call_roundtrip},
          {"call_parallel", "[N [PAIRS]]", call_parallel},
          {"cast_throughput", "[N [PRODUCERS]]", cast_throughput}};
}

}  // namespace otp_bench
