// Calls, casts, events, topics, machines and agents; to servers that are never killed, and to those
// that are.
#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include <otp/agent.h>
#include <otp/gen_event.h>
#include <otp/request_collection.h>
#include <otp/sys.h>
#include <otp/timer.h>

#include "driver.h"

namespace otp_soak {
namespace {

using otp::infinity;
using soak::Mortal;
using soak::Parcel;

void calls(Driver& d) {
  const soak::Sink steady = sink(d.random().below(sinks));
  const std::int64_t n = d.below(1'000'000);
  switch (d.below(8)) {
    case 0: {
      const Parcel parcel{.number = n, .text = some_text(d.random(), 3000)};
      const Parcel back = d.must("echo", [&] { return steady.try_echo(parcel, infinity); });
      d.check(back == parcel, "another answer");
      break;
    }
    case 1: {
      const auto half = d.must("half", [&]() -> std::expected<std::int64_t, otp::CallError> {
        const auto tried = steady.try_half(n, infinity);
        if (tried) return *tried;
        if (tried.error().failure() != nullptr) return std::unexpected(*tried.error().failure());
        d.check(*tried.error().error() == soak::Refused(soak::Refused::odd{n}), "another error");
        return n / 2;
      });
      d.check(half == n / 2, "another answer");
      break;
    }
    case 2: {
      const auto wait = std::chrono::microseconds(d.below(1500));
      const bool beside = d.chance(50);
      const auto got = d.must("later", [&] { return steady.try_later(n, wait, beside, infinity); });
      d.check(got == n, "another answer");
      break;
    }
    case 3: {  // the limit and the answer at about the same time; a late one must not be seen
      const auto wait = std::chrono::microseconds(500 + d.below(1000));
      const auto got = d.ask_in_time("later, in time",
                                     [&] { return steady.try_later(n, wait, d.chance(50), 1ms); });
      d.check(!got || *got == n, "another answer");
      break;
    }
    case 4:
      d.check(d.must("grind", [&] { return steady.try_grind(n, infinity); }) == n + 1, "grind");
      break;
    case 5:
      d.check(d.must("doze", [&] { return steady.try_doze(n, infinity); }) == n + 2, "doze");
      break;
    case 6:
      d.check(d.must("continued", [&] { return steady.try_continued(n, infinity); }) == n + 3,
              "continued");
      break;
    default: {
      d.does("echo of a protocol");
      const Parcel parcel{.number = n, .text = {}};
      d.sent();
      d.check(soak::Echoing(steady).echo(parcel, infinity) == parcel, "another answer");
      d.answered();
    }
  }
}

/// Many requests at once: awaited in another order, collected, given up.
void requests(Driver& d) {
  std::vector<otp::Request<Parcel>> open;
  std::vector<Parcel> parcels;
  const std::int64_t count = 1 + d.below(16);
  for (std::int64_t i = 0; i < count; ++i) {
    parcels.push_back({.number = i, .text = some_text(d.random(), 100)});
    open.push_back(sink(d.random().below(sinks)).async_echo(parcels.back()));
    d.sent();
  }
  switch (d.below(3)) {
    case 0: {
      std::vector<std::size_t> order(open.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[d.random().below(i)]);
      for (const std::size_t i : order) {
        d.does("await");
        const bool give_up = d.chance(20);
        const auto got = otp::await(open[i], give_up ? otp::Timeout(0ns) : infinity);
        if (got) {
          d.check(*got == parcels[i], "another answer");
          d.answered();
        } else if (give_up && got.error().reason == otp::ExitReason::timeout()) {
          otp::abandon(open[i]);
          d.gave_up();
        } else {
          d.lost(otp::to_string(got.error()));
        }
      }
      break;
    }
    case 1: {
      otp::RequestCollection<Parcel, std::size_t> collection;
      for (std::size_t i = 0; i < open.size(); ++i) collection.add(open[i], i);
      while (auto response = [&] {
        d.does("receive_response");
        return collection.receive_response(infinity);
      }()) {
        d.check(response->result.has_value(), "no answer");
        d.check(*response->result == parcels[response->label], "another answer");
        d.answered();
      }
      break;
    }
    default: {
      for (const auto& each : open) {
        otp::abandon(each);
        d.gave_up();
      }
      d.does("multi_call");
      std::vector<soak::Sink> all;
      for (std::size_t i = 0; i < sinks; ++i) all.push_back(sink(i));
      all.push_back(soak::Sink(otp::Pid{}));
      for (std::size_t i = 0; i < all.size(); ++i) d.sent();
      const auto got =
          otp::multi_call(all, [](const soak::Sink& each) { return each.async_doze(1); }, infinity);
      d.check(got.replies.size() == sinks && got.bad.size() == 1, "multi_call");
      d.check(got.bad.front().second.reason == otp::ExitReason::noproc(), "multi_call to nobody");
      for (std::size_t i = 0; i < sinks; ++i) d.answered();
      totals.errors.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

/// To servers that are killed at any time: an answer, or why there is none.
void doomed_calls(Driver& d) {
  const char* const name = mortal_names()[d.random().below(mortal_names().size())];
  const std::int64_t n = d.below(1000);
  const Parcel parcel{.number = n, .text = some_text(d.random(), 500)};
  const bool is_watcher = std::string_view(name) == "soak_rfo_3";
  const Mortal mortal{otp::Name(name)};
  switch (is_watcher ? 0 : d.below(6)) {
    case 0: {
      const auto got = d.ask(
          "doomed echo", [&] { return soak::Echoing(otp::Name(name)).try_echo(parcel, infinity); });
      d.check(!got || *got == parcel, "another answer");
      break;
    }
    case 1:
      d.ask("doomed end",
            [&] { return mortal.try_end_in_call(d.some_end(), d.chance(50), infinity); });
      break;
    case 2: {
      // Nobody may come after this call, so it needs a limit.
      const auto got = d.ask_in_time("doomed relay", [&] { return mortal.try_relay(n, 5ms); });
      d.check(!got || *got == n, "another answer");
      break;
    }
    case 3: {
      d.does("doomed awaits");
      std::vector<otp::Request<Parcel>> open;
      for (int i = 0; i < 4; ++i) {
        open.push_back(mortal.async_echo(parcel));
        d.sent();
      }
      if (d.chance(50)) mortal.end(d.some_end());
      for (const auto& each : open) d.settle(otp::await(each, infinity), false);
      break;
    }
    case 4:
      d.does("doomed casts");
      for (int i = 0; i < 20; ++i) mortal.work(d.below(200));
      if (d.chance(20)) mortal.end(d.some_end());
      d.ask("doomed number", [&] { return mortal.try_number(infinity); });
      break;
    default: {
      d.does("down of a doomed one");
      const auto pid = otp::whereis(otp::Name(name));
      if (!pid) break;
      const otp::Ref monitor = otp::monitor(*pid);
      if (d.chance(50)) {
        d.kill(*pid);
        d.check(is_explained(d.down("down of a killed one", monitor).reason), "another reason");
      } else {
        otp::demonitor(monitor, otp::flush);
      }
    }
  }
}

/// In the order sent, and each once: by kinds of messages and sinks.
void casts(Driver& d) {
  d.does("casts");
  const std::size_t at = d.random().below(sinks);
  const soak::Sink to = sink(at);
  soak::Books& books = d.sent_so_far.sink[at];
  const std::int64_t count = 1 + d.below(100);
  d.did(count);
  for (std::int64_t i = 0; i < count; ++i) {
    switch (d.below(5)) {
      case 0:
        to.put(d.number(), ++books.casts);
        break;
      case 1:
        to.note(d.number(), ++books.infos);
        break;
      case 2:
        to.urgent(d.number(), ++books.urgent);
        break;
      case 3:
        otp::send(*to.pid(), Plain{d.number(), ++books.values});
        break;
      default:
        soak::News::publish(std::to_string(at), soak::News::item{d.number(), ++books.items});
    }
  }
  const auto counted = d.must("books", [&] { return to.try_books(d.number(), infinity); });
  d.check(counted == books, "casts, infos or broadcasts did not arrive");
}

/// A call that may be refused, as the mailbox is full.
template <class Server>
void ask_a_full_one(Driver& d, const Server& server, std::int64_t sent) {
  d.does("call of a full one");
  d.sent();
  const auto counted = server.try_books(d.number(), infinity);
  if (counted) {
    d.check(*counted <= sent, "more than was sent");
    d.answered();
  } else {
    d.check(counted.error().reason == otp::ExitReason::overloaded(), "another error");
    totals.errors.fetch_add(1, std::memory_order_relaxed);
  }
}

/// To servers whose mailboxes are small.
void limits(Driver& d) {
  const std::int64_t count = 1 + d.below(60);
  switch (d.below(3)) {
    case 0: {
      d.does("casts that wait");
      const soak::Narrow narrow{otp::Name("soak_narrow")};
      for (std::int64_t i = 0; i < count; ++i) narrow.put(d.number(), ++d.sent_so_far.narrow);
      const auto counted = d.must("narrow", [&] { return narrow.try_books(d.number(), infinity); });
      d.check(counted == d.sent_so_far.narrow, "casts to a full mailbox did not arrive");
      break;
    }
    case 1: {
      d.does("casts that are refused");
      const soak::Picky picky{otp::Name("soak_picky")};
      for (std::int64_t i = 0; i < count; ++i) picky.put(d.number(), ++d.sent_so_far.picky);
      ask_a_full_one(d, picky, d.sent_so_far.picky);
      break;
    }
    default: {
      d.does("casts that drop others");
      const soak::Forgetful forgetful{otp::Name("soak_forgetful")};
      for (std::int64_t i = 0; i < count; ++i) forgetful.put(d.number(), ++d.sent_so_far.forgetful);
      ask_a_full_one(d, forgetful, d.sent_so_far.forgetful);
    }
  }
}

void machines(Driver& d) {
  const std::int64_t n = d.below(1000);
  switch (d.below(4)) {
    case 0: {  // who waits at the gate is let in by whoever opens it
      d.does("gate");
      const soak::Gate gate{otp::Name("soak_gate")};
      const auto request = gate.async_pass(n);
      d.sent();
      for (;;) {
        if (d.chance(80)) gate.open();
        if (d.chance(10)) gate.shut();
        const auto got = otp::await(request, 2ms);
        if (got) {
          d.check(*got == n, "another answer");
          d.answered();
          break;
        }
        d.check(got.error().reason == otp::ExitReason::timeout(), "the gate is gone");
      }
      break;
    }
    case 1: {
      const soak::Turnstile turnstile{otp::Name("soak_turnstile")};
      d.does("push");
      const auto request = turnstile.async_push(n);
      d.sent();
      for (;;) {
        turnstile.coin();
        const auto got = otp::await(request, 2ms);
        if (got) {
          d.check(*got == n, "another answer");
          d.answered();
          break;
        }
        d.check(got.error().reason == otp::ExitReason::timeout(), "the turnstile is gone");
      }
      ++d.sent_so_far.pushes;
      const auto pushes = d.must("pushes", [&] { return turnstile.try_pushes(infinity); });
      d.check(pushes >= d.sent_so_far.pushes, "a push was not counted");
      break;
    }
    default: {  // one of its own, that dies with requests postponed
      d.does("gate that goes");
      const soak::GateSup sup{otp::Name("soak_gates")};
      const auto gate = sup.start_child();
      d.check(gate.has_value(), "a machine did not start");
      std::vector<otp::Request<std::int64_t>> open;
      for (int i = 0; i < 3; ++i) {
        open.push_back(gate->async_pass(n));
        d.sent();
      }
      if (d.chance(30)) gate->open();
      const otp::Ref monitor = gate->monitor();
      switch (d.below(3)) {
        case 0:
          gate->leave();
          break;
        case 1:
          gate->trip();
          break;
        default:
          d.kill(gate->address());
      }
      for (const auto& each : open) d.settle(otp::await(each, infinity), false);
      d.check(is_explained(d.down("down of a gate", monitor).reason), "another reason");
    }
  }
}

void events(Driver& d) {
  const soak::Audit audit{otp::Name("soak_audit")};
  const soak::Tally tally(audit);
  switch (d.below(3)) {
    case 0: {
      d.does("events");
      const std::int64_t count = 1 + d.below(20);
      for (std::int64_t i = 0; i < count; ++i) {
        if (d.chance(20))
          audit.sync_entry(d.number(), ++d.sent_so_far.audit);
        else
          audit.entry(d.number(), ++d.sent_so_far.audit);
      }
      d.did(count);
      d.sent();
      const auto counted = tally.books(d.number(), infinity);
      d.check(counted && *counted == d.sent_so_far.audit, "events did not arrive");
      d.answered();
      break;
    }
    case 1: {  // one of the driver's own, that it takes out again, unless a bang did
      d.does("handler");
      const soak::Brittle brittle(audit, std::to_string(d.number()));
      d.check(brittle.add_handler().has_value(), "a handler was not added");
      audit.sync_entry(d.number(), ++d.sent_so_far.audit);
      if (const auto heard = brittle.heard(infinity))
        d.check(*heard >= 1, "a handler did not get an event");
      else
        d.check(heard.error() == otp::ExitReason("bad_module"), "another error");
      static_cast<void>(brittle.delete_handler());
      break;
    }
    default: {
      d.does("supervised handler");
      const soak::Brittle brittle(audit, "supervised " + std::to_string(d.number()));
      d.check(brittle.add_sup_handler().has_value(), "a handler was not added");
      if (d.chance(50))
        audit.bang();
      else
        static_cast<void>(brittle.delete_handler());
      const auto gone = otp::receive_value<otp::GenEventExit>(patience);
      d.check(gone.has_value(), "the owner of a handler is not told that it went");
    }
  }
}

/// Processes that come and go hear what is published while they are there, without a gap.
void topics(Driver& d) {
  d.does("subscribe");
  struct Ready {};
  struct Leave {};
  const std::size_t at = d.random().below(sinks);
  const std::string room = std::to_string(at);
  const otp::Pid driver = otp::self();
  const auto [listener, monitor] = otp::spawn_monitor([=, me = d.number()] {
    soak::News::subscribe(room);
    otp::send(driver, Ready{});
    std::int64_t last = 0;
    std::int64_t heard = 0;
    bool over = false;
    while (!over) {
      otp::receive(otp::on([&](const soak::News::Message& message) {
                     const auto& item = std::get<soak::News::item>(message.event);
                     if (item.sender != me) return;
                     if (last != 0 && item.number != last + 1)
                       lost("a subscriber missed a broadcast");
                     last = item.number;
                     ++heard;
                   }),
                   otp::on([&](const Leave&) { over = true; }));
    }
    soak::News::unsubscribe(room);
    otp::send(driver, heard);
  });
  d.check(otp::receive_value<Ready>(patience).has_value(), "a subscriber did not come");
  const std::int64_t count = 1 + d.below(20);
  for (std::int64_t i = 0; i < count; ++i) {
    soak::News::publish(room, soak::News::item{d.number(), ++d.sent_so_far.sink[at].items});
  }
  d.did(count);
  if (d.chance(30)) {
    d.kill(listener);
    d.down("down of a subscriber", monitor);
    while (otp::receive_value<std::int64_t>(0ns)) {
    }
  } else {
    otp::send(listener, Leave{});
    const auto heard = otp::receive_value<std::int64_t>(patience);
    d.check(heard && *heard == count, "a subscriber did not hear all");
    d.down("down of a subscriber", monitor);
  }
  const auto counted = d.must("books", [&] { return sink(at).try_books(d.number(), infinity); });
  d.check(counted == d.sent_so_far.sink[at], "broadcasts did not arrive");
}

void agents(Driver& d) {
  if (d.chance(80)) {
    d.does("agent");
    const soak::Sums sums{otp::Name("soak_sums")};
    const std::int64_t me = d.number();
    const std::int64_t count = 1 + d.below(10);
    for (std::int64_t i = 0; i < count; ++i) {
      if (d.chance(50))
        sums.cast([me](auto& all) { ++all[me]; });
      else
        sums.update([me](auto& all) { ++all[me]; }, infinity);
    }
    d.sent_so_far.sums += count;
    d.did(count);
    const auto sum = sums.get([me](const auto& all) { return all.at(me); }, infinity);
    d.check(sum == d.sent_so_far.sums, "an agent lost an update");
    return;
  }
  d.does("agent that crashes");
  const auto agent = soak::Sums::start().value();
  const otp::Ref monitor = agent.monitor();
  bool failed = false;
  d.sent();
  try {
    agent.update([](auto&) { throw std::runtime_error("soak"); }, infinity);
  } catch (const otp::CallExit& exit) {
    failed = is_explained(exit.error().reason);
    totals.errors.fetch_add(1, std::memory_order_relaxed);
  }
  d.check(failed, "the crash of an agent is not told");
  d.check(d.down("down of an agent", monitor).reason.text() == "soak", "another reason");
}

/// Looks into servers, and stops the world inside them.
void inspection(Driver& d) {
  const soak::Sink steady = sink(d.random().below(sinks));
  switch (d.below(6)) {
    case 0: {
      d.does("suspend");
      otp::sys::suspend(steady, infinity);
      otp::yield();
      otp::sys::resume(steady, infinity);
      break;
    }
    case 1:
      d.does("get_state");
      d.check(otp::sys::get_state(steady, infinity).ticks >= 0, "get_state");
      otp::sys::replace_state(steady, [](soak::SinkState state) { return state; }, infinity);
      break;
    case 2:
      d.does("get_status");
      d.check(otp::sys::get_status(steady, infinity).behaviour == "gen_server soak.Sink",
              "get_status");
      break;
    case 3:
      d.does("log and statistics");
      otp::sys::log(steady, 10, infinity);
      otp::sys::statistics(steady, true, infinity);
      otp::yield();
      d.check(otp::sys::get_log(steady, infinity).size() <= 10, "get_log");
      otp::sys::get_statistics(steady, infinity);
      otp::sys::no_debug(steady, infinity);
      break;
    case 4: {
      d.does("process_info");
      const auto info = otp::process_info(*steady.pid(), patience);
      d.check(info && info->behaviour == "gen_server soak.Sink", "process_info");
      break;
    }
    default: {
      const char* const name = mortal_names()[d.random().below(mortal_names().size())];
      d.does("process_info of a doomed one");
      if (const auto pid = otp::whereis(otp::Name(name))) otp::process_info(*pid, patience);
    }
  }
}

constexpr std::array loads{Load{"calls", 3, calls},
                           Load{"requests", 2, requests},
                           Load{"doomed_calls", 3, doomed_calls},
                           Load{"casts", 2, casts},
                           Load{"limits", 2, limits},
                           Load{"machines", 2, machines},
                           Load{"events", 2, events},
                           Load{"topics", 2, topics},
                           Load{"agents", 1, agents},
                           Load{"inspection", 1, inspection}};

}  // namespace

std::span<const Load> call_loads() { return loads; }

}  // namespace otp_soak
