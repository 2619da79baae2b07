#include <algorithm>
#include <map>

#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

using model::Child;
using model::Server;
using model::Supervisor;
using source::Span;

/// The children that lead from a supervisor back to itself.
std::vector<const Child*> supervision_cycle(const Supervisor& start) {
  std::vector<const Child*> path;
  std::set<const Supervisor*> seen;
  const auto search = [&](const auto& self, const Supervisor& at) -> bool {
    for (const Child& child : at.children) {
      const auto* below = dynamic_cast<const Supervisor*>(child.target);
      if (below == nullptr) continue;
      path.push_back(&child);
      if (below == &start) return true;
      if (seen.insert(below).second && self(self, *below)) return true;
      path.pop_back();
    }
    return false;
  };
  return search(search, start) ? path : std::vector<const Child*>();
}

bool check_cycles(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::set<const model::Declaration*> told;
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    if (told.contains(supervisor)) continue;
    const std::vector<const Child*> cycle = supervision_cycle(*supervisor);
    if (cycle.empty()) continue;
    std::string drawn = supervisor->name;
    for (const Child* child : cycle) {
      drawn += " -> " + child->target->name;
      told.insert(child->target);
    }
    diagnostics.emit(Id::supervision_cycle, cycle.front()->span, drawn);
  }
  return told.empty();
}

/// The names from a child down to the worker, the first way that there is: "payments > PaymentSup >
/// Payment".
std::string way_down(const Child& child, const model::Worker& worker) {
  std::string drawn;
  std::set<const model::Declaration*> seen;
  const auto search = [&](const auto& self, const Child& at, const std::string& so_far) -> bool {
    if (at.target == nullptr || !seen.insert(at.target).second) return false;
    const std::string here = so_far + (at.id == at.target->name ? "" : at.id + " > ");
    if (at.target == &worker) {
      drawn = here + worker.name;
      return true;
    }
    const auto* below = dynamic_cast<const Supervisor*>(at.target);
    return below != nullptr && std::ranges::any_of(below->children, [&](const Child& each) {
             return self(self, each, here + below->name + " > ");
           });
  };
  search(search, child, "");
  return drawn;
}

struct Dependency {
  const Server* server = nullptr;
  const model::Uses* uses = nullptr;  ///< null: there is none
};

/// The first `uses` from below one child to below another. `calls`: that is not for casts alone.
/// `met`: workers that need not be there.
Dependency dependency(const Child& user, const Child& used, bool calls = false,
                      const std::set<const model::Worker*>& met = {}) {
  const std::set<const model::Worker*> users = workers_below(user.target);
  const std::set<const model::Worker*> targets = workers_below(used.target);
  Dependency first;
  for (const model::Worker* worker : users) {
    const auto* server = dynamic_cast<const Server*>(worker);
    if (server == nullptr) continue;
    for (const model::Uses& uses : server->uses) {
      if (!targets.contains(uses.target) || users.contains(uses.target)) continue;
      if ((calls && uses.kind == "cast") || met.contains(uses.target)) continue;
      // The sets are in no order that means anything: the first in the text.
      const auto place = [](const model::Uses& each) {
        return std::pair(each.span.file, each.span.begin);
      };
      if (first.uses == nullptr || place(uses) < place(*first.uses)) first = {server, &uses};
    }
  }
  return first;
}

/// Whether the worker runs there, and comes back when it crashes.
bool has_lasting(const Child& child, const model::Worker& worker,
                 std::set<const model::Declaration*> above = {}) {
  if (child.restart == model::Restart::temporary || !workers_below(child.target).contains(&worker))
    return false;
  const auto* below = dynamic_cast<const Supervisor*>(child.target);
  if (below == nullptr || below->type != model::SupervisorKind::supervisor) return true;
  return above.insert(below).second && std::ranges::any_of(below->children, [&](const Child& each) {
           return has_lasting(each, worker, above);
         });
}

/// The first temporary child on the way down to the worker, this one or one below it; null when one
/// of those that run it comes back. What a dynamic or partition supervisor starts is not looked
/// into.
const Child* temporary_on_the_way(const Child& child, const model::Worker& worker,
                                  std::set<const model::Declaration*> above = {}) {
  if (!workers_below(child.target).contains(&worker) || has_lasting(child, worker)) return nullptr;
  if (child.restart == model::Restart::temporary) return &child;
  const auto* below = dynamic_cast<const Supervisor*>(child.target);
  if (below == nullptr || below->type != model::SupervisorKind::supervisor ||
      !above.insert(below).second)
    return nullptr;
  for (const Child& each : below->children) {
    if (const Child* found = temporary_on_the_way(each, worker, above)) return found;
  }
  return nullptr;
}

/// Whether a child before it has its id.
bool is_repeated(const std::vector<Child>& children, std::size_t index) {
  return std::ranges::find(children, children[index].id, &Child::id) - children.begin() <
         static_cast<std::ptrdiff_t>(index);
}

/// Whether one child uses another, perhaps through siblings. `calls`: by calls, of single servers.
bool leads(const std::vector<Child>& children, std::size_t from, std::size_t to, bool calls) {
  std::vector<std::size_t> reached{from};
  for (std::size_t at = 0; at < reached.size(); ++at) {
    for (std::size_t next = 0; next < children.size(); ++next) {
      if (std::ranges::find(reached, next) != reached.end()) continue;
      if (calls && dynamic_cast<const Server*>(children[next].target) == nullptr) continue;
      if (dependency(children[reached[at]], children[next], calls).uses == nullptr) continue;
      if (next == to) return true;
      reached.push_back(next);
    }
  }
  return false;
}

/// Whether no order suits a child and one that it uses, because that one uses it, too. Of a call
/// and a cast the call counts: a circle of calls alone is told as a deadlock.
bool use_each_other(const std::vector<Child>& children, std::size_t user, std::size_t used) {
  const bool calls = dependency(children[user], children[used], true).uses != nullptr;
  if (calls && dynamic_cast<const Server*>(children[used].target) == nullptr) return false;
  return leads(children, used, user, calls);
}

/// Whether another child than that one runs the server, and comes back when it crashes.
bool has_other_lasting(const std::vector<Child>& children, std::size_t but,
                       const model::Worker& server) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (i != but && has_lasting(children[i], server)) return true;
  }
  return false;
}

/// What uses a temporary child, by its id: told once, however many trees have both.
using UsersOfTemporary = std::set<std::pair<const Child*, std::string>>;

void check_siblings(const Supervisor& supervisor, UsersOfTemporary& told,
                    diagnostics::Engine& diagnostics) {
  if (supervisor.type != model::SupervisorKind::supervisor) return;
  const std::vector<Child>& children = supervisor.children;
  std::set<const model::Worker*> started;  // before the user
  for (std::size_t user = 0; user < children.size(); ++user) {
    if (user > 0) started.merge(workers_below(children[user - 1].target));
    for (std::size_t used = 0; used < children.size(); ++used) {
      // A second child of one id is told as such, and would say everything of the first again.
      if (is_repeated(children, user) || is_repeated(children, used)) continue;
      const Dependency any =
          user == used ? Dependency() : dependency(children[user], children[used]);
      if (any.uses == nullptr) continue;
      // Which of several it uses is not said: one that is there before will do.
      const Dependency late =
          used > user ? dependency(children[user], children[used], false, started) : Dependency();
      const auto [server, uses] = late.uses == nullptr ? any : late;
      std::string drawn =
          way_down(children[user], *server) + " uses " + way_down(children[used], *uses->target);
      if (drawn.find(" > ") == std::string::npos) drawn.clear();  // the message says it all
      if (late.uses != nullptr) {
        if (use_each_other(children, user, used)) continue;
        diagnostics.emit(Id::start_order, children[user].span, children[user].id, children[used].id)
            .label(uses->span, "used here")
            .label(children[used].span, "started here")
            .note(drawn)
            .help("move `child " + children[used].id + "` before `child " + children[user].id +
                  "`");
      } else if (used < user && supervisor.strategy == model::Strategy::one_for_one) {
        diagnostics
            .emit(Id::one_for_one_dependency, children[user].span, children[user].id,
                  children[used].id)
            .label(uses->span, "used here")
            .note(drawn)
            .help("`strategy rest_for_one;` restarts what was started after a crashed child");
      }
      const Child* temporary = temporary_on_the_way(children[used], *uses->target);
      if (temporary != nullptr && !has_other_lasting(children, used, *uses->target) &&
          told.emplace(temporary, children[user].id).second) {
        diagnostics.emit(Id::temporary_used, temporary->span, children[user].id, temporary->id)
            .label(uses->span, "used here")
            .note(drawn)
            .help("make it `restart permanent` or `transient`, if others need it");
      }
    }
  }
}

/// A child that crashes as soon as it is started, once a millisecond: how long until the root gives
/// up. A supervisor gives up after intensity + 1 crashes, and is then itself restarted as often as
/// its own supervisor allows.
void check_storm(const Supervisor& root, diagnostics::Engine& diagnostics) {
  constexpr double hour_ms = 3'600'000;
  double worst = 0;
  std::vector<const Supervisor*> worst_path;
  std::vector<const Supervisor*> path;
  const auto walk = [&](const auto& self, const Supervisor& at, double factor) -> void {
    path.push_back(&at);
    const bool restarts = std::ranges::any_of(
        at.children, [](const Child& child) { return child.restart != model::Restart::temporary; });
    if (restarts) factor *= static_cast<double>(at.intensity) + 1;
    if (factor > worst) {
      worst = factor;
      worst_path = path;
    }
    for (const Child& child : at.children) {
      const auto* below = dynamic_cast<const Supervisor*>(child.target);
      if (below != nullptr && child.restart == model::Restart::permanent)
        self(self, *below, factor);
    }
    path.pop_back();
  };
  walk(walk, root, 1);
  if (worst <= hour_ms) return;
  auto builder = diagnostics.emit(
      Id::restart_storm, root.span, root.name,
      duration_text(static_cast<std::uint64_t>(worst / hour_ms) * 3'600'000'000'000));
  std::string drawn;
  for (const Supervisor* each : worst_path) {
    drawn += (drawn.empty() ? "" : " > ") + each->name + " (" + std::to_string(each->intensity) +
             " in " + duration_text(each->period_ns) + ")";
    if (each != &root) builder.label(each->span, "and below it this one");
  }
  builder.note(drawn)
      .note("the intensities of nested supervisors multiply, at one crash a millisecond")
      .help("lower the intensities");
}

/// An event of a manager that some tree starts, and that no handler anywhere takes.
void check_unheard(const model::Program& program, diagnostics::Engine& diagnostics) {
  if (diagnostics.may_hide_uses()) return;  // it may be what a handler has misspelled
  const std::vector<const model::Handler*> handlers = all_of<model::Handler>(program);
  for (const model::Events* manager : all_of<model::Events>(program)) {
    const bool any = std::ranges::any_of(
        handlers, [&](const auto* handler) { return handler->manager == manager; });
    if (!any) continue;  // its handlers are declared elsewhere
    for (const model::Case& event : manager->events) {
      const bool heard = std::ranges::any_of(handlers, [&](const auto* handler) {
        return std::ranges::find(handler->on, &event) != handler->on.end();
      });
      if (!heard)
        diagnostics.emit(Id::unheard_event, event.span, event.name, manager->name)
            .help("add `on " + event.name + ";` to a handler");
    }
  }
}

/// The supervisors that hold a supervisor as a child, and the applications that start it.
struct Holders {
  struct Place {
    Span span;
    const Supervisor* holder = nullptr;  ///< null: an application
  };
  std::map<const model::Declaration*, std::vector<Place>> of;

  explicit Holders(const model::Program& program) {
    for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
      for (std::size_t index = 0; index < supervisor->children.size(); ++index) {
        const Child& child = supervisor->children[index];
        if (!is_repeated(supervisor->children, index))
          of[child.target].push_back({child.span, supervisor});
      }
    }
    for (const auto* application : all_of<model::Application>(program)) {
      if (application->start != nullptr)
        of[application->start].push_back({application->span, nullptr});
    }
  }

  /// Where a supervisor, or one above it, is started a second time; labels say so. Nothing when it
  /// runs once at most. The tree has no circle.
  std::vector<std::pair<Span, std::string>> repeated(const Supervisor& supervisor) const {
    for (const Supervisor* at = &supervisor; at != nullptr;) {
      const auto found = of.find(at);
      if (found == of.end()) break;
      const std::vector<Place>& places = found->second;
      for (const Place& each : places) {
        if (each.holder != nullptr && each.holder->type != model::SupervisorKind::supervisor)
          return {{each.span, "`" + each.holder->name + "` starts `" + at->name + "` many times"}};
      }
      if (places.size() > 1)
        return {{places[0].span, "`" + at->name + "` is started here"},
                {places[1].span, "and here"}};
      at = places.front().holder;
    }
    return {};
  }
};

using Registries = std::map<const model::Declaration*, const Child*>;

/// A registry has its own name, whatever its child is called: two of one cannot run.
void check_registry(const Supervisor& supervisor, std::size_t index, Registries& started,
                    diagnostics::Engine& diagnostics) {
  const Child& child = supervisor.children[index];
  if (child.target == nullptr || child.target->kind != model::DeclarationKind::registry) return;
  if (supervisor.type != model::SupervisorKind::supervisor) {
    if (supervisor.is_dynamic())
      diagnostics
          .emit(Id::dynamic_child, child.span, supervisor.name,
                "cannot start many of a registry, which has one name")
          .help("make the registry the child of a supervisor");
    return;  // of a partition supervisor it is told that it starts none
  }
  const auto [first, fresh] = started.emplace(child.target, &child);
  if (fresh || is_repeated(supervisor.children, index)) return;
  diagnostics.emit(Id::duplicate_process_name, child.span, child.target->name)
      .label(first->second->span, "first here")
      .help("delete one: a registry is found by its own name, and a second cannot start");
}

/// The name under which a child is found, and where it gets it; none for most.
std::pair<std::string, Span> name_of(const Child& child) {
  if (!child.registered.empty()) return {child.registered, child.registered_span};
  const bool registry =
      child.target != nullptr && child.target->kind == model::DeclarationKind::registry;
  return {registry ? child.target->qualified() : "", child.span};
}

void check_process_names(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::map<std::string, std::pair<const Child*, Span>> holders;
  Registries registries;
  const Holders above(program);
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    for (std::size_t index = 0; index < supervisor->children.size(); ++index) {
      const Child& child = supervisor->children[index];
      check_registry(*supervisor, index, registries, diagnostics);
      const auto [name, span] = name_of(child);
      if (name.empty() || supervisor->type != model::SupervisorKind::supervisor) continue;
      const auto [holder, fresh] = holders.emplace(name, std::pair(&child, span));
      const auto& [first, place] = holder->second;
      if (!fresh) {
        // Two children of one registry are told as such.
        if (!child.registered.empty() || !first->registered.empty())
          diagnostics.emit(Id::duplicate_process_name, span, name)
              .label(place, "first here")
              .help("give each a name of its own");
        continue;
      }
      const auto repeated = above.repeated(*supervisor);
      if (repeated.empty()) continue;
      auto builder = diagnostics.emit(Id::duplicate_process_name, span, name);
      for (const auto& [at, what] : repeated) builder.label(at, what);
      builder.help(child.registered.empty()
                       ? "start the registry once, in a supervisor that runs once"
                       : "leave the name out, or start it in a supervisor that runs once");
    }
  }
}

}  // namespace

void check_trees(const model::Program& program, diagnostics::Engine& diagnostics) {
  if (!check_cycles(program, diagnostics)) return;
  std::set<const model::Declaration*> inner;
  UsersOfTemporary told;
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    check_siblings(*supervisor, told, diagnostics);
    for (const Child& child : supervisor->children) inner.insert(child.target);
  }
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    if (!inner.contains(supervisor)) check_storm(*supervisor, diagnostics);
  }
  check_process_names(program, diagnostics);
  check_unheard(program, diagnostics);
}

}  // namespace otpc::sema
