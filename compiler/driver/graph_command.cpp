#include <optional>

#include <llvm/ADT/SmallString.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/Program.h>

#include "driver/commands.h"
#include "driver/files.h"

namespace otpc::driver {
namespace {

/// What Graphviz makes of the text, or why it does not.
llvm::Expected<std::string> draw(const std::string& dot_text) {
  const auto program = llvm::sys::findProgramByName("dot");
  if (!program) {
    return llvm::createStringError(program.getError(),
                                   "svg needs the program `dot` of Graphviz, which is not found\n"
                                   "Install Graphviz, or take --format=dot or --format=mermaid.");
  }
  llvm::SmallString<128> input;
  llvm::SmallString<128> output;
  if (std::error_code failed = llvm::sys::fs::createTemporaryFile("otpc", "dot", input))
    return llvm::errorCodeToError(failed);
  const llvm::FileRemover input_remover(input);
  if (std::error_code failed = llvm::sys::fs::createTemporaryFile("otpc", "svg", output))
    return llvm::errorCodeToError(failed);
  const llvm::FileRemover output_remover(output);
  if (llvm::Expected<bool> written = write_if_changed(input.str().str(), dot_text); !written)
    return written.takeError();
  std::string message;
  const int status = llvm::sys::ExecuteAndWait(*program, {*program, "-Tsvg", "-o", output, input},
                                               std::nullopt, {}, 60, 0, &message);
  if (status != 0) {
    return llvm::createStringError(std::errc::io_error, "`%s` failed with status %d %s",
                                   program->c_str(), status, message.c_str());
  }
  return read_file(output.str().str());
}

}  // namespace

Exit graph(const GraphRequest& request, Streams streams) {
  FrontEnd front_end(request, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  if (const Exit status = front_end.report(); program == nullptr) return status;
  std::vector<const model::Module*> about;
  for (std::size_t i = 0; i < program->modules.size(); ++i) {
    if (front_end.files()[i]->requested) about.push_back(program->modules[i].get());
  }
  const tools::Graph graph = tools::graph_of(request.kind, *program, about);
  if (graph.nodes.empty())
    streams.err << "otpc: nothing of the kind " << graph.name
                << " is declared: the graph is empty\n";
  if (request.format == GraphFormat::mermaid) {
    streams.out << tools::to_mermaid(graph);
    return Exit::ok;
  }
  const std::string text = tools::to_dot(graph);
  if (request.format == GraphFormat::dot) {
    streams.out << text;
    return Exit::ok;
  }
  llvm::Expected<std::string> svg = draw(text);
  if (!svg) {
    streams.err << "otpc: " << llvm::toString(svg.takeError()) << '\n';
    return Exit::input_output;
  }
  streams.out << *svg;
  return Exit::ok;
}

}  // namespace otpc::driver
