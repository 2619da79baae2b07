// Circles, as messages show them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace otpc::diagnostics {

/// As many steps of a circle as a reader takes in.
inline constexpr std::size_t drawn_at_most = 20;

struct Drawing {
  std::string text;  ///< what a message has room for: "A -> ... -> A"
  std::string note;  ///< the whole; empty when the text is that
};
/// From the first to the last, which is the first again.
Drawing draw(const std::vector<std::string>& names);

}  // namespace otpc::diagnostics
