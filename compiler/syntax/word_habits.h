// Words of other languages that readers write out of habit.
#pragma once

#include <string_view>

namespace otpc::syntax {

/// What is written here instead of a word, which may be the first of a statement; empty for any
/// that is no habit.
const char* word_of_habit(std::string_view word, bool first);

}  // namespace otpc::syntax
