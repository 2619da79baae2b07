#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "diagnostics/drawing.h"
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
    std::vector<std::string> names{supervisor->name};
    for (const Child* child : cycle) {
      names.push_back(child->target->name);
      told.insert(child->target);
    }
    const diagnostics::Drawing drawing = diagnostics::draw(names);
    diagnostics.emit(Id::supervision_cycle, cycle.front()->span, drawing.text).note(drawing.note);
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
      if ((calls && !uses.may_call()) || met.contains(uses.target)) continue;
      // The sets are in no order that means anything: the first in the text.
      const auto place = [](const model::Uses& each) {
        return std::pair(each.span.file, each.span.begin);
      };
      if (first.uses == nullptr || place(uses) < place(*first.uses)) first = {server, &uses};
    }
  }
  return first;
}

using Seen = std::set<const model::Declaration*>;

/// Whether the worker runs there, and comes back when it crashes. Not in what is `seen` already,
/// each once: children that share what is below them would double the ways.
bool has_lasting(const Child& child, const model::Worker& worker, Seen& seen) {
  if (child.restart == model::Restart::temporary || !workers_below(child.target).contains(&worker))
    return false;
  const auto* below = dynamic_cast<const Supervisor*>(child.target);
  if (below == nullptr || below->type != model::SupervisorKind::supervisor) return true;
  return seen.insert(below).second && std::ranges::any_of(below->children, [&](const Child& each) {
           return has_lasting(each, worker, seen);
         });
}
bool has_lasting(const Child& child, const model::Worker& worker) {
  Seen seen;
  return has_lasting(child, worker, seen);
}

/// The first temporary child on the way down to the worker, this one or one below it; null when one
/// of those that run it comes back. What a dynamic or partition supervisor starts is not looked
/// into.
const Child* temporary_on_the_way(const Child& child, const model::Worker& worker, Seen& seen) {
  if (!workers_below(child.target).contains(&worker) || has_lasting(child, worker)) return nullptr;
  if (child.restart == model::Restart::temporary) return &child;
  const auto* below = dynamic_cast<const Supervisor*>(child.target);
  if (below == nullptr || below->type != model::SupervisorKind::supervisor ||
      !seen.insert(below).second)
    return nullptr;
  for (const Child& each : below->children) {
    if (const Child* found = temporary_on_the_way(each, worker, seen)) return found;
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

/// Whether calls lead from one to the other: a circle of them is told as a deadlock.
bool calls(const model::Worker& from, const Server& to) {
  std::set<const model::Worker*> seen{&from};
  std::vector<const model::Worker*> next{&from};
  while (!next.empty()) {
    const auto* const server = dynamic_cast<const Server*>(next.back());
    next.pop_back();
    if (server == &to) return true;
    if (server == nullptr) continue;
    for (const model::Uses& uses : server->uses) {
      if (uses.may_call() && seen.insert(uses.target).second) next.push_back(uses.target);
    }
  }
  return false;
}

/// Whether another child than that one runs the server, and comes back when it crashes.
bool has_other_lasting(const std::vector<Child>& children, std::size_t but,
                       const model::Worker& server) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (i != but && has_lasting(children[i], server)) return true;
  }
  return false;
}

/// `told`: the temporary children that somebody uses, each once however many do.
void check_siblings(const Supervisor& supervisor, std::set<const Child*>& told,
                    diagnostics::Engine& diagnostics) {
  if (supervisor.type != model::SupervisorKind::supervisor) return;
  const std::vector<Child>& children = supervisor.children;
  std::set<const model::Worker*> started;     // before the user
  std::optional<diagnostics::Builder> alone;  // does not restart with one that it uses
  const Child* first_alone = nullptr;
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
        const bool circle = uses->may_call() && calls(*uses->target, *server);
        if (circle || use_each_other(children, user, used)) continue;
        diagnostics.emit(Id::start_order, children[user].span, children[user].id, children[used].id)
            .label(uses->span, "used here")
            .label(children[used].span, "started here")
            .note(drawn)
            .help("move `child " + children[used].id + "` before `child " + children[user].id +
                  "`");
      } else if (used < user && supervisor.strategy == model::Strategy::one_for_one &&
                 children[used].restart != model::Restart::temporary) {
        const bool meant = diagnostics.is_allowed(Id::one_for_one_dependency, children[user].span);
        if (alone && !meant) {
          alone
              ->note("nor " +
                     (&children[user] == first_alone ? "" : "`" + children[user].id + "` ") +
                     "with `" + children[used].id + "`")
              .label(uses->span, "used here");
        } else if (!meant) {
          first_alone = &children[user];
          alone.emplace(diagnostics.emit(Id::one_for_one_dependency, children[user].span,
                                         children[user].id, children[used].id));
          alone->label(uses->span, "used here")
              .note(drawn)
              .help("`strategy rest_for_one;` restarts what was started after a crashed child");
        }
      }
      Seen seen;
      const Child* temporary = temporary_on_the_way(children[used], *uses->target, seen);
      if (temporary != nullptr && !has_other_lasting(children, used, *uses->target) &&
          told.insert(temporary).second) {
        diagnostics.emit(Id::temporary_used, temporary->span, children[user].id, temporary->id)
            .label(uses->span, "used here")
            .note(drawn)
            .help(dynamic_cast<const Supervisor*>(temporary->target) != nullptr
                      ? "make it `restart permanent`, the default, if others need it"
                      : "make it `restart permanent` or `transient`, if others need it");
      }
    }
  }
}

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t hour_ns = 3600 * second_ns;

/// "3h": in whole units. More than a year is more than anybody waits.
std::string rounded(double nanoseconds, std::uint64_t unit) {
  if (nanoseconds > 365.0 * 24 * static_cast<double>(hour_ns)) return "more than a year";
  return duration_text(static_cast<std::uint64_t>(nanoseconds / static_cast<double>(unit)) * unit);
}

constexpr double endless = std::numeric_limits<double>::infinity();

/// How long it takes at least, in nanoseconds, until a supervisor gives up on what crashes as soon
/// as it is started: only back-offs take time. As the runtime has it: `backoff` doubles with each
/// crash, and only crashes within the period count.
class LeastTimes {
 public:
  explicit LeastTimes(diagnostics::Engine& diagnostics) : diagnostics_(diagnostics) {}

  double of(const Supervisor& supervisor) {
    const auto [known, fresh] = known_.emplace(&supervisor, 0);
    if (!fresh) return known->second;
    double longest = 0;
    for (const Child& child : supervisor.children) {
      const auto* below = dynamic_cast<const Supervisor*>(child.target);
      const double crash = below == nullptr ? 0 : of(*below);
      // One that is not restarted when it gives up ends the loop.
      const bool restarts = below == nullptr ? child.restart != model::Restart::temporary
                                             : child.restart == model::Restart::permanent;
      if (crash != endless && !restarts) continue;
      longest = std::max(longest, crash == endless ? endless : given_up(supervisor, crash));
    }
    return known_[&supervisor] = longest;
  }

 private:
  /// When each crash takes that long.
  double given_up(const Supervisor& supervisor, double crash) {
    double waits = 0;
    if (supervisor.backoff_ns) {
      const auto [first, longest] = *supervisor.backoff_ns;
      auto delay = static_cast<double>(first);
      const auto cap = static_cast<double>(longest);
      std::uint64_t left = supervisor.intensity;
      for (; left != 0 && crash < cap && delay < cap; --left, delay = std::min(2 * delay, cap))
        waits += delay;
      waits += static_cast<double>(left) * std::min(delay, cap);
    }
    const double taken = static_cast<double>(supervisor.intensity) * crash + waits;
    if (taken <= static_cast<double>(supervisor.period_ns)) return taken + crash;
    tell(supervisor, taken);
    return endless;
  }

  void tell(const Supervisor& supervisor, double taken) {
    if (!told_.insert(&supervisor).second) return;
    const std::string time = rounded(std::ceil(taken / second_ns) * second_ns, second_ns);
    diagnostics_.emit(Id::restart_storm, supervisor.span, supervisor.name, "ever")
        .note(std::to_string(supervisor.intensity + 1) + " crashes take " + time +
              " because of the back-off, and only those within " +
              duration_text(supervisor.period_ns) + " are counted: the intensity is never exceeded")
        .help(
            "count over a longer period, begin with a shorter back-off, or say that it is meant: " +
            std::string("`@allow(restart_storm)`"));
  }

  diagnostics::Engine& diagnostics_;
  std::map<const Supervisor*, double> known_;
  std::set<const Supervisor*> told_;
};

/// How many crashes it takes at most until a supervisor gives up, and below which of its own the
/// most of them happen; null when it is those of its own children.
struct Storm {
  double crashes = 1;
  const Supervisor* below = nullptr;
};
using Storms = std::map<const Supervisor*, Storm>;

/// A supervisor gives up after intensity + 1 crashes, and is then itself restarted as often as its
/// own supervisor allows. Each is looked at once, however many ways lead to it.
const Storm& storm_of(const Supervisor& supervisor, Storms& known) {
  if (const auto found = known.find(&supervisor); found != known.end()) return found->second;
  Storm storm;
  for (const Child& child : supervisor.children) {
    const auto* below = dynamic_cast<const Supervisor*>(child.target);
    if (below == nullptr || child.restart != model::Restart::permanent) continue;
    if (const double crashes = storm_of(*below, known).crashes; crashes > storm.crashes)
      storm = {.crashes = crashes, .below = below};
  }
  const bool restarts = std::ranges::any_of(supervisor.children, [](const Child& child) {
    return child.restart != model::Restart::temporary;
  });
  if (restarts) storm.crashes *= static_cast<double>(supervisor.intensity) + 1;
  return known.emplace(&supervisor, storm).first->second;
}

/// A child that crashes as soon as it is started, once a millisecond: how long until the root gives
/// up.
void check_storm(const Supervisor& root, Storms& storms, diagnostics::Engine& diagnostics) {
  constexpr double millisecond = 1'000'000;
  const double worst = storm_of(root, storms).crashes * millisecond;
  if (worst <= static_cast<double>(hour_ns)) return;
  auto builder = diagnostics.emit(Id::restart_storm, root.span, root.name,
                                  rounded(worst, hour_ns) + " before the root gives up");
  std::string drawn;
  for (const Supervisor* each = &root; each != nullptr; each = storm_of(*each, storms).below) {
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

bool is_registry(const Child& child) {
  return child.target != nullptr && child.target->kind == model::DeclarationKind::registry;
}

using Registries = std::map<const model::Declaration*, const Child*>;

/// A registry has its own name, whatever its child is called: two of one cannot run.
void check_registry(const Supervisor& supervisor, std::size_t index, Registries& started,
                    diagnostics::Engine& diagnostics) {
  const Child& child = supervisor.children[index];
  if (!is_registry(child)) return;
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
  diagnostics.emit(Id::duplicate_process_name, child.span, child.target->qualified())
      .label(first->second->span, "first here")
      .help("delete one: a registry is found by its own name, and a second cannot start");
}

bool is_partition_supervisor(const model::Declaration* target) {
  const auto* supervisor = dynamic_cast<const Supervisor*>(target);
  return supervisor != nullptr && supervisor->type == model::SupervisorKind::partition;
}

/// The name under which a child is found, and where it gets it; none for most. Registries and
/// partition supervisors have one of their own.
std::pair<std::string, Span> name_of(const Child& child) {
  if (!child.registered.empty()) return {child.registered, child.registered_span};
  const bool has_own = is_registry(child) || is_partition_supervisor(child.target);
  return {has_own ? child.target->qualified() : "", child.span};
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
        // Two children of one registry are told as such, and those of one id, too.
        const bool told = child.registered.empty() && first->registered.empty() &&
                          (is_registry(child) || is_repeated(supervisor->children, index));
        if (!told)
          diagnostics.emit(Id::duplicate_process_name, span, name)
              .label(place, "first here")
              .help(child.registered.empty() && !is_registry(child)
                        ? "a partition supervisor has its own name: start it once, or "
                          "say another `name`"
                        : "give each a name of its own");
        continue;
      }
      const auto repeated = above.repeated(*supervisor);
      if (repeated.empty()) continue;
      auto builder = diagnostics.emit(Id::duplicate_process_name, span, name);
      for (const auto& [at, what] : repeated) builder.label(at, what);
      builder.help(!child.registered.empty()
                       ? "leave the name out, or start it in a supervisor that runs once"
                   : is_registry(child)
                       ? "start the registry once, in a supervisor that runs once"
                       : "start the partition supervisor once, in a supervisor that runs once");
    }
  }
  // The root of an application may be one.
  for (const auto* application : all_of<model::Application>(program)) {
    if (!is_partition_supervisor(application->start)) continue;
    const std::string name = application->start->qualified();
    const auto [holder, fresh] = holders.emplace(name, std::pair(nullptr, application->span));
    if (fresh) continue;
    diagnostics.emit(Id::duplicate_process_name, application->span, name)
        .label(holder->second.second, "first here")
        .help("a partition supervisor has its own name: start it once");
  }
}

}  // namespace

void check_trees(const model::Program& program, diagnostics::Engine& diagnostics) {
  if (!check_cycles(program, diagnostics)) return;
  std::set<const model::Declaration*> inner;
  LeastTimes least_times(diagnostics);
  Storms storms;
  std::set<const Child*> told;
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    check_siblings(*supervisor, told, diagnostics);
    for (const Child& child : supervisor->children) inner.insert(child.target);
  }
  for (const Supervisor* supervisor : all_of<Supervisor>(program)) {
    if (least_times.of(*supervisor) != endless && !inner.contains(supervisor))
      check_storm(*supervisor, storms, diagnostics);
  }
  check_process_names(program, diagnostics);
  check_unheard(program, diagnostics);
}

}  // namespace otpc::sema
