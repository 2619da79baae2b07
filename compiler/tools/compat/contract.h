// What a module promises to others: what stands on the wire, what generated code is called, and
// what its processes keep. A value, made of the model or read from a contract file.
//
//   Contract now = contract_of(module, sources, "shop/cart.otp");
//   std::string text = print(now);                        // the bytes of shop/cart.otp.lock
//   llvm::Expected<Contract> kept = read_contract(text, "shop/cart.otp.lock");
//
// A contract file has a line for each part, indented below what it is part of: its kind, its name,
// and what is said of it as a JSON object. Supervision trees and configuration are no promise to
// others and not in it; neither are comments and places. The same contract gives the same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <llvm/Support/Error.h>

#include "model/model.h"
#include "source/source_manager.h"

namespace otpc::tools {

struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// A declaration, a message, a field.
struct Part {
  std::string kind;  ///< "server", "call", "parameter"
  std::string name;
  std::map<std::string, std::string> facts;  ///< "type" -> "u32"
  std::vector<Part> parts;
  Place place;
  source::Span span;  ///< of no file when it was read from a contract file

  /// Empty when it is not said.
  const std::string& fact(const std::string& key) const;
  bool has(const std::string& key) const { return facts.contains(key); }
  const std::string& wire_name() const;
};

struct Contract {
  Part module;
  std::uint64_t version() const;
};

Contract contract_of(const model::Module& module, const source::SourceManager& sources,
                     const std::string& path);

std::string print(const Contract& contract);
llvm::Expected<Contract> read_contract(const std::string& text, const std::string& path);

/// The contract with the states that earlier versions of its processes kept, as `kept` has them.
Contract with_history(Contract contract, const Contract& kept);

/// The states of a server or a machine, the oldest first: parts of the kind "state", each named by
/// its version.
std::vector<const Part*> states_of(const Part& server);

}  // namespace otpc::tools
