// Timers.
#include <otp/receive.h>
#include <otp/timer.h>

#include "harness.h"

namespace otp_bench {
namespace {

struct Tick {
  std::int64_t due_ns;
};
struct Armed {};
struct Lateness {
  std::vector<std::int64_t> times;
};

void receive_ticks(long each, std::uint64_t seed, otp::Pid main) {
  Random random(seed);
  for (long i = 0; i < each; ++i) {
    const auto delay = std::chrono::milliseconds(1000 + random.below(4000));
    otp::send_after(delay, otp::self(), Tick{now_ns() + std::chrono::nanoseconds(delay).count()});
  }
  otp::send(main, Armed{});
  std::vector<std::int64_t> late;
  late.reserve(static_cast<std::size_t>(each));
  for (long i = 0; i < each; ++i) {
    const Tick tick = *otp::receive_value<Tick>();
    late.push_back(now_ns() - tick.due_ns);
  }
  otp::send(main, Lateness{std::move(late)});
}

void timers(const Arguments& arguments) {
  const long receivers = number(arguments, 1, 100);
  const long each = number(arguments, 0, 1'000'000) / receivers;
  const otp::Pid main = otp::self();
  const std::int64_t cpu_before = cpu_us();
  const long memory_before = proc_kb("VmRSS:");
  const auto start = Clock::now();
  for (long i = 1; i <= receivers; ++i) {
    otp::spawn_link([each, i, main] { receive_ticks(each, static_cast<std::uint64_t>(i), main); });
  }
  for (long i = 0; i < receivers; ++i) otp::receive_value<Armed>();
  const auto armed = Clock::now() - start;
  const std::int64_t armed_cpu = cpu_us() - cpu_before;
  const long memory_after = proc_kb("VmRSS:");
  std::vector<Lateness> measured;  // put together when nobody waits for this scheduler any more
  for (long i = 0; i < receivers; ++i) measured.push_back(*otp::receive_value<Lateness>());
  const auto time = Clock::now() - start;
  const std::int64_t cpu = cpu_us() - cpu_before;
  std::vector<std::int64_t> late;
  for (const Lateness& some : measured)
    late.insert(late.end(), some.times.begin(), some.times.end());
  const long n = each * receivers;
  const double arm_us = std::chrono::duration<double, std::micro>(armed).count();
  Extra extra{{"receivers", static_cast<double>(receivers)},
              {"arm_us", arm_us},
              {"arm_cpu_us", static_cast<double>(armed_cpu)},
              {"cpu_us", static_cast<double>(cpu)},
              {"ns_arm", arm_us * 1000 / static_cast<double>(n)},
              {"bytes_per_timer",
               static_cast<double>(memory_after - memory_before) * 1024 / static_cast<double>(n)}};
  add_percentiles(extra, late);
  print("timers", n, time, extra);
}

void timer_cancel(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) {
    if (!otp::cancel_timer(otp::send_after(std::chrono::seconds(5), otp::self(), Tick{0})))
      fail("a timer is missing");
  }
  print("timer_cancel", n, Clock::now() - start);
}

}  // namespace

std::vector<Bench> timer_benches() {
  return {{"timers", "[N [RECEIVERS]]", timers}, {"timer_cancel", "[N]", timer_cancel}};
}

}  // namespace otp_bench
