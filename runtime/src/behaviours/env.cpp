#include "behaviours/env.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <deque>
#include <optional>
#include <sstream>

#include <toml++/toml.h>

namespace otp {

const EnvValue& Env::operator[](std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end())
    throw std::out_of_range("env: no key `" + std::string(key) + "` is declared");
  return found->second;
}

void Env::throw_env_type() {
  throw std::logic_error("env: the value is of another type than the one asked for");
}

namespace detail {
namespace {

/// A value as somebody gave it, and where.
struct Given {
  std::string place;
  std::variant<std::string, toml::node*> value;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view given, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const std::string& each : known) {
    const std::size_t distance = edit_distance(given, each);
    if (distance < best_distance) {
      best = &each;
      best_distance = distance;
    }
  }
  if (best != nullptr) return " Did you mean `" + *best + "`?";
  if (known.empty()) return " It has none.";
  std::string list;
  for (const std::string& each : known) list += (list.empty() ? "`" : ", `") + each + "`";
  return " There is " + list + ".";
}

std::string_view type_name(EnvType type) {
  switch (type) {
    case EnvType::boolean:
      return "`true` or `false`";
    case EnvType::integer:
      return "a whole number";
    case EnvType::natural:
      return "a whole number that is not negative";
    case EnvType::floating:
      return "a number";
    case EnvType::text:
      return "a text";
    case EnvType::duration:
      return "a duration such as `250ms`, `5s`, `2min` or `1h`";
  }
  return "";
}

std::string shown(const EnvValue& value) {
  struct Show {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(std::uint64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const {
      std::ostringstream text;
      text << d;
      return text.str();
    }
    std::string operator()(const std::string& s) const { return '"' + s + '"'; }
    std::string operator()(Duration d) const {
      const auto n = d.count();
      for (const auto& [unit, size] : {std::pair<const char*, std::int64_t>{"h", 3'600'000'000'000},
                                       {"min", 60'000'000'000},
                                       {"s", 1'000'000'000},
                                       {"ms", 1'000'000},
                                       {"us", 1'000}}) {
        if (n != 0 && n % size == 0) return std::to_string(n / size) + unit;
      }
      return std::to_string(n) + "ns";
    }
  };
  return std::visit(Show{}, value);
}

template <class N>
std::optional<N> parse_number(std::string_view text) {
  N number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<EnvValue> parse_duration(std::string_view text) {
  const std::size_t unit_at = text.find_first_not_of("-+0123456789.");
  if (unit_at == std::string_view::npos) return std::nullopt;
  const auto number = parse_number<double>(text.substr(0, unit_at));
  if (!number || *number < 0) return std::nullopt;
  for (const auto& [unit, size] : {std::pair<std::string_view, double>{"ns", 1},
                                   {"us", 1e3},
                                   {"ms", 1e6},
                                   {"s", 1e9},
                                   {"min", 60e9},
                                   {"h", 3600e9},
                                   {"d", 86400e9}}) {
    constexpr double too_long = 9223372036854775808.0;  // 2^63 ns, 292 years
    if (text.substr(unit_at) == unit && *number * size < too_long)
      return EnvValue{Duration(static_cast<std::int64_t>(std::llround(*number * size)))};
  }
  return std::nullopt;
}

std::optional<EnvValue> parse_text(EnvType type, std::string_view text) {
  switch (type) {
    case EnvType::boolean:
      if (text == "true" || text == "1") return EnvValue{true};
      if (text == "false" || text == "0") return EnvValue{false};
      return std::nullopt;
    case EnvType::integer:
      if (auto n = parse_number<std::int64_t>(text)) return EnvValue{*n};
      return std::nullopt;
    case EnvType::natural:
      if (auto n = parse_number<std::uint64_t>(text)) return EnvValue{*n};
      return std::nullopt;
    case EnvType::floating:
      if (auto n = parse_number<double>(text); n && std::isfinite(*n)) return EnvValue{*n};
      return std::nullopt;
    case EnvType::text:
      return EnvValue{std::string(text)};
    case EnvType::duration:
      return parse_duration(text);
  }
  return std::nullopt;
}

std::optional<EnvValue> parse_node(EnvType type, const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) {
    const bool takes_text = type == EnvType::text || type == EnvType::duration;
    return takes_text ? parse_text(type, *text) : std::nullopt;
  }
  if (const auto flag = node.value_exact<bool>()) {
    return type == EnvType::boolean ? std::optional<EnvValue>{*flag} : std::nullopt;
  }
  if (const auto number = node.value_exact<std::int64_t>()) {
    if (type == EnvType::integer) return EnvValue{*number};
    if (type == EnvType::natural && *number >= 0)
      return EnvValue{static_cast<std::uint64_t>(*number)};
    if (type == EnvType::floating) return EnvValue{static_cast<double>(*number)};
  }
  if (const auto number = node.value_exact<double>();
      number && type == EnvType::floating && std::isfinite(*number))
    return EnvValue{*number};
  return std::nullopt;
}

std::string node_text(const toml::node& node) {
  std::ostringstream text;
  node.visit([&](const auto& each) { text << each; });
  return text.str();
}

std::string env_variable(const std::string& application, const std::string& key) {
  std::string name = application + "_" + key;
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return std::isalnum(c) ? std::toupper(c) : '_'; });
  return name;
}

/// Collects what was given, strongest last, and checks it against the schema.
class Loader {
 public:
  Loader(const std::vector<const ApplicationSpec*>& specs, const CommandLine& command_line,
         const Getenv& getenv)
      : specs_(specs), command_line_(command_line), getenv_(getenv) {}

  std::expected<Configuration, ConfigErrors> load() {
    for (const std::string& file : command_line_.config_files) read_file(file);
    read_environment();
    for (const std::string& setting : command_line_.settings) read_setting(setting);
    Configuration result;
    for (const ApplicationSpec* spec : specs_) result.env.emplace(spec->name, check(*spec));
    if (!errors_.empty()) return std::unexpected(std::move(errors_));
    result.shown = std::move(shown_);
    return result;
  }

 private:
  void error(std::string text) { errors_.push_back(std::move(text)); }

  const ApplicationSpec* find(std::string_view name, const std::string& place) {
    std::vector<std::string> known;
    for (const ApplicationSpec* spec : specs_) {
      if (spec->name == name) return spec;
      known.push_back(spec->name);
    }
    error(place + ": there is no application `" + std::string(name) + "` in this program." +
          did_you_mean(name, known));
    return nullptr;
  }

  bool declares(const ApplicationSpec& spec, std::string_view key, const std::string& place) {
    std::vector<std::string> known;
    for (const EnvKey& each : spec.env) {
      if (each.name == key) return true;
      known.push_back(each.name);
    }
    error(place + ": application `" + spec.name + "` has no configuration key `" +
          std::string(key) + "`." + did_you_mean(key, known));
    return false;
  }

  void read_file(const std::string& path) {
    toml::parse_result parsed;
    try {
      parsed = toml::parse_file(path);
    } catch (const toml::parse_error& failure) {
      const auto at = failure.source().begin;
      const std::string place =
          at.line == 0 ? path
                       : path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
      error(place + ": " + std::string(failure.description()) +
            ". The file given with --config must be readable and in TOML: a table for each "
            "application, such as "
            "`[" +
            specs_.back()->name + "]`, with one `key = value` a line.");
      return;
    }
    auto& root = files_.emplace_back(std::move(parsed));
    for (auto& [name, node] : root) {
      const std::string place = path + ":" + std::to_string(node.source().begin.line);
      const ApplicationSpec* spec = find(name.str(), place);
      if (spec == nullptr) continue;
      toml::table* table = node.as_table();
      if (table == nullptr) {
        error(place + ": `" + spec->name + "` must be a table: write `[" + spec->name +
              "]` and its keys below.");
        continue;
      }
      for (auto& [key, value] : *table) {
        const std::string at = path + ":" + std::to_string(value.source().begin.line);
        if (declares(*spec, key.str(), at))
          given_[spec->name][std::string(key.str())] = {at, &value};
      }
    }
  }

  void read_environment() {
    for (const ApplicationSpec* spec : specs_) {
      for (const EnvKey& key : spec->env) {
        const std::string variable = env_variable(spec->name, key.name);
        if (const char* value = getenv_(variable)) {
          given_[spec->name][key.name] = {"environment variable " + variable, std::string(value)};
        }
      }
    }
  }

  void read_setting(const std::string& setting) {
    const std::string place = "--set " + setting;
    const std::size_t dot = setting.find('.');
    const std::size_t equals = setting.find('=');
    if (dot == std::string::npos || equals == std::string::npos || equals < dot) {
      error(place + ": not of the form application.key=value.");
      return;
    }
    const ApplicationSpec* spec = find(std::string_view(setting).substr(0, dot), place);
    const std::string key = setting.substr(dot + 1, equals - dot - 1);
    if (spec != nullptr && declares(*spec, key, place))
      given_[spec->name][key] = {place, setting.substr(equals + 1)};
  }

  Env check(const ApplicationSpec& spec) {
    std::map<std::string, EnvValue, std::less<>> values;
    for (const EnvKey& key : spec.env) {
      const auto& given = given_[spec.name];
      if (const auto found = given.find(key.name); found != given.end()) {
        if (auto value = check_given(spec, key, found->second)) {
          show(spec, key, *value, found->second.place);
          values.emplace(key.name, std::move(*value));
        }
      } else if (key.fallback) {
        show(spec, key, *key.fallback, "default");
        values.emplace(key.name, *key.fallback);
      } else {
        error("application `" + spec.name + "`: the configuration key `" + key.name +
              "` has no value and no default; it must be " + std::string(type_name(key.type)) +
              ". Give it in a --config file (table [" + spec.name + "]), as " +
              env_variable(spec.name, key.name) + " in the environment, or with --set " +
              spec.name + "." + key.name + "=VALUE.");
      }
    }
    return Env(std::move(values));
  }

  void show(const ApplicationSpec& spec, const EnvKey& key, const EnvValue& value,
            const std::string& place) {
    shown_ += spec.name + "." + key.name + " = " + shown(value) + "  # " + place + "\n";
  }

  std::optional<EnvValue> check_given(const ApplicationSpec& spec, const EnvKey& key,
                                      const Given& given) {
    const auto* text = std::get_if<std::string>(&given.value);
    std::optional<EnvValue> value = text != nullptr
                                        ? parse_text(key.type, *text)
                                        : parse_node(key.type, *std::get<toml::node*>(given.value));
    const std::string what = "`" + spec.name + "." + key.name + "`";
    if (!value) {
      error(given.place + ": " + what + " must be " + std::string(type_name(key.type)) + ", not `" +
            (text != nullptr ? *text : node_text(*std::get<toml::node*>(given.value))) + "`.");
      return std::nullopt;
    }
    const bool below = key.min && *value < *key.min;
    const bool above = key.max && *key.max < *value;
    if (!below && !above) return value;
    const std::string range = key.min && key.max
                                  ? "from " + shown(*key.min) + " to " + shown(*key.max)
                              : key.min ? "at least " + shown(*key.min)
                                        : "at most " + shown(*key.max);
    error(given.place + ": " + what + " is out of its range: it is " + shown(*value) +
          " and must be " + range + ".");
    return std::nullopt;
  }

  const std::vector<const ApplicationSpec*>& specs_;
  const CommandLine& command_line_;
  const Getenv& getenv_;
  std::deque<toml::table> files_;
  std::map<std::string, std::map<std::string, Given>> given_;
  ConfigErrors errors_;
  std::string shown_;
};

}  // namespace

std::expected<CommandLine, ConfigErrors> parse_command_line(int argc, const char* const* argv) {
  CommandLine result;
  ConfigErrors errors;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value_of = [&](std::string_view option, std::vector<std::string>& into) {
      if (argument == option) {
        if (i + 1 < argc)
          into.emplace_back(argv[++i]);
        else
          errors.push_back(std::string(option) + ": a value must follow. Try --help.");
        return true;
      }
      if (!argument.starts_with(std::string(option) + "=")) return false;
      into.emplace_back(argument.substr(option.size() + 1));
      return true;
    };
    if (argument == "--help" || argument == "-h")
      result.help = true;
    else if (argument == "--show-config")
      result.show_config = true;
    else if (argument == "--reports=json")
      result.json_reports = true;
    else if (argument == "--reports=text")
      result.json_reports = false;
    else if (argument == "--progress")
      result.progress_reports = true;
    else if (!value_of("--config", result.config_files) && !value_of("--set", result.settings)) {
      errors.push_back(std::string(argument) + ": unknown argument." +
                       did_you_mean(argument, {"--config", "--set", "--show-config", "--help",
                                               "--progress", "--reports=json"}));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return result;
}

std::expected<Configuration, ConfigErrors> load_env(
    const std::vector<const ApplicationSpec*>& specs, const CommandLine& command_line,
    const Getenv& getenv) {
  return Loader(specs, command_line, getenv).load();
}

std::string usage(std::string_view program, const std::vector<const ApplicationSpec*>& specs) {
  std::string text = "usage: " + std::string(program) +
                     " [--config FILE] [--set APP.KEY=VALUE] [--reports=text|json] [--progress] "
                     "[--show-config] [--help]\n";
  for (const ApplicationSpec* spec : specs) {
    text += "\napplication " + spec->name + (spec->env.empty() ? ": no configuration\n" : ":\n");
    for (const EnvKey& key : spec->env) {
      text += "  " + key.name + "  " + std::string(type_name(key.type));
      if (key.min) text += ", at least " + shown(*key.min);
      if (key.max) text += ", at most " + shown(*key.max);
      text += key.fallback ? "; default " + shown(*key.fallback) : "; required";
      text += "; or " + env_variable(spec->name, key.name) + "\n";
      if (!key.doc.empty()) text += "      " + key.doc + "\n";
    }
  }
  return text;
}

}  // namespace detail
}  // namespace otp
