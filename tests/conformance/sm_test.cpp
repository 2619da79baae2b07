// SM-001 to SM-013, SM-019 to SM-025: gen_statem.
#include <otp/request_collection.h>
#include <otp/sys.h>

#include "sm_support.h"

namespace otp::conformance {
namespace {

/// The same switch in both styles.
struct Flip {
  using Reply = int;
};
class ByFunction final : public StateFunctions<ByFunction, Place> {
 public:
  StatemInit<Place> init() override { return start_in(Place::start); }
  const Functions& functions() const override {
    static const Functions all{{Place::start, &ByFunction::start},
                               {Place::wait, &ByFunction::wait}};
    return all;
  }
  Transition start(const StatemEvent& event) {
    return event.as<Flip>() ? next_state(Place::wait).reply<Flip>(event, ++flips_) : keep_state();
  }
  Transition wait(const StatemEvent& event) {
    return event.as<Flip>() ? next_state(Place::start).reply<Flip>(event, ++flips_)
                            : keep_state().postpone();
  }

 private:
  int flips_ = 0;
};
/// States need no names: any value will do.
class BySwitch final : public Statem<std::pair<std::string, int>> {
 public:
  StatemInit<State> init() override { return start_in(State("start", 0)); }
  Transition handle_event(const Event& event, const State& state) override {
    if (!event.as<Flip>()) return state.first == "start" ? keep_state() : keep_state().postpone();
    const State next(state.first == "start" ? "wait" : "start", state.second + 1);
    return next_state(next).reply<Flip>(event, next.second);
  }
};

TEST_F(Sm, SM_001_both_styles_do_the_same) {
  in_process([] {
    for (const StatemRef& machine :
         {StatemRef::start<ByFunction>({}).value(), StatemRef::start<BySwitch>({}).value()}) {
      for (int i = 1; i <= 4; ++i) {
        machine.cast(Ping{i});
        EXPECT_EQ(machine.call(Flip{}), i);
      }
      machine.stop();
    }
  });
}

TEST_F(Sm, SM_002_start_gives_what_init_says) {
  in_process([] {
    trap_exit(true);
    const auto error_of = [](std::function<StatemInit<Place>()> init, StartOptions options = {}) {
      return StatemRef::start_link<Scripted>(options, Script{.init = std::move(init)}).error();
    };
    EXPECT_EQ(error_of([]() -> StatemInit<Place> { return ignore(); }).kind,
              StartError::Kind::ignore);
    EXPECT_EQ(
        error_of([]() -> StatemInit<Place> { return otp::stop(ExitReason("stopped")); }).reason,
        ExitReason("stopped"));
    EXPECT_EQ(error_of([]() -> StatemInit<Place> { return error(ExitReason("foobar")); }).reason,
              ExitReason("foobar"));
    EXPECT_EQ(error_of(
                  []() -> StatemInit<Place> {
                    stay();
                    return ignore();
                  },
                  {.timeout = 5ms})
                  .kind,
              StartError::Kind::timeout);
    const StatemRef first = machine({}, {.name = "sm_002"});
    const auto taken = error_of([] { return start_in(Place::start); }, {.name = "sm_002"});
    EXPECT_EQ(taken.kind, StartError::Kind::already_started);
    EXPECT_EQ(taken.pid, first.address());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Sm, SM_003_an_init_that_fails_gives_its_failure) {
  static_assert(!std::is_convertible_v<int, StatemInit<Place>>);
  in_process([] {
    trap_exit(true);
    const auto reason_of = [](std::function<StatemInit<Place>()> init) {
      return StatemRef::start_link<Scripted>({}, Script{.init = std::move(init)}).error().reason;
    };
    EXPECT_EQ(reason_of([]() -> StatemInit<Place> { throw std::runtime_error("E"); }),
              ExitReason::error("std::runtime_error", "E"));
    EXPECT_EQ(reason_of([]() -> StatemInit<Place> { exit(ExitReason("R")); }), ExitReason("R"));
  });
}

TEST_F(Sm, SM_004_a_machine_is_stopped_by_pid_and_name) {
  in_process([] {
    const StatemRef first = machine();
    EXPECT_EQ(stop_failure(first), std::nullopt);
    EXPECT_FALSE(is_alive(first.address()));
    EXPECT_EQ(stop_failure(first), ExitReason::noproc());
    const StatemRef second = machine({}, {.name = "sm_004"});
    const Ref end = second.monitor();
    EXPECT_EQ(stop_failure(StatemRef(Name("sm_004")), ExitReason("other_reason")), std::nullopt);
    EXPECT_EQ(down_of(end).reason, ExitReason("other_reason"));
    EXPECT_EQ(whereis("sm_004"), std::nullopt);
  });
}

TEST_F(Sm, SM_005_a_machine_that_stops_orderly_is_not_reported) {
  in_process([this] {
    trap_exit(true);
    const auto linked =
        StatemRef::start_link<Scripted>(
            {}, Script{.handle = [](const StatemEvent& event, Place) -> Transition {
              return Scripted::stop(ExitReason::shutdown("reason")).reply<Ask>(event, 1);
            }})
            .value();
    EXPECT_EQ(linked.call(Ask{}), 1);
    EXPECT_EQ(next<Exit>().reason, ExitReason::shutdown("reason"));
    EXPECT_EQ(linked.try_call(Ask{}).error().reason, ExitReason::noproc());
    EXPECT_TRUE(reports->crashes().empty());
  });
}

TEST_F(Sm, SM_006_a_postponed_event_comes_right_after_the_change_of_state) {
  in_process([] {
    const Pid test = self();
    const StatemRef m =
        machine({.handle = [test](const StatemEvent& event, Place place) -> Transition {
          const auto* ping = event.as<Ping>();
          if (ping == nullptr) return Scripted::keep_state();
          if (place == Place::start && ping->n < 10) return Scripted::keep_state().postpone();
          tell(test, std::to_string(ping->n));
          return Scripted::keep_state();
        }});
    cast_together(m, Ping{1}, Ping{2}, Ping{10}, Go{Place::connected}, Ping{11});
    EXPECT_EQ(all_seen(m), "10 1 2 11");
  });
}

TEST_F(Sm, SM_007_inserted_events_come_first_in_their_order) {
  in_process([] {
    const Pid test = self();
    const StatemRef m = machine({.handle = [test](const StatemEvent& event, Place) -> Transition {
      if (const auto* text = event.as<std::string>()) {
        tell(test, *text);
        return Scripted::keep_state();
      }
      if (event.as<Ping>()->n != 0) {
        tell(test, "external");
        return Scripted::keep_state();
      }
      return Scripted::next_state(Place::wait)
          .next_event(std::string("a"))
          .next_event(std::string("b"))
          .next_event(std::string("c"));
    }});
    cast_together(m, Ping{0}, Ping{1});
    EXPECT_EQ(all_seen(m), "a b c external");
  });
}

TEST_F(Sm, SM_008_events_of_every_type_can_be_inserted) {
  in_process([] {
    using Type = StatemEventType;
    const Pid test = self();
    const StatemRef m =
        machine({.handle = [test](const StatemEvent& event, Place place) -> Transition {
          if (const auto* ask = event.as<Ask>()) {
            if (place == Place::wait) return Scripted::keep_state().reply<Ask>(event, ask->n + 1);
            return Scripted::next_state(Place::wait)
                .insert(StatemEvent(Type::internal, 1))
                .insert(StatemEvent(Type::state_timeout, 2))
                .insert(StatemEvent(Type::timeout, 3))
                .insert(StatemEvent(Type::info, 4))
                .insert(StatemEvent(Type::cast, 5))
                .insert(StatemEvent(Type::named_timeout, 6, "name"))
                .insert(event);
          }
          tell(test, name_of(event) + ":" + std::to_string(*event.as<int>()));
          return Scripted::keep_state();
        }});
    EXPECT_EQ(m.call(Ask{41}), 42);
    EXPECT_EQ(all_seen(m), "internal:1 state_timeout:2 timeout:3 info:4 cast:5 named_timeout:6");
  });
}

Script entering(Pid test) {
  const auto name = [](Place place) {
    return std::string(place == Place::start  ? "start"
                       : place == Place::wait ? "wait"
                                              : "connected");
  };
  return {.handle = [](const StatemEvent& event, Place) -> Transition {
            if (const auto* ask = event.as<Ask>()) {
              if (ask->n == 1) return Scripted::repeat_state().reply<Ask>(event, 1);
              return Scripted::keep_state().reply<Ask>(event, 0);
            }
            return Scripted::keep_state();
          },
          .enters = true,
          .enter = [=](Place previous, Place place) -> Transition {
            send(test, Seen{name(previous) + ">" + name(place)});
            return Scripted::keep_state();
          }};
}

TEST_F(Sm, SM_009_a_state_is_entered_before_any_event) {
  in_process([] {
    const StatemRef m = machine(entering(self()));
    EXPECT_EQ(seen(), "start>start");
    m.cast(Go{Place::wait});
    EXPECT_EQ(all_seen(m), "start>wait");
    m.cast(Go{Place::wait});  // no change
    EXPECT_EQ(all_seen(m), "");
  });
}

TEST_F(Sm, SM_010_repeat_state_enters_again_and_keep_state_does_not) {
  in_process([] {
    const StatemRef m = machine(entering(self()));
    EXPECT_EQ(seen(), "start>start");
    EXPECT_EQ(m.call(Ask{0}), 0);
    EXPECT_EQ(all_seen(m), "");
    EXPECT_EQ(m.call(Ask{1}), 1);
    EXPECT_EQ(all_seen(m), "start>start");
  });
}

TEST_F(Sm, SM_011_stop_and_reply_answers_all_and_ends) {
  in_process([] {
    trap_exit(true);
    const auto waiting = std::make_shared<std::vector<StatemFrom<Ask>>>();
    const StatemRef m =
        StatemRef::start_link<Scripted>(
            {}, Script{.handle = [waiting](const StatemEvent& event, Place) -> Transition {
              if (event.as<Ping>()) {
                return Scripted::stop(ExitReason("reason"))
                    .reply<Ask>(waiting->at(0), 1)
                    .reply<Ask>(waiting->at(1), 2);
              }
              waiting->push_back(event.from<Ask>());
              return Scripted::keep_state();
            }})
            .value();
    const auto first = m.async_call(Ask{});
    const auto second = m.async_call(Ask{});
    m.cast(Ping{});
    EXPECT_EQ(await(first, patience).value(), 1);
    EXPECT_EQ(await(second, patience).value(), 2);
    EXPECT_EQ(next<Exit>().reason, ExitReason("reason"));
    EXPECT_EQ(m.try_call(Ask{}).error().reason, ExitReason::noproc());
  });
}

// What is no transition does not compile. A handler that throws is the rest of the case.
TEST_F(Sm, SM_012_a_handler_that_fails_ends_the_machine_and_its_callers_call) {
  static_assert(!std::is_convertible_v<int, Transition>);
  static_assert(!std::is_convertible_v<Place, Transition>);
  in_process([] {
    const StatemRef m = machine({.handle = [](const StatemEvent&, Place) -> Transition {
      throw std::runtime_error("boom");
    }});
    const Ref end = m.monitor();
    const ExitReason boom = ExitReason::error("std::runtime_error", "boom");
    EXPECT_EQ(m.try_call(Ask{}).error().reason, boom);
    EXPECT_EQ(down_of(end).reason, boom);
  });
}

TEST_F(Sm, SM_013_a_call_that_times_out_harms_nobody) {
  in_process([] {
    const StatemRef m = machine({.handle = [](const StatemEvent& event, Place) -> Transition {
      const auto* ask = event.as<Ask>();
      if (ask->n == 0) receive_value<GoOn>();
      return Scripted::keep_state().reply<Ask>(event, ask->n);
    }});
    EXPECT_EQ(m.try_call(Ask{0}, 1ms).error().reason, ExitReason::timeout());
    send(m.address(), GoOn{});
    EXPECT_EQ(m.call(Ask{5}), 5);
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Sm, SM_019_a_machine_hibernates_when_it_says_so) {
  in_process([] {
    const StatemRef m = machine({.init = [] { return start_in(Place::start).hibernate(); },
                                 .handle = [](const StatemEvent& event, Place) -> Transition {
                                   return event.as<Ping>()->n == 1
                                              ? Scripted::keep_state().hibernate()
                                              : Scripted::keep_state();
                                 }});
    const auto hibernating = [&] { return process_info(m.address())->hibernating; };
    EXPECT_TRUE(eventually(hibernating));
    sys::suspend(m);
    sys::resume(m);
    EXPECT_TRUE(hibernating());
    m.cast(Ping{0});
    EXPECT_TRUE(eventually([&] { return !hibernating(); }));
    m.cast(Ping{1});
    EXPECT_TRUE(eventually(hibernating));
  });
}

TEST_F(Sm, SM_020_a_suspended_machine_answers_nobody) {
  in_process([] {
    const StatemRef m = machine();
    sys::suspend(m);
    const auto request = m.async_call(Where{});
    EXPECT_EQ(await(request, 20ms).error().reason, ExitReason::timeout());
    sys::resume(m);
    EXPECT_EQ(await(request, patience).value(), Place::start);
  });
}

/// A machine with data of its own.
class Counting final : public Statem<Place> {
 public:
  StatemInit<Place> init() override { return start_in(Place::start); }
  Transition handle_event(const Event& event, const Place&) override {
    return event.as<Ask>() ? keep_state().reply<Ask>(event, factor_ * count_) : keep_state();
  }
  std::any data() const override { return count_; }
  void replace_data(std::any data) override { count_ = std::any_cast<int>(data); }
  std::expected<void, ExitReason> code_change(std::string_view old_version,
                                              const std::any& extra) override {
    if (old_version != "1") return std::unexpected(ExitReason("unknown_version"));
    factor_ = std::any_cast<int>(extra);
    return {};
  }

 private:
  int count_ = 2;
  int factor_ = 1;
};

TEST_F(Sm, SM_021_state_and_data_are_read_and_replaced) {
  in_process([] {
    const StatemRef m = StatemRef::start<Counting>({.name = "sm_021"}).value();
    for (const StatemRef& ref : {m, StatemRef(Name("sm_021"))}) {
      for (const bool suspended : {false, true}) {
        if (suspended) sys::suspend(ref);
        const auto before = sys::get_state_as<StatemState<Place>>(ref);
        sys::replace_state_as<StatemState<Place>>(ref, [](StatemState<Place> state) {
          return StatemState<Place>{Place::wait, std::any_cast<int>(state.data) + 1};
        });
        const auto after = sys::get_state_as<StatemState<Place>>(ref);
        EXPECT_EQ(after.state, Place::wait);
        EXPECT_EQ(std::any_cast<int>(after.data), std::any_cast<int>(before.data) + 1);
        if (suspended) sys::resume(ref);
      }
    }
    EXPECT_EQ(m.call(Ask{}), 6);
  });
}

TEST_F(Sm, SM_022_a_change_of_code_is_in_force_after_it) {
  in_process([] {
    const StatemRef m = StatemRef::start<Counting>({}).value();
    sys::suspend(m);
    EXPECT_TRUE(sys::change_code(m, "1", 10).has_value());
    EXPECT_EQ(sys::change_code(m, "2", 20).error(), ExitReason("unknown_version"));
    sys::resume(m);
    EXPECT_EQ(m.call(Ask{}), 20);
  });
}

TEST_F(Sm, SM_023_terminate_may_be_missing_or_there) {
  in_process([] {
    for (const ExitReason& reason : {ExitReason::normal(), ExitReason("R")}) {
      const auto plain = StatemRef::start_monitor<Counting>({}).value();
      plain.server.stop(reason);
      EXPECT_EQ(down_of(plain.monitor).reason, reason);
      const Pid test = self();
      const StatemRef full = machine({.terminate = [test](const ExitReason& why, Place place) {
        send(test, Seen{to_string(why) + (place == Place::wait ? " in wait" : "")});
      }});
      full.cast(Go{Place::wait});
      full.stop(reason);
      EXPECT_EQ(seen(), to_string(reason) + " in wait");
    }
  });
}

TEST_F(Sm, SM_024_a_machine_that_traps_exits_ends_with_its_parent) {
  in_process([] {
    trap_exit(true);
    const Pid test = self();
    const StatemRef m =
        StatemRef::start_link<Scripted>(
            {}, Script{.init =
                           [] {
                             trap_exit(true);
                             return start_in(Place::start);
                           },
                       .terminate = [test](const ExitReason& why,
                                           Place) { send(test, Seen{to_string(why)}); }})
            .value();
    exit(m.address(), ExitReason::shutdown());
    EXPECT_EQ(next<Exit>().reason, ExitReason::shutdown());
    EXPECT_EQ(seen(), "shutdown");
  });
}

TEST_F(Sm, SM_025_requests_are_collected) {
  in_process([] {
    const auto waiting = std::make_shared<std::map<int, StatemFrom<Ask>>>();
    const StatemRef m =
        machine({.handle = [waiting](const StatemEvent& event, Place) -> Transition {
          if (const auto* ping = event.as<Ping>())
            return Scripted::keep_state().reply<Ask>(waiting->at(ping->n), ping->n);
          waiting->emplace(event.as<Ask>()->n, event.from<Ask>());
          return Scripted::keep_state();
        }});
    RequestCollection<int, int> requests;
    for (int n = 1; n <= 3; ++n) requests.add(m.async_call(Ask{n}), n);
    for (const int n : {2, 3, 1}) {
      m.cast(Ping{n});
      const auto response = requests.receive_response(patience);
      EXPECT_EQ(response->label, n);
      EXPECT_EQ(response->result.value(), n);
    }
    EXPECT_FALSE(requests.receive_response(patience).has_value());
    const Ref end = m.monitor();
    exit(m.address(), ExitReason::kill());
    down_of(end);
    EXPECT_EQ(await(m.async_call(Ask{1}), patience).error().reason, ExitReason::noproc());
  });
}

TEST_F(Sm, an_enter_call_may_not_change_the_state) {
  in_process([] {
    const auto broken =
        StatemRef::start_monitor<Scripted>({}, Script{.enters = true,
                                                      .enter = [](Place, Place) -> Transition {
                                                        return Scripted::next_state(Place::wait);
                                                      }})
            .value();
    EXPECT_EQ(down_of(broken.monitor).reason.origin(), "std::logic_error");
  });
}

}  // namespace
}  // namespace otp::conformance
