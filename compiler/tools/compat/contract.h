// What a module promises to those that it talks to: every name that travels, and its shape.
//
//   for each module:  compare(promised, contract_of(module), diagnostics);
//
// Peers of two versions talk to each other in both directions, so a change is breaking when one of
// them would then send what the other cannot read. The contract file `shop.otp.lock` keeps what was
// promised last.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <llvm/Support/Error.h>
#include <llvm/Support/JSON.h>

#include "diagnostics/engine.h"
#include "model/model.h"

namespace otpc::tools {

/// A name of the contract: `Cart`, `Cart.add`, `Cart.add.line`.
struct Promise {
  std::string kind;     ///< "server", "call", "parameter", "field", "case"...
  std::string shape;    ///< a type, "-> u32 throws CartError", "closed"
  bool needed = false;  ///< a field or parameter that has no default
  source::Span span;    ///< none when it was read from a contract file
};

struct Contract {
  std::string module;
  std::uint64_t version = 1;
  source::Span span;
  std::map<std::string, Promise> promises;
};

Contract contract_of(const model::Module& module);

/// The contract file: sorted, one line for each name.
std::string to_text(const Contract& contract);
llvm::Expected<Contract> from_text(llvm::StringRef text);

/// Every breaking change from `before` to `after`.
void compare(const Contract& before, const Contract& after, diagnostics::Engine& diagnostics);

}  // namespace otpc::tools
