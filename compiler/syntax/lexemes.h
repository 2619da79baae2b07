// A text as a row of words, signs and comments: for tools that keep everything the author wrote.
#pragma once

#include <cstdint>
#include <vector>

#include "diagnostics/engine.h"
#include "source/source_manager.h"

namespace otpc::syntax {

enum class LexemeKind : std::uint8_t {
  name,
  keyword,  ///< a word of the language, also where it is used as a name
  literal,  ///< a number, a duration, a text
  sign,     ///< punctuation
  line_comment,
  block_comment,
  doc  ///< `/// ...`
};

struct Lexeme {
  LexemeKind kind = LexemeKind::name;
  source::Span span;
};

/// All of them, in order; between two there is nothing but white space. A text that does not follow
/// the grammar is diagnosed and gives what could be read.
std::vector<Lexeme> lexemes(const source::SourceManager& sources, source::FileId file,
                            diagnostics::Engine& diagnostics);

}  // namespace otpc::syntax
