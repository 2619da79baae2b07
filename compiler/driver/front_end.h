// What every command begins with that works on a checked schema: load, parse, check.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

#include "diagnostics/engine.h"
#include "driver/contracts.h"
#include "driver/loader.h"
#include "ir/ir.h"
#include "model/model.h"
#include "source/source_manager.h"

namespace otpc::driver {

/// The exit codes of otpc: what each means is in `overview` of options.cpp.
enum class Exit : int { ok = 0, diagnostics = 1, usage = 2, input_output = 3, internal = 70 };

/// Where a command speaks: its results to `out`, its complaints to `err`.
struct Streams {
  llvm::raw_ostream& out;
  llvm::raw_ostream& err;
};

/// How diagnostics are printed: text to `err`, the others to `out`.
enum class Rendering : std::uint8_t { text, json, sarif };

struct Input {
  std::vector<std::string> files;
  std::vector<std::string> import_dirs;
  Rendering rendering = Rendering::text;
  bool colour = false;
  diagnostics::WarningOptions warnings;
  std::map<std::string, std::string> texts;  ///< of files, by path, instead of what is on disk
  bool check_contracts = false;
  bool with_deadlocks = false;  ///< a program is there also when its calls go round in a circle
  /// Each schema, and what its contract relies on, has a contract file, which is up to date.
  bool locked = false;
  /// A damaged contract file of a schema that was asked for is taken for none.
  bool contracts_anew = false;
};

class FrontEnd {
 public:
  FrontEnd(const Input& input, Streams streams);

  /// Its modules stand in the order of files(). Null when there are errors, but for those that are
  /// asked for.
  std::unique_ptr<model::Program> program();

  /// Every file that was read, imports before importers.
  const std::vector<LoadedFile*>& files() const { return loader_.ordered(); }
  diagnostics::Engine& diagnostics() { return diagnostics_; }
  const source::SourceManager& sources() const { return sources_; }
  const Contracts& contracts() const { return contracts_; }
  /// What a printed model says of its files.
  ir::Options ir_options() const;

  /// Prints the diagnostics. The exit code is `failure` when there are errors, but another one when
  /// a schema could not be read.
  Exit report(Exit failure = Exit::diagnostics);

 private:
  /// Those of the schemas that were asked for, and of the modules that these rely on.
  void check_contracts(const model::Program& program);

  const Input& input_;
  Streams streams_;
  source::SourceManager sources_;
  diagnostics::Engine diagnostics_;
  Loader loader_;
  Contracts contracts_;
};

}  // namespace otpc::driver
