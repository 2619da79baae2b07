#include <algorithm>

#include "diagnostics/drawing.h"
#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

using model::Server;

bool is_called(const model::Uses& uses) {
  if (!uses.may_call() || uses.server == nullptr) return false;
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

/// Those that call each other in a circle.
using Circle = std::set<const Server*>;

/// The circles that are errors.
std::vector<Circle> check_cycles(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::vector<Circle> circles;
  std::set<const Server*> told;
  for (const Server* server : all_of<Server>(program)) {
    if (told.contains(server)) continue;
    const std::vector<const model::Uses*> cycle = cycle_through(*server);
    if (cycle.empty()) continue;
    std::vector<std::string> names{server->name};
    bool singletons = true;
    Circle circle;
    for (const model::Uses* uses : cycle) {
      names.push_back(uses->server->name);
      circle.insert(uses->server);
      singletons = singletons && population(program, *uses->server) <= 1;
    }
    const diagnostics::Drawing drawing = diagnostics::draw(names);
    auto builder = diagnostics.emit(singletons ? Id::call_cycle : Id::possible_call_cycle,
                                    cycle.front()->span, drawing.text);
    builder.note(drawing.note);
    for (std::size_t i = 1; i < std::min(cycle.size(), diagnostics::drawn_at_most); ++i) {
      builder.label(cycle[i]->span, "`" + cycle[i - 1]->server->name + "` calls `" +
                                        cycle[i]->server->name + "` here");
    }
    builder.help(
        "turn one of the calls into a cast, answered by another cast; then say `uses ... (cast)`");
    told.insert(circle.begin(), circle.end());
    if (singletons) circles.push_back(std::move(circle));
  }
  return circles;
}

/// The call that is waited for the longest, or the shortest; null when there is none, or nobody
/// knows of one.
const model::Message* call_of(const Server& server, bool longest) {
  const model::Message* result = nullptr;
  for (const model::Message& message : server.messages) {
    if (message.kind != model::MessageKind::call) continue;
    if (message.timeout_ns == model::Message::no_timeout) return nullptr;
    const bool better = result == nullptr || (longest ? message.timeout_ns > result->timeout_ns
                                                      : message.timeout_ns < result->timeout_ns);
    if (better) result = &message;
  }
  return result;
}

/// A cast, or an info that may come from others: what a timer sends, a monitor or the server itself
/// is cast by nobody.
bool can_be_cast(const model::Message& message) {
  return message.kind == model::MessageKind::cast ||
         (message.kind == model::MessageKind::info && message.every_ns == 0);
}

/// `uses X (cast)` of a server that has nothing to cast says nothing.
void check_idle_uses(const model::Program& program, diagnostics::Engine& diagnostics) {
  for (const Server* server : all_of<Server>(program)) {
    for (const model::Uses& uses : server->uses) {
      const bool by_call = uses.kind == "call";
      if (uses.server == nullptr || (!by_call && uses.kind != "cast")) continue;
      if (uses.server->messages_unclear) continue;
      // One that is used in two ways is told as such.
      if (std::ranges::count(server->uses, uses.target, &model::Uses::target) > 1) continue;
      const bool any = std::ranges::any_of(uses.server->messages, [&](const auto& each) {
        return by_call ? each.kind == model::MessageKind::call : can_be_cast(each);
      });
      if (any) continue;
      const bool other = std::ranges::any_of(uses.server->messages, [&](const auto& each) {
        return by_call ? can_be_cast(each) : each.kind == model::MessageKind::call;
      });
      diagnostics
          .emit(Id::idle_uses, uses.span, server->name, uses.server->name,
                by_call ? "calls" : "casts")
          .label(uses.server->span, "declared here")
          .help(other ? "write `uses " + uses.server->name + (by_call ? " (cast);`" : " (call);`")
                      : "leave it out");
    }
  }
}

bool takes_the_same(const model::Message& one, const model::Message& other) {
  return std::ranges::equal(one.parameters, other.parameters, [](const auto& a, const auto& b) {
    return a.name == b.name && a.type.text() == b.type.text();
  });
}

/// A call with the name and the parameters of the outer one: the outer one passes it on. Without
/// parameters many a name means nothing (`status`, `size`).
const model::Message* passed_on(const model::Message& outer, const Server& inner) {
  if (outer.kind != model::MessageKind::call || outer.parameters.empty()) return nullptr;
  const auto found = std::ranges::find_if(inner.messages, [&](const model::Message& each) {
    return each.kind == model::MessageKind::call && each.name == outer.name &&
           takes_the_same(outer, each);
  });
  return found == inner.messages.end() ? nullptr : &*found;
}

void tell_inversion(const Server& server, const model::Message& outer, const model::Uses& uses,
                    const model::Message& inner, diagnostics::Engine& diagnostics) {
  const std::string outer_text = duration_text(outer.timeout_ns);
  const bool endless = inner.timeout_ns == model::infinite;
  const std::string inner_text = endless ? "for ever" : duration_text(inner.timeout_ns);
  diagnostics.emit(Id::timeout_inversion, outer.span, server.name + "." + outer.name, outer_text)
      .label(uses.span, "its handler may call `" + uses.server->name + "." + inner.name + "`")
      .label(inner.span, "which waits " + inner_text)
      .help(endless ? "give the inner call a time-out that the outer one covers"
                    : "give the outer call a time-out that covers the inner one");
}

/// Which call leads to which is not said, but for two things: none of the calls waits as long as
/// any of those it may lead to, or a call is passed on under its own name. In a circle one has to
/// give way anyway.
void check_timeouts(const model::Program& program, const std::vector<Circle>& circles,
                    diagnostics::Engine& diagnostics) {
  for (const Server* server : all_of<Server>(program)) {
    const model::Message* longest = call_of(*server, true);
    if (longest == nullptr) continue;  // nobody waits for it
    for (const model::Uses& uses : server->uses) {
      if (!is_called(uses) || uses.server == server) continue;
      const bool in_circle = std::ranges::any_of(circles, [&](const Circle& each) {
        return each.contains(server) && each.contains(uses.server);
      });
      if (in_circle) continue;
      const model::Message* shortest = call_of(*uses.server, false);
      if (shortest == nullptr) continue;
      if (shortest->timeout_ns > longest->timeout_ns) {
        tell_inversion(*server, *longest, uses, *shortest, diagnostics);
        continue;
      }
      for (const model::Message& outer : server->messages) {
        const model::Message* inner = passed_on(outer, *uses.server);
        const bool known = outer.timeout_ns != model::Message::no_timeout;
        if (known && inner != nullptr && inner->timeout_ns > outer.timeout_ns)
          tell_inversion(*server, outer, uses, *inner, diagnostics);
      }
    }
  }
}

}  // namespace

void check_calls(const model::Program& program, diagnostics::Engine& diagnostics) {
  check_timeouts(program, check_cycles(program, diagnostics), diagnostics);
  check_idle_uses(program, diagnostics);
}

}  // namespace otpc::sema
