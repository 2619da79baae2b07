// Any bytes at all: lexer, parser, and what is said of them.
#include <llvm/Support/JSON.h>

#include "fuzz.h"
#include "syntax/parse.h"

namespace otpc::fuzz {

void fuzz_one(std::string_view text) {
  Checked checked("");
  const source::FileId id = checked.sources.add("input.otp", text);
  const std::unique_ptr<ast::File> file = syntax::parse(checked.sources, id, checked.diagnostics);
  require(file != nullptr, "there is always a file");
  checked.require_printable();
}

}  // namespace otpc::fuzz
