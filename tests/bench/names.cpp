// Names, and groups of processes.
#include <otp/process.h>
#include <otp/receive.h>

#include "harness.h"

namespace otp_bench {
namespace {

double each_ns(Clock::duration time, long n) {
  return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(n);
}

void registry(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const long lookups = number(arguments, 1, 1'000'000);
  const long calls = number(arguments, 2, 200'000);
  std::vector<otp::Name> names;
  std::vector<Counter> servers;
  for (long i = 0; i < n; ++i) {
    names.emplace_back("name_" + std::to_string(i));
    servers.push_back(start_counter());
  }
  const long memory_before = proc_kb("VmRSS:");
  const auto start = Clock::now();
  for (std::size_t i = 0; i < names.size(); ++i) otp::register_name(names[i], servers[i].address());
  const auto registered = Clock::now() - start;
  const long memory_after = proc_kb("VmRSS:");
  Random random(5);
  std::vector<std::size_t> asked;
  for (long i = 0; i < lookups; ++i) asked.push_back(random.below(names.size()));
  const auto lookup_start = Clock::now();
  for (const std::size_t i : asked) {
    if (!otp::whereis(names[i])) fail("a name is missing");
  }
  const auto looked_up = Clock::now() - lookup_start;
  const long called = std::min(calls, lookups);
  const auto call_start = Clock::now();
  for (long i = 0; i < called; ++i)
    Counter(names[asked[static_cast<std::size_t>(i)]]).bump(otp::infinity);
  const auto call_time = Clock::now() - call_start;
  print("registry", lookups, looked_up,
        {{"names", static_cast<double>(n)},
         {"register_ns", each_ns(registered, n)},
         {"lookup_ns", each_ns(looked_up, lookups)},
         {"call_by_name_ns", each_ns(call_time, called)},
         {"bytes_per_name",
          static_cast<double>(memory_after - memory_before) * 1024 / static_cast<double>(n)}});
}

void pubsub(const Arguments& arguments) {
  const long subscribers = number(arguments, 0, 1000);
  const long rounds = number(arguments, 1, 2000);
  for (long i = 0; i < subscribers; ++i) {
    if (!bench::Subscriber::start({.items = rounds, .reader = otp::self()}))
      fail("a subscriber does not start");
  }
  const auto start = Clock::now();
  parallel(1, [rounds](long) {
    for (long i = 0; i < rounds; ++i) bench::News::publish(bench::News::item{i});
  });
  for (long i = 0; i < subscribers; ++i) otp::receive_value<otp::Pid>();
  print(
      "pubsub", subscribers * rounds, Clock::now() - start,
      {{"subscribers", static_cast<double>(subscribers)}, {"rounds", static_cast<double>(rounds)}});
}

}  // namespace

std::vector<Bench> name_benches() {
  return {{"registry", "[NAMES [LOOKUPS [CALLS]]]", registry},
          {"pubsub", "[SUBSCRIBERS [ROUNDS]]", pubsub}};
}

}  // namespace otp_bench
