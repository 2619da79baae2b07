// Pictures of a checked schema: what supervises what, who calls whom, where machines go. First a
// graph as a value, then its text in the language of a program that draws it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/ADT/ArrayRef.h>

#include "model/model.h"

namespace otpc::tools {

enum class GraphKind : std::uint8_t { supervision, calls, statem };

enum class Shape : std::uint8_t {
  application,
  supervisor,
  worker,
  topic,
  state,
  final_state,
  start
};

struct Graph {
  struct Node {
    std::string label;  ///< lines
    Shape shape = Shape::worker;
    std::size_t group = 0;  ///< 0: none, otherwise one more than the index of the group
  };
  struct Edge {
    std::size_t from = 0;
    std::size_t to = 0;
    std::string label;
    bool dashed = false;
    bool bold = false;  ///< part of a circle of calls
  };
  std::string name;
  bool ordered = false;  ///< what follows from one node is drawn from left to right as it is told
  std::vector<std::string> groups;
  std::vector<Node> nodes;
  std::vector<Edge> edges;

  std::size_t add(Shape shape, std::string label, std::size_t group = 0) {
    nodes.push_back({std::move(label), shape, group});
    return nodes.size() - 1;
  }
};

/// What the modules `about` declare, and what that leads to in the whole program. Supervisors that
/// others start are drawn below those, in the order in which they are started.
Graph graph_of(GraphKind kind, const model::Program& program,
               llvm::ArrayRef<const model::Module*> about);

/// For Graphviz.
std::string to_dot(const Graph& graph);
/// A flowchart for Mermaid, which GitHub and GitLab draw in Markdown.
std::string to_mermaid(const Graph& graph);

}  // namespace otpc::tools
