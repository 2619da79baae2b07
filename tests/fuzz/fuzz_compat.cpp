// A contract file says what the module says; a module breaks nothing that it promises itself.
#include "fuzz.h"
#include "tools/compat/compare.h"
#include "tools/compat/contract.h"

namespace otpc::fuzz {
namespace {

constexpr const char* path = "m.otp";

/// Compares and prints; how many changes there are.
std::size_t changes(const tools::Contract& before, const tools::Contract& after) {
  const std::vector<tools::Change> found = tools::compare(before, after);
  const std::string text = tools::to_text(found);
  for (const tools::Change& each : found)
    require(text.find(each.text) != std::string::npos, "each change is told");
  tools::to_json(found);
  return found.size();
}

}  // namespace

void fuzz_one(std::string_view text) {
  const Checked checked(text);
  if (checked.program == nullptr) return;
  std::vector<tools::Contract> contracts;
  for (const auto& module : checked.program->modules) {
    contracts.push_back(tools::contract_of(*module, checked.sources, path));
    const std::string written = tools::print(contracts.back());
    llvm::Expected<tools::Contract> read = tools::read_contract(written, path);
    if (!read) return require(false, "a contract is read: " + llvm::toString(read.takeError()));
    require(tools::print(*read) == written, "what is read is what was written");
    require(changes(*read, contracts.back()) == 0, "nothing has changed");
  }
  for (const tools::Contract& before : contracts) {
    for (const tools::Contract& after : contracts) changes(before, after);
  }
  if (llvm::Expected<tools::Contract> any = tools::read_contract(std::string(text), path); !any)
    llvm::consumeError(any.takeError());
}

}  // namespace otpc::fuzz
