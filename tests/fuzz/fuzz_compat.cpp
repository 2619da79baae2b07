// A contract file says what the module says; a module breaks nothing that it promises itself.
#include <llvm/Support/raw_ostream.h>

#include "diagnostics/render.h"
#include "fuzz.h"
#include "tools/compat/contract.h"

namespace otpc::fuzz {
namespace {

std::size_t breaking(const tools::Contract& before, const tools::Contract& after,
                     const source::SourceManager& sources) {
  diagnostics::Engine diagnostics;
  tools::compare(before, after, diagnostics);
  std::string text;
  llvm::raw_string_ostream out(text);
  diagnostics::render_text(diagnostics, sources, out, /*colour=*/false);
  return diagnostics.error_count();
}

}  // namespace

void fuzz_one(std::string_view text) {
  const Checked checked(text);
  if (checked.program == nullptr) return;
  std::vector<tools::Contract> contracts;
  for (const auto& module : checked.program->modules) {
    contracts.push_back(tools::contract_of(*module));
    const std::string written = tools::to_text(contracts.back());
    llvm::Expected<tools::Contract> read = tools::from_text(written);
    if (!read) return require(false, "a contract is read: " + llvm::toString(read.takeError()));
    require(tools::to_text(*read) == written, "what is read is what was written");
    require(breaking(*read, contracts.back(), checked.sources) == 0, "nothing has changed");
  }
  for (const tools::Contract& before : contracts) {
    for (const tools::Contract& after : contracts) breaking(before, after, checked.sources);
  }
  if (llvm::Expected<tools::Contract> any = tools::from_text(llvm::StringRef(text)); !any)
    llvm::consumeError(any.takeError());
}

}  // namespace otpc::fuzz
