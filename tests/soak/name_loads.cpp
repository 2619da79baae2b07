// Names: local and global ones, registries, groups; taken by many, and given up by ends.
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include <otp/global.h>
#include <otp/pg.h>
#include <otp/registry.h>
#include <otp/sys.h>

#include "driver.h"

namespace otp_soak {
namespace {

using otp::infinity;
using soak::Mortal;

/// Drivers contend for a few names; a name is free before the Down of who held it.
void names(Driver& d) {
  d.does("names");
  const otp::Name name = contended_names()[d.random().below(contended_names().size())];
  const otp::Pid pid = sleeper();
  const otp::Ref monitor = otp::monitor(pid);
  bool got = true;
  try {
    otp::register_name(name, pid);
  } catch (const std::invalid_argument&) {
    got = false;
  }
  if (got) {
    d.check(otp::whereis(name) == pid, "a name that was got leads elsewhere");
    if (d.chance(30)) {
      otp::unregister_name(name);
      d.check(otp::whereis(name) != pid, "a name that was given up");
    }
  }
  d.kill(pid);
  d.down("holder of a name", monitor);
  d.check(otp::whereis(name) != pid, "a name outlived its holder");
  const auto started = Mortal::start({}, {.name = name});
  if (!started) {
    d.check(started.error().kind == otp::StartError::Kind::already_started, "another error");
    return;
  }
  d.must("call by name", [&] { return started->try_number(infinity); });
  started->stop();
  d.check(otp::whereis(name) != started->address(), "a name outlived its holder");
}

void global_names(Driver& d) {
  d.does("global names");
  const std::string name = "soak " + std::to_string(d.below(4));
  const auto started = Mortal::start({}, {.via = otp::global::via(name)});
  if (!started) {
    d.check(started.error().kind == otp::StartError::Kind::already_started, "another error");
    return;
  }
  d.check(otp::global::whereis_name(name) == started->address(), "another holder");
  d.must("call by global name",
         [&] { return Mortal(otp::global::via(name)).try_number(infinity); });
  const otp::Ref monitor = started->monitor();
  d.kill(started->address());
  d.down("holder of a global name", monitor);
}

/// Of those that want a key one gets it, and keeps it until its end.
void registry(Driver& d) {
  const auto desks = soak::Desks::open();
  const std::int64_t key = d.below(32);
  d.does("registry");
  if (d.chance(40)) {
    const auto got =
        d.ask("call by key", [&] { return Mortal(desks.via(key)).try_number(infinity); });
    d.check(!got || *got > 0, "another answer");
    return;
  }
  const auto started = Mortal::start({}, {.via = desks.via(key)});
  if (!started) {
    d.check(started.error().kind == otp::StartError::Kind::already_started, "another error");
    return;
  }
  const otp::Pid pid = started->address();
  d.check(desks.whereis(key)->address() == pid, "another holder");
  d.must("call by key", [&] { return Mortal(desks.via(key)).try_number(infinity); });
  const otp::Ref monitor = otp::monitor(pid);
  if (d.chance(50))
    d.kill(pid);
  else
    started->end(d.some_end());
  d.down("holder of a key", monitor);
  const auto now = desks.whereis(key);
  d.check(!now || now->address() != pid, "a key outlived its holder");
}

/// One at a time, also when the one is killed.
void locks(Driver& d) {
  static std::array<std::atomic<std::uint64_t>, 3> owners{};
  const auto desks = soak::Desks::open();
  const auto which = d.random().below(owners.size());
  const auto work = [which] {
    const auto me = otp::self();
    const std::uint64_t packed = std::uint64_t{me.serial} << 32U | me.id;
    const std::uint64_t other = owners[which].exchange(packed);
    const otp::Pid holder{.id = static_cast<std::uint32_t>(other),
                          .serial = static_cast<std::uint32_t>(other >> 32U)};
    if (other != 0 && otp::is_alive(holder)) lost("two are inside a lock");
    struct Inside {
      std::atomic<std::uint64_t>& owner;
      ~Inside() { owner.store(0); }  // also when it is killed: the lock is free before its end
    } const here{owners[which]};
    otp::yield();
    otp::sleep(50us);
  };
  d.does("lock");
  if (d.chance(50)) {
    const auto [pid, monitor] =
        otp::spawn_monitor([=] { desks.lock(static_cast<std::int64_t>(which), work); });
    if (d.chance(50)) otp::sleep(std::chrono::microseconds(d.below(300)));
    if (d.chance(70)) d.kill(pid);
    d.down("who locks", monitor);
  } else {
    desks.lock(static_cast<std::int64_t>(which), work);
  }
}

void tags(Driver& d) {
  d.does("tags");
  struct Hello {};
  const auto tags = soak::Tags::open();
  const std::string tag = "tag " + std::to_string(d.number());
  const std::int64_t count = 1 + d.below(8);
  const otp::Pid driver = otp::self();
  struct Ready {};
  std::vector<std::pair<otp::Pid, otp::Ref>> members;
  for (std::int64_t i = 0; i < count; ++i) {
    members.push_back(otp::spawn_monitor([=] {
      if (!tags.add(tag)) lost("a duplicate key was refused");
      otp::send(driver, Ready{});
      otp::receive(otp::on([](const Hello&) {}));
      tags.remove(tag);
      otp::send(driver, Hello{});
      otp::sleep(otp::infinity);
    }));
  }
  for (std::int64_t i = 0; i < count; ++i)
    d.check(otp::receive_value<Ready>(patience).has_value(), "a member did not come");
  std::size_t told = 0;
  tags.dispatch(tag, [&](const auto& entries) {
    told = entries.size();
    for (const auto& each : entries) otp::send(each.pid, Hello{});
  });
  d.check(told == static_cast<std::size_t>(count), "an entry is missing");
  for (std::int64_t i = 0; i < count; ++i)
    d.check(otp::receive_value<Hello>(patience).has_value(), "a member was not told");
  for (const auto& [pid, monitor] : members) {
    d.kill(pid);
    d.down("member", monitor);
  }
  d.check(tags.lookup(tag).empty(), "an entry outlived its process");
}

/// The process of a scope learns of a member's end by a message that nobody waits for: waits now
/// and then until it has caught up, as drivers would be further and further ahead of it.
void let_groups_catch_up(Driver& d) {
  if (!d.chance(5)) return;
  d.does("let groups catch up");
  otp::sys::get_status(otp::ServerRef(otp::Name("soak_groups")), infinity);
}

/// Members of a group get all that is published while they are in it, in order.
void groups(Driver& d) {
  let_groups_catch_up(d);
  d.does("groups");
  struct Said {
    std::int64_t number;
  };
  struct Over {};
  struct Ready {};
  const auto groups = otp::ProcessGroups<std::string>::open(otp::Name("soak_groups"));
  const std::string group = "group " + std::to_string(d.number());
  const otp::Pid driver = otp::self();
  const std::int64_t count = 1 + d.below(6);
  std::vector<std::pair<otp::Pid, otp::Ref>> members;
  for (std::int64_t i = 0; i < count; ++i) {
    members.push_back(otp::spawn_monitor([=] {
      groups.join(group);
      otp::send(driver, Ready{});
      std::int64_t last = 0;
      for (bool over = false; !over;) {
        otp::receive(otp::on([&](const Said& said) {
                       if (said.number != ++last) lost("a member of a group missed something");
                     }),
                     otp::on([&](const Over&) { over = true; }));
      }
      if (!groups.leave(group)) lost("a member was not in its group");
      otp::send(driver, last);
    }));
  }
  for (std::int64_t i = 0; i < count; ++i)
    d.check(otp::receive_value<Ready>(patience).has_value(), "a member did not come");
  std::int64_t killed = 0;
  const std::int64_t words = d.below(20);
  for (std::int64_t i = 1; i <= words; ++i) groups.publish(group, Said{i});
  for (const auto& [pid, monitor] : members) {
    if (d.chance(20)) {
      totals.kills.fetch_add(1, std::memory_order_relaxed);
      otp::exit(pid, otp::ExitReason::kill());
      d.down("member that was killed", monitor);
      ++killed;
    }
  }
  groups.publish(group, Over{});
  for (std::int64_t i = killed; i < count; ++i) {
    const auto heard = otp::receive_value<std::int64_t>(patience);
    d.check(heard && *heard == words, "a member did not hear all");
  }
  for (const auto& [pid, monitor] : members) otp::demonitor(monitor, otp::flush);
  d.eventually("a group without members is none",
               [&] { return groups.get_members(group).empty(); });
}

constexpr std::array loads{Load{"names", 2, names},       Load{"global_names", 1, global_names},
                           Load{"registry", 3, registry}, Load{"locks", 2, locks},
                           Load{"tags", 1, tags},         Load{"groups", 1, groups}};

}  // namespace

std::span<const Load> name_loads() { return loads; }

}  // namespace otp_soak
