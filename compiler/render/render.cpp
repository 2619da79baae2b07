#include "render/render.h"

#include <algorithm>

#include <llvm/Support/Mustache.h>
#include <llvm/Support/raw_ostream.h>

namespace otpc::render {
namespace {

constexpr TemplateText embedded[] = {
#include "otpc_templates.inc"
};

}  // namespace

llvm::ArrayRef<TemplateText> templates() { return embedded; }

std::string render(llvm::StringRef file_template, const llvm::json::Value& data) {
  const auto* found = std::ranges::find(
      embedded, file_template, [](const TemplateText& each) { return llvm::StringRef(each.name); });
  llvm::BumpPtrAllocator allocator;
  llvm::StringSaver saver(allocator);
  llvm::mustache::MustacheContext context(allocator, saver);
  llvm::mustache::Template parsed(found->text, context);
  for (const TemplateText& each : embedded) {
    const llvm::StringRef name(each.name);
    if (!name.starts_with("file_") && !name.starts_with("project_"))
      parsed.registerPartial(each.name, each.text);
  }
  parsed.overrideEscapeCharacters(llvm::DenseMap<char, std::string>());  // C++ is not HTML
  std::string text;
  llvm::raw_string_ostream stream(text);
  parsed.render(data, stream);
  return text;
}

}  // namespace otpc::render
