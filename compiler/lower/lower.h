// From the checked schema to what the templates print: the C++ side of a file, as JSON values ready
// to print.
//
// Everything that is decided about the C++ is decided here: names, types, literals, the order of
// declarations. The templates only print. Names from the schema are kept; one that C++ or the
// generated classes own gets an underscore behind it (see names.h).
#pragma once

#include <string>
#include <vector>

#include <llvm/Support/JSON.h>

#include "model/model.h"

namespace otpc::lower {

struct Options {
  std::string header;                ///< how the file includes its own header: "shop/cart.otp.h"
  std::vector<std::string> imports;  ///< headers of the imported modules
  std::string generator_version;
};

/// The data of file_header.mustache and file_source.mustache.
llvm::json::Object lower_cpp(const model::Module& module, const Options& options);

}  // namespace otpc::lower
