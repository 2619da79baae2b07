// Processes themselves: ends, links, monitors, aliases, receives, timers, tasks, priorities.
#include <algorithm>
#include <array>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include <otp/alias.h>
#include <otp/priority.h>
#include <otp/task.h>
#include <otp/timer.h>

#include "driver.h"

namespace otp_soak {
namespace {

/// A row of processes, each linked to the next, of which one is ended: all end.
void links(Driver& d) {
  d.does("links");
  otp::trap_exit(true);
  const std::int64_t count = 2 + d.below(6);
  const otp::Pid driver = otp::self();
  struct Here {
    otp::Pid pid;
  };
  struct Row {
    static void grow(otp::Pid to, std::int64_t left) {
      otp::send(to, Here{otp::self()});
      if (left > 1) otp::spawn_link([=] { grow(to, left - 1); });
      otp::sleep(otp::infinity);
    }
  };
  const otp::Pid first = otp::spawn_link([=] { Row::grow(driver, count); });
  std::vector<otp::Pid> row;
  std::vector<otp::Ref> monitors;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto here = otp::receive_value<Here>(patience);
    d.check(here.has_value(), "one of a row did not come");
    row.push_back(here->pid);
    monitors.push_back(otp::monitor(here->pid));
  }
  const otp::Pid victim = row[d.random().below(row.size())];
  const bool by_kill = d.chance(50);
  totals.kills.fetch_add(1, std::memory_order_relaxed);
  otp::exit(victim, by_kill ? otp::ExitReason::kill() : otp::ExitReason("soak"));
  for (const otp::Ref each : monitors) {
    const auto reason = d.down("down of a row", each).reason;
    d.check(reason == (by_kill ? otp::ExitReason::killed() : otp::ExitReason("soak")),
            "another reason");
  }
  d.check(is_explained(d.exit_of("exit of a row", first).reason), "another reason");
  otp::trap_exit(false);
}

void monitors(Driver& d) {
  switch (d.below(5)) {
    case 0: {  // it may end before it is monitored
      const otp::Pid pid = otp::spawn([] {});
      const auto reason = d.down("monitor", otp::monitor(pid)).reason;
      d.check(reason.is_normal() || reason == otp::ExitReason::noproc(), "another reason");
      break;
    }
    case 1: {
      const auto [pid, monitor] = otp::spawn_monitor([] { otp::exit(otp::ExitReason("soak")); });
      d.check(d.down("spawn_monitor", monitor).reason == otp::ExitReason("soak"), "another reason");
      break;
    }
    case 2: {
      d.does("demonitor");
      const otp::Pid pid = sleeper();
      std::vector<otp::Ref> refs;
      for (int i = 0; i < 5; ++i) refs.push_back(otp::monitor(pid));
      d.kill(pid);
      for (std::size_t i = 1; i < refs.size(); ++i) otp::demonitor(refs[i], otp::flush);
      d.down("demonitor", refs[0]);
      d.check(!otp::receive_value<otp::Down>(0ns), "a Down after demonitor");
      break;
    }
    case 3: {
      d.does("unlink");
      const otp::Pid pid = sleeper();
      otp::link(pid);
      otp::unlink(pid);
      const otp::Ref monitor = otp::monitor(pid);
      d.kill(pid);
      d.down("unlink", monitor);
      break;
    }
    default: {  // two that end each other
      d.does("mutual");
      const otp::Pid one = sleeper();
      const auto [two, monitor] = otp::spawn_monitor([one] {
        otp::link(one);
        otp::sleep(otp::infinity);
      });
      const otp::Ref other = otp::monitor(one);
      d.kill(d.chance(50) ? one : two);
      // The one may have ended before it was linked to: then the other got noproc, and ended too.
      // Or the other was killed before it linked.
      d.down("mutual", monitor);
      otp::exit(one, otp::ExitReason::kill());
      d.down("mutual", other);
    }
  }
}

void aliases(Driver& d) {
  d.does("alias");
  struct Said {
    int what;
  };
  const otp::Alias here = otp::alias({.reply = true, .priority = d.chance(50)});
  const auto speaker = otp::spawn_monitor([here] {
    for (int i = 0; i < 3; ++i) otp::send(here, Said{i}, {.priority = i % 2 == 0});
  });
  const auto said = otp::receive_value<Said>(patience);
  d.check(said && said->what == 0, "the first through an alias did not come");
  d.down("alias", speaker.second);
  d.check(!otp::receive_value<Said>(0ns), "a second came through an alias for one");
  const otp::Alias off = otp::alias();
  d.check(otp::unalias(off), "unalias");
  otp::send(off, Said{0});
  d.check(!otp::receive_value<Said>(0ns), "one came through an alias that was off");
}

/// Messages that come in another order than that in which they are wanted.
void receives(Driver& d) {
  d.does("selective receive");
  struct Numbered {
    std::int64_t number;
    std::string text;
  };
  const std::int64_t count = 2 + d.below(60);
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[d.random().below(i)]);
  const otp::Pid driver = otp::self();
  const std::string text = some_text(d.random(), 200);
  const auto sender = otp::spawn_monitor([=] {
    for (const std::int64_t each : order) {
      otp::send(driver, Numbered{each, text});
      if (each % 7 == 0) otp::yield();
    }
  });
  for (std::int64_t i = 0; i < count; ++i) {
    bool came = false;
    otp::receive(otp::on_if([i](const Numbered& each) { return each.number == i; },
                            [&](const Numbered& each) { came = each.text == text; }),
                 otp::after(patience, [] {}));
    d.check(came, "a message did not come");
  }
  d.did(count);
  d.down("sender", sender.second);
}

void priorities(Driver& d) {
  d.does("priority");
  struct Ping {
    otp::Pid from;
  };
  struct Pong {};
  const auto priority = static_cast<otp::Priority>(d.below(4));
  const auto [pid, monitor] = otp::spawn_monitor(
      [] {
        for (int i = 0; i < 10; ++i) {
          const auto ping = otp::receive_value<Ping>();
          otp::set_priority(static_cast<otp::Priority>(i % 4));
          otp::send(ping->from, Pong{});
        }
      },
      {.priority = priority});
  const auto before = otp::set_priority(static_cast<otp::Priority>(d.below(4)));
  for (int i = 0; i < 10; ++i) {
    otp::send(pid, Ping{otp::self()});
    d.check(otp::receive_value<Pong>(patience).has_value(), "no answer");
  }
  otp::set_priority(before);
  d.down("priority", monitor);
}

struct Tick {
  std::int64_t number;
};

std::chrono::microseconds soon(Driver& d) { return std::chrono::microseconds(d.below(3000)); }

/// Each fires, or is stopped: never both, never neither.
void many_timers(Driver& d) {
  d.does("send_after");
  std::vector<otp::Ref> refs;
  const std::int64_t count = 1 + d.below(40);
  for (std::int64_t i = 0; i < count; ++i)
    refs.push_back(otp::send_after(soon(d), otp::self(), Tick{i}));
  otp::sleep(soon(d));
  std::int64_t stopped = 0;
  for (const otp::Ref each : refs) {
    if (d.chance(50)) continue;
    otp::read_timer(each);
    if (otp::cancel_timer(each)) ++stopped;
  }
  for (std::int64_t i = stopped; i < count; ++i)
    d.check(otp::receive_value<Tick>(patience).has_value(), "a timer did not fire");
  d.check(!otp::receive_value<Tick>(0ns), "a timer that was stopped has fired");
  d.did(count);
}

void timers(Driver& d) {
  switch (d.below(6)) {
    case 0:
      many_timers(d);
      break;
    case 1: {
      d.does("start_timer");
      const otp::Ref ref = otp::start_timer(soon(d), otp::self(), 7);
      const auto expired = otp::receive_value<otp::TimerExpired<int>>(patience);
      d.check(expired && expired->timer == ref && expired->value == 7, "a timer did not fire");
      break;
    }
    case 2: {
      d.does("send_interval");
      const auto [pid, monitor] = otp::spawn_monitor([] {
        for (int i = 0; i < 5; ++i) otp::receive_value<Tick>();
      });
      const otp::Ref ref = otp::send_interval(500us, pid, Tick{1});
      d.down("send_interval", monitor);
      if (d.chance(50)) otp::cancel_timer(ref);  // or it goes with its target
      break;
    }
    case 3: {
      d.does("apply_after");
      otp::apply_after(soon(d), [to = otp::self()] { otp::send(to, Tick{2}); });
      d.check(otp::receive_value<Tick>(patience).has_value(), "a function did not run");
      break;
    }
    case 4: {
      d.does("exit_after");
      const otp::Pid pid = sleeper();
      const otp::Ref monitor = otp::monitor(pid);
      const bool by_kill = d.chance(50);
      totals.kills.fetch_add(1, std::memory_order_relaxed);
      if (by_kill)
        otp::kill_after(soon(d), pid);
      else
        otp::exit_after(soon(d), pid, otp::ExitReason("soak"));
      d.check(is_explained(d.down("exit_after", monitor).reason), "another reason");
      break;
    }
    default: {  // timers for one that ends before they fire
      d.does("timers of the dead");
      const auto [pid, monitor] = otp::spawn_monitor([] { otp::sleep(otp::infinity); });
      for (int i = 0; i < 10; ++i) otp::send_after(1h, pid, Tick{i});
      otp::send_interval(1ms, pid, Tick{0});
      if (d.chance(50)) otp::sleep(soon(d));
      d.kill(pid);
      d.down("timers of the dead", monitor);
    }
  }
}

void tasks(Driver& d) {
  const std::int64_t n = d.below(1000);
  switch (d.below(6)) {
    case 0: {
      d.does("task");
      const auto task = soak::Square::async(n);
      d.check(soak::Square::await(task, otp::infinity) == n * n, "another value");
      break;
    }
    case 1: {
      d.does("await_many");
      std::vector<otp::Task<std::int64_t>> open;
      for (std::int64_t i = 0; i < 8; ++i) open.push_back(soak::Square::async(i));
      const auto all = otp::await_many(open, otp::infinity);
      for (std::int64_t i = 0; i < 8; ++i)
        d.check(all[static_cast<std::size_t>(i)] == i * i, "another value");
      break;
    }
    case 2: {
      d.does("task that crashes");
      const auto tasks = otp::start_task_supervisor({}).value();
      const auto crashing = soak::Square::async_nolink(tasks, -1);
      const auto killed = tasks.async_nolink([] {
        otp::sleep(otp::infinity);
        return 1;
      });
      d.kill(killed.pid);
      const auto crash = otp::yield(crashing, patience);
      d.check(crash && !*crash && crash->error().text() == "soak",
              "the crash of a task is not told");
      const auto end = otp::yield(killed, patience);
      d.check(end && !*end && is_explained(end->error()), "the end of a task is not told");
      const auto fine = soak::Square::async_nolink(tasks, n);
      d.check(soak::Square::await(fine, otp::infinity) == n * n, "another value");
      tasks.stop();
      break;
    }
    case 3: {
      d.does("async_stream");
      std::vector<std::int64_t> inputs(20);
      std::iota(inputs.begin(), inputs.end(), n);
      std::int64_t seen = 0;
      for (const auto& each : otp::async_stream(
               inputs, [](const std::int64_t& i) { return i + 1; },
               {.max_concurrency = 4, .ordered = d.chance(50), .timeout = otp::infinity})) {
        d.check(each.result && *each.result == inputs[each.index] + 1, "another value");
        ++seen;
      }
      d.check(seen == 20, "a stream lost results");
      break;
    }
    case 4: {
      d.does("shutdown of a task");
      const auto task = otp::async([] {
        otp::sleep(otp::infinity);
        return 1;
      });
      d.check(!otp::shutdown(task), "a task that slept has an answer");
      break;
    }
    default: {
      d.does("ignored task");
      const auto task = otp::async([] {
        otp::sleep(500us);
        return 1;
      });
      otp::sleep(std::chrono::microseconds(d.below(1000)));
      otp::ignore(task);
    }
  }
}

/// A call from a thread that is no process.
void foreign_threads(Driver& d) {
  d.does("foreign thread");
  const std::int64_t n = d.below(1000);
  d.sent();
  std::int64_t got = 0;
  otp::blocking([&] {
    std::thread([&] {
      got = the_runtime->invoke([n] { return sink(0).doze(n, otp::infinity); });
    }).join();
  });
  d.check(got == n + 2, "another answer");
  d.answered();
  otp::sleep(1ms);
}

/// More or fewer threads, while everything goes on.
void schedulers(Driver& d) {
  d.does("schedulers");
  otp::set_schedulers_online(static_cast<unsigned>(1 + d.below(6)));
  otp::sleep(std::chrono::milliseconds(5 + d.below(50)));
}

/// Handlers that do not give way, for a while.
void spinners(Driver& d) {
  d.does("spinner");
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(d.below(25));
  const auto [pid, monitor] = otp::spawn_monitor([until] {
    while (std::chrono::steady_clock::now() < until) {
    }
  });
  if (d.chance(30)) d.kill(pid);
  d.down("spinner", monitor);
  otp::sleep(50ms);
}

constexpr std::array loads{
    Load{"links", 2, links},           Load{"monitors", 2, monitors},
    Load{"aliases", 1, aliases},       Load{"receives", 2, receives},
    Load{"priorities", 1, priorities}, Load{"timers", 2, timers},
    Load{"tasks", 2, tasks},           Load{"foreign_threads", 1, foreign_threads},
    Load{"schedulers", 1, schedulers}, Load{"spinners", 1, spinners}};

}  // namespace

std::span<const Load> process_loads() { return loads; }

}  // namespace otp_soak
