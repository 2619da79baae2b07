#include "driver/commands.h"
#include "driver/files.h"

namespace otpc::driver {
namespace {

/// What Graphviz makes of the text, or why it does not.
llvm::Expected<std::string> draw(const std::string& dot_text) {
  llvm::Expected<Ended> ended = run_program("dot", {"-Tsvg"}, dot_text);
  if (!ended) {
    return llvm::createStringError(std::errc::io_error,
                                   "svg needs the program `dot` of Graphviz: %s\n"
                                   "Install Graphviz, or take --format=dot or --format=mermaid.",
                                   llvm::toString(ended.takeError()).c_str());
  }
  if (ended->status != 0) {
    return llvm::createStringError(std::errc::io_error, "`dot` %s\n%s", ended->how.c_str(),
                                   ended->err.c_str());
  }
  return ended->out;
}

}  // namespace

Exit graph(const GraphRequest& request, Streams streams) {
  Input input = request;
  input.with_deadlocks = true;
  FrontEnd front_end(input, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  const Exit status = front_end.report();
  if (program == nullptr) return status;
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
    return status;
  }
  const std::string text = tools::to_dot(graph);
  if (request.format == GraphFormat::dot) {
    streams.out << text;
    return status;
  }
  llvm::Expected<std::string> svg = draw(text);
  if (!svg) {
    streams.err << "otpc: " << llvm::toString(svg.takeError()) << '\n';
    return Exit::input_output;
  }
  streams.out << *svg;
  return status;
}

}  // namespace otpc::driver
