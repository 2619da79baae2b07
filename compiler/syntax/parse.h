// From text to ast: the door of this folder, and the only one. Nobody else sees ANTLR.
//
//   std::unique_ptr<ast::File> file = syntax::parse(sources, id, diagnostics);
//
// The text is lexed whole, cut at its top-level declarations, and each piece is parsed by a parser
// of its own: a broken declaration does not spoil its neighbours, and the parse tree, eighty times
// the size of the text, is freed piece by piece. The result is never null; what is broken in the
// text is missing in it, and diagnosed.
#pragma once

#include <cstdint>
#include <memory>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "source/source_manager.h"

namespace otpc::syntax {

/// What `@language(n)` before `module` may say. A file that says more is not read any further.
inline constexpr std::uint64_t language_version = 1;

std::unique_ptr<ast::File> parse(const source::SourceManager& sources, source::FileId file,
                                 diagnostics::Engine& diagnostics);

}  // namespace otpc::syntax
