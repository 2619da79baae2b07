// From schema files to C++ files: load, parse, check, lower, render, write.
#pragma once

#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

namespace otpc::driver {

struct Request {
  std::vector<std::string> files;
  std::vector<std::string> import_dirs;
  std::string out_dir;  ///< empty: check only
  std::string depfile;
  bool test_doubles = false;  ///< also a header with fakes and proxies of the servers
  bool json = false;          ///< diagnostics as JSON
  bool colour = false;
  bool warnings_are_errors = false;
};

/// The exit codes of otpc.
enum class Exit : int { ok = 0, diagnostics = 1, usage = 2, input_output = 3, internal = 70 };

Exit run(const Request& request, llvm::raw_ostream& out, llvm::raw_ostream& err);

}  // namespace otpc::driver
