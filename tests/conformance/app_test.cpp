// APP: applications, loaded, started, stopped and configured.
#include <otp/application.h>
#include <otp/global.h>
#include <otp/pg.h>
#include <otp/supervisor.h>

#include "proc_support.h"

namespace otp::conformance {
namespace {

using application::ensure_all_started;
using application::get_env;
using application::load;
using application::loaded_applications;
using application::set_env;
using application::start;
using application::stop;
using application::unload;
using application::which_applications;

using Names = std::vector<std::string>;
using Result = std::expected<void, ExitReason>;

class App : public Proc {
 protected:
  /// One with a root that waits to be stopped.
  static ApplicationSpec runs(const std::string& name) {
    ApplicationSpec spec;
    spec.name = name;
    spec.start = [](const Env&) -> std::expected<Pid, ExitReason> {
      return spawn_link([] { stay(); });
    };
    return spec;
  }
  /// One whose start does that.
  static ApplicationSpec starts(const std::string& name,
                                std::function<std::expected<Pid, ExitReason>()> how) {
    ApplicationSpec spec;
    spec.name = name;
    spec.start = [how = std::move(how)](const Env&) { return how(); };
    return spec;
  }
  static EnvKey key(const std::string& name, EnvValue fallback) {
    return {.name = name,
            .type = EnvType::text,
            .fallback = std::move(fallback),
            .min = {},
            .max = {},
            .doc = {}};
  }
  static EnvValue text(const char* value) { return EnvValue(std::string(value)); }
  static std::string why(const Result& result) { return result ? "ok" : to_string(result.error()); }
};

TEST_F(App, APP_001_an_application_whose_supervisor_fails_is_not_started_and_leaves_nothing) {
  in_process([] {
    Pid sibling;
    const ChildSpec first{.id = "first", .start = [&]() -> std::expected<StartedChild, StartError> {
                            sibling = spawn_link([] { stay(); });
                            return sibling;
                          }};
    const ChildSpec fails{.id = "fails", .start = []() -> std::expected<StartedChild, StartError> {
                            return std::unexpected(StartError{.reason = ExitReason("E")});
                          }};
    ASSERT_TRUE(load(starts("shop", [&]() -> std::expected<Pid, ExitReason> {
      const auto root = start_supervisor({.name = "S", .children = {first, fails}});
      if (!root) return std::unexpected(root.error().as_reason());
      return root->address();
    })));
    EXPECT_EQ(why(start("shop")),
              "{{shutdown,{failed_to_start_child,fails,E}},{shop,start,[normal,[]]}}");
    EXPECT_FALSE(is_alive(sibling));
    EXPECT_TRUE(which_applications().empty());
    EXPECT_TRUE(unload("shop"));
  });
}

TEST_F(App, APP_002_an_error_of_start_is_the_result) {
  in_process([] {
    ASSERT_TRUE(load(starts("app", []() -> std::expected<Pid, ExitReason> {
      return std::unexpected(ExitReason("start_error"));
    })));
    EXPECT_EQ(why(start("app")), "{start_error,{app,start,[normal,[]]}}");
  });
}

TEST_F(App, APP_003_two_that_start_one_at_once_both_start_it) {
  in_process([] {
    std::atomic<int> begun{0};
    std::atomic<bool> go{false};
    ASSERT_TRUE(load(starts("app", [&]() -> std::expected<Pid, ExitReason> {
      ++begun;
      while (!go) otp::sleep(1ms);
      return spawn_link([] { stay(); });
    })));
    const Pid me = self();
    for (int i = 0; i < 2; ++i) spawn([me] { send(me, why(start("app"))); });
    while (begun == 0) otp::sleep(1ms);
    go = true;
    EXPECT_EQ(receive_value<std::string>(), "ok");
    EXPECT_EQ(receive_value<std::string>(), "ok");
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(why(start("app")), "{already_started,app}");
  });
}

TEST_F(App, APP_004_two_that_start_a_failing_one_at_once_get_the_same_error) {
  in_process([] {
    std::atomic<bool> go{false};
    ASSERT_TRUE(load(starts("app", [&]() -> std::expected<Pid, ExitReason> {
      while (!go) otp::sleep(1ms);
      return std::unexpected(ExitReason("bad"));
    })));
    const Pid me = self();
    for (int i = 0; i < 2; ++i) {
      spawn([me] { send(me, why(start("app"))); });
      // Both requests are at the controller before it goes on: it answers in order.
      otp::yield();
      static_cast<void>(loaded_applications());
    }
    go = true;
    EXPECT_EQ(receive_value<std::string>(), "{bad,{app,start,[normal,[]]}}");
    EXPECT_EQ(receive_value<std::string>(), "{bad,{app,start,[normal,[]]}}");
  });
}

TEST_F(App, APP_005_a_dependency_must_run) {
  in_process([] {
    ApplicationSpec app10 = runs("app10");
    app10.depends = {runs("app9")};
    ASSERT_TRUE(load(runs("app9")));
    ASSERT_TRUE(load(app10));
    EXPECT_EQ(why(start("app10")), "{not_started,app9}");
    EXPECT_EQ(ensure_all_started("app10").value(), (Names{"app9", "app10"}));
    EXPECT_EQ(ensure_all_started("app10").value(), Names{});
    EXPECT_EQ(which_applications(), (Names{"app10", "app9"}));
  });
}

TEST_F(App, APP_005_what_was_started_for_one_that_fails_is_stopped_again) {
  in_process([] {
    ApplicationSpec top = starts("top", []() -> std::expected<Pid, ExitReason> {
      return std::unexpected(ExitReason("bad"));
    });
    top.depends = {runs("base")};
    ASSERT_TRUE(load(top));
    EXPECT_EQ(to_string(ensure_all_started("top").error()), "{top,{bad,{top,start,[normal,[]]}}}");
    EXPECT_TRUE(which_applications().empty());
  });
}

TEST_F(App, APP_006_a_transient_application_that_exits_in_start) {
  in_process([] {
    ASSERT_TRUE(load(starts(
        "app", []() -> std::expected<Pid, ExitReason> { otp::exit(ExitReason::normal()); })));
    EXPECT_EQ(why(start("app", ApplicationType::transient)),
              "{{'EXIT',normal},{app,start,[normal,[]]}}");
    EXPECT_EQ(why(start("app", ApplicationType::transient)),
              "{{'EXIT',normal},{app,start,[normal,[]]}}");  // the node lives
  });
  Runtime runtime({.schedulers = 2, .reports = reports});
  std::string result;
  const ExitReason reason = runtime.run([&] {
    ASSERT_TRUE(load(starts(
        "app", []() -> std::expected<Pid, ExitReason> { otp::exit(ExitReason("abnormal")); })));
    trap_exit(true);
    result = why(start("app", ApplicationType::transient));
    otp::exit(receive_value<Exit>()->reason);
  });
  EXPECT_EQ(result, "{bad_return,{{app,start,[normal,[]]},{'EXIT',abnormal}}}");
  EXPECT_EQ(reason, ExitReason::shutdown());  // the node is stopped
}

TEST_F(App, APP_006_what_the_end_of_each_type_means) {
  const auto end_of_node = [&](ApplicationType type, const ExitReason& reason) {
    Runtime runtime({.schedulers = 2, .reports = reports});
    return runtime.run([&] {
      ASSERT_TRUE(load(starts("app", [&]() -> std::expected<Pid, ExitReason> {
        const Pid root = spawn_link([&] {
          receive_value<int>();
          otp::exit(reason);
        });
        register_name("root", root);
        return root;
      })));
      ASSERT_TRUE(start("app", type));
      const Ref root = monitor(*whereis("root"));
      send(*whereis("root"), 1);
      down_of(root);
      while (!which_applications().empty()) otp::sleep(1ms);
    });
  };
  using enum ApplicationType;
  EXPECT_EQ(end_of_node(temporary, ExitReason("bad")), ExitReason::normal());
  EXPECT_EQ(end_of_node(transient, ExitReason::normal()), ExitReason::normal());
  EXPECT_EQ(end_of_node(transient, ExitReason("bad")), ExitReason::shutdown());
  EXPECT_EQ(end_of_node(permanent, ExitReason::normal()), ExitReason::shutdown());
}

TEST_F(App, APP_007_stop_ends_every_process_of_the_application) {
  in_process([] {
    ASSERT_TRUE(load(starts("app", []() -> std::expected<Pid, ExitReason> {
      spawn([] {
        register_name("loose", self());
        spawn([] {
          register_name("looser", self());
          stay();
        });
        stay();
      });
      return spawn_link([] { stay(); });
    })));
    ASSERT_TRUE(start("app"));
    while (!whereis("looser")) otp::sleep(1ms);
    EXPECT_EQ(application::get_application(*whereis("looser")), "app");
    EXPECT_FALSE(application::get_application());
    const Ref loose = monitor(*whereis("loose"));
    const Ref looser = monitor(*whereis("looser"));
    ASSERT_TRUE(stop("app"));
    EXPECT_EQ(down_of(loose).reason, ExitReason::killed());
    EXPECT_EQ(down_of(looser).reason, ExitReason::killed());
    EXPECT_FALSE(whereis("loose"));
    EXPECT_FALSE(whereis("looser"));
    EXPECT_EQ(why(stop("app")), "{not_started,app}");
  });
}

TEST_F(App, APP_007_the_callbacks_of_a_stop_come_in_order) {
  in_process([] {
    static std::vector<std::string> log;
    log.clear();
    ApplicationSpec spec = starts("app", []() -> std::expected<Pid, ExitReason> {
      return spawn_link([] {
        trap_exit(true);
        receive_value<Exit>();
        log.emplace_back("tree");
      });
    });
    spec.prep_stop = [] { log.emplace_back("prep_stop"); };
    spec.stop = [] {
      log.emplace_back("stop");
      throw std::runtime_error("and still it ends");
    };
    ASSERT_TRUE(load(spec));
    ASSERT_TRUE(start("app"));
    ASSERT_TRUE(stop("app"));
    EXPECT_EQ(log, (Names{"prep_stop", "tree", "stop"}));
  });
}

TEST_F(App, APP_008_configured_values_are_looked_up_by_key) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.env = {key("file", text("a.log"))};
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "file"), text("a.log"));
    EXPECT_EQ(get_env("app", "other"), std::nullopt);
    EXPECT_EQ(get_env("nobody", "file"), std::nullopt);
    EXPECT_EQ(get_env("app", "other", text("b")), text("b"));
    EXPECT_EQ(get_env("app", "file", text("b")), text("a.log"));
  });
}

TEST_F(App, APP_008_start_gets_the_values) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.env = {key("file", text("a.log"))};
    std::string seen;
    spec.start = [&](const Env& env) -> std::expected<Pid, ExitReason> {
      seen = env.get<std::string>("file");
      EXPECT_THROW(env["unknown"], std::out_of_range);
      return spawn_link([] { stay(); });
    };
    ASSERT_TRUE(load(spec));
    set_env("app", "file", text("b.log"));
    ASSERT_TRUE(start("app"));
    EXPECT_EQ(seen, "b.log");
  });
}

TEST_F(App, APP_009_values_set_before_the_load) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.env = {key("declared", text("spec"))};
    set_env("app", "declared", text("set"));
    set_env("app", "undeclared", text("set"));
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "declared"), text("spec"));
    EXPECT_EQ(get_env("app", "undeclared"), text("set"));
    ASSERT_TRUE(unload("app"));
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "undeclared"), std::nullopt);
  });
}

TEST_F(App, APP_010_persistent_values) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.env = {key("declared", text("spec"))};
    set_env("app", "declared", text("set"), {.persistent = true});
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "declared"), text("set"));
    ASSERT_TRUE(unload("app"));
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "declared"), text("set"));
    application::unset_env("app", "declared");
    EXPECT_EQ(get_env("app", "declared"), std::nullopt);
    ASSERT_TRUE(unload("app"));
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(get_env("app", "declared"), text("spec"));
  });
}

TEST_F(App, APP_011_settings_that_make_no_sense_change_nothing) {
  in_process([] {
    const EnvValue one = text("1");
    EXPECT_THROW(set_env("", "key", one), std::invalid_argument);
    EXPECT_THROW(set_env("app", "", one), std::invalid_argument);
    EXPECT_THROW(set_env({{"app", {{"key", one}}}, {"app", {{"other", one}}}}),
                 std::invalid_argument);
    EXPECT_THROW(set_env({{"app", {{"key", one}, {"key", one}}}}), std::invalid_argument);
    EXPECT_EQ(get_env("app", "key"), std::nullopt);
    set_env({{"app", {{"key", one}}}, {"other", {{"key", one}}}});
    EXPECT_EQ(get_env("other", "key"), one);
  });
}

TEST_F(App, APP_012_faulty_specs_are_refused) {
  in_process([] {
    EXPECT_EQ(why(load(runs(""))), "{bad_application,an application needs a name}");
    ApplicationSpec twice = runs("app");
    twice.env = {key("file", text("a")), key("file", text("b"))};
    EXPECT_EQ(why(load(twice)), "{bad_application,the key file is declared twice}");
    ApplicationSpec phases = runs("app");
    phases.start_phases = {"go", "go"};
    EXPECT_EQ(why(load(phases)), "{bad_application,the start phase go stands twice}");
    EXPECT_TRUE(loaded_applications().empty());
  });
}

TEST_F(App, APP_013_the_spec_can_be_read_from_outside_and_inside) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.description = "what it is for";
    spec.version = "1.2";
    spec.depends = {};
    spec.start_phases = {"migrate"};
    spec.included = {runs("part")};
    spec.env = {key("file", text("a"))};
    std::optional<ApplicationSpec> inside;
    spec.start_phase = [&](const std::string& phase) -> Result {
      EXPECT_EQ(phase, "migrate");
      inside = application::get_spec();
      return {};
    };
    ASSERT_TRUE(load(spec));
    ASSERT_TRUE(start("app"));
    const auto outside = application::get_spec("app");
    for (const auto& each : {outside, inside}) {
      ASSERT_TRUE(each);
      EXPECT_EQ(each->description, "what it is for");
      EXPECT_EQ(each->version, "1.2");
      EXPECT_EQ(each->start_phases, Names{"migrate"});
      EXPECT_EQ(each->included.front().name, "part");
      EXPECT_EQ(each->env.front().name, "file");
    }
    EXPECT_FALSE(application::get_spec("nobody"));
    EXPECT_FALSE(application::get_spec());
  });
}

TEST_F(App, APP_013_a_phase_that_fails_stops_the_application) {
  in_process([] {
    ApplicationSpec spec = runs("app");
    spec.start_phases = {"one", "two"};
    spec.start_phase = [](const std::string& phase) -> Result {
      if (phase == "two") return std::unexpected(ExitReason("bad"));
      return {};
    };
    ASSERT_TRUE(load(spec));
    EXPECT_EQ(why(start("app")), "{bad,{app,start_phase,[two,normal,[]]}}");
    EXPECT_FALSE(application::get_supervisor("app"));
  });
}

TEST_F(App, APP_014_a_second_load_is_refused) {
  in_process([] {
    ASSERT_TRUE(load(runs("app")));
    EXPECT_EQ(why(load(runs("app"))), "{already_loaded,app}");
    EXPECT_EQ(loaded_applications(), Names{"app"});
    EXPECT_EQ(why(unload("other")), "{not_loaded,other}");
    ASSERT_TRUE(start("app"));
    EXPECT_EQ(why(unload("app")), "{running,app}");
  });
}

TEST_F(App, APP_015_included_applications_are_loaded_with_it) {
  in_process([] {
    ApplicationSpec part = runs("part");
    part.included = {runs("grain")};
    ApplicationSpec whole = runs("whole");
    whole.included = {part};
    ASSERT_TRUE(load(whole));
    EXPECT_EQ(loaded_applications(), (Names{"grain", "part", "whole"}));
  });
}

// They come into being with whoever needs them first, and are everybody's.
TEST_F(App, scopes_and_global_names_outlive_the_application_that_was_first) {
  in_process([] {
    ASSERT_TRUE(load(starts("first", []() -> std::expected<Pid, ExitReason> {
      static_cast<void>(ProcessGroups<std::string>::ensure("everybodys"));
      global::register_name("of the first", self());
      return spawn_link([] { stay(); });
    })));
    ASSERT_TRUE(start("first"));
    const auto groups = ProcessGroups<std::string>::open("everybodys");
    groups.join("all");
    ASSERT_TRUE(global::register_name("of this one", self()));
    ASSERT_TRUE(stop("first"));
    EXPECT_EQ(ProcessGroups<std::string>::open("everybodys").get_members("all"),
              std::vector{self()});
    EXPECT_EQ(global::whereis_name("of this one"), self());
  });
}

TEST_F(App, APP_016_the_root_supervisor) {
  in_process([] {
    Pid root;
    ASSERT_TRUE(load(starts("app", [&]() -> std::expected<Pid, ExitReason> {
      root = spawn_link([] { stay(); });
      return root;
    })));
    ApplicationSpec library;
    library.name = "library";
    ASSERT_TRUE(load(library));
    ASSERT_TRUE(start("app"));
    ASSERT_TRUE(start("library"));
    EXPECT_EQ(application::get_supervisor("app"), root);
    EXPECT_EQ(application::get_supervisor("library"), std::nullopt);
    EXPECT_EQ(application::get_supervisor("nobody"), std::nullopt);
  });
}

}  // namespace
}  // namespace otp::conformance
