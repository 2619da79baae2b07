#include "diagnostics/engine.h"

#include <algorithm>

namespace otpc::diagnostics {
namespace {

constexpr Severity error = Severity::error;
constexpr Severity warning = Severity::warning;

constexpr Entry entries[] = {
#define OTP_DIAGNOSTIC(number, id, severity, message) {Id::id, #id, severity, message},
#include "diagnostics/diagnostics.def"
#undef OTP_DIAGNOSTIC
};

}  // namespace

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

Builder Engine::add(Id id, source::Span span, std::string message) {
  const Severity severity = warnings_are_errors_ ? Severity::error : entry(id).severity;
  if (severity == Severity::error) ++errors_;
  return Builder(
      diagnostics_.emplace_back(Diagnostic{id, severity, span, std::move(message), {}, {}, {}}));
}

std::vector<const Diagnostic*> Engine::sorted() const {
  std::vector<const Diagnostic*> all;
  for (const Diagnostic& each : diagnostics_) all.push_back(&each);
  std::ranges::stable_sort(
      all, {}, [](const Diagnostic* each) { return std::pair(each->span.file, each->span.begin); });
  return all;
}

std::string did_you_mean(llvm::StringRef given, llvm::ArrayRef<std::string> candidates) {
  const std::string* best = nullptr;
  unsigned best_distance = static_cast<unsigned>(std::max<std::size_t>(1, given.size() / 3)) + 1;
  for (const std::string& each : candidates) {
    const unsigned distance = llvm::StringRef(each).lower() == given.lower()
                                  ? 0
                                  : given.edit_distance(each, true, best_distance);
    if (distance < best_distance) {
      best = &each;
      best_distance = distance;
    }
  }
  return best == nullptr ? std::string() : "did you mean `" + *best + "`?";
}

}  // namespace otpc::diagnostics
