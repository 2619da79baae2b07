#include "fuzz.h"

#include <cstdio>
#include <cstdlib>

#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "diagnostics/render.h"
#include "lower/check_names.h"
#include "sema/check.h"
#include "syntax/parse.h"

namespace otpc::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: this does not hold: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

std::vector<std::string_view> files_of(std::string_view text) {
  std::vector<std::string_view> files;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = text.find(next_file);
    files.push_back(text.substr(0, end));
    if (end != std::string_view::npos) text.remove_prefix(end + next_file.size());
  }
  return files;
}

Checked::Checked(std::string_view text) {
  std::vector<const ast::File*> parsed;
  for (const std::string_view each : files_of(text)) {
    const source::FileId id = sources.add(std::to_string(files.size()) + ".otp", each);
    parsed.push_back(files.emplace_back(syntax::parse(sources, id, diagnostics)).get());
  }
  program = sema::check(parsed, diagnostics);
  if (!diagnostics.is_wrong()) lower::check_names(*program, diagnostics);
  if (diagnostics.has_errors()) program = nullptr;
}

void Checked::require_printable() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  diagnostics::render_text(diagnostics, sources, out, /*colour=*/false);
  text.clear();
  diagnostics::render_json(diagnostics, sources, out);
  llvm::Expected<llvm::json::Value> read = llvm::json::parse(text);
  if (!read) require(false, "diagnostics are valid JSON: " + llvm::toString(read.takeError()));
}

}  // namespace otpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  otpc::fuzz::fuzz_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
