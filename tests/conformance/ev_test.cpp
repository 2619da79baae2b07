// EV-001 to EV-020: gen_event.
#include <otp/gen_event.h>
#include <otp/supervisor.h>
#include <otp/sys.h>

#include <functional>
#include <map>

#include "proc_support.h"

namespace otp::conformance {
namespace {

/// Events, a request and a plain message of the cases.
struct Ping {
  int n = 0;
};
struct Other {};
struct Ask {
  using Reply = int;
  int n = 0;
};
struct Unknown {
  using Reply = int;
};
struct Note {
  int n = 0;
};

/// What a handler tells its test.
struct Seen {
  std::string who;
  int n = 0;
};
struct Terminated {
  std::string who;
  Removal::Kind kind = Removal::Kind::stop;
  ExitReason reason;
  std::string argument;
};

/// What a Dummy does; what is not given tells the test and stays.
struct Manner {
  std::string who = "dummy";
  std::function<std::expected<void, ExitReason>(const std::any&)> init =
      [](const std::any&) -> std::expected<void, ExitReason> { return {}; };
  std::function<Handled(int)> event = [](int) { return Handled(); };
  std::function<HandledRequest<int>(int)> request = [](int n) { return HandledRequest<int>(n); };
  std::function<Handled(int)> note = [](int) { return Handled(); };
  std::any last_words = {};
};

class Dummy final : public Handles<Dummy, Events<Ping>, Requests<Ask>, Infos<Note>> {
 public:
  Dummy(Pid test, Manner manner) : test_(test), manner_(std::move(manner)) {}
  std::expected<void, ExitReason> init(const std::any& handover) override {
    if (const auto* carried = std::any_cast<int>(&handover)) count_ = *carried;
    return manner_.init(handover);
  }
  Handled on(const Ping& event) {
    ++count_;
    send(test_, Seen{manner_.who, event.n});
    return manner_.event(event.n);
  }
  HandledRequest<int> on(const Ask& request) { return manner_.request(request.n); }
  Handled handle_info(const Note& note) {
    send(test_, Seen{manner_.who, note.n});
    return manner_.note(note.n);
  }
  std::any terminate(const Removal& why) override {
    const auto* argument = std::any_cast<std::string>(&why.argument);
    send(test_, Terminated{manner_.who, why.kind, why.reason, argument ? *argument : ""});
    return manner_.last_words.has_value() ? manner_.last_words : std::any(count_);
  }
  std::any state() const override { return count_; }
  void replace_state(std::any state) override { count_ = std::any_cast<int>(state); }
  std::string format_status() const override { return "count: " + std::to_string(count_); }

 private:
  Pid test_;
  Manner manner_;
  int count_ = 0;
};

/// Handles nothing at all.
class Deaf final : public Handles<Deaf> {};

class Ev : public Proc {
 protected:
  static EventHandlerSpec dummy(Manner manner = {}, std::string id = {}) {
    return event_handler_with_id<Dummy>(std::move(id), self(), std::move(manner));
  }
  static EventManager manager(const StartOptions& options = {}) {
    return EventManager::start(options).value();
  }
};

const EventHandlerId the_dummy{"Dummy"};
using Ids = std::vector<EventHandlerId>;
const ExitReason boom = ExitReason::error("std::runtime_error", "boom");

TEST_F(Ev, EV_001_a_manager_starts_empty_in_every_way_and_stops) {
  in_process([] {
    trap_exit(true);
    const auto check = [](const EventManager& manager) {
      EXPECT_TRUE(manager.which_handlers().empty());
      manager.stop();
      EXPECT_FALSE(is_alive(manager.address()));
    };
    check(EventManager::start().value());
    check(EventManager::start({.name = "ev_001"}).value());
    check(EventManager::start_link().value());
    EXPECT_EQ(next<Exit>().reason, ExitReason::normal());
    const auto monitored = EventManager::start_monitor().value();
    check(monitored.server);
    EXPECT_EQ(down_of(monitored.monitor).reason, ExitReason::normal());
  });
}

TEST_F(Ev, EV_002_a_taken_name_gives_its_holder) {
  in_process([] {
    const EventManager first = manager({.name = "ev_002"});
    const auto refused = [&](const auto& started) {
      EXPECT_EQ(started.error().kind, StartError::Kind::already_started);
      EXPECT_EQ(started.error().pid, first.address());
    };
    refused(EventManager::start({.name = "ev_002"}));
    refused(EventManager::start_link({.name = "ev_002"}));
    refused(EventManager::start_monitor({.name = "ev_002"}));
  });
}

TEST_F(Ev, EV_003_a_manager_ends_with_the_reason_it_is_given_and_with_its_parent) {
  in_process([] {
    trap_exit(true);
    const EventManager stopped = EventManager::start_link().value();
    stopped.stop(ExitReason::shutdown(), patience);
    EXPECT_EQ(next<Exit>().reason, ExitReason::shutdown());
    const EventManager told = EventManager::start_link().value();
    exit(told.address(), ExitReason::shutdown());
    EXPECT_EQ(next<Exit>().reason, ExitReason::shutdown());
  });
}

TEST_F(Ev, EV_004_handlers_are_listed_newest_first_and_told_apart_by_id) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy()).has_value());
    EXPECT_TRUE(events.add_handler(dummy({}, "second")).has_value());
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "second"}, the_dummy}));
    EXPECT_EQ(events.add_handler(dummy()).error(), ExitReason("already_present"));
  });
}

TEST_F(Ev, EV_005_a_handler_whose_init_refuses_is_not_added) {
  in_process([] {
    const Manner refusing{.init = [](const std::any&) -> std::expected<void, ExitReason> {
      return std::unexpected(ExitReason("my_error"));
    }};
    const EventManager events = manager();
    for (int others = 0; others < 2; ++others) {
      EXPECT_EQ(events.add_handler(dummy(refusing)).error(), ExitReason("my_error"));
      EXPECT_EQ(events.add_sup_handler(dummy(refusing)).error(), ExitReason("my_error"));
      EXPECT_EQ(events.which_handlers().size(), static_cast<std::size_t>(others));
      static_cast<void>(events.add_handler(dummy({}, "other")));
    }
  });
}

TEST_F(Ev, EV_006_deleting_gives_what_terminate_gives) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy({.last_words = std::string("V")})).has_value());
    const auto words = events.delete_handler(the_dummy, std::string("arg"));
    EXPECT_EQ(std::any_cast<std::string>(words.value()), "V");
    const Terminated end = next<Terminated>();
    EXPECT_EQ(end.kind, Removal::Kind::deleted);
    EXPECT_EQ(end.argument, "arg");
    EXPECT_TRUE(events.which_handlers().empty());
    EXPECT_EQ(events.delete_handler(the_dummy).error(), ExitReason("module_not_found"));
  });
}

TEST_F(Ev, EV_007_a_swapped_handler_hands_its_state_over) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy({}, "1")).has_value());
    events.sync_notify(Ping{});
    events.sync_notify(Ping{});
    EXPECT_TRUE(
        events.swap_handler({"Dummy", "1"}, std::string("args1"), dummy({}, "2")).has_value());
    const Terminated end = next<Terminated>();
    EXPECT_EQ(end.kind, Removal::Kind::swapped);
    EXPECT_EQ(end.argument, "args1");
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "2"}}));
    const auto states = sys::get_state_as<std::vector<EventHandlerState>>(events);
    EXPECT_EQ(std::any_cast<int>(states.at(0).state), 2);
  });
}

TEST_F(Ev, EV_008_a_successor_of_nobody_is_told_error) {
  in_process([] {
    const EventManager events = manager();
    const Pid test = self();
    const Manner curious{
        .init = [test](const std::any& handover) -> std::expected<void, ExitReason> {
          send(test, std::any_cast<ExitReason>(handover));
          return {};
        }};
    EXPECT_TRUE(events.swap_handler({"Missing"}, {}, dummy(curious)).has_value());
    EXPECT_EQ(next<ExitReason>(), ExitReason("error"));
    EXPECT_EQ(events.which_handlers(), Ids{the_dummy});
    const Manner refusing{.init = [](const std::any&) -> std::expected<void, ExitReason> {
      return std::unexpected(ExitReason("E"));
    }};
    EXPECT_EQ(events.swap_handler({"Missing"}, {}, dummy(refusing, "r")).error(), ExitReason("E"));
    EXPECT_EQ(events.which_handlers(), Ids{the_dummy});
  });
}

TEST_F(Ev, EV_009_every_handler_sees_an_event_and_sync_notify_waits_for_all) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy({.who = "a"}, "a")).has_value());
    EXPECT_TRUE(events.add_handler(dummy({.who = "b"}, "b")).has_value());
    EXPECT_TRUE(events.add_handler(event_handler<Deaf>()).has_value());
    events.notify(Ping{1});
    EXPECT_EQ(next<Seen>().who, "b");
    EXPECT_EQ(next<Seen>().who, "a");
    events.sync_notify(Ping{2});
    EXPECT_EQ(receive_value<Seen>(0s)->n, 2);
    EXPECT_EQ(receive_value<Seen>(0s)->n, 2);
    events.sync_notify(Other{});
    EXPECT_TRUE(mailbox_is_empty());
    EventManager(Name("ev_009")).notify(Ping{});  // nobody: silent
  });
}

TEST_F(Ev, EV_010_a_handler_removes_itself) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy({}, "stays")).has_value());
    const Manner leaving{.event = [](int) { return remove_handler(); },
                         .note = [](int) { return remove_handler(); }};
    EXPECT_TRUE(events.add_handler(dummy(leaving)).has_value());
    events.notify(Ping{});
    EXPECT_EQ(next<Terminated>().kind, Removal::Kind::removed_itself);
    EXPECT_TRUE(events.add_handler(dummy(leaving)).has_value());
    send(events.address(), Note{});
    EXPECT_EQ(next<Terminated>().kind, Removal::Kind::removed_itself);
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "stays"}}));
  });
}

TEST_F(Ev, EV_011_a_handler_swaps_itself) {
  in_process([] {
    const EventManager events = manager();
    const Pid test = self();
    const auto successor = [test](std::string id) {
      return event_handler_with_id<Dummy>(std::move(id), test, Manner{.who = "successor"});
    };
    const Manner swapping{
        .event = [=](int) { return swap_handler({}, successor("e")); },
        .request = [=](int n) { return HandledRequest<int>(n, swap_handler({}, successor("r"))); },
        .note = [=](int) { return swap_handler({}, successor("i")); }};
    EXPECT_TRUE(events.add_handler(dummy(swapping)).has_value());
    events.sync_notify(Ping{});
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "e"}}));
    EXPECT_EQ(events.call({"Dummy", "e"}, Ask{4}).value(), 4);
    EXPECT_EQ(
        std::any_cast<int>(sys::get_state_as<std::vector<EventHandlerState>>(events).at(0).state),
        1);
    next<Seen>();
    events.sync_notify(Ping{});
    EXPECT_EQ(next<Seen>().who, "successor");
    EXPECT_TRUE(events.add_handler(dummy(swapping)).has_value());
    EXPECT_EQ(events.call(the_dummy, Ask{7}).value(), 7);
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "r"}, {"Dummy", "e"}}));
    EXPECT_TRUE(events.add_handler(dummy(swapping)).has_value());
    send(events.address(), Note{});
    EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "i"}, {"Dummy", "r"}, {"Dummy", "e"}}));
  });
}

TEST_F(Ev, EV_012_an_illegal_result_does_not_compile) {
  static_assert(!std::is_convertible_v<int, Handled>);
  static_assert(!std::is_convertible_v<std::string, HandledRequest<int>>);
}

TEST_F(Ev, EV_013_a_handler_that_throws_goes_alone_and_is_reported) {
  in_process([this] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy({}, "stays")).has_value());
    const Manner failing{
        .event = [](int) -> Handled { throw std::runtime_error("boom"); },
        .request = [](int) -> HandledRequest<int> { throw std::runtime_error("boom"); },
        .note = [](int) -> Handled { throw std::runtime_error("boom"); }};
    const std::vector<std::function<void()>> entries{
        [&] { events.sync_notify(Ping{}); },
        [&] { EXPECT_EQ(events.call(the_dummy, Ask{}).error(), boom); },
        [&] { send(events.address(), Note{}); }};
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_TRUE(events.add_handler(dummy(failing)).has_value());
      entries[i]();
      EXPECT_EQ(next<Terminated>().kind, Removal::Kind::error);
      EXPECT_EQ(events.which_handlers(), (Ids{{"Dummy", "stays"}}));
      ASSERT_EQ(reports->crashes().size(), i + 1);
      const CrashReport report = reports->crashes().back();
      EXPECT_EQ(report.server, "gen_event handler Dummy");
      EXPECT_EQ(report.pid, events.address());
      EXPECT_EQ(report.reason, boom);
      EXPECT_NE(report.state.find("count: "), std::string::npos);
    }
    EXPECT_NE(reports->crashes().front().last_message.find("Ping"), std::string::npos);
    EXPECT_TRUE(is_alive(events.address()));
  });
}

TEST_F(Ev, EV_014_the_owner_of_a_supervised_handler_learns_of_its_end) {
  in_process([] {
    trap_exit(true);
    const EventManager events = manager();
    const Manner failing{.event = [](int n) -> Handled {
      if (n == 1) throw std::runtime_error("boom");
      return remove_handler();
    }};
    const auto told = [&] {
      const auto exit = next<GenEventExit>();
      EXPECT_EQ(exit.handler, the_dummy);
      return exit.reason;
    };
    EXPECT_TRUE(events.add_sup_handler(dummy(failing)).has_value());
    events.notify(Ping{1});
    EXPECT_EQ(told(), boom);
    EXPECT_TRUE(events.add_sup_handler(dummy(failing)).has_value());
    events.notify(Ping{2});
    EXPECT_EQ(told(), ExitReason::normal());
    EXPECT_TRUE(events.add_sup_handler(dummy()).has_value());
    EXPECT_TRUE(events.delete_handler(the_dummy).has_value());
    EXPECT_EQ(told(), ExitReason::normal());
    EXPECT_TRUE(events.add_sup_handler(dummy()).has_value());
    EXPECT_TRUE(events.swap_sup_handler(the_dummy, {}, dummy({}, "2")).has_value());
    const auto swapped = next<GenEventExit>();
    EXPECT_EQ(swapped.reason, ExitReason("swapped"));
    EXPECT_EQ(swapped.successor, (EventHandlerId{"Dummy", "2"}));
  });
}

TEST_F(Ev, EV_014_a_supervised_handler_goes_with_its_owner) {
  in_process([] {
    const EventManager events = manager();
    const Pid test = self();
    const auto [owner, ref] = spawn_monitor([=] {
      EXPECT_TRUE(events.add_sup_handler(event_handler<Dummy>(test, Manner{})).has_value());
      exit(ExitReason("owner_gone"));
    });
    const Terminated end = next<Terminated>();
    EXPECT_EQ(end.kind, Removal::Kind::stop);
    EXPECT_EQ(end.reason, ExitReason("owner_gone"));
    EXPECT_TRUE(events.which_handlers().empty());
    static_cast<void>(owner);
    static_cast<void>(ref);
  });
}

TEST_F(Ev, EV_015_a_manager_that_stops_tells_every_owner) {
  in_process([] {
    trap_exit(true);
    const EventManager events = manager();
    EXPECT_TRUE(events.add_sup_handler(dummy()).has_value());
    EXPECT_TRUE(events.add_sup_handler(dummy({}, "id")).has_value());
    events.stop();
    std::map<EventHandlerId, ExitReason> told;
    for (int i = 0; i < 2; ++i) {
      auto exit = next<GenEventExit>();
      told.emplace(exit.handler, exit.reason);
    }
    EXPECT_EQ(told.at(the_dummy), ExitReason::shutdown());
    EXPECT_EQ(told.at({"Dummy", "id"}), ExitReason::shutdown());
  });
}

TEST_F(Ev, EV_016_one_handler_is_asked) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy()).has_value());
    EXPECT_TRUE(events
                    .add_handler(
                        dummy({.request = [](int n) { return HandledRequest<int>(10 * n); }}, "id"))
                    .has_value());
    EXPECT_EQ(events.call(the_dummy, Ask{3}).value(), 3);
    EXPECT_EQ(events.call({"Dummy", "id"}, Ask{3}).value(), 30);
    EXPECT_EQ(events.call({"Missing"}, Ask{3}).error(), ExitReason("bad_module"));
    EXPECT_EQ(events.call(the_dummy, Unknown{}).error(), ExitReason("bad_module"));
    const auto failure = [](auto call) {
      try {
        call();
      } catch (const CallExit& exit) {
        return exit.error().reason;
      }
      return ExitReason("no failure");
    };
    EXPECT_EQ(failure([] { EventManager(Name("ev_016")).call(the_dummy, Ask{}).value(); }),
              ExitReason::noproc());
    EXPECT_EQ(failure([&] { events.call(the_dummy, Ask{}, 0s).value(); }), ExitReason::timeout());
  });
}

TEST_F(Ev, EV_017_a_request_that_goes_wrong_costs_the_handler_and_not_the_manager) {
  in_process([] {
    const EventManager events = manager();
    EXPECT_TRUE(events
                    .add_handler(dummy(
                        {.request = [](int) -> HandledRequest<int> { exit(ExitReason("E")); }}))
                    .has_value());
    EXPECT_EQ(events.call(the_dummy, Ask{}).error(), ExitReason("E"));
    EXPECT_TRUE(events.which_handlers().empty());
    EXPECT_TRUE(
        events
            .add_handler(
                dummy({.request = [](int n) { return HandledRequest<int>(n, remove_handler()); }}))
            .has_value());
    EXPECT_EQ(events.call(the_dummy, Ask{5}).value(), 5);
    EXPECT_TRUE(events.which_handlers().empty());
  });
}

TEST_F(Ev, EV_018_a_handler_is_asked_asynchronously) {
  in_process([] {
    struct GoOn {};
    const EventManager events = manager();
    EXPECT_TRUE(events
                    .add_handler(dummy({.request =
                                            [](int n) {
                                              if (n == 0) receive_value<GoOn>();
                                              return HandledRequest<int>(n);
                                            }}))
                    .has_value());
    const auto request = events.async_call(the_dummy, Ask{0});
    EXPECT_EQ(await(request, 0s).error().reason, ExitReason::timeout());
    send(self(), std::string("foreign"));
    send(events.address(), GoOn{});
    EXPECT_EQ(await(request, patience).value().value(), 0);
    EXPECT_EQ(next<std::string>(), "foreign");
    const auto nobody = EventManager(Name("ev_018")).async_call(the_dummy, Ask{1});
    EXPECT_EQ(await(nobody, patience).error().reason, ExitReason::noproc());
  });
}

TEST_F(Ev, EV_019_a_plain_message_nobody_handles_is_dropped_with_a_warning) {
  in_process([this] {
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(event_handler<Deaf>()).has_value());
    send(events.address(), Note{});
    EXPECT_EQ(events.which_handlers(), Ids{{"Deaf"}});
    ASSERT_TRUE(eventually([&] { return !reports->all<WarningReport>().empty(); }));
    const WarningReport warning = reports->all<WarningReport>().front();
    EXPECT_NE(warning.text.find("Note"), std::string::npos) << warning.text;
    EXPECT_NE(warning.text.find("Deaf"), std::string::npos) << warning.text;
  });
}

TEST_F(Ev, EV_020_the_states_of_all_handlers_are_read_and_replaced) {
  in_process([] {
    using States = std::vector<EventHandlerState>;
    const EventManager events = manager();
    EXPECT_TRUE(events.add_handler(dummy()).has_value());
    EXPECT_TRUE(events.add_handler(dummy({}, "id")).has_value());
    for (const bool suspended : {false, true}) {
      if (suspended) sys::suspend(events);
      sys::replace_state_as<States>(events, [](States states) {
        for (EventHandlerState& each : states) each.state = std::any_cast<int>(each.state) + 10;
        return states;
      });
      const auto states = sys::get_state_as<States>(events);
      ASSERT_EQ(states.size(), 2U);
      EXPECT_EQ(states[0].handler, (EventHandlerId{"Dummy", "id"}));
      EXPECT_EQ(states[1].handler, the_dummy);
      for (const EventHandlerState& each : states)
        EXPECT_EQ(std::any_cast<int>(each.state), suspended ? 20 : 10);
    }
    sys::resume(events);
  });
}

}  // namespace
}  // namespace otp::conformance
