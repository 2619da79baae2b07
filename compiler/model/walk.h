// Every type that a declaration writes, wherever it stands.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>

#include "model/model.h"

namespace otpc::model {

/// Where a type is written.
struct TypeUse {
  const Type& type;
  const std::string& owner;  ///< the part of the declaration: the message `add`, the field `qty`
  Span span;                 ///< of its name
  std::uint64_t added = 0;   ///< the newest @added on the way to it
  bool inherited = false;    ///< of a protocol that the declaration implements
  const Value* fallback = nullptr;  ///< the default of what has the type
};

/// Calls `see` for each, with parts of types after their wholes: `list<Line>`, then `Line`.
void for_each_type(const Declaration& declaration, llvm::function_ref<void(const TypeUse&)> see);

/// Calls `see` for what each part of a declaration, and the declaration itself, says of its
/// versions.
void for_each_life(const Declaration& declaration, llvm::function_ref<void(const Life&)> see);

}  // namespace otpc::model
