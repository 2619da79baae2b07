// What the parser says when a text does not follow the grammar: in the words of the language, with
// the mend.
#pragma once

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
  /// What was put right before the parser read it, unless that line was complained of.
  void tell(const Mend& mend);

  /// The lines of the errors that left a part unclear: a missing `;` does not.
  const std::set<std::size_t>& unclear_lines() const { return unclear_lines_; }
  /// More was wrong than a missing `;`: a part of the declaration may be missing, or stand
  /// elsewhere.
  bool is_unclear() const { return only_first_ || misplaced_ || !unclear_lines_.empty(); }
  /// Whether that holds to the end of the declaration.
  bool all_unclear() const { return only_first_; }

  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending, std::size_t line,
                   std::size_t column, const std::string& message,
                   std::exception_ptr error) override;

 private:
  const Places& places_;
  const std::set<std::size_t>& bad_lines_;
  bool only_first_ = false;
  std::set<std::size_t> unclear_lines_;
  std::set<std::size_t> told_lines_;
  std::set<std::size_t> reread_lines_;  ///< with a word that is read as another one
  std::set<std::size_t> open_lines_;    ///< of a `{` that is not closed
  diagnostics::Engine& diagnostics_;
  std::size_t last_line_ = 0;
  std::size_t last_index_ = 0;
  bool reported_ = false;
  bool misplaced_ = false;
};

}  // namespace otpc::syntax
