// Pages about schemas: for each module what it declares, with its comments, and links to what that
// refers to, also in other modules.
//
// A page is a value that a template prints: file_doc_markdown or file_doc_html. All that is said of
// a declaration stands in tables and in lists, so that the templates know no construct.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/Support/JSON.h>

#include "model/model.h"

namespace otpc::tools {

enum class DocFormat : std::uint8_t { markdown, html };

struct DocPage {
  std::string path;  ///< below the output folder: "shop/cart.md"
  llvm::json::Object data;
};

/// A module to be told about, and its schema below its import folder: "shop/cart.otp".
struct DocModule {
  const model::Module* module = nullptr;
  std::string file;
};

/// A page for each, and `index`, which leads to them.
std::vector<DocPage> pages_about(llvm::ArrayRef<DocModule> modules, const model::Program& program,
                                 DocFormat format);

}  // namespace otpc::tools
