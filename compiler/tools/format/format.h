// The one style of schemas.
//
// Two blanks for each open brace; one statement after the other, several on a line where the author
// had them so; `{ a; b; }` on one line where the author had it so and 100 columns allow; at most
// one blank line in a row. Line breaks within a statement are the formatter's alone.
//
// It works on the row of words and signs, not on declarations: a new construct needs nothing here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "syntax/lexemes.h"

namespace otpc::tools {

/// The lexemes must be those of the text, and the text must follow the grammar. Formatting twice
/// gives what formatting once gives.
std::string format(std::string_view text, const std::vector<syntax::Lexeme>& lexemes);

}  // namespace otpc::tools
