#include "diagnostics/engine.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

namespace otpc::diagnostics {
namespace {

/// Errors that keep nothing from being understood: all that is named is known to be used.
constexpr std::array rules{Id::blocking_misuse, Id::deferred_misuse,   Id::every_with_parameters,
                           Id::bad_period,      Id::exit_name,         Id::handled_and_postponed,
                           Id::duplicate_child, Id::significant_never, Id::significant_permanent,
                           Id::bad_intensity,   Id::bad_shutdown,      Id::bad_backoff,
                           Id::bad_range,       Id::upgrade_gap,       Id::unknown_old_state,
                           Id::version_ahead};

constexpr Severity error = Severity::error;
constexpr Severity warning = Severity::warning;

constexpr Entry entries[] = {
#define OTP_DIAGNOSTIC(number, id, severity, message) {Id::id, #id, severity, message},
#include "diagnostics/diagnostics.def"
#undef OTP_DIAGNOSTIC
};

}  // namespace

const char* word(FixLevel level) {
  constexpr const char* words[] = {"safe", "maybe", "placeholder"};
  return words[static_cast<std::size_t>(level)];
}

llvm::ArrayRef<Entry> catalogue() { return entries; }

const Entry& entry(Id id) { return *std::ranges::find(entries, id, &Entry::id); }

std::string code(Id id) {
  std::string digits = std::to_string(static_cast<int>(id));
  return "OTP" + std::string(4 - digits.size(), '0') + digits;
}

Builder& Builder::label(source::Span span, std::string text) {
  if (span) diagnostic_.labels.push_back({span, std::move(text)});
  return *this;
}

Builder& Builder::help(std::string text) {
  if (!text.empty()) diagnostic_.helps.push_back(std::move(text));
  return *this;
}

Builder& Builder::note(std::string text) {
  if (!text.empty()) diagnostic_.notes.push_back(std::move(text));
  return *this;
}

Builder& Builder::fix(FixLevel level, source::Span span, std::string text) {
  diagnostic_.fix.level = level;
  diagnostic_.fix.edits.push_back({span, std::move(text)});
  return *this;
}

Builder& Builder::suggest(llvm::StringRef given, llvm::ArrayRef<std::string> candidates) {
  const std::string* found = nearest(given, candidates);
  if (found == nullptr) return *this;
  help("did you mean `" + *found + "`?");
  const source::Span span = diagnostic_.span;
  if (span.end - span.begin != given.size()) return *this;  // more than the name stands there
  const bool same = std::ranges::count_if(candidates, [&](const std::string& each) {
                      return given.equals_insensitive(each);
                    }) == 1;
  return fix(same ? FixLevel::safe : FixLevel::maybe, span, *found);
}

void Builder::move_to(source::Span span) {
  for (Edit& each : diagnostic_.fix.edits) {
    if (each.span == diagnostic_.span) each.span = span;
  }
  diagnostic_.span = span;
}

Builder& Builder::members(llvm::ArrayRef<std::string> names) {
  constexpr std::size_t shown_at_most = 8;
  if (names.empty()) return *this;
  if (names.size() <= shown_at_most) return note("it has " + listed(names, "and"));
  std::vector<std::string> first(names.begin(), names.begin() + shown_at_most);
  return note("it has " + listed(first, ",") + " and " +
              std::to_string(names.size() - shown_at_most) + " more");
}

std::string listed(llvm::ArrayRef<std::string> words, const char* last) {
  const std::string before_last = *last == ',' ? ", " : " " + std::string(last) + " ";
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? before_last : ", ") + ("`" + words[i] + "`");
  return text;
}

Builder Engine::add(Id id, source::Span span, std::string message) {
  Diagnostic made{id, warnings_.severity(id), span, std::move(message), {}, {}, {}, {}};
  const bool told = !told_.emplace(span.file, span.begin, span.end, id, made.message).second;
  if (is_allowed(id, span) || !warnings_.enabled(id) || is_shadowed(span) || told)
    return Builder(silent_.emplace_back(std::move(made)));
  if (made.severity == Severity::error) ++errors_;
  if (entry(id).severity == Severity::error) {
    is_wrong_ = true;
    if (std::ranges::find(rules, id) == rules.end()) may_hide_uses_ = true;
  }
  return Builder(diagnostics_.emplace_back(std::move(made)));
}

bool Engine::is_allowed(Id id, source::Span span) {
  if (entry(id).severity == Severity::error) return false;
  bool allowed = false;
  for (Allowance& each : allowances_) {
    const bool covered = each.covers.file == span.file && each.covers.begin <= span.begin &&
                         span.end <= each.covers.end;
    if (!covered || std::ranges::find(each.ids, id) == each.ids.end()) continue;
    each.used = true;
    allowed = true;
  }
  return allowed;
}

bool Engine::is_shadowed(source::Span span) const {
  return std::ranges::any_of(shadows_, [&](source::Span each) {
    return each.file == span.file && each.begin <= span.begin && span.begin <= each.end;
  });
}

bool Engine::is_wrong_in(source::Span span) const {
  return std::ranges::any_of(diagnostics_, [&](const Diagnostic& each) {
    return each.span.file == span.file && span.begin <= each.span.begin &&
           each.span.begin < span.end && entry(each.id).severity == Severity::error;
  });
}

void Engine::report_unused_allowances() {
  // Those that may allow what is told of others come last, the outer behind the inner ones; none
  // allows what is told of itself.
  for (const bool of_allows : {false, true}) report_unused_allowances(of_allows);
}

void Engine::report_unused_allowances(bool of_allows) {
  const auto is_idle = [&](const Allowance& each) {
    return !each.used &&
           std::ranges::any_of(each.ids, [&](Id id) { return warnings_.enabled(id); });
  };
  for (Allowance& each : std::views::reverse(allowances_)) {
    const bool allows = std::ranges::find(each.ids, Id::unused_allow) != each.ids.end();
    if (allows != of_allows || !is_idle(each)) continue;
    const bool whole = std::ranges::none_of(allowances_, [&](const Allowance& other) {
      return other.annotation == each.annotation && !is_idle(other);
    });
    const source::Span covers = std::exchange(each.covers, {});
    emit(Id::unused_allow, whole ? each.annotation : each.place, each.word)
        .help("delete it")
        .fix(FixLevel::safe, whole ? each.annotation : each.part, "");
    each.covers = covers;
  }
}

std::size_t Engine::error_count(Id id) const {
  return static_cast<std::size_t>(std::ranges::count_if(diagnostics_, [&](const Diagnostic& each) {
    return each.id == id && each.severity == Severity::error;
  }));
}

void Engine::forget(source::FileId file) {
  std::erase_if(diagnostics_, [&](const Diagnostic& each) { return each.span.file == file; });
  std::erase_if(told_, [&](const Told& each) { return std::get<0>(each) == file; });
  errors_ = static_cast<std::size_t>(
      std::ranges::count(diagnostics_, Severity::error, &Diagnostic::severity));
}

std::vector<const Diagnostic*> Engine::sorted() const {
  std::vector<const Diagnostic*> all;
  for (const Diagnostic& each : diagnostics_) all.push_back(&each);
  std::ranges::stable_sort(
      all, {}, [](const Diagnostic* each) { return std::pair(each->span.file, each->span.begin); });
  return all;
}

namespace {

/// The time to compare grows with the square of the length.
constexpr std::size_t longest_misspelled = 200;

/// Whether two neighbours of one, swapped, make the other.
bool is_swapped(llvm::StringRef one, llvm::StringRef other) {
  if (one.size() != other.size()) return false;
  const auto [left, right] = std::ranges::mismatch(one, other);
  const auto at = static_cast<std::size_t>(left - one.begin());
  return at + 1 < one.size() && one[at] == other[at + 1] && one[at + 1] == other[at] &&
         one.substr(at + 2) == other.substr(at + 2);
}

}  // namespace

const std::string* nearest(llvm::StringRef given, llvm::ArrayRef<std::string> candidates) {
  const std::string* best = nullptr;
  if (given.size() > longest_misspelled) return nullptr;
  // A name of one letter is near to every other: only its case counts.
  const std::size_t furthest = given.size() < 2 ? 0 : std::max<std::size_t>(1, given.size() / 3);
  unsigned best_distance = static_cast<unsigned>(furthest) + 1;
  for (const std::string& each : candidates) {
    const std::size_t longer = std::max(each.size(), given.size());
    if (longer - std::min(each.size(), given.size()) > furthest) continue;
    const unsigned distance = given.equals_insensitive(each) ? 0
                              : is_swapped(given, each)
                                  ? 1
                                  : given.edit_distance(each, true, best_distance);
    if (distance < best_distance) {
      best = &each;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(llvm::StringRef given, llvm::ArrayRef<std::string> candidates) {
  const std::string* best = nearest(given, candidates);
  return best == nullptr ? std::string() : "did you mean `" + *best + "`?";
}

}  // namespace otpc::diagnostics
