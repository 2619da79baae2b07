// Applications as wholes: what they depend on, what they place, what they configure.
#include <algorithm>

#include <llvm/ADT/StringRef.h>

#include "diagnostics/drawing.h"
#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

using model::Application;
using model::Supervisor;

void check_dependencies(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::set<const Application*> told;
  for (const Application* start : all_of<Application>(program)) {
    std::vector<const Application*> path{start};
    std::set<const Application*> seen;
    const auto search = [&](const auto& self) -> bool {
      for (const Application* needed : path.back()->depends) {
        if (needed == start) return true;
        if (!seen.insert(needed).second) continue;
        path.push_back(needed);
        if (self(self)) return true;
        path.pop_back();
      }
      return false;
    };
    if (told.contains(start) || !search(search)) continue;
    std::vector<std::string> names;
    for (const Application* each : path) {
      names.push_back(each->name);
      told.insert(each);
    }
    names.push_back(start->name);
    const Application* next = path.size() > 1 ? path[1] : start;
    const auto at = std::ranges::find(start->depends, next) - start->depends.begin();
    const diagnostics::Drawing drawing = diagnostics::draw(names);
    diagnostics
        .emit(Id::dependency_cycle, start->depends_spans[static_cast<std::size_t>(at)],
              drawing.text)
        .note(drawing.note)
        .help(next == start ? "delete it: an application is not started before itself"
                            : "leave one of them out, or put what both need into an application of "
                              "its own");
  }
}

/// `SHOP_LIMIT`: where the value of a key may come from.
std::string variable_of(const Application& application, const model::Field& key) {
  return llvm::StringRef(application.name + "_" + key.name).upper();
}

/// Two keys that one environment variable would set, of applications that run together: those of a
/// program may.
void check_variables(const std::vector<const Application*>& applications,
                     diagnostics::Engine& diagnostics) {
  std::map<std::string, std::pair<std::string, source::Span>> keys;
  for (const Application* application : applications) {
    for (const model::Field& key : application->env) {
      const std::string variable = variable_of(*application, key);
      const std::string name = application->name + "." + key.name;
      const auto [other, fresh] = keys.try_emplace(variable, name, key.span);
      if (fresh || other->second.first == name) continue;
      diagnostics.emit(Id::same_variable, key.span, other->second.first, name, variable)
          .label(other->second.second, "the other")
          .help("rename one of them");
    }
  }
}

/// The application and those that run with it. Safe on applications that depend on each other.
std::vector<const Application*> running_with(const Application& application) {
  std::vector<const Application*> running{&application};
  for (std::size_t at = 0; at < running.size(); ++at) {
    for (const Application* needed : running[at]->depends) {
      if (std::ranges::find(running, needed) == running.end()) running.push_back(needed);
    }
  }
  return running;
}

/// Whether it is not known what the application starts: some child, or all, is told to be wrong.
bool is_unclear(const Application& application) {
  if (application.start == nullptr) return true;
  return std::ranges::any_of(supervisors_below(*application.start), [](const Supervisor* each) {
    return std::ranges::any_of(each->children,
                               [](const model::Child& child) { return child.target == nullptr; });
  });
}

void check_placement(const Application& application, diagnostics::Engine& diagnostics) {
  std::set<const model::Worker*> placed;
  for (const Application* each : running_with(application)) {
    if (each->depends_unclear || is_unclear(*each)) return;
    placed.merge(workers_below(each->start));
  }
  std::map<const model::Worker*, std::vector<std::pair<const model::Uses*, std::string>>> missing;
  for (const model::Worker* worker : workers_below(application.start)) {
    const auto* server = dynamic_cast<const model::Server*>(worker);
    if (server == nullptr) continue;
    for (const model::Uses& uses : server->uses) {
      if (!placed.contains(uses.target)) missing[uses.target].emplace_back(&uses, server->name);
    }
  }
  for (auto& [target, users] : missing) {
    // The sets are in no order that means anything: the first in the text.
    std::ranges::sort(users, {}, [](const auto& each) {
      return std::pair(each.first->span.file, each.first->span.begin);
    });
    const auto& [first, user] = users.front();
    auto builder = diagnostics.emit(Id::not_placed, first->span, user, target->name);
    for (const auto& [uses, name] : users) {
      if (uses != first) builder.label(uses->span, "used here too");
    }
    builder.label(application.span, "the application")
        .help("add it as a child of a supervisor, or `depends` on the application that starts it");
  }
}

void resolve_env(const Supervisor& supervisor, const model::Child& child,
                 const model::Argument& argument, const std::vector<const Application*>& owners,
                 diagnostics::Engine& diagnostics) {
  const std::string& key = argument.value.text;
  if (owners.size() != 1) {
    diagnostics
        .emit(Id::env_without_application, argument.span, key, supervisor.name,
              owners.empty() ? "no application starts" : "several applications start")
        .help(owners.empty() ? "make it part of what an application starts, or write the value "
                               "itself"
                             : "start it in one of them only, or write the value itself");
    return;
  }
  std::vector<std::string> names;
  for (const model::Field& each : owners.front()->env) {
    names.push_back(each.name);
    if (each.name != key) continue;
    const model::Type& wanted = argument.parameter->type;
    const model::Type& plain =
        wanted.kind == model::TypeKind::optional ? wanted.arguments.front() : wanted;
    if (each.type.text() != plain.text() && each.type.kind != model::TypeKind::invalid &&
        plain.kind != model::TypeKind::invalid) {
      diagnostics
          .emit(Id::child_argument, argument.span, child.id,
                "`env." + key + "` is of type `" + each.type.text() + "`, and `" +
                    argument.parameter->name + "` of type `" + wanted.text() + "`")
          .label(each.span, "declared here");
    }
    return;
  }
  diagnostics.emit(Id::unknown_env, argument.span, owners.front()->name, key)
      .help(diagnostics::did_you_mean(key, names))
      .members(names)
      .label(owners.front()->span, "the application");
}

/// The arguments of a child and of its handlers that come from the configuration.
std::vector<const model::Argument*> env_arguments(const model::Child& child) {
  std::vector<const model::Argument*> result;
  const auto collect = [&](const std::vector<model::Argument>& arguments) {
    for (const model::Argument& each : arguments) {
      if (each.value.kind == model::ValueKind::env) result.push_back(&each);
    }
  };
  collect(child.arguments);
  for (const model::Child::Handler& handler : child.handlers) collect(handler.arguments);
  return result;
}

bool uses_env(const Supervisor& supervisor) {
  return std::ranges::any_of(
      supervisor.children, [](const model::Child& child) { return !env_arguments(child).empty(); });
}

}  // namespace

void check_applications(model::Program& program, diagnostics::Engine& diagnostics) {
  check_dependencies(program, diagnostics);
  const std::vector<const Application*> applications = all_of<Application>(program);
  check_variables(applications, diagnostics);
  std::map<const Supervisor*, std::vector<const Application*>> owners;
  // Who starts what is only known when all that says so was understood.
  const bool complete = std::ranges::none_of(
      program.modules, [](const auto& module) { return module->starts_unclear; });
  const bool reached = complete && std::ranges::none_of(applications, [](const auto* each) {
                         return is_unclear(*each);
                       });
  for (const Application* application : applications) {
    if (application->start == nullptr) continue;
    if (complete) check_placement(*application, diagnostics);
    for (const Supervisor* supervisor : supervisors_below(*application->start))
      owners[supervisor].push_back(application);
  }
  for (const auto& module : program.modules) {
    for (const auto& declaration : module->declarations) {
      auto* supervisor = dynamic_cast<Supervisor*>(declaration.get());
      if (supervisor == nullptr) continue;
      for (const model::Child& child : supervisor->children) {
        for (const model::Argument* argument : env_arguments(child)) {
          if (!complete || (!reached && owners[supervisor].empty())) break;
          resolve_env(*supervisor, child, *argument, owners[supervisor], diagnostics);
        }
      }
      // Whoever starts a supervisor that needs the configuration must have it too.
      const std::set<const Supervisor*> below = supervisors_below(*supervisor);
      const bool needed =
          std::ranges::any_of(below, [](const Supervisor* each) { return uses_env(*each); });
      if (needed && owners[supervisor].size() == 1) supervisor->env = owners[supervisor].front();
    }
  }
}

}  // namespace otpc::sema
