// Plain processes that talk: the microbenchmarks and Savina's.
#include <atomic>

#include <otp/receive.h>

#include "harness.h"

namespace otp_bench {
namespace {

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

// ---- Savina ----

struct Work {};
struct Done {
  otp::Pid pid;
};

void await_done(long n) {
  for (long i = 0; i < n; ++i) otp::receive_value<Done>();
}

std::atomic<double> sink;  // keeps what is computed

void fork_join_throughput(const Arguments& arguments) {
  const long actors = number(arguments, 0, 60);
  const long messages = number(arguments, 1, 100'000);
  const otp::Pid main = otp::self();
  std::vector<otp::Pid> pids;
  for (long i = 0; i < actors; ++i) {
    pids.push_back(otp::spawn_link([messages, main] {
      for (long left = messages; left != 0; --left) {
        otp::receive_value<Work>();
        sink.store(compute(37.2), std::memory_order_relaxed);
      }
      otp::send(main, Done{otp::self()});
    }));
  }
  const auto start = Clock::now();
  for (long i = 0; i < messages; ++i) {
    for (const otp::Pid each : pids) otp::send(each, Work{});
  }
  await_done(actors);
  print("fork_join_throughput", actors * messages, Clock::now() - start,
        {{"actors", static_cast<double>(actors)}, {"msgs", static_cast<double>(messages)}});
}

void fork_join_create(const Arguments& arguments) {
  const long n = number(arguments, 0, 200'000);
  const otp::Pid main = otp::self();
  const auto start = Clock::now();
  otp::spawn_link([n, main] {
    for (long i = 0; i < n; ++i) {
      const otp::Pid pid = otp::spawn([main] {
        otp::receive_value<Work>();
        sink.store(compute(37.2), std::memory_order_relaxed);
        otp::send(main, Done{otp::self()});
      });
      otp::send(pid, Work{});
    }
  });
  await_done(n);
  print("fork_join_create", n, Clock::now() - start);
}

struct Go {};

/// Everybody pings random others and answers their pings.
void big(const Arguments& arguments) {
  const long actors = number(arguments, 0, 1000);
  const long pings = number(arguments, 1, 1000);
  const otp::Pid main = otp::self();
  std::vector<otp::Pid> pids;
  for (long i = 0; i < actors; ++i) {
    pids.push_back(otp::spawn_link([&pids, i, pings, main] {
      Random random(static_cast<std::uint64_t>(i) + 1);
      long left = pings;
      const auto ping = [&] { otp::send(pids[random.below(pids.size())], Ping{otp::self()}); };
      for (;;) {
        otp::receive(otp::on([&](Go) { ping(); }),
                     otp::on([&](Ping from) { otp::send(from.from, Pong{}); }), otp::on([&](Pong) {
                       if (--left == 0) {
                         otp::send(main, Done{otp::self()});
                       } else {
                         ping();
                       }
                     }));
      }
    }));
  }
  const auto start = Clock::now();
  for (const otp::Pid each : pids) otp::send(each, Go{});
  await_done(actors);
  print("big", actors * pings, Clock::now() - start,
        {{"actors", static_cast<double>(actors)}, {"pings_each", static_cast<double>(pings)}});
  for (const otp::Pid each : pids) otp::unlink(each);
}

struct Meet {
  otp::Pid who;
  int colour;
};
struct Colour {
  int other;
};
struct Stop {};
struct Meetings {
  long count;
};

int complement(int a, int b) { return a == b ? a : 3 - a - b; }

void chameneo(otp::Pid mall, int colour) {
  otp::send(mall, Meet{otp::self(), colour});
  long meetings = 0;
  for (bool stopped = false; !stopped;) {
    otp::receive(otp::on([&](Colour met) {
                   colour = complement(colour, met.other);
                   otp::send(mall, Meet{otp::self(), colour});
                   ++meetings;
                 }),
                 otp::on([&](Stop) { stopped = true; }));
  }
  otp::send(mall, Meetings{meetings});
}

void chameneos(const Arguments& arguments) {
  const long creatures = number(arguments, 0, 100);
  const long meetings = number(arguments, 1, 1'000'000);
  const otp::Pid main = otp::self();
  const otp::Pid mall = otp::spawn_link([=] {
    for (long i = 0; i < meetings; ++i) {
      const Meet first = *otp::receive_value<Meet>();
      const Meet second = *otp::receive_value<Meet>();
      otp::send(first.who, Colour{second.colour});
      otp::send(second.who, Colour{first.colour});
    }
    long sum = 0;
    for (long left = creatures; left != 0;) {
      otp::receive(otp::on([](Meet late) { otp::send(late.who, Stop{}); }),
                   otp::on([&](Meetings each) {
                     sum += each.count;
                     --left;
                   }));
    }
    otp::send(main, Meetings{sum});
  });
  const auto start = Clock::now();
  for (long i = 0; i < creatures; ++i)
    otp::spawn_link([mall, i] { chameneo(mall, static_cast<int>(i % 3)); });
  const long sum = otp::receive_value<Meetings>()->count;
  const auto time = Clock::now() - start;
  if (sum != 2 * meetings) fail("meetings are missing");
  print("chameneos", meetings, time,
        {{"creatures", static_cast<double>(creatures)}, {"sum", static_cast<double>(sum)}});
}

void bank(const Arguments& arguments) {
  const auto accounts = static_cast<std::uint64_t>(number(arguments, 0, 1000));
  const long n = number(arguments, 1, 100'000);
  std::vector<bench::Account> all;
  for (std::uint64_t i = 0; i < accounts; ++i) all.push_back(bench::Account::start().value());
  const otp::Pid main = otp::self();
  const auto start = Clock::now();
  otp::spawn_link([&] {
    Random random(1);
    for (long i = 0; i < n; ++i) {
      const std::uint64_t source = random.below(accounts * 8 / 10);
      const std::uint64_t target = source + 1 + random.below(accounts - source - 1);
      all[source].transfer(main, all[target].address(), 1);
    }
  });
  for (long i = 0; i < n; ++i) otp::receive_value<bench::Transferred>();
  print("bank", n, Clock::now() - start, {{"accounts", static_cast<double>(accounts)}});
}

}  // namespace

std::vector<Bench> message_benches() {
  return {{"ping_pong", "[N]", ping_pong},
          {"thread_ring", "[PROCESSES [HOPS]]", thread_ring},
          {"counting", "[N]", counting},
          {"fork_join_throughput", "[PROCESSES [MESSAGES]]", fork_join_throughput},
          {"fork_join_create", "[N]", fork_join_create},
          {"big", "[PROCESSES [PINGS]]", big},
          {"chameneos", "[CREATURES [MEETINGS]]", chameneos},
          {"bank", "[ACCOUNTS [TRANSFERS]]", bank}};
}

}  // namespace otp_bench
