// Names beyond the local ones: keys of a registry and global names, as addresses of every
// behaviour.
#include <otp/agent.h>
#include <otp/gen_event.h>
#include <otp/gen_statem.h>
#include <otp/global.h>
#include <otp/registry.h>
#include <otp/supervisor.h>
#include <otp/sys.h>

#include "proc_support.h"
#include "registry.otp.h"

namespace {

class SubjectImpl final : public registry_cases::SubjectServer {
  otp::Init init() override { return otp::ok(); }
  otp::Reply<std::int64_t> ask(std::int64_t n, From<std::int64_t>) override { return n; }
};

}  // namespace

std::unique_ptr<registry_cases::SubjectServer> registry_cases::SubjectServer::create() {
  return std::make_unique<SubjectImpl>();
}

namespace otp::conformance {
namespace {

using registry_cases::Subject;

class Names : public Proc {
 protected:
  using Keys = Registry<std::string>;
};

struct Ping {
  using Reply = int;
};
class Machine final : public Statem<int> {
  StatemInit<int> init() override { return start_in(1); }
  Transition handle_event(const Event& event, const int& state) override {
    if (event.as<Ping>() != nullptr) return keep_state().reply<Ping>(event, state);
    return keep_state();
  }
};

TEST_F(Names, GS_008_via_and_global_names_serve_as_addresses_and_are_free_after_stop) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    for (const Via& via : {keys.via("one"), global::via("one")}) {
      const Subject by_name{via};
      EXPECT_EQ(by_name.try_ask(1).error().reason, ExitReason::noproc());
      ASSERT_TRUE(Subject::start({}, {.via = via}));
      EXPECT_EQ(by_name.ask(3), 3);
      by_name.stop();
      EXPECT_FALSE(by_name.pid());
      ASSERT_TRUE(Subject::start({}, {.via = via}));
      EXPECT_EQ(by_name.ask(4), 4);
    }
    EXPECT_EQ(global::registered_names(), std::vector<std::string>{"one"});
  });
}

TEST_F(Names, GS_043_via_and_global_names_resolve_to_their_holder) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    EXPECT_EQ(ServerRef(keys.via("nobody")).pid(), std::nullopt);
    EXPECT_EQ(ServerRef(global::via("nobody")).pid(), std::nullopt);
    ASSERT_TRUE(keys.add("me"));
    ASSERT_TRUE(global::register_name("me", self()));
    EXPECT_FALSE(global::register_name("me", self()));
    EXPECT_EQ(ServerRef(keys.via("me")).pid(), self());
    EXPECT_EQ(ServerRef(global::via("me")).pid(), self());
    EXPECT_EQ(global::whereis_name("me"), self());
    global::unregister_name("me");
    EXPECT_EQ(global::whereis_name("me"), std::nullopt);
  });
}

/// What keeps one name, as a module of one's own behind {via, Module, Name} does.
class OneName final : public ViaName {
 public:
  std::expected<void, Pid> register_name() const override {
    if (holder_) return std::unexpected(holder_);
    holder_ = self();
    return {};
  }
  Pid whereis_name() const override { return holder_; }
  bool equals(const ViaName& other) const noexcept override { return this == &other; }

 private:
  mutable Pid holder_;
};

TEST_F(Names, GS_043_a_module_of_ones_own_keeps_names) {
  in_process([] {
    const Via via = std::make_shared<OneName>();
    EXPECT_EQ(Subject{via}.try_ask(1).error().reason, ExitReason::noproc());
    const Subject first = Subject::start({}, {.via = via}).value();
    EXPECT_EQ(Subject{via}.pid(), first.pid());
    EXPECT_EQ(Subject{via}.ask(3), 3);
    EXPECT_EQ(Subject::start({}, {.via = via}).error().pid, first.address());
    first.stop();
  });
}

TEST_F(Names, references_by_the_same_name_are_equal) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    const Keys others = Keys::start_link().value();
    const ServerRef one{keys.via("one")};
    EXPECT_EQ(one, ServerRef(keys.via("one")));
    EXPECT_NE(one, ServerRef(keys.via("two")));
    EXPECT_NE(one, ServerRef(others.via("one")));
    EXPECT_NE(one, ServerRef(Name("one")));
    EXPECT_NE(one, ServerRef());
    ASSERT_TRUE(keys.add("one"));
    EXPECT_NE(one, ServerRef(self()));
    EXPECT_EQ(one.pid(), ServerRef(self()).pid());
    EXPECT_TRUE(one);
    EXPECT_FALSE(ServerRef());
  });
}

TEST_F(Names, REG_009_a_key_is_resolved_at_each_use) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    const Subject subject{keys.via("hello")};
    const Subject first = Subject::start({}, {.via = keys.via("hello")}).value();
    EXPECT_EQ(subject.ask(1), 1);
    const auto second = Subject::start({}, {.via = keys.via("hello")});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().pid, first.address());
    const Ref gone = subject.monitor();
    exit(first.address(), ExitReason::kill());
    down_of(gone);
    ASSERT_TRUE(
        eventually([&] { return Subject::start({}, {.via = keys.via("hello")}).has_value(); }));
    EXPECT_EQ(subject.ask(2), 2);
  });
}

TEST_F(Names, EV_001_002_a_manager_under_a_via_or_global_name) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    for (const Via& via : {keys.via("m"), global::via("m")}) {
      const EventManager manager = EventManager::start_link({.via = via}).value();
      EXPECT_TRUE(EventManager{via}.which_handlers().empty());
      const auto again = EventManager::start({.via = via});
      ASSERT_FALSE(again);
      EXPECT_EQ(again.error().kind, StartError::Kind::already_started);
      EXPECT_EQ(again.error().pid, manager.address());
      EventManager{via}.stop();
      EXPECT_FALSE(is_alive(manager.address()));
    }
  });
}

TEST_F(Names, SM_004_a_machine_is_stopped_by_via_and_global_name) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    for (const Via& via : {keys.via("m"), global::via("m")}) {
      const StatemRef machine = StatemRef::start<Machine>({.via = via}).value();
      const Ref gone = machine.monitor();
      EXPECT_EQ(StatemRef{via}.call(Ping{}), 1);
      StatemRef{via}.stop(ExitReason("other_reason"));
      EXPECT_EQ(down_of(gone).reason, ExitReason("other_reason"));
      EXPECT_EQ(stop_failure(StatemRef{via}), ExitReason::noproc());
    }
  });
}

TEST_F(Names, SYS_008_the_status_of_a_via_or_global_name) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    for (const Via& via : {keys.via("s"), global::via("s")}) {
      const Subject subject = Subject::start_link({}, {.via = via}).value();
      const auto status = sys::get_status(Subject{via});
      EXPECT_EQ(status.pid, subject.address());
      EXPECT_EQ(status.parent, self());
    }
  });
}

TEST_F(Names, DSUP_021_dynamic_supervisors_by_their_names_under_one_parent) {
  in_process([] {
    const Keys keys = Keys::start_link().value();
    const auto child = [](const std::string& id, StartOptions options) {
      return ChildSpec{.id = id,
                       .start = [options]() -> std::expected<StartedChild, StartError> {
                         const auto started = start_dynamic_supervisor({.name = "d"}, options);
                         if (!started) return std::unexpected(started.error());
                         return started->address();
                       },
                       .type = ChildType::supervisor};
    };
    const SupervisorRef parent =
        start_supervisor(
            {.name = "parent",
             .children = {child("local", {.name = "d"}), child("global", {.via = global::via("d")}),
                          child("via", {.via = keys.via("d")}), child("none", {})}})
            .value();
    EXPECT_EQ(parent.count_children().active, 4U);
    EXPECT_EQ(parent.start_child(child("none", {})).error().kind,
              ChildError::Kind::already_started);
    EXPECT_EQ(DynamicSupervisorRef{keys.via("d")}.count_children().specs, 0U);
    EXPECT_EQ(DynamicSupervisorRef{global::via("d")}.count_children().specs, 0U);
  });
}

}  // namespace
}  // namespace otp::conformance
