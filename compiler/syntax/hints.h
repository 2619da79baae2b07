// What a writer meant who slipped in a way that is known: a comma in a number, `: type` behind the
// parameters.
#pragma once

#include <string>

#include <antlr4-runtime.h>

#include "diagnostics/engine.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

struct Hint {
  std::string help;  ///< empty: nothing is known
  diagnostics::Fix fix;
  bool clear = false;  ///< the rest of the line is as it would be without the slip
};

/// `offending` is what the parser cannot go on with.
Hint hint(antlr4::Parser& parser, antlr4::Token& offending, const Places& places);

}  // namespace otpc::syntax
