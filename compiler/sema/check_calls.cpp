#include <algorithm>

#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

using model::Server;

bool is_called(const model::Uses& uses) {
  if (uses.kind == "cast" || uses.server == nullptr) return false;
  return std::ranges::any_of(uses.server->messages, [](const auto& each) {
    return each.kind == model::MessageKind::call;
  });
}

/// The shortest way from a server back to itself along its calls.
std::vector<const model::Uses*> cycle_through(const Server& start) {
  std::vector<std::vector<const model::Uses*>> frontier{{}};
  std::set<const Server*> seen;
  while (!frontier.empty()) {
    std::vector<std::vector<const model::Uses*>> next;
    for (const auto& path : frontier) {
      const Server& at = path.empty() ? start : *path.back()->server;
      for (const model::Uses& uses : at.uses) {
        if (!is_called(uses)) continue;
        auto longer = path;
        longer.push_back(&uses);
        if (uses.server == &start) return longer;
        if (seen.insert(uses.server).second) next.push_back(std::move(longer));
      }
    }
    frontier = std::move(next);
  }
  return {};
}

void check_cycles(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::set<const Server*> told;
  for (const Server* server : all_of<Server>(program)) {
    if (told.contains(server)) continue;
    const std::vector<const model::Uses*> cycle = cycle_through(*server);
    if (cycle.empty()) continue;
    std::string drawn = server->name;
    bool singletons = true;
    for (const model::Uses* uses : cycle) {
      drawn += " -> " + uses->server->name;
      told.insert(uses->server);
      singletons = singletons && population(program, *uses->server) <= 1;
    }
    auto builder = diagnostics.emit(singletons ? Id::call_cycle : Id::possible_call_cycle,
                                    cycle.front()->span, drawn);
    for (std::size_t i = 1; i < cycle.size(); ++i)
      builder.label(cycle[i]->span, "and back from here");
    builder.help(
        "turn one of the calls into a cast, answered by another cast; then say `uses ... (cast)`");
  }
}

std::uint64_t call_timeout(const Server& server, bool longest) {
  std::uint64_t result = longest ? 0 : model::infinite;
  for (const model::Message& message : server.messages) {
    if (message.kind != model::MessageKind::call) continue;
    result = longest ? std::max(result, message.timeout_ns) : std::min(result, message.timeout_ns);
  }
  return result;
}

void check_timeouts(const model::Program& program, diagnostics::Engine& diagnostics) {
  for (const Server* server : all_of<Server>(program)) {
    const std::uint64_t outer = call_timeout(*server, true);
    if (outer == 0) continue;  // nobody waits for it
    for (const model::Uses& uses : server->uses) {
      if (!is_called(uses) || uses.server == server) continue;
      const std::uint64_t inner = call_timeout(*uses.server, false);
      if (inner <= outer) continue;
      diagnostics
          .emit(Id::timeout_inversion, uses.span, server->name, duration_text(outer),
                uses.server->name, duration_text(inner))
          .help("give the outer call a time-out that covers the inner one");
    }
  }
}

}  // namespace

void check_calls(const model::Program& program, diagnostics::Engine& diagnostics) {
  check_cycles(program, diagnostics);
  check_timeouts(program, diagnostics);
}

void check_recursive_values(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::set<const model::Declaration*> told;
  for (const model::Declaration* each : all_of<model::Declaration>(program)) {
    if (told.contains(each)) continue;
    const std::vector<const model::Declaration*> cycle = value_cycle(*each);
    if (cycle.empty()) continue;
    std::string drawn;
    for (const model::Declaration* part : cycle) {
      drawn += part->name + " -> ";
      told.insert(part);
    }
    diagnostics.emit(Id::recursive_struct, each->span, each->name, drawn + each->name)
        .help("break the circle with a `list<...>`, which holds its elements elsewhere");
  }
}

}  // namespace otpc::sema
