// The life of servers: start, stop, restart, and what they weigh.
#include <algorithm>
#include <cstring>

#include <otp/receive.h>
#include <otp/supervisor.h>

#include "harness.h"

namespace otp_bench {
namespace {

void spawn_loop(long n, bool link) {
  for (long i = 0; i < n; ++i) {
    const Counter server = link ? Counter::start_link().value() : start_counter();
    server.get();
    if (link) {
      server.stop();
    } else {
      server.finish();
    }
  }
}

void spawn_servers(const Arguments& arguments, bool link, const char* name) {
  const long parents = number(arguments, 1, 1);
  const long each = number(arguments, 0, 200'000) / parents;
  const auto start = Clock::now();
  parallel(parents, [&](long) { spawn_loop(each, link); });
  print(name, each * parents, Clock::now() - start, {{"parents", static_cast<double>(parents)}});
}

void spawn_sup(const Arguments& arguments) {
  const long n = number(arguments, 0, 50'000);
  const auto supervisor = bench::CounterSup::start_link().value();
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) {
    const Counter server = supervisor.start_child().value();
    server.get();
    if (!supervisor.terminate_child(server.address())) fail("a child is missing");
  }
  print("spawn_sup", n, Clock::now() - start);
}

void spawn_raw(const Arguments& arguments) {
  const long parents = number(arguments, 1, 1);
  const long each = number(arguments, 0, 300'000) / parents;
  const auto start = Clock::now();
  parallel(parents, [&](long) {
    for (long i = 0; i < each; ++i) {
      otp::send(otp::spawn([] { otp::send(*otp::receive_value<otp::Pid>(), 0); }), otp::self());
      otp::receive_value<int>();
    }
  });
  print("spawn_raw", each * parents, Clock::now() - start,
        {{"parents", static_cast<double>(parents)}});
}

/// When what has just been done is over: a second later, as the peers' programs look.
long settled_kb() {
  otp::sleep(std::chrono::seconds(1));
  return proc_kb("VmRSS:");
}

void memory(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  std::vector<Counter> servers;
  servers.reserve(static_cast<std::size_t>(n));
  std::memset(static_cast<void*>(servers.data()), 0, static_cast<std::size_t>(n) * sizeof(Counter));
  const long before = proc_kb("VmRSS:");
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) servers.push_back(start_counter());
  const auto started = Clock::now();
  const long after_start = settled_kb();
  const auto call_start = Clock::now();
  for (const Counter& server : servers) server.get();
  const auto called = Clock::now();
  const long after_call = settled_kb();
  const auto bytes = [&](long kb) {
    return static_cast<double>(kb - before) * 1024 / static_cast<double>(n);
  };
  print("memory", n, started - start,
        {{"bytes_per_process", bytes(after_start)},
         {"bytes_per_process_after_call", bytes(after_call)},
         {"call_each_us", std::chrono::duration<double, std::micro>(called - call_start).count()},
         {"rss0_kb", static_cast<double>(before)},
         {"rss1_kb", static_cast<double>(after_start)}});
}

void supervisor_restart(const Arguments& arguments) {
  const long n = number(arguments, 0, 20'000);
  const long supervisors = number(arguments, 1, 1);
  const otp::Pid me = otp::self();
  std::vector<otp::Pid> queue;
  for (long i = 0; i < supervisors; ++i) {
    otp::ChildSpec child{.id = "c",
                         .start = [me]() -> std::expected<otp::Pid, otp::StartError> {
                           const auto started = Counter::start_link({.initial = 0, .up = me});
                           if (!started) return std::unexpected(started.error());
                           return started->address();
                         },
                         .shutdown = otp::Shutdown::brutal_kill()};
    if (!otp::start_supervisor({.name = "bench",
                                .intensity = 100'000'000,
                                .period = std::chrono::seconds(1),
                                .children = {child}}))
      fail("no supervisor");
    queue.push_back(otp::receive_value<otp::Pid>().value());
  }
  std::vector<std::int64_t> latencies;
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) {
    otp::Pid& victim = queue[static_cast<std::size_t>(i % supervisors)];
    const auto kill = Clock::now();
    otp::exit(victim, otp::ExitReason::kill());
    victim = otp::receive_value<otp::Pid>().value();
    Counter(victim).get();
    latencies.push_back((Clock::now() - kill).count());
  }
  const auto time = Clock::now() - start;
  Extra extra{{"supervisors", static_cast<double>(supervisors)}};
  add_percentiles(extra, latencies);
  print("supervisor_restart", n, time, extra);
}

}  // namespace

std::vector<Bench> server_benches() {
  return {{"spawn", "[N [PARENTS]]", [](const Arguments& a) { spawn_servers(a, false, "spawn"); }},
          {"spawn_link", "[N [PARENTS]]",
           [](const Arguments& a) { spawn_servers(a, true, "spawn_link"); }},
          {"spawn_sup", "[N]", spawn_sup},
          {"spawn_raw", "[N [PARENTS]]", spawn_raw},
          {"memory", "[N]", memory},
          {"supervisor_restart", "[N [SUPERVISORS]]", supervisor_restart}};
}

}  // namespace otp_bench
