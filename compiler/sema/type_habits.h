// The types of C++, Elixir, Erlang and protobuf that readers write out of habit.
#pragma once

#include <llvm/ADT/StringRef.h>

namespace otpc::sema {

/// What is written here instead of a type of another language, `std::` or not; empty when it is
/// none.
const char* type_of_habit(llvm::StringRef name);

/// A word of another language for `true`, `false` or `none`; empty when it is none.
llvm::StringRef value_of_habit(llvm::StringRef name);
/// A word of another language, or a misspelling, for `infinity`.
bool is_infinity_of_habit(llvm::StringRef name);

}  // namespace otpc::sema
