// Contract files: `shop/cart.otp.lock` beside `shop/cart.otp`. What a module promised when
// `otpc compat --update` ran last, and the states that its processes kept in earlier versions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "driver/loader.h"
#include "model/model.h"
#include "source/source_manager.h"
#include "tools/compat/contract.h"

namespace otpc::driver {

/// Where the contract of a schema stands.
std::string contract_path(const std::string& schema);

/// How a state is changed without a loss: "say `module a version 2`, and ...".
std::string grown(const model::Module& module);

/// Steps of upgrades that are missing, or that lead from what no contract file has: they change
/// nothing of what is promised.
std::size_t upgrade_gaps(const diagnostics::Engine& diagnostics);

class Contracts {
 public:
  Contracts(source::SourceManager& sources, diagnostics::Engine& diagnostics)
      : sources_(sources), diagnostics_(diagnostics) {}

  /// Reads the contract file of a schema, if there is one, and gives the processes of the schema
  /// the states that they kept before. `anew`: that of a schema that was asked for will be written
  /// anew when it is damaged.
  void read(const LoadedFile& file, bool anew);

  /// A promise that is broken is an error; one that is not in the file yet a warning, or an error
  /// where the file must be up to date (`locked`), as is a file that is missing. `importer`: the
  /// module whose contract relies on this one, which was not asked for; without `locked` it is then
  /// only told what is broken.
  void check(const model::Module& module, const LoadedFile& file, bool locked,
             const std::string& importer);

  /// The modules whose types, errors and protocols are part of the module's contract.
  std::set<std::string> relied_on(const model::Module& module, const LoadedFile& file) const;

  /// Null when the schema has none.
  const tools::Contract* find(const LoadedFile& file) const;

 private:
  void give_states(const tools::Contract& contract, ast::File& file);
  std::vector<ast::Field> fields_of(const tools::Part& state, const std::string& owner);

  source::SourceManager& sources_;
  diagnostics::Engine& diagnostics_;
  std::map<const LoadedFile*, tools::Contract> kept_;
};

}  // namespace otpc::driver
