// The checked model as JSON, for programs that are no part of otpc: back ends of their own, checks,
// documentation.
//
// What each part means is told by otp-ir.schema.json, which is installed with the package. The
// order is that of the schemas. A name that refers to a declaration is a qualified one,
// `shop::cart.Cart`. Whatever may need more than 53 bits, which is all that many readers of JSON
// have for a number, is a text of decimal digits: integers of constants, and durations, which are
// in nanoseconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/Support/raw_ostream.h>

#include "model/model.h"
#include "source/source_manager.h"

namespace otpc::ir {

/// Grows when a reader of the version before could misunderstand; what is only new does not count.
inline constexpr std::uint64_t version = 1;

struct File {
  std::string path;        ///< below its import folder: "shop/cart.otp"
  bool requested = false;  ///< named on the command line, not only imported
};

struct Options {
  const source::SourceManager& sources;
  std::vector<File> files;  ///< of each module, in their order
  std::string generator_version;
};

void write(const model::Program& program, const Options& options, llvm::raw_ostream& out);

}  // namespace otpc::ir
