// What the parser says when a text does not follow the grammar: in the words of the language, with
// the mend.
#pragma once

#include <optional>
#include <set>

#include <antlr4-runtime.h>

#include "diagnostics/engine.h"
#include "syntax/mend.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

class SyntaxErrors final : public antlr4::BaseErrorListener {
 public:
  SyntaxErrors(const TokenizedFile& tokens, diagnostics::Engine& diagnostics)
      : places_(tokens.places), bad_lines_(tokens.bad_lines), diagnostics_(diagnostics) {}

  /// What the parser is going to read. Where braces do not match, what comes behind the first error
  /// follows from that. Tells which words are read as others.
  void begin(const MendedTokens& mended);
  /// What was put right before the parser read it, unless that piece was complained of.
  void tell(const Mend& mend);

  /// Those of the errors that left a part unclear: a missing `;` does not.
  const std::set<Piece>& unclear_pieces() const { return unclear_; }
  const Pieces& pieces() const { return *pieces_; }
  /// More was wrong than a missing `;`: a part of the declaration may be missing, or stand
  /// elsewhere.
  bool is_unclear() const { return only_first_ || misplaced_ || !unclear_.empty(); }
  /// Whether that holds to the end of the declaration.
  bool all_unclear() const { return only_first_; }

  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending, std::size_t line,
                   std::size_t column, const std::string& message,
                   std::exception_ptr error) override;

 private:
  /// Of that line a part of the same mistake: a block behind the token, with no other sign of an
  /// ending between them; and what follows such a sign that is the mistake, or is misplaced itself.
  void take_followers(antlr4::TokenStream& tokens, std::size_t index, bool clear);

  const Places& places_;
  const std::set<std::size_t>& bad_lines_;
  bool only_first_ = false;
  std::optional<Pieces> pieces_;
  std::set<Piece> unclear_;
  std::set<Piece> told_;
  std::set<Piece> reread_;  ///< with a word that is read as another one
  std::set<Piece> open_;    ///< with a `{` that is not closed
  diagnostics::Engine& diagnostics_;
  std::size_t last_index_ = 0;
  bool reported_ = false;
  bool misplaced_ = false;
};

}  // namespace otpc::syntax
