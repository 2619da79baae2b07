// What the parser says when a text does not follow the grammar: in the words of the language, with
// the mend.
#pragma once

#include <set>

#include <antlr4-runtime.h>

#include "diagnostics/engine.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

class SyntaxErrors final : public antlr4::BaseErrorListener {
 public:
  /// `only_first`: braces do not match, and what comes behind the first error follows from that.
  SyntaxErrors(const TokenizedFile& tokens, bool only_first, diagnostics::Engine& diagnostics)
      : places_(tokens.places),
        bad_lines_(tokens.bad_lines),
        only_first_(only_first),
        diagnostics_(diagnostics) {}

  /// The lines of the errors that left a part unclear: a missing `;` does not.
  const std::set<std::size_t>& unclear_lines() const { return unclear_lines_; }
  /// Whether that holds to the end of the declaration.
  bool all_unclear() const { return only_first_; }

  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending, std::size_t line,
                   std::size_t column, const std::string& message,
                   std::exception_ptr error) override;

 private:
  const Places& places_;
  const std::set<std::size_t>& bad_lines_;
  bool only_first_;
  std::set<std::size_t> unclear_lines_;
  diagnostics::Engine& diagnostics_;
  std::size_t last_line_ = 0;
  std::size_t last_index_ = 0;
  bool reported_ = false;
};

}  // namespace otpc::syntax
