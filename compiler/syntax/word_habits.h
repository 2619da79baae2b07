// Words of other languages that readers write out of habit.
#pragma once

#include <string_view>

namespace otpc::syntax {

/// What is written here instead; empty for any other word.
const char* word_of_habit(std::string_view word);

}  // namespace otpc::syntax
