#include <algorithm>
#include <map>
#include <set>

#include <llvm/ADT/STLExtras.h>

#include "tools/graph/graph.h"

namespace otpc::tools {
namespace {

template <class D>
std::vector<const D*> declared(llvm::ArrayRef<const model::Module*> modules) {
  std::vector<const D*> found;
  for (const model::Module* module : modules) {
    for (const auto& declaration : module->declarations) {
      if (const auto* each = dynamic_cast<const D*>(declaration.get())) found.push_back(each);
    }
  }
  return found;
}

std::vector<const model::Module*> modules_of(const model::Program& program) {
  std::vector<const model::Module*> all;
  for (const auto& module : program.modules) all.push_back(module.get());
  return all;
}

std::string comma(std::string text, const std::string& more) {
  if (!text.empty() && !more.empty()) text += ", ";
  return text + more;
}

std::string with_line(std::string text, const std::string& line) {
  return line.empty() ? text : text + "\n" + line;
}

/// What is usual is not said.
std::string unusual(model::Restart restart) {
  return restart == model::Restart::permanent ? "" : model::word(restart);
}

/// Each child of each supervisor is a node of its own, also when several are of one kind.
class SupervisionTrees {
 public:
  SupervisionTrees(const model::Program& program, llvm::ArrayRef<const model::Module*> about)
      : about_(about) {
    graph_.name = "supervision";
    graph_.ordered = true;
    for (const auto* each : declared<model::Supervisor>(modules_of(program))) {
      for (const model::Child& child : each->children) started_.insert(child.target);
    }
    for (const auto* each : declared<model::Application>(modules_of(program)))
      started_.insert(each->start);
  }

  Graph build() {
    std::map<const model::Application*, std::size_t> applications;
    for (const auto* each : declared<model::Application>(about_)) {
      applications[each] = graph_.add(Shape::application, each->name);
      if (each->start == nullptr) continue;
      const std::size_t root = supervisor(*each->start, each->start->name, "");
      graph_.edges.push_back({applications[each], root, "", false});
    }
    for (const auto* each : declared<model::Application>(about_)) {
      for (const model::Application* other : each->depends) {
        const auto [found, elsewhere] = applications.emplace(other, graph_.nodes.size());
        if (elsewhere) graph_.add(Shape::application, other->name);
        graph_.edges.push_back({applications[each], found->second, "depends", true});
      }
    }
    for (const auto* each : declared<model::Supervisor>(about_)) {
      if (!started_.contains(each)) supervisor(*each, each->name, "");
    }
    // Drawn in the order in which they are told: a supervisor's children from left to right.
    std::ranges::stable_sort(graph_.edges, {}, &Graph::Edge::from);
    return std::move(graph_);
  }

 private:
  static std::string traits(const model::Supervisor& it) {
    std::string text;
    if (it.type == model::SupervisorKind::dynamic) text = "dynamic";
    if (it.type == model::SupervisorKind::partition) {
      text = it.partitions == 0 ? "partitions: one for each scheduler"
                                : "partitions: " + std::to_string(it.partitions);
      if (!it.partition_key_name.empty()) text += " by " + it.partition_key_name;
    }
    return text.empty() ? word(it.strategy) : text;
  }

  static std::string traits(const model::Child& child) {
    std::string text = comma(unusual(child.restart), child.significant ? "significant" : "");
    return comma(text, child.registered.empty() ? "" : "\"" + child.registered + "\"");
  }

  std::size_t supervisor(const model::Supervisor& it, const std::string& label,
                         const std::string& as_child) {
    const std::size_t node =
        graph_.add(Shape::supervisor, with_line(with_line(label, traits(it)), as_child));
    for (const model::Child& child : it.children) {
      if (child.target == nullptr) continue;
      const std::string& kind = child.target->name;
      const std::string name = child.id == kind ? kind : child.id + ": " + kind;
      std::size_t below = 0;
      if (const auto* inner = dynamic_cast<const model::Supervisor*>(child.target)) {
        below = supervisor(*inner, name, traits(child));
      } else {
        below = graph_.add(Shape::worker, with_line(name, traits(child)));
        for (const model::Child::Handler& each : child.handlers) {
          const std::size_t handler = graph_.add(Shape::worker, each.handler->name);
          graph_.edges.push_back({below, handler, "handler", true});
        }
      }
      // Dashed: not there from the start, but started on demand.
      graph_.edges.push_back({node, below, "", it.is_dynamic()});
    }
    return node;
  }

  llvm::ArrayRef<const model::Module*> about_;
  std::set<const model::Declaration*> started_;  ///< by another supervisor, or by an application
  Graph graph_;
};

/// How a server is used; of what was not said, what it has.
std::string way_of(const model::Uses& uses) {
  if (!uses.kind.empty() || uses.server == nullptr) return uses.kind;
  const auto has = [&](model::MessageKind kind) {
    return std::ranges::find(uses.server->messages, kind, &model::Message::kind) !=
           uses.server->messages.end();
  };
  return comma(has(model::MessageKind::call) ? "call" : "",
               has(model::MessageKind::cast) ? "cast" : "");
}

/// Those edges of waiting that lead back to where they come from.
void mark_circles(Graph& graph) {
  std::vector<std::vector<std::size_t>> next(graph.nodes.size());
  const auto waits = [](const Graph::Edge& edge) { return !edge.dashed && !edge.label.empty(); };
  for (const Graph::Edge& edge : graph.edges) {
    if (waits(edge)) next[edge.from].push_back(edge.to);
  }
  for (Graph::Edge& edge : graph.edges) {
    if (!waits(edge)) continue;
    std::set<std::size_t> reached{edge.to};
    std::vector<std::size_t> open{edge.to};
    while (!open.empty() && !reached.contains(edge.from)) {
      const std::size_t at = open.back();
      open.pop_back();
      for (const std::size_t to : next[at]) {
        if (reached.insert(to).second) open.push_back(to);
      }
    }
    edge.bold = reached.contains(edge.from);
  }
}

Graph calls(llvm::ArrayRef<const model::Module*> about) {
  Graph graph;
  graph.name = "calls";
  std::map<const model::Declaration*, std::size_t> nodes;
  const auto node = [&](const model::Declaration* it) {
    const auto [found, fresh] = nodes.emplace(it, 0);
    if (fresh) {
      const bool here = llvm::is_contained(about, it->module);
      const bool topic = it->kind == model::DeclarationKind::topic;
      found->second = graph.add(topic ? Shape::topic : Shape::worker,
                                here ? it->name : it->module->name() + "::" + it->name);
    }
    return found->second;
  };
  for (const auto* server : declared<model::Server>(about)) {
    const std::size_t from = node(server);
    for (const model::Uses& uses : server->uses) {
      const std::string way = way_of(uses);
      // Dashed: nobody waits.
      graph.edges.push_back({from, node(uses.target), way, way == "cast"});
    }
    for (const model::Topic* topic : server->topics)
      graph.edges.push_back({node(topic), from, "publishes to", true});
  }
  mark_circles(graph);
  return graph;
}

const char* word(model::MessageKind kind) {
  switch (kind) {
    case model::MessageKind::call:
      return "call ";
    case model::MessageKind::cast:
      return "cast ";
    case model::MessageKind::info:
    case model::MessageKind::down:
    case model::MessageKind::exit:
      return "info ";
    case model::MessageKind::continue_:
      return "continue ";
    case model::MessageKind::topic:
      return "";
  }
  return "";
}

void add_machine(Graph& graph, const model::Statem& machine) {
  graph.groups.push_back(machine.name);
  const std::size_t group = graph.groups.size();
  const std::size_t start = graph.add(Shape::start, "", group);
  const std::size_t first = graph.nodes.size();
  for (const model::State& state : machine.states)
    graph.add(state.final ? Shape::final_state : Shape::state, state.name, group);
  graph.edges.push_back({start, first + machine.first, "", false});
  const auto clauses = [&](const model::State& state, std::size_t node) {
    for (const model::StateClause& clause : state.events) {
      const model::Message& message = machine.messages[clause.message];
      for (const std::size_t target : clause.targets)
        graph.edges.push_back({node, first + target, word(message.kind) + message.name, false});
    }
    for (const model::StateClause& clause : state.timeouts) {
      const std::string name = clause.name.empty() ? "state_timeout" : "timeout " + clause.name;
      for (const std::size_t target : clause.targets) {
        graph.edges.push_back(
            {node, first + target, name + " " + model::duration_text(clause.after_ns), true});
      }
    }
  };
  for (std::size_t i = 0; i < machine.states.size(); ++i) clauses(machine.states[i], first + i);
  const auto leads = [](const model::StateClause& clause) { return !clause.targets.empty(); };
  if (std::ranges::any_of(machine.any.events, leads) ||
      std::ranges::any_of(machine.any.timeouts, leads))
    clauses(machine.any, graph.add(Shape::state, "any", group));
}

}  // namespace

Graph graph_of(GraphKind kind, const model::Program& program,
               llvm::ArrayRef<const model::Module*> about) {
  switch (kind) {
    case GraphKind::supervision:
      return SupervisionTrees(program, about).build();
    case GraphKind::calls:
      return calls(about);
    case GraphKind::statem:
      break;
  }
  Graph graph;
  graph.name = "statem";
  for (const auto* machine : declared<model::Statem>(about)) add_machine(graph, *machine);
  return graph;
}

}  // namespace otpc::tools
