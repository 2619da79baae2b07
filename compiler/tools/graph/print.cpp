#include <llvm/ADT/StringRef.h>

#include "tools/graph/graph.h"

namespace otpc::tools {
namespace {

std::string node_name(std::size_t index) { return "n" + std::to_string(index); }

/// In quotes, lines centred.
std::string dot_text(llvm::StringRef text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n')
      quoted += "\\n";
    else
      quoted += c;
  }
  return quoted + "\"";
}

const char* dot_shape(Shape shape) {
  switch (shape) {
    case Shape::application:
      return "shape=folder";
    case Shape::supervisor:
      return "shape=box";
    case Shape::worker:
      return "shape=ellipse";
    case Shape::topic:
      return "shape=hexagon";
    case Shape::state:
      return "shape=box, style=rounded";
    case Shape::final_state:
      return "shape=box, style=rounded, peripheries=2";
    case Shape::start:
      return "shape=point, width=0.15";
  }
  return "";
}

/// Mermaid has no escape but its own names of characters, and `#` begins them.
std::string mermaid_text(llvm::StringRef text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"')
      quoted += "#quot;";
    else if (c == '#')
      quoted += "#35;";
    else if (c == '<')
      quoted += "#lt;";
    else if (c == '>')
      quoted += "#gt;";
    else if (c == '\n')
      quoted += "<br>";
    else
      quoted += c;
  }
  return quoted + "\"";
}

std::string mermaid_node(const Graph::Node& node) {
  const std::string text = mermaid_text(node.label);
  switch (node.shape) {
    case Shape::application:
      return "[[" + text + "]]";
    case Shape::supervisor:
      return "[" + text + "]";
    case Shape::worker:
      return "([" + text + "])";
    case Shape::topic:
      return "{{" + text + "}}";
    case Shape::state:
      return "(" + text + ")";
    case Shape::final_state:
      return "(((" + text + ")))";
    case Shape::start:
      return "((\" \"))";
  }
  return "";
}

/// Calls `print` for each node, those of a group between `open` and `close`.
template <class Open, class Print, class Close>
void for_each_node(const Graph& graph, Open open, Print print, Close close) {
  for (std::size_t group = 0; group <= graph.groups.size(); ++group) {
    if (group != 0) open(group - 1);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      if (graph.nodes[i].group == group) print(i, group == 0 ? "  " : "    ");
    }
    if (group != 0) close();
  }
}

}  // namespace

std::string to_dot(const Graph& graph) {
  std::string text = "digraph " + graph.name + " {\n";
  text += "  graph [" + std::string(graph.ordered ? "ordering=out, " : "") +
          "fontname=\"Helvetica\"];\n";
  text += "  node [fontname=\"Helvetica\"];\n";
  text += "  edge [fontname=\"Helvetica\", fontsize=11];\n";
  for_each_node(
      graph,
      [&](std::size_t group) {
        text += "  subgraph cluster_" + std::to_string(group) + " {\n";
        text += "    label=" + dot_text(graph.groups[group]) + ";\n";
      },
      [&](std::size_t index, const char* indent) {
        const Graph::Node& node = graph.nodes[index];
        text += indent + node_name(index) + " [label=" + dot_text(node.label) + ", " +
                dot_shape(node.shape) + "];\n";
      },
      [&] { text += "  }\n"; });
  for (const Graph::Edge& edge : graph.edges) {
    std::string attributes;
    if (!edge.label.empty()) attributes = "label=" + dot_text(" " + edge.label + " ");
    if (edge.bold) attributes += ", color=red3, penwidth=2";
    if (edge.dashed) attributes += attributes.empty() ? "style=dashed" : ", style=dashed";
    text += "  " + node_name(edge.from) + " -> " + node_name(edge.to);
    text += attributes.empty() ? ";\n" : " [" + attributes + "];\n";
  }
  return text + "}\n";
}

std::string to_mermaid(const Graph& graph) {
  std::string text = "flowchart TD\n";
  for_each_node(
      graph,
      [&](std::size_t group) {
        text += "  subgraph g" + std::to_string(group) + " [" + mermaid_text(graph.groups[group]) +
                "]\n";
      },
      [&](std::size_t index, const char* indent) {
        text += indent + node_name(index) + mermaid_node(graph.nodes[index]) + "\n";
      },
      [&] { text += "  end\n"; });
  for (const Graph::Edge& edge : graph.edges) {
    text += "  " + node_name(edge.from) + (edge.dashed ? " -.->" : edge.bold ? " ==>" : " -->");
    if (!edge.label.empty()) text += "|" + mermaid_text(edge.label) + "|";
    text += " " + node_name(edge.to) + "\n";
  }
  return text;
}

}  // namespace otpc::tools
