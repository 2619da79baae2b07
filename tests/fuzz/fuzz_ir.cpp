// What is printed for other programs can be read: the model as JSON, and pictures.
#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "fuzz.h"
#include "ir/ir.h"
#include "tools/graph/graph.h"

namespace otpc::fuzz {

void fuzz_one(std::string_view text) {
  const Checked checked(text);
  if (checked.program == nullptr) return;
  ir::Options options{checked.sources, {}, "0"};
  std::vector<const model::Module*> about;
  for (const auto& module : checked.program->modules) {
    options.files.push_back({std::to_string(about.size()) + ".otp", true});
    about.push_back(module.get());
  }
  std::string printed;
  llvm::raw_string_ostream out(printed);
  ir::write(*checked.program, options, out);
  llvm::Expected<llvm::json::Value> read = llvm::json::parse(printed);
  if (!read) return require(false, "the model is JSON: " + llvm::toString(read.takeError()));
  const llvm::json::Object* root = read->getAsObject();
  const llvm::json::Array* modules = root == nullptr ? nullptr : root->getArray("modules");
  require(modules != nullptr && modules->size() == about.size(), "every module is printed");
  std::string again;
  llvm::raw_string_ostream(again) << *read;
  llvm::Expected<llvm::json::Value> reread = llvm::json::parse(again);
  require(reread && *reread == *read, "what is read can be written and read again");

  using tools::GraphKind;
  for (const GraphKind kind : {GraphKind::supervision, GraphKind::calls, GraphKind::statem}) {
    const tools::Graph graph = tools::graph_of(kind, *checked.program, about);
    require(!tools::to_dot(graph).empty() && !tools::to_mermaid(graph).empty(), "it is drawn");
  }
}

}  // namespace otpc::fuzz
