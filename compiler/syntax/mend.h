// What a reader sees in a text with a mistake: where a line ends, although no `;` says so, and
// which brace is missing. The parser is shown that text, so that one mistake costs one member.
#pragma once

#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "diagnostics/engine.h"
#include "source/source_manager.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

/// A statement, or what of it stands in one line: what is wrong in it is one mistake.
struct Piece {
  std::size_t line = 0;
  std::size_t statement = 0;
  auto operator<=>(const Piece&) const = default;
};

/// The statements of a declaration: each ends in `;` or a brace.
class Pieces {
 public:
  explicit Pieces(const std::vector<antlr4::Token*>& tokens);
  Piece at(const antlr4::Token& token) const;

 private:
  std::vector<std::size_t> ends_;  ///< characters
};

/// What was put in, left out or read as something else.
struct Mend {
  Piece piece;          ///< where it is missed; when the parser tells of this one, that is it
  source::Span span;    ///< of what is left out; empty where something is put in
  std::string message;  ///< "expected `;`"
  source::Span open;    ///< the `{` that is not closed
  Piece open_piece;
  bool semicolon = false;
  std::string help;                                            ///< of a word that is another one
  source::Span replaced;                                       ///< with `help`
  std::string replacement;                                     ///< likewise
  diagnostics::FixLevel level = diagnostics::FixLevel::maybe;  ///< likewise
};

struct MendedTokens {
  std::vector<std::unique_ptr<antlr4::Token>> tokens;  ///< copies
  std::vector<Mend> mends;
  Pieces pieces;
  bool balanced = true;  ///< braces match
};

/// The indentation is asked, and the words that cannot stand in a block; where they say nothing,
/// the tokens stay as they are. What is mended is never in order as it stands.
MendedTokens mend(const std::vector<antlr4::Token*>& tokens, const Places& places);

}  // namespace otpc::syntax
