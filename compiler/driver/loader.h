// Finds and parses the schemas of a compilation, with everything they import, each once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <llvm/Support/Error.h>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "source/source_manager.h"

namespace otpc::driver {

struct LoadedFile {
  std::string path;      ///< as it was found
  std::string relative;  ///< below its import folder: "shop/cart.otp"
  std::unique_ptr<ast::File> ast;
  bool requested = false;  ///< named on the command line, not only imported
};

class Loader {
 public:
  /// `texts`: what stands in for files, by path.
  Loader(std::vector<std::string> import_dirs, const std::map<std::string, std::string>& texts,
         source::SourceManager& sources, diagnostics::Engine& diagnostics);

  /// A file of the command line and what it imports. False when it cannot be read.
  bool load(const std::string& path);

  /// Imports before importers.
  const std::vector<LoadedFile*>& ordered() const { return ordered_; }
  bool input_failed() const { return input_failed_; }

 private:
  LoadedFile* load_file(const std::string& path, const std::string& relative,
                        source::Span wanted_at);
  void check_single(const LoadedFile& file);
  void load_import(const ast::Import& import, const LoadedFile& importer);
  std::string relative_path(const std::string& path) const;

  llvm::Expected<std::string> text_of(const std::string& path) const;

  std::vector<std::string> import_dirs_;
  const std::map<std::string, std::string>& texts_;
  source::SourceManager& sources_;
  diagnostics::Engine& diagnostics_;
  std::deque<LoadedFile> files_;
  std::map<std::string, LoadedFile*> by_real_path_;
  std::map<std::string, const LoadedFile*> by_module_;
  std::vector<LoadedFile*> ordered_;
  std::vector<LoadedFile*> loading_;  ///< the way from the command line to here
  bool input_failed_ = false;
};

}  // namespace otpc::driver
