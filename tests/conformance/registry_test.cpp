// REG-001 to REG-016: registries.
#include <otp/registry.h>

#include <algorithm>
#include <memory>
#include <set>

#include "proc_support.h"
#include "registry.otp.h"

namespace otp::conformance {
namespace {

using registry_cases::Shard;

struct GoOn {};

using Names = Registry<std::string, int>;
using Strings = std::vector<std::string>;

class Reg : public Proc {
 protected:
  static Names unique(RegistryOptions options = {}, const StartOptions& start = {}) {
    options.keys = RegistryKeys::unique;
    return Names::start_link(std::move(options), start).value();
  }
  static Names duplicate(RegistryOptions options = {}) {
    options.keys = RegistryKeys::duplicate;
    return Names::start_link(std::move(options)).value();
  }
  /// A process that runs `body` and then lives on, once that is done.
  template <class F>
  static Pid spawn_after(F body) {
    const Pid test = self();
    const Pid pid = spawn([=] {
      body();
      send(test, GoOn{});
      stay();
    });
    next<GoOn>();
    return pid;
  }
  static std::vector<int> values_of(const std::vector<Names::Entry>& entries) {
    std::vector<int> values;
    for (const auto& each : entries) values.push_back(each.value);
    std::ranges::sort(values);
    return values;
  }
};

TEST_F(Reg, REG_001_a_unique_key_has_one_holder) {
  in_process([] {
    const Names names = unique();
    EXPECT_TRUE(names.add("hello", 1).has_value());
    EXPECT_EQ(names.add("hello", 2).error().pid, self());
    const Pid test = self();
    spawn_after([=] { EXPECT_EQ(names.add("hello", 3).error().pid, test); });
    EXPECT_EQ(names.keys(self()), Strings{"hello"});
    EXPECT_EQ(names.values("hello", self()), std::vector<int>{1});
  });
}

TEST_F(Reg, REG_002_a_duplicate_key_has_many) {
  in_process([] {
    const Names names = duplicate();
    EXPECT_TRUE(names.add("hello", 1).has_value());
    EXPECT_TRUE(names.add("hello", 2).has_value());
    EXPECT_TRUE(names.add("world", 3).has_value());
    spawn_after([=] { EXPECT_TRUE(names.add("hello", 4).has_value()); });
    auto keys = names.keys(self());
    std::ranges::sort(keys);
    EXPECT_EQ(keys, (Strings{"hello", "hello", "world"}));
    EXPECT_EQ(values_of(names.lookup("hello")), (std::vector<int>{1, 2, 4}));
  });
}

TEST_F(Reg, REG_003_entries_are_counted) {
  in_process([] {
    const Names names = unique();
    EXPECT_EQ(names.count(), 0U);
    static_cast<void>(names.add("a"));
    static_cast<void>(names.add("b"));
    EXPECT_EQ(names.count(), 2U);
    const Names many = duplicate();
    static_cast<void>(many.add("a"));
    static_cast<void>(many.add("a"));
    EXPECT_EQ(many.count(), 2U);
  });
}

TEST_F(Reg, REG_004_the_entries_of_a_dead_process_are_gone) {
  in_process([] {
    for (const std::size_t partitions : {1U, 8U}) {
      for (const bool is_unique : {true, false}) {
        const Names names =
            is_unique ? unique({.partitions = partitions}) : duplicate({.partitions = partitions});
        std::vector<Pid> holders;
        for (const char* key : {"a", "b"}) {
          holders.push_back(spawn_after([=] {
            EXPECT_TRUE(names.add(key, 1).has_value());
            EXPECT_TRUE(names.add(std::string(key) + "2", 1).has_value());
          }));
        }
        EXPECT_EQ(names.count(), 4U);
        for (const Pid each : holders) {
          exit(each, ExitReason::kill());
          end_of(each);
          EXPECT_TRUE(names.keys(each).empty());
        }
        EXPECT_EQ(names.count(), 0U);
        EXPECT_FALSE(names.whereis("a").has_value());
        EXPECT_TRUE(names.add("a").has_value());  // free at once
      }
    }
  });
}

TEST_F(Reg, nothing_is_kept_of_a_process_that_left_and_came_again) {
  in_process([] {
    const auto value = std::make_shared<int>(1);
    const auto names = Registry<std::string, std::shared_ptr<int>>::start_link().value();
    const Pid holder = spawn_after([=] {
      EXPECT_TRUE(names.add("first", value).has_value());
      names.remove("first");
      EXPECT_TRUE(names.add("second", value).has_value());
    });
    EXPECT_EQ(names.whereis("second"), holder);
    exit(holder, ExitReason::kill());
    end_of(holder);
    // The registry's process is told later than we are.
    EXPECT_TRUE(eventually([&] { return value.use_count() == 1; }));
  });
}

TEST_F(Reg, REG_005_a_process_gives_its_keys_up) {
  in_process([] {
    const Names names = unique();
    static_cast<void>(names.add("a"));
    static_cast<void>(names.add("b"));
    names.remove("a");
    names.remove("nobody's");
    EXPECT_EQ(names.keys(self()), Strings{"b"});
    const Names many = duplicate();
    for (const int value : {1, 2, 3}) static_cast<void>(many.add("a", value));
    static_cast<void>(many.add("b", 4));
    spawn_after([=] { static_cast<void>(many.add("a", 5)); });
    many.remove_matching("a", [](int value) { return value == 2; });
    EXPECT_EQ(values_of(many.lookup("a")), (std::vector<int>{1, 3, 5}));
    many.remove("a");
    EXPECT_EQ(values_of(many.lookup("a")), std::vector<int>{5});
    EXPECT_EQ(many.keys(self()), Strings{"b"});
  });
}

TEST_F(Reg, REG_006_values_are_read_by_key_and_process) {
  in_process([] {
    const Names names = unique();
    static_cast<void>(names.add("a", 7));
    EXPECT_EQ(names.values("a", self()), std::vector<int>{7});
    EXPECT_TRUE(names.values("a", names.address()).empty());
    EXPECT_TRUE(names.values("b", self()).empty());
  });
}

TEST_F(Reg, REG_007_only_ones_own_value_is_updated) {
  in_process([] {
    const Names names = unique();
    int runs = 0;
    const auto add_one = [&](int value) {
      ++runs;
      return value + 1;
    };
    EXPECT_FALSE(names.update_value("hello", add_one).has_value());
    spawn_after([=] { static_cast<void>(names.add("foreign", 1)); });
    EXPECT_FALSE(names.update_value("foreign", add_one).has_value());
    EXPECT_EQ(runs, 0);
    static_cast<void>(names.add("hello", 1));
    EXPECT_EQ(names.update_value("hello", add_one), (std::pair<int, int>(2, 1)));
    EXPECT_EQ(values_of(names.lookup("hello")), std::vector<int>{2});
  });
}

TEST_F(Reg, REG_008_a_duplicate_registry_has_no_update_and_no_via) {
  in_process([] {
    const Names many = duplicate();
    EXPECT_THROW(many.update_value("a", [](int value) { return value; }), std::invalid_argument);
    EXPECT_THROW(many.via("a"), std::invalid_argument);
  });
}

TEST_F(Reg, REG_009_a_server_is_started_under_a_key) {
  in_process([] {
    const Names names = unique();
    const Shard server = Shard::start({.number = 4}, {.via = names.via("hello")}).value();
    ASSERT_EQ(names.whereis("hello"), server.address());
    const Shard found(*names.whereis("hello"));
    EXPECT_EQ(found.number(), 4);
    found.set(5);
    EXPECT_EQ(found.number(), 5);
    for (const auto& second : {Shard::start({}, {.via = names.via("hello")}),
                               Shard::start_link({}, {.via = names.via("hello")})}) {
      EXPECT_EQ(second.error().kind, StartError::Kind::already_started);
      EXPECT_EQ(second.error().pid, server.address());
    }
    server.stop();
    EXPECT_FALSE(names.whereis("hello").has_value());
    EXPECT_TRUE(Shard::start({}, {.via = names.via("hello")}).has_value());
  });
}

TEST_F(Reg, REG_010_a_server_under_a_key_may_bring_a_value) {
  in_process([] {
    const Names names = unique();
    const Shard server = Shard::start({}, {.via = names.via("hello", 42)}).value();
    const auto entries = names.lookup("hello");
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].pid, server.address());
    EXPECT_EQ(entries[0].value, 42);
  });
}

TEST_F(Reg, REG_011_dispatch_runs_once_with_the_entries) {
  in_process([] {
    const Names names = duplicate({.partitions = 4});
    int runs = 0;
    names.dispatch("hello", [&](const auto&) { ++runs; });
    EXPECT_EQ(runs, 0);
    static_cast<void>(names.add("hello", 1));
    static_cast<void>(names.add("hello", 2));
    names.dispatch("hello", [&](const auto& entries) {
      ++runs;
      for (const auto& each : entries) send(each.pid, each.value);
    });
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(next<int>() + next<int>(), 3);
  });
}

TEST_F(Reg, REG_012_a_listener_sees_registrations) {
  in_process([] {
    register_name("reg_012_listener", self());
    const Names names = unique({.listeners = {Name("reg_012_listener"), Name("reg_012_nobody")}},
                               {.name = "reg_012"});
    const Pid other = spawn_after([=] {
      static_cast<void>(names.add("a", 3));
      names.remove("a");
    });
    const auto registered = next<Names::Event>();
    EXPECT_EQ(registered.kind, Names::Event::Kind::registered);
    EXPECT_EQ(registered.registry, Name("reg_012"));
    EXPECT_EQ(registered.key, "a");
    EXPECT_EQ(registered.pid, other);
    EXPECT_EQ(registered.value, 3);
    const auto removed = next<Names::Event>();
    EXPECT_EQ(removed.kind, Names::Event::Kind::unregistered);
    EXPECT_EQ(removed.key, "a");
    EXPECT_EQ(removed.pid, other);
    names.remove("a");  // nothing to remove: nothing to tell
    EXPECT_EQ(receive_value<Names::Event>(0s).has_value(), false);
  });
}

TEST_F(Reg, REG_013_values_are_matched_by_what_a_function_says) {
  in_process([] {
    const auto names =
        Registry<std::string, std::pair<int, int>>::start_link({.keys = RegistryKeys::duplicate})
            .value();
    for (const auto& value : {std::pair(1, 1), std::pair(1, 2), std::pair(3, 3)})
      static_cast<void>(names.add("hello", value));
    static_cast<void>(names.add("world", {1, 1}));
    const auto equal = [](const auto& value) { return value.first == value.second; };
    EXPECT_EQ(names.match("hello", equal).size(), 2U);
    EXPECT_EQ(names.count_match("hello", [](const auto& value) { return value.first == 1; }), 2U);
    EXPECT_EQ(names.count_match("hello", [](const auto& value) { return value.first > 3; }), 0U);
    EXPECT_EQ(names.count_match("nobody's", equal), 0U);
  });
}

TEST_F(Reg, REG_014_an_unknown_registry_is_named) {
  in_process([] {
    const Names names = unique({}, {.name = "reg_014"});
    static_cast<void>(names.add("a", 1));
    EXPECT_EQ(Names::open("reg_014").whereis("a"), self());
    const auto complaint = [](auto open) -> std::string {
      try {
        open();
      } catch (const std::invalid_argument& error) {
        return error.what();
      }
      return "";
    };
    EXPECT_NE(complaint([] { Names::open("reg_014_unknown"); }).find("`reg_014_unknown`"),
              std::string::npos);
    EXPECT_NE(complaint([] { Registry<int>::open("reg_014"); }).find("other keys or values"),
              std::string::npos);
    EXPECT_THROW(Names::start_link({.partitions = 0}), std::invalid_argument);
  });
}

TEST_F(Reg, REG_015_a_lock_excludes_others_of_its_key_alone) {
  in_process([] {
    const Names names = unique();
    const Pid test = self();
    const auto hold = [=](const char* key) {
      return spawn([=] {
        const int value = names.lock(key, [=] {
          send(test, self());
          receive_value<GoOn>();
          return 5;
        });
        send(test, value);
        stay();
      });
    };
    const Pid one = hold("1");
    const Pid two = hold("2");
    const std::set<Pid> inside{next<Pid>(), next<Pid>()};
    EXPECT_EQ(inside, (std::set<Pid>{one, two}));
    const Pid second = hold("1");
    EXPECT_EQ(receive_value<Pid>(20ms), std::nullopt);
    send(one, GoOn{});
    EXPECT_EQ(next<int>(), 5);
    EXPECT_EQ(next<Pid>(), second);
    const Pid third = hold("1");
    exit(second, ExitReason::kill());  // a holder that ends gives the lock up
    EXPECT_EQ(next<Pid>(), third);
  });
}

TEST_F(Reg, REG_016_the_whole_registry_is_searched) {
  in_process([] {
    const Names names = unique({.partitions = 3});
    static_cast<void>(names.add("a", 1));
    static_cast<void>(names.add("b", 2));
    const Pid other = spawn_after([=] { static_cast<void>(names.add("c", 2)); });
    const auto keys = [&](auto fits) {
      Strings found;
      for (const auto& [key, entry] : names.select(fits)) found.push_back(key);
      std::ranges::sort(found);
      return found;
    };
    EXPECT_EQ(keys([](const auto&, Pid, int) { return true; }), (Strings{"a", "b", "c"}));
    EXPECT_EQ(keys([](const auto& key, Pid, int) { return key == "b"; }), Strings{"b"});
    EXPECT_EQ(keys([=](const auto&, Pid pid, int) { return pid == other; }), Strings{"c"});
    EXPECT_EQ(keys([](const auto&, Pid, int value) { return value == 2; }), (Strings{"b", "c"}));
    EXPECT_EQ(keys([=](const auto& key, Pid pid, int) { return key == "a" || pid == other; }),
              (Strings{"a", "c"}));
  });
}

TEST_F(Reg, removing_all_entries_tells_listeners_and_forgets_who_held_them) {
  in_process([] {
    register_name("listener", self());
    const Names names = duplicate({.listeners = {"listener"}});
    names.add("a", 1);
    names.add("a", 2);
    const Pid other = spawn([names, test = self()] {
      names.add("a", 3);
      send(test, true);
      stay();
    });
    receive_value<bool>();
    for (int i = 0; i < 3; ++i) receive_value<Names::Event>();
    names.remove_all("a");
    std::set<Pid> told;
    for (int i = 0; i < 2; ++i) {
      const auto event = receive_value<Names::Event>();
      EXPECT_EQ(event->kind, Names::Event::Kind::unregistered);
      told.insert(event->pid);
    }
    EXPECT_EQ(told, (std::set{self(), other}));
    EXPECT_TRUE(names.keys(self()).empty());
    exit(other, ExitReason::kill());
  });
}

TEST_F(Reg, who_is_inside_of_a_lock_is_told_so) {
  in_process([] {
    const Names names = unique();
    names.lock("a", [&] {
      EXPECT_THROW(names.lock("a", [] {}), std::logic_error);
      names.lock("b", [] {});
    });
    names.lock("a", [] {});
  });
}

TEST_F(Reg, who_takes_over_a_lock_leaves_nothing_in_any_mailbox) {
  in_process([] {
    const Names names = unique();
    const auto [holder, end] = spawn_monitor([names] { names.lock("a", [] { stay(); }); });
    std::vector<std::pair<Pid, Ref>> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.push_back(spawn_monitor([names, test = self()] {
        names.lock("a", [] { yield(); });
        sleep(10ms);
        send(test, process_info(self())->message_queue_length);
      }));
    }
    sleep(10ms);
    exit(holder, ExitReason::kill());
    for (std::size_t i = 0; i < waiters.size(); ++i) EXPECT_EQ(receive_value<std::size_t>(), 0U);
  });
}

}  // namespace
}  // namespace otp::conformance
