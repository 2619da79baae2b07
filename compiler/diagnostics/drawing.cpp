#include "diagnostics/drawing.h"

#include <utility>

namespace otpc::diagnostics {
namespace {

/// "A -> B -> A"; of a long way only how it begins and ends.
std::string drawn(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == drawn_at_most && i + 2 < names.size()) {
      text += " -> ...";
      i = names.size() - 2;
    }
    text += (i == 0 ? "" : " -> ") + names[i];
  }
  return text;
}

}  // namespace

Drawing draw(const std::vector<std::string>& names) {
  constexpr std::size_t room = 49;  // of the 100 characters of a message
  std::string whole = drawn(names);
  if (whole.size() <= room) return {std::move(whole), {}};
  const std::string end = " -> ... -> " + names.back();
  std::string text = names.front();
  for (std::size_t i = 1; text.size() + names[i].size() + 4 + end.size() <= room; ++i)
    text += " -> " + names[i];
  return {names.size() == 2 ? drawn(names) : text + end, std::move(whole)};
}

}  // namespace otpc::diagnostics
