// Calls and casts to one server.
#include "harness.h"

namespace otp_bench {
namespace {

void calls(const Counter& server, long n) {
  for (long i = 0; i < n; ++i) server.bump(otp::infinity);
}

void call_roundtrip(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const Counter server = start_counter();
  const auto start = Clock::now();
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
  return {{"call_roundtrip", 1, call_roundtrip},
          {"call_parallel", 2, call_parallel},
          {"cast_throughput", 2, cast_throughput}};
}

}  // namespace otp_bench
