// Changes, for people and for programs.
#include <algorithm>

#include <llvm/Support/JSON.h>

#include "tools/compat/compare.h"

namespace otpc::tools {
namespace {

std::string text_of(const Place& place) {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

const char* verdict(const ChangeRow& row) {
  if (row.wire && row.source) return "compatible";
  if (row.wire) return "wire only";
  return row.source ? "source only" : "incompatible";
}

std::size_t count_unless(const std::vector<Change>& changes, bool ChangeRow::* fits) {
  return static_cast<std::size_t>(
      std::ranges::count_if(changes, [&](const Change& each) { return !(row(each.id).*fits); }));
}

llvm::json::Object json_of(const Place& place) {
  return llvm::json::Object{{"file", place.file}, {"line", place.line}, {"column", place.column}};
}

}  // namespace

std::string to_text(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& each : changes) {
    const ChangeRow& kind = row(each.id);
    text += std::string(verdict(kind)) + ": `" + each.part + "` " + each.text + " [" + kind.name +
            "]\n  old " + text_of(each.before) + "\n  new " + text_of(each.after) + "\n";
  }
  if (changes.empty()) return "nothing has changed\n";
  return text + std::to_string(changes.size()) + " changes, " +
         std::to_string(count_unless(changes, &ChangeRow::wire)) + " break the wire, " +
         std::to_string(count_unless(changes, &ChangeRow::source)) + " the source\n";
}

std::string to_json(const std::vector<Change>& changes) {
  llvm::json::Array all;
  for (const Change& each : changes) {
    const ChangeRow& kind = row(each.id);
    all.push_back(llvm::json::Object{{"change", kind.name},
                                     {"part", each.part},
                                     {"text", each.text},
                                     {"wire", kind.wire},
                                     {"source", kind.source},
                                     {"old", json_of(each.before)},
                                     {"new", json_of(each.after)}});
  }
  const llvm::json::Value value(
      llvm::json::Object{{"changes", std::move(all)},
                         {"wire", count_unless(changes, &ChangeRow::wire) == 0},
                         {"source", count_unless(changes, &ChangeRow::source) == 0}});
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::json::OStream(out, 1).value(value);
  return text + "\n";
}

}  // namespace otpc::tools
