// The commands beside `gen` and `check`, which are the pipeline. Each prints its results to `out`
// and its complaints to `err`.
#pragma once

#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

#include "driver/pipeline.h"

namespace otpc::driver {

/// Where a command speaks.
struct Streams {
  llvm::raw_ostream& out;
  llvm::raw_ostream& err;
};

/// Complains about the command line.
Exit misused(llvm::raw_ostream& err, const std::string& text);

/// The page about one number of the catalogue, or all numbers when none is given.
Exit explain(const std::string& code, Streams streams);

struct FormatRequest {
  std::vector<std::string> files;  ///< "-": standard input to standard output
  bool check = false;              ///< only say which files would change
  bool colour = false;
};
/// Brings schemas into the one style, in place. A file that is not understood stays as it is.
Exit format(const FormatRequest& request, Streams streams);

}  // namespace otpc::driver
