// Diagnostics as people and programs read them. One model, several renderings.
#pragma once

#include <string>

#include <llvm/Support/raw_ostream.h>

#include "diagnostics/engine.h"

namespace otpc::diagnostics {

inline constexpr std::size_t shown_at_most = 50;

/// With source line, underline, labels, help and notes:
///
///   error[OTP0102]: there is no type `Mony` here
///     --> shop/cart.otp:7:12
///      |
///    7 |   price: Mony;
///      |          ^^^^
///      = help: did you mean `Money`?
void render_text(const Engine& engine, const source::SourceManager& sources, llvm::raw_ostream& out,
                 bool colour);

/// One JSON array of objects: code, severity, message, file, line, column, endLine, endColumn,
/// labels, helps, notes, and where a mend is known `fix`: its level and edits.
void render_json(const Engine& engine, const source::SourceManager& sources,
                 llvm::raw_ostream& out);

/// SARIF 2.1.0; `version` is that of otpc.
void render_sarif(const Engine& engine, const source::SourceManager& sources,
                  llvm::StringRef version, llvm::raw_ostream& out);

}  // namespace otpc::diagnostics
