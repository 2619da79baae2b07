#include "diagnostics/explain.h"

#include <algorithm>

namespace otpc::diagnostics {
namespace {

struct Page {
  llvm::StringRef code;
  llvm::StringRef text;
};

constexpr Page pages[] = {
#include "otpc_pages.inc"
};

const char* word(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

}  // namespace

std::string general_message(const Entry& entry) {
  std::string text;
  bool in_argument = false;
  for (const char c : llvm::StringRef(entry.message)) {
    if (c == '{') text += "...";
    in_argument = c == '{' || (in_argument && c != '}');
    if (!in_argument && c != '}') text += c;
  }
  return text;
}

const Entry* find_entry(llvm::StringRef written) {
  for (const Entry& each : catalogue()) {
    if (written == each.name) return &each;
  }
  llvm::StringRef digits = written.trim();
  if (digits.size() > 3 && digits.take_front(3).equals_insensitive("otp"))
    digits = digits.drop_front(3);
  unsigned number = 0;
  if (digits.getAsInteger(10, number)) return nullptr;
  for (const Entry& each : catalogue()) {
    if (static_cast<unsigned>(each.id) == number) return &each;
  }
  return nullptr;
}

std::string explanation(const Entry& entry) {
  const std::string name = code(entry.id);
  std::string text = "# " + name + ", " + word(entry.severity) + ": " + general_message(entry);
  const auto* page = std::ranges::find(pages, llvm::StringRef(name), &Page::code);
  text += "\n\n";
  if (page != std::end(pages)) text += page->text;
  if (entry.severity == Severity::warning) {
    const std::string word = entry.name;
    text += "\nIts name is `" + word + "`: `-W" + word + "`, `-Wno-" + word +
            "`, `-Werror=" + word + "`, and in a schema `@allow(" + word + ", reason: \"...\")`.\n";
  }
  return text;
}

std::string explanation_index() {
  std::string text;
  for (const Entry& each : catalogue()) {
    std::string severity = word(each.severity);
    severity.resize(8, ' ');
    text += code(each.id) + "  " + severity + general_message(each);
    if (each.severity == Severity::warning) text += std::string(" [") + each.name + "]";
    text += "\n";
  }
  return text;
}

}  // namespace otpc::diagnostics
