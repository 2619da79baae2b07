#include "render/render.h"

#include <algorithm>
#include <memory>

#include <llvm/Support/Mustache.h>
#include <llvm/Support/raw_ostream.h>

namespace otpc::render {
namespace {

constexpr TemplateText embedded[] = {
#include "otpc_templates.inc"
};

/// The templates that were asked for, each parsed once. Rendering leaves its marks in them: one for
/// each thread.
class Parsed {
 public:
  llvm::mustache::Template& find(llvm::StringRef name) {
    std::unique_ptr<llvm::mustache::Template>& found = whole_[name];
    if (found != nullptr) return *found;
    const auto* text = std::ranges::find(
        embedded, name, [](const TemplateText& each) { return llvm::StringRef(each.name); });
    found = std::make_unique<llvm::mustache::Template>(text->text, context_);
    found->overrideEscapeCharacters(llvm::DenseMap<char, std::string>());  // C++ is not HTML
    if (context_.Partials.empty()) {
      for (const TemplateText& each : embedded) {
        const llvm::StringRef part(each.name);
        if (part.starts_with("fragment_") || part.starts_with("source_"))
          found->registerPartial(each.name, each.text);
      }
    }
    return *found;
  }

 private:
  llvm::BumpPtrAllocator allocator_;
  llvm::StringSaver saver_{allocator_};
  llvm::mustache::MustacheContext context_{allocator_, saver_};
  llvm::StringMap<std::unique_ptr<llvm::mustache::Template>> whole_;
};

}  // namespace

llvm::ArrayRef<TemplateText> templates() { return embedded; }

std::string render(llvm::StringRef whole_template, const llvm::json::Value& data) {
  thread_local Parsed parsed;
  std::string text;
  llvm::raw_string_ostream stream(text);
  parsed.find(whole_template).render(data, stream);
  return text;
}

}  // namespace otpc::render
