// Lowering and the templates, for every target language: the same model gives the same text.
#include <llvm/Support/JSON.h>

#include "fuzz.h"
#include "lower/lower.h"
#include "render/render.h"
#include "sema/check.h"

namespace otpc::fuzz {
namespace {

void render(llvm::StringRef file_template, const llvm::json::Value& data) {
  const std::string text = render::render(file_template, data);
  require(text.ends_with("\n"), "a file ends with its last line");
  require(llvm::json::isUTF8(text), "what is printed is UTF-8");
  require(render::render(file_template, data) == text, "printing twice gives the same");
}

}  // namespace

void fuzz_one(std::string_view text) {
  Checked checked(text);
  if (checked.program == nullptr) return;
  for (const auto& module : checked.program->modules) {
    for (auto* lowered : {&lower::lower_erlang, &lower::lower_elixir}) {
      for (lower::File& file : lowered(*module, "0"))
        render(file.file_template, llvm::json::Value(std::move(file.data)));
    }
  }
  if (checked.diagnostics.has_errors()) return;
  for (const auto& module : checked.program->modules) {
    lower::Options options{"m.otp.h", {}, "0"};
    options.imports.assign(module->imports.size(), "i.otp.h");
    const std::vector<lower::Part> order = lower::cpp_order(*module);
    for (const char* name : {"header", "source", "testing"}) {
      llvm::json::Array declarations;
      for (const lower::Part& each : order) {
        const llvm::json::Value part(lower::lower_cpp(each));
        declarations.push_back(render::render(std::string("each_") + name, part));
      }
      llvm::json::Object data = lower::lower_cpp(*module, order, options);
      data["declarations"] = std::move(declarations);
      render(std::string("file_") + name, llvm::json::Value(std::move(data)));
    }
  }
}

}  // namespace otpc::fuzz
