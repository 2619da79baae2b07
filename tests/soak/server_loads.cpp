// Starts and ends: servers, supervisors of every kind, pools, applications.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <otp/application.h>
#include <otp/partition_supervisor.h>
#include <otp/supervisor.h>
#include <otp/worker_pool.h>

#include "driver.h"

namespace otp_soak {
namespace {

using otp::infinity;
using soak::HowToStart;
using soak::Mortal;

/// Every way to start, and every way to end.
void starts(Driver& d) {
  d.does("start");
  const auto how = static_cast<HowToStart>(d.below(6));
  const bool comes = how == HowToStart::well || how == HowToStart::slowly;
  otp::StartOptions options;
  if (d.chance(30)) options.priority = static_cast<otp::Priority>(d.below(4));
  if (d.chance(20)) options.hibernate_after = 1ms;
  if (d.chance(20)) options.timeout = how == HowToStart::slowly ? 1ms : 30s * slowness;
  const auto started = Mortal::start_monitor({.how = how}, options);
  if (!started) {
    using Kind = otp::StartError::Kind;
    const Kind kind = started.error().kind;
    const bool late = !options.timeout.is_infinite() && how == HowToStart::slowly;
    d.check(!comes || (late && kind == Kind::timeout), "a server did not start");
    if (how == HowToStart::ignored) d.check(kind == Kind::ignore, "another error than ignore");
    if (how == HowToStart::refused)
      d.check(started.error().error_as<soak::Refused>() != nullptr,
              "the error of init is not told");
    return;
  }
  d.check(comes, "a server started that should not");
  const auto& [server, monitor] = *started;
  const auto number = d.must("first call", [&] { return server.try_number(infinity); });
  d.check(number == 1, "another answer");
  switch (d.below(4)) {
    case 0:
      d.does("stop");
      server.stop();
      d.check(d.down("down of a stopped one", monitor).reason.is_normal(), "another reason");
      return;
    case 1:
      d.kill(server.address());
      break;
    case 2:
      server.end(d.some_end());
      break;
    default: {
      const bool answers = d.chance(50);
      const auto end = d.some_end();
      const auto got =
          d.ask("last call", [&] { return server.try_end_in_call(end, answers, infinity); });
      const bool throws = end == soak::HowToEnd::thrown || end == soak::HowToEnd::exit ||
                          end == soak::HowToEnd::foreign;
      d.check(got.has_value() == (answers && !throws), "a last answer that should not be, or none");
    }
  }
  d.check(is_explained(d.down("down of a server", monitor).reason), "another reason");
  d.check(!otp::is_alive(server.address()), "alive after its Down");
}

/// The tree that all drivers share: whoever is killed comes back.
void tree(Driver& d) {
  d.does("tree");
  const char* const name = mortal_names()[d.random().below(mortal_names().size())];
  const auto victim = otp::whereis(otp::Name(name));
  if (d.chance(10)) {
    // A transient one that has ended in order stays away until somebody wants it.
    const auto back = soak::OneForOne(otp::Name("soak_ofo")).restart_child("second");
    d.check(back || back.error().kind == otp::ChildError::Kind::running ||
                back.error().kind == otp::ChildError::Kind::restarting,
            "restart_child");
  }
  if (!victim) return otp::yield();
  const bool transient = std::string_view(name) == "soak_ofo_2";
  totals.kills.fetch_add(1, std::memory_order_relaxed);
  otp::exit(*victim, otp::ExitReason::kill());
  if (transient) return;
  d.eventually("a killed child comes back", [&] {
    const auto now = otp::whereis(otp::Name(name));
    return now && *now != *victim;
  });
}

std::vector<otp::Pid> pids_of(const otp::SupervisorRef& supervisor) {
  std::vector<otp::Pid> pids;
  for (const otp::ChildInfo& each : supervisor.which_children())
    pids.push_back(each.pid.value_or(otp::Pid{}));
  std::ranges::reverse(pids);  // as they were started
  return pids;
}

otp::ChildSpec mortal_spec(std::string id, otp::Restart restart) {
  return {.id = std::move(id),
          .start = []() -> std::expected<otp::StartedChild, otp::StartError> {
            const auto server = Mortal::start_link();
            if (!server) return std::unexpected(server.error());
            return otp::StartedChild(server->address());
          },
          .restart = restart,
          .shutdown = otp::Shutdown::after(10s * slowness)};
}

/// A supervisor of its own: after one of its children was killed, exactly those that its strategy
/// names are new.
void strategies(Driver& d) {
  d.does("strategy");
  const auto strategy = static_cast<otp::Strategy>(d.below(3));
  const std::size_t count = 1 + d.random().below(5);
  otp::SupervisorSpec spec{.name = "soak", .strategy = strategy, .intensity = 10'000};
  for (std::size_t i = 0; i < count; ++i)
    spec.children.push_back(mortal_spec(std::to_string(i), otp::Restart::permanent));
  const auto supervisor = otp::start_supervisor(std::move(spec)).value();
  auto before = pids_of(supervisor);
  for (std::int64_t turn = 1 + d.below(4); turn > 0; --turn) {
    const std::size_t victim = d.random().below(count);
    if (d.chance(50))
      d.kill(before[victim]);
    else
      Mortal(before[victim]).end(d.some_end());
    std::vector<otp::Pid> now;
    d.eventually("children come back", [&] {
      now = pids_of(supervisor);
      return now[victim] != before[victim] && now[victim];
    });
    for (std::size_t i = 0; i < count; ++i) {
      const bool goes = i == victim || strategy == otp::Strategy::one_for_all ||
                        (strategy == otp::Strategy::rest_for_one && i > victim);
      d.check((now[i] != before[i]) == goes, "the strategy restarted others");
      d.check(otp::is_alive(now[i]), "a child that is known is dead");
    }
    before = now;
  }
  d.does("terminate_child");
  d.check(supervisor.terminate_child("0").has_value(), "terminate_child");
  d.check(supervisor.restart_child("0").has_value(), "restart_child");
  d.check(supervisor.count_children().active == count, "count_children");
  d.does("stop of a supervisor");
  before = pids_of(supervisor);
  supervisor.stop();
  for (const otp::Pid each : before)
    d.check(!otp::is_alive(each), "a child outlived its supervisor");
}

/// One that gives up, and takes its children with it.
void giving_up(Driver& d) {
  d.does("giving up");
  otp::trap_exit(true);
  otp::SupervisorSpec spec{.name = "soak", .intensity = 2, .period = 1h};
  for (const char* id : {"a", "b"})
    spec.children.push_back(mortal_spec(id, otp::Restart::permanent));
  const auto supervisor = otp::start_supervisor(std::move(spec)).value();
  const otp::Pid bystander = pids_of(supervisor)[1];
  for (int i = 0; i < 3; ++i) {
    const otp::Pid victim = pids_of(supervisor)[0];
    totals.kills.fetch_add(1, std::memory_order_relaxed);
    const otp::Ref monitor = otp::monitor(victim);
    otp::exit(victim, otp::ExitReason::kill());
    d.down("victim", monitor);
    if (i == 2) break;
    d.eventually("a child comes back", [&] {
      const auto now = pids_of(supervisor)[0];
      return now && now != victim;
    });
  }
  d.check(d.exit_of("exit of a supervisor", supervisor.address()).reason.is_shutdown(),
          "another reason");
  d.check(!otp::is_alive(bystander), "a child outlived its supervisor");
  otp::trap_exit(false);
}

void dynamic(Driver& d) {
  if (d.chance(50)) {
    d.does("shared dynamic supervisor");
    const soak::MortalSup sup{otp::Name("soak_mortals")};
    const auto child = sup.start_child();
    d.check(child.has_value(), "a child did not start");
    const otp::Ref monitor = child->monitor();
    if (d.chance(50)) {
      // In order, so that nothing takes its place.
      child->end(d.chance(50) ? soak::HowToEnd::normal : soak::HowToEnd::shutdown);
    } else {
      d.check(sup.terminate_child(child->address()).has_value(), "terminate_child");
    }
    d.down("down of a dynamic child", monitor);
    return;
  }
  d.does("dynamic supervisor");
  const auto sup = otp::start_dynamic_supervisor({.name = "soak", .intensity = 10'000}).value();
  const std::int64_t count = 1 + d.below(20);
  std::vector<otp::Pid> pids;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto child = sup.start_child(mortal_spec("m", static_cast<otp::Restart>(d.below(3))));
    d.check(child.has_value(), "a child did not start");
    pids.push_back(child->pid);
  }
  d.did(count);
  for (const otp::Pid each : pids) {
    if (d.chance(30)) d.kill(each);
  }
  const auto children = sup.count_children();
  d.check(children.active <= static_cast<std::size_t>(count), "too many children");
  pids.clear();
  for (const otp::ChildInfo& each : sup.which_children())
    pids.push_back(each.pid.value_or(otp::Pid{}));
  d.does("stop of a dynamic supervisor");
  sup.stop();
  for (const otp::Pid each : pids) d.check(!otp::is_alive(each), "a child outlived its supervisor");
}

void partitions(Driver& d) {
  const std::int64_t n = d.below(1000);
  const soak::Shard shard = soak::Shards::open().at(n);
  if (d.chance(10)) {
    shard.trip();
    totals.kills.fetch_add(1, std::memory_order_relaxed);
  }
  const auto got = d.ask("partition", [&] { return shard.try_square(n, infinity); });
  d.check(!got || *got == n * n, "another answer");
}

void pools(Driver& d) {
  d.does("pool");
  const auto pool = otp::WorkerPool::start_link(
                        {.worker = [] { return mortal_spec("w", otp::Restart::temporary); },
                         .size = 2,
                         .max_overflow = 1})
                        .value();
  const otp::Pid driver = otp::self();
  struct Done {};
  std::vector<otp::Ref> borrowers;
  for (int i = 0; i < 5; ++i) {
    const bool dies = d.chance(20);
    const bool kills = d.chance(20);
    if (dies || kills) totals.kills.fetch_add(1, std::memory_order_relaxed);
    borrowers.push_back(otp::spawn_monitor([=] {
                          pool.transaction(
                              [&](otp::Pid worker) {
                                if (dies) otp::exit(otp::ExitReason("soak"));
                                const Mortal mortal(worker);
                                if (kills) otp::exit(worker, otp::ExitReason::kill());
                                const auto got = mortal.try_number(infinity);
                                if (!got && !kills) lost("a worker of a pool did not answer");
                              },
                              infinity);
                          otp::send(driver, Done{});
                        }).second);
    if (dies) continue;
  }
  for (const otp::Ref each : borrowers) {
    const auto reason = d.down("borrower", each).reason;
    d.check(is_explained(reason), "another reason");
    if (reason.is_normal()) d.check(otp::receive_value<Done>(0ns).has_value(), "not done");
  }
  d.eventually("all workers are back", [&] {
    const auto status = pool.status();
    return status.lent == 0 && status.waiting == 0 && status.idle == 2;
  });
  pool.stop();
}

/// One driver only: an application has a name.
void applications(Driver& d) {
  namespace app = otp::application;
  d.does("application");
  d.check(app::load(soak::guest_application()).has_value(), "load");
  d.check(app::ensure_all_started("guest").has_value(), "start");
  const otp::Name name("soak_guest");
  const std::int64_t n = d.below(3);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto guest = otp::whereis(name);
    if (!guest) break;
    totals.kills.fetch_add(1, std::memory_order_relaxed);
    otp::exit(*guest, otp::ExitReason::kill());
    d.eventually("a child of an application comes back", [&] {
      const auto now = otp::whereis(name);
      return now && *now != *guest;
    });
  }
  d.must("guest", [&] { return Mortal(name).try_number(infinity); });
  d.check(app::get_env("guest", "rooms").has_value(), "get_env");
  d.does("stop of an application");
  d.check(app::stop("guest").has_value(), "stop");
  d.check(!otp::whereis(name), "a child outlived its application");
  d.check(app::unload("guest").has_value(), "unload");
}

constexpr std::array loads{
    Load{"starts", 2, starts},         Load{"tree", 2, tree},
    Load{"strategies", 2, strategies}, Load{"giving_up", 1, giving_up},
    Load{"dynamic", 2, dynamic},       Load{"partitions", 2, partitions},
    Load{"pools", 1, pools},           Load{"applications", 1, applications}};

}  // namespace

std::span<const Load> server_loads() { return loads; }

}  // namespace otp_soak
