// What the parser says when a text does not follow the grammar: in the words of the language, with
// the mend.
#pragma once

#include <antlr4-runtime.h>

#include "diagnostics/engine.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

class SyntaxErrors final : public antlr4::BaseErrorListener {
 public:
  SyntaxErrors(const TokenizedFile& tokens, diagnostics::Engine& diagnostics)
      : places_(tokens.places), bad_lines_(tokens.bad_lines), diagnostics_(diagnostics) {}

  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending, std::size_t line,
                   std::size_t column, const std::string& message,
                   std::exception_ptr error) override;

 private:
  const Places& places_;
  const std::set<std::size_t>& bad_lines_;
  diagnostics::Engine& diagnostics_;
  std::size_t last_line_ = 0;
  std::size_t last_index_ = 0;
  bool reported_ = false;
};

}  // namespace otpc::syntax
