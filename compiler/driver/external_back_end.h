// A back end that is a program of its own: `otpc gen --plugin PROGRAM`.
//
// It gets what `otpc ir` prints on its standard input, and answers on its standard output:
//
//   {"files": [{"path": "shop/cart.py", "text": "..."}],
//    "errors": [{"message": "no agents here", "location": <one of the input's>}]}
//
// otpc writes the files, so that what holds for its own output holds here too: nothing on an error,
// nothing outside of --out-dir, and what would not change is not touched.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "driver/front_end.h"

namespace otpc::driver {

struct Output {
  std::string path;
  std::string bytes;
};

/// Paths are those of the answer. What it says of the schema becomes diagnostics, and so does what
/// is wrong with the program itself: then there is no output.
std::optional<std::vector<Output>> run_external_back_end(const std::string& program,
                                                         const model::Program& model,
                                                         FrontEnd& front_end);

}  // namespace otpc::driver
