#include "behaviours/env.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace otp::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ApplicationSpec shop() {
  ApplicationSpec spec;
  spec.name = "shop";
  spec.env = {
      {.name = "audit_file",
       .type = EnvType::text,
       .fallback = {},
       .min = {},
       .max = {},
       .doc = {}},
      {.name = "pool",
       .type = EnvType::natural,
       .fallback = std::uint64_t{4},
       .min = std::uint64_t{1},
       .max = std::uint64_t{64},
       .doc = "Connections."},
      {.name = "pause",
       .type = EnvType::duration,
       .fallback = Duration(std::chrono::seconds(5)),
       .min = {},
       .max = {},
       .doc = {}},
      {.name = "verbose",
       .type = EnvType::boolean,
       .fallback = false,
       .min = {},
       .max = {},
       .doc = {}},
  };
  return spec;
}

class EnvTest : public ::testing::Test {
 protected:
  std::expected<Env, ConfigErrors> load(std::vector<std::string> settings,
                                        const std::string& toml = {},
                                        std::map<std::string, std::string> environment = {}) {
    CommandLine command_line;
    command_line.settings = std::move(settings);
    if (!toml.empty()) {
      const std::string path = ::testing::TempDir() + std::to_string(::getpid()) + "_env_test.toml";
      std::ofstream(path) << toml;
      command_line.config_files.push_back(path);
    }
    const ApplicationSpec spec = shop();
    auto all = load_env({&spec}, command_line, [&](const std::string& name) {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
    for (const std::string& file : command_line.config_files) std::filesystem::remove(file);
    if (!all) return std::unexpected(all.error());
    return all->env.at("shop");
  }
};

TEST_F(EnvTest, show_config_says_where_each_value_comes_from) {
  const char* const arguments[] = {"program", "--show-config", "--set", "shop.pool=5"};
  const auto command_line = parse_command_line(4, arguments);
  ASSERT_TRUE(command_line && command_line->show_config);
  const ApplicationSpec spec = shop();
  const auto all = load_env({&spec}, *command_line, [](const std::string& name) {
    return name == "SHOP_AUDIT_FILE" ? "log" : nullptr;
  });
  ASSERT_TRUE(all);
  EXPECT_NE(all->shown.find("shop.pool = 5  # --set shop.pool=5\n"), std::string::npos)
      << all->shown;
  EXPECT_NE(all->shown.find("shop.audit_file = \"log\"  # environment variable SHOP_AUDIT_FILE\n"),
            std::string::npos);
  EXPECT_NE(all->shown.find("  # default\n"), std::string::npos);
}

TEST_F(EnvTest, the_command_line_beats_the_environment_beats_the_file_beats_the_default) {
  const std::string file = "[shop]\naudit_file = \"f\"\npool = 2\npause = \"250ms\"\n";
  EXPECT_EQ(load({}, file)->get<unsigned>("pool"), 2U);
  EXPECT_EQ(load({}, file, {{"SHOP_POOL", "3"}})->get<unsigned>("pool"), 3U);
  EXPECT_EQ(load({"shop.pool=5"}, file, {{"SHOP_POOL", "3"}})->get<unsigned>("pool"), 5U);
  EXPECT_EQ(load({"shop.audit_file=x"})->get<unsigned>("pool"), 4U);
  EXPECT_EQ(load({}, file)->get<Duration>("pause"), std::chrono::milliseconds(250));
  EXPECT_EQ(load({}, file)->get<std::string>("audit_file"), "f");
}

TEST_F(EnvTest, a_duration_is_as_in_a_schema_and_within_its_range) {
  EXPECT_EQ(load({"shop.audit_file=x", "shop.pause=2d"})->get<Duration>("pause"),
            std::chrono::days(2));
  EXPECT_EQ(load({"shop.audit_file=x", "shop.pause=3000000h"}).error().size(), 1U);
}

TEST_F(EnvTest, a_missing_value_says_where_it_can_be_given) {
  EXPECT_THAT(load({}).error(), ElementsAre(::testing::AllOf(HasSubstr("`audit_file` has no value"),
                                                             HasSubstr("SHOP_AUDIT_FILE"),
                                                             HasSubstr("--set shop.audit_file="))));
}

TEST_F(EnvTest, a_value_out_of_its_range_names_place_and_range) {
  EXPECT_THAT(load({"shop.audit_file=x", "shop.pool=100"}).error(),
              ElementsAre("--set shop.pool=100: `shop.pool` is out of its range: it is 100 and "
                          "must be from 1 to 64."));
  EXPECT_THAT(
      load({"shop.audit_file=x"}, {}, {{"SHOP_POOL", "0"}}).error(),
      ElementsAre(HasSubstr("environment variable SHOP_POOL: `shop.pool` is out of its range")));
}

TEST_F(EnvTest, a_value_of_another_type_is_refused_wherever_it_comes_from) {
  EXPECT_THAT(load({"shop.audit_file=x", "shop.pool=many"}).error(),
              ElementsAre(HasSubstr("must be a whole number")));
  EXPECT_THAT(load({}, "[shop]\naudit_file = 3\n").error(),
              ElementsAre(HasSubstr("env_test.toml:2: `shop.audit_file` must be a text, not `3`")));
  EXPECT_THAT(load({"shop.audit_file=x", "shop.pause=5"}).error(),
              ElementsAre(HasSubstr("a duration such as")));
}

TEST_F(EnvTest, a_misspelt_key_or_application_is_an_error_with_a_suggestion) {
  EXPECT_THAT(load({"shop.audit_file=x", "shop.pol=1"}).error(),
              ElementsAre(HasSubstr("Did you mean `pool`?")));
  EXPECT_THAT(load({"shop.audit_file=x"}, "[shpo]\npool = 1\n").error(),
              ElementsAre(HasSubstr("Did you mean `shop`?")));
}

TEST_F(EnvTest, all_errors_are_told_at_once) {
  EXPECT_EQ(load({"shop.pool=0", "shop.verbose=maybe", "nonsense"}).error().size(), 4U);
}

TEST_F(EnvTest, a_broken_or_absent_file_is_named_with_the_place) {
  EXPECT_THAT(load({"shop.audit_file=x"}, "[shop]\npool = = 3\n").error(),
              ElementsAre(HasSubstr("env_test.toml:2:")));
  CommandLine command_line;
  command_line.config_files = {"/nonexistent/shop.toml"};
  const ApplicationSpec spec = shop();
  EXPECT_THAT(
      load_env({&spec}, command_line, [](const std::string&) { return nullptr; }).error().front(),
      HasSubstr("/nonexistent/shop.toml"));
}

TEST(CommandLine, knows_its_options_and_refuses_others) {
  const char* good[] = {"shop", "--config", "a.toml", "--set=shop.pool=1", "--reports=json"};
  const auto parsed = parse_command_line(5, good);
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->config_files, ElementsAre("a.toml"));
  EXPECT_THAT(parsed->settings, ElementsAre("shop.pool=1"));
  EXPECT_TRUE(parsed->json_reports);
  const char* bad[] = {"shop", "--confg", "--set"};
  EXPECT_THAT(parse_command_line(3, bad).error(),
              ElementsAre(HasSubstr("Did you mean `--config`?"), HasSubstr("a value must follow")));
}

}  // namespace
}  // namespace otp::detail
