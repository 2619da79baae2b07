// Which warnings are told: -W, -Wno-, -Werror, and the words that name them.
#include <algorithm>
#include <set>

#include "diagnostics/engine.h"

namespace otpc::diagnostics {
namespace {

struct Membership {
  const char* group;
  Id id;
};
constexpr Membership memberships[] = {
#define OTP_IN_GROUP(group, id) {#group, Id::id},
#define OTP_OPT_IN(id)
#include "diagnostics/warning_groups.def"
#undef OTP_IN_GROUP
#undef OTP_OPT_IN
};
constexpr Id opt_in[] = {
#define OTP_IN_GROUP(group, id)
#define OTP_OPT_IN(id) Id::id,
#include "diagnostics/warning_groups.def"
#undef OTP_IN_GROUP
#undef OTP_OPT_IN
};

}  // namespace

std::vector<Id> warnings_named(llvm::StringRef word) {
  std::string id = word.str();
  std::ranges::replace(id, '-', '_');
  std::vector<Id> found;
  for (const Membership& each : memberships) {
    if (id == each.group) found.push_back(each.id);
  }
  for (const Entry& each : catalogue()) {
    const bool named = id == each.name || word.equals_insensitive(code(each.id));
    if (named && each.severity == Severity::warning) found.push_back(each.id);
  }
  return found;
}

std::string error_named(llvm::StringRef word) {
  std::string id = word.str();
  std::ranges::replace(id, '-', '_');
  for (const Entry& each : catalogue()) {
    const bool named = id == each.name || word.equals_insensitive(code(each.id));
    if (named && each.severity == Severity::error) return code(each.id);
  }
  return {};
}

std::vector<std::string> warning_words() {
  std::set<std::string> words;
  for (const Membership& each : memberships) words.emplace(each.group);
  for (const Entry& each : catalogue()) {
    if (each.severity == Severity::warning) words.emplace(each.name);
  }
  return {words.begin(), words.end()};
}

WarningOptions::WarningOptions() {
  for (const Entry& each : catalogue())
    enabled_[each.id] = std::ranges::find(opt_in, each.id) == std::end(opt_in);
}

WarningOptions WarningOptions::none() {
  WarningOptions options;
  for (auto& [id, enabled] : options.enabled_) enabled = entry(id).severity == Severity::error;
  return options;
}

std::string WarningOptions::apply(llvm::StringRef word) {
  llvm::StringRef name = word;
  const bool on = !name.consume_front("no-");
  const bool about_errors = name.consume_front("error");
  if (about_errors && name.empty()) {
    all_are_errors_ = on;
    return {};
  }
  if (about_errors && !name.consume_front("=")) name = word;
  const std::vector<Id> ids = warnings_named(name);
  for (const Id id : ids) {
    if (about_errors) as_error_[id] = on;
    // Who makes an error of a warning wants to be told of it.
    if (!about_errors || on) enabled_[id] = on;
  }
  if (!ids.empty()) return {};
  const std::string near = did_you_mean(name, warning_words());
  return "there is no warning `" + name.str() + "`" + (near.empty() ? "" : "; " + near);
}

Severity WarningOptions::severity(Id id) const {
  if (entry(id).severity == Severity::error) return Severity::error;
  const auto named = as_error_.find(id);
  const bool is_error = named == as_error_.end() ? all_are_errors_ : named->second;
  return is_error ? Severity::error : Severity::warning;
}

}  // namespace otpc::diagnostics
