// What changed in a text, as programs read it that apply changes.
#pragma once

#include <string>

#include <llvm/ADT/StringRef.h>

namespace otpc::tools {

/// A unified diff with three lines around each change; empty when nothing changed.
std::string unified_diff(const std::string& path, llvm::StringRef before, llvm::StringRef after);

}  // namespace otpc::tools
