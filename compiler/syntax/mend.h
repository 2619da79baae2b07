// What a reader sees in a text with a mistake: where a line ends, although no `;` says so, and
// which brace is missing. The parser is shown that text, so that one mistake costs one member.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "diagnostics/engine.h"
#include "source/source_manager.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

/// What was put in, left out or read as something else.
struct Mend {
  std::size_t line = 0;  ///< where it is missed; when the parser tells of this line, that is it
  source::Span span;     ///< of what is left out; empty where something is put in
  std::string message;   ///< "expected `;`"
  source::Span open;     ///< the `{` that is not closed
  std::size_t open_line = 0;
  bool semicolon = false;
  std::string help;                                            ///< of a word that is another one
  source::Span replaced;                                       ///< with `help`
  std::string replacement;                                     ///< likewise
  diagnostics::FixLevel level = diagnostics::FixLevel::maybe;  ///< likewise
};

struct MendedTokens {
  std::vector<std::unique_ptr<antlr4::Token>> tokens;  ///< copies
  std::vector<Mend> mends;
  bool balanced = true;  ///< braces match
};

/// The indentation is asked, and the words that cannot stand in a block; where they say nothing,
/// the tokens stay as they are. What is mended is never in order as it stands.
MendedTokens mend(const std::vector<antlr4::Token*>& tokens, const Places& places);

}  // namespace otpc::syntax
