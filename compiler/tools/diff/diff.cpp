#include "tools/diff/diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <llvm/ADT/SmallVector.h>

namespace otpc::tools {
namespace {

using Lines = std::vector<llvm::StringRef>;

/// Each with its line break, which the last may lack.
Lines lines_of(llvm::StringRef text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.size(), text.find('\n') + 1);
    lines.push_back(text.take_front(end == 0 ? text.size() : end));
    text = text.drop_front(lines.back().size());
  }
  return lines;
}

struct Step {
  char kind;  ///< ' ', '-' or '+'
  llvm::StringRef line;
};

/// Myers' greedy algorithm: the shortest edit script, in time proportional to size times changes.
std::vector<Step> script(const Lines& before, const Lines& after) {
  const auto n = static_cast<std::int64_t>(before.size());
  const auto m = static_cast<std::int64_t>(after.size());
  const std::int64_t middle = n + m + 1;
  std::vector<std::int64_t> furthest(static_cast<std::size_t>(2 * middle + 1), 0);
  const auto at = [&](std::vector<std::int64_t>& row, std::int64_t k) -> std::int64_t& {
    return row[static_cast<std::size_t>(middle + k)];
  };
  const auto same = [&](std::int64_t x, std::int64_t y) {
    return before[static_cast<std::size_t>(x)] == after[static_cast<std::size_t>(y)];
  };
  const auto goes_down = [&](std::vector<std::int64_t>& row, std::int64_t d, std::int64_t k) {
    return k == -d || (k != d && at(row, k - 1) < at(row, k + 1));
  };
  std::vector<std::vector<std::int64_t>> trace;
  for (bool arrived = false; !arrived;) {
    const auto d = static_cast<std::int64_t>(trace.size());
    trace.push_back(furthest);
    for (std::int64_t k = -d; k <= d && !arrived; k += 2) {
      std::int64_t x = goes_down(furthest, d, k) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < n && x - k < m && same(x, x - k)) ++x;
      at(furthest, k) = x;
      arrived = x >= n && x - k >= m;
    }
  }
  std::vector<Step> steps;
  std::int64_t x = n;
  std::int64_t y = m;
  for (auto d = static_cast<std::int64_t>(trace.size()) - 1; d >= 0; --d) {
    std::vector<std::int64_t>& row = trace[static_cast<std::size_t>(d)];
    const std::int64_t k = x - y;
    const bool down = goes_down(row, d, k);
    const std::int64_t from_x = d == 0 ? 0 : at(row, down ? k + 1 : k - 1);
    const std::int64_t from_y = d == 0 ? 0 : from_x - (down ? k + 1 : k - 1);
    while (x > from_x && y > from_y) {
      steps.push_back({' ', before[static_cast<std::size_t>(--x)]});
      --y;
    }
    if (d == 0) break;
    if (down)
      steps.push_back({'+', after[static_cast<std::size_t>(--y)]});
    else
      steps.push_back({'-', before[static_cast<std::size_t>(--x)]});
  }
  std::ranges::reverse(steps);
  return steps;
}

std::string range(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string unified_diff(const std::string& path, llvm::StringRef before, llvm::StringRef after) {
  if (before == after) return {};
  constexpr std::size_t around = 3;
  const std::vector<Step> steps = script(lines_of(before), lines_of(after));
  std::string text = "--- " + path + "\n+++ " + path + "\n";
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  for (std::size_t i = 0; i < steps.size();) {
    const auto changed_after = [&](std::size_t from) {
      while (from < steps.size() && steps[from].kind == ' ') ++from;
      return from;
    };
    const std::size_t change = changed_after(i);
    if (change == steps.size()) break;
    const std::size_t skipped = change - i > around ? change - i - around : 0;
    old_line += skipped;
    new_line += skipped;
    i += skipped;
    std::size_t end = change;  // of the hunk: changes that are near each other share one
    for (std::size_t next = change; next < steps.size() && next - end <= 2 * around;
         next = changed_after(end)) {
      end = next;
      while (end < steps.size() && steps[end].kind != ' ') ++end;
    }
    end = std::min(end + around, steps.size());
    std::string body;
    std::size_t old_count = 0;
    std::size_t new_count = 0;
    for (; i < end; ++i) {
      old_count += steps[i].kind != '+' ? 1 : 0;
      new_count += steps[i].kind != '-' ? 1 : 0;
      body += steps[i].kind + steps[i].line.str();
      if (!steps[i].line.ends_with("\n")) body += "\n\\ No newline at end of file\n";
    }
    text +=
        "@@ -" + range(old_line, old_count) + " +" + range(new_line, new_count) + " @@\n" + body;
    old_line += old_count;
    new_line += new_count;
  }
  return text;
}

}  // namespace otpc::tools
