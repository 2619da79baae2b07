// Bytes out of lowered values: Mustache on LLVM's engine.
//
// All templates of templates/ are compiled into the program. They print; a name that the data does
// not have prints nothing, which is why the tests hold the templates against the data.
#pragma once

#include <string>

#include <llvm/Support/JSON.h>

namespace otpc::render {

/// Renders a whole template: a file (`file_header`, `project_main`) or the part of one declaration
/// in it (`each_header`); every fragment is at hand.
std::string render(llvm::StringRef whole_template, const llvm::json::Value& data);

/// Name and text of every template, for the checks of the tests.
struct TemplateText {
  const char* name;
  const char* text;
};
llvm::ArrayRef<TemplateText> templates();

}  // namespace otpc::render
