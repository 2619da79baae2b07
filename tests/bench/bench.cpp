// otp-bench BENCH ARG...: one benchmark, one JSON line, in the shape of the peers' programs.
//
// Servers come from bench.otp through generated code; there is no private fast path. Unknown
// benchmark, or a variant that is not ours: exit status 2.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>
#include <otp/supervisor.h>

#include "bench.otp.h"

namespace {

using bench::Counter;
using Clock = std::chrono::steady_clock;
using Arguments = std::vector<std::string>;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "otp-bench: %s\n", what);
  std::_Exit(1);
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

using Extra = std::vector<std::pair<std::string, double>>;

void print(const std::string& bench, long n, Clock::duration time, const Extra& extra = {}) {
  const double seconds = std::chrono::duration<double>(time).count();
  std::printf(
      "{\"bench\":\"%s\",\"impl\":\"otpc\",\"n\":%ld,\"seconds\":%.6f,\"ops_per_s\":%.1f,\"extra\":"
      "{\"vmhwm_kb\":%ld",
      bench.c_str(), n, seconds, static_cast<double>(n) / seconds, proc_kb("VmHWM:"));
  for (const auto& [key, value] : extra) std::printf(",\"%s\":%.3f", key.c_str(), value);
  std::printf("}}\n");
}

Counter start_counter() { return Counter::start().value(); }

/// Runs `body` in `count` fresh processes and waits for all.
void parallel(long count, const std::function<void(long)>& body) {
  std::vector<otp::Ref> monitors;
  for (long i = 0; i < count; ++i)
    monitors.push_back(otp::spawn_monitor([&body, i] { body(i); }).second);
  for (const otp::Ref ref : monitors) {
    if (!otp::detail::await_down(ref)->reason.is_normal())
      fail("a process of the benchmark crashed");
  }
}

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

void memory(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  std::vector<Counter> servers;
  servers.reserve(static_cast<std::size_t>(n));
  std::memset(static_cast<void*>(servers.data()), 0, static_cast<std::size_t>(n) * sizeof(Counter));
  const long before = proc_kb("VmRSS:");
  const auto start = Clock::now();
  for (long i = 0; i < n; ++i) servers.push_back(start_counter());
  const auto started = Clock::now();
  const long after_start = proc_kb("VmRSS:");
  const auto call_start = Clock::now();
  for (const Counter& server : servers) server.get();
  const auto called = Clock::now();
  const long after_call = proc_kb("VmRSS:");
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
  std::ranges::sort(latencies);
  const auto at = [&](double q) {
    return static_cast<double>(
               latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))]) /
           1000;
  };
  print("supervisor_restart", n, time,
        {{"supervisors", static_cast<double>(supervisors)},
         {"p50_us", at(0.5)},
         {"p90_us", at(0.9)},
         {"p99_us", at(0.99)},
         {"p999_us", at(0.999)},
         {"max_us", at(1)}});
}

// ---- Plain processes ----

struct Ping {
  otp::Pid from;
};
struct Pong {};

void ping_pong(const Arguments& arguments) {
  const long n = number(arguments, 0, 1'000'000);
  const auto start = Clock::now();
  parallel(1, [&](long) {
    const otp::Pid pong = otp::spawn_link([] {
      for (;;) otp::send(otp::receive_value<Ping>()->from, Pong{});
    });
    for (long i = 0; i < n; ++i) {
      otp::send(pong, Ping{otp::self()});
      otp::receive_value<Pong>();
    }
    otp::unlink(pong);
    otp::exit(pong, otp::ExitReason::kill());
  });
  print("ping_pong", n, Clock::now() - start);
}

struct Token {
  long hops;
};

void thread_ring(const Arguments& arguments) {
  const long processes = number(arguments, 0, 100);
  const long hops = number(arguments, 1, 1'000'000);
  const otp::Pid main = otp::self();
  const auto member = [main](otp::Pid next) {
    for (;;) {
      const Token token = *otp::receive_value<Token>();
      if (token.hops == 0) {
        otp::send(main, Pong{});
      } else {
        otp::send(next, Token{token.hops - 1});
      }
    }
  };
  const otp::Pid first = otp::spawn([member] { member(*otp::receive_value<otp::Pid>()); });
  otp::Pid next = first;
  for (long i = 1; i < processes; ++i) next = otp::spawn([member, next] { member(next); });
  otp::send(first, next);
  const auto start = Clock::now();
  otp::send(first, Token{hops});
  otp::receive_value<Pong>();
  print("thread_ring", hops, Clock::now() - start, {{"procs", static_cast<double>(processes)}});
}

struct Increment {};
struct Get {
  otp::Pid from;
};

void counting(const Arguments& arguments) {
  const long n = number(arguments, 0, 2'000'000);
  const auto start = Clock::now();
  parallel(1, [&](long) {
    const otp::Pid counter = otp::spawn_link([] {
      long count = 0;
      for (bool done = false; !done;) {
        otp::receive(otp::on([&](Increment) { ++count; }), otp::on([&](Get get) {
                       otp::send(get.from, count);
                       done = true;
                     }));
      }
    });
    for (long i = 0; i < n; ++i) otp::send(counter, Increment{});
    otp::send(counter, Get{otp::self()});
    if (otp::receive_value<long>() != n) fail("messages are missing");
  });
  print("counting", n, Clock::now() - start);
}

struct Bench {
  std::size_t most_arguments;  // more select a variant of another program
  std::function<void(const Arguments&)> run;
};

const std::map<std::string, Bench>& benches() {
  static const std::map<std::string, Bench> all{
      {"call_roundtrip", {1, call_roundtrip}},
      {"call_parallel", {2, call_parallel}},
      {"cast_throughput", {2, cast_throughput}},
      {"spawn", {2, [](const Arguments& a) { spawn_servers(a, false, "spawn"); }}},
      {"spawn_link", {2, [](const Arguments& a) { spawn_servers(a, true, "spawn_link"); }}},
      {"spawn_sup", {1, spawn_sup}},
      {"memory", {1, memory}},
      {"supervisor_restart", {2, supervisor_restart}},
      {"ping_pong", {1, ping_pong}},
      {"thread_ring", {2, thread_ring}},
      {"counting", {1, counting}},
  };
  return all;
}

struct Silence final : otp::ReportSink {
  void write(const otp::Report&) noexcept override {}
};

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + std::min(argc, 2), argv + argc);
  const auto found = argc > 1 ? benches().find(argv[1]) : benches().end();
  if (found == benches().end() || arguments.size() > found->second.most_arguments) {
    std::fprintf(stderr, "usage: otp-bench BENCH ARG...\n");
    for (const auto& [name, bench] : benches()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  otp::RuntimeOptions options;
  options.reports = std::make_shared<Silence>();
  if (const char* schedulers = std::getenv("OTP_SCHEDULERS"))
    options.schedulers = static_cast<unsigned>(std::atoi(schedulers));
  otp::Runtime runtime(options);
  const otp::ExitReason reason = runtime.run([&] { found->second.run(arguments); });
  if (!reason.is_normal()) fail(to_string(reason).c_str());
  std::fflush(stdout);
  std::_Exit(0);  // a million servers need not be stopped one by one
}
