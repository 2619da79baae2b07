// From what is written to what is meant: resolves every name, types every value, and proves what
// can be proved.
//
//   std::unique_ptr<model::Program> program = sema::check(files, diagnostics);
//
// Nothing stops at the first error, and one mistake is told once: what a broken declaration would
// have meant is `invalid`, which fits everywhere.
#pragma once

#include <memory>
#include <vector>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "model/model.h"

namespace otpc::sema {

/// `files` in such an order that imports stand before their importers. Never null; only meaningful
/// when no errors were added.
std::unique_ptr<model::Program> check(const std::vector<const ast::File*>& files,
                                      diagnostics::Engine& diagnostics);

}  // namespace otpc::sema
