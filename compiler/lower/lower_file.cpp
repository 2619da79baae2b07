// What is around the declarations of a file, and in which order they stand.
#include <algorithm>
#include <set>

#include "lower/cpp_types.h"
#include "lower/lower.h"
#include "lower/names.h"
#include "lower/parts.h"
#include "model/walk.h"

namespace otpc::lower {
namespace {

using model::Declaration;
using model::DeclarationKind;

/// Everything a type mentions: user types, and the servers of pids.
void mentioned(const model::Type& type, std::vector<const Declaration*>& into) {
  if (type.user != nullptr) into.push_back(type.user);
  for (const model::Type& part : type.arguments) mentioned(part, into);
}

/// What must be complete before a declaration.
std::vector<const Declaration*> needs(const Declaration& declaration) {
  std::vector<const Declaration*> result;
  const auto fields = [&](const std::vector<model::Field>& all) {
    for (const model::Field& field : all) mentioned(field.type, result);
  };
  if (const auto* structure = dynamic_cast<const model::Struct*>(&declaration))
    fields(structure->fields);
  if (const auto* choice = dynamic_cast<const model::Union*>(&declaration)) {
    for (const model::Case& each : choice->cases) fields(each.fields);
  }
  if (const auto* worker = dynamic_cast<const model::Worker*>(&declaration))
    fields(worker->parameters);
  if (const auto* handler = dynamic_cast<const model::Handler*>(&declaration)) {
    fields(handler->parameters);
    result.push_back(handler->manager);
  }
  if (const auto* topic = dynamic_cast<const model::Topic*>(&declaration)) {
    fields(topic->parameters);
    for (const model::Case& each : topic->cases) fields(each.fields);
  }
  if (const auto* events = dynamic_cast<const model::Events*>(&declaration)) {
    for (const model::Case& each : events->events) fields(each.fields);
  }
  if (const auto* agent = dynamic_cast<const model::Agent*>(&declaration))
    mentioned(agent->state, result);
  if (const auto* registry = dynamic_cast<const model::Registry*>(&declaration)) {
    mentioned(registry->key, result);
    if (registry->names != nullptr) result.push_back(registry->names);
  }
  if (const auto* server = dynamic_cast<const model::Server*>(&declaration)) {
    if (server->state) fields(*server->state);
    for (const model::Upgrade& each : server->upgrades) fields(each.state);
    if (const auto* machine = dynamic_cast<const model::Statem*>(server);
        machine != nullptr && machine->data)
      fields(*machine->data);
    for (const model::Protocol* each : server->protocols) result.push_back(each);
    for (const model::Message& message : server->messages) {
      for (const model::Field& parameter : message.parameters) {
        if (parameter.fallback) mentioned(parameter.type, result);
      }
    }
  }
  return result;
}

/// Its name in the templates; empty when it has no part of its own there.
llvm::StringRef construct(DeclarationKind kind) {
  switch (kind) {
    case DeclarationKind::structure:
      return "struct";
    case DeclarationKind::choice:
      return "union";
    case DeclarationKind::protocol:
      return "protocol";
    case DeclarationKind::server:
      return "server";
    case DeclarationKind::statem:
      return "statem";
    case DeclarationKind::events:
      return "events";
    case DeclarationKind::handler:
      return "handler";
    case DeclarationKind::topic:
      return "topic";
    case DeclarationKind::task:
      return "task";
    case DeclarationKind::agent:
      return "agent";
    case DeclarationKind::registry:
      return "registry";
    case DeclarationKind::constant:
    case DeclarationKind::alias:
    case DeclarationKind::enumeration:
    case DeclarationKind::supervisor:
    case DeclarationKind::application:
      break;
  }
  return {};
}

Object lower_one(const Declaration& declaration) {
  switch (declaration.kind) {
    case DeclarationKind::structure:
      return lower_struct(static_cast<const model::Struct&>(declaration));
    case DeclarationKind::choice:
      return lower_union(static_cast<const model::Union&>(declaration));
    case DeclarationKind::protocol:
      return lower_protocol(static_cast<const model::Protocol&>(declaration));
    case DeclarationKind::server:
      return lower_server(static_cast<const model::Server&>(declaration));
    case DeclarationKind::statem:
      return lower_statem(static_cast<const model::Statem&>(declaration));
    case DeclarationKind::events:
      return lower_events(static_cast<const model::Events&>(declaration));
    case DeclarationKind::handler:
      return lower_handler(static_cast<const model::Handler&>(declaration));
    case DeclarationKind::topic:
      return lower_topic(static_cast<const model::Topic&>(declaration));
    case DeclarationKind::task:
      return lower_task(static_cast<const model::Task&>(declaration));
    case DeclarationKind::agent:
      return lower_agent(static_cast<const model::Agent&>(declaration));
    case DeclarationKind::registry:
      return lower_registry(static_cast<const model::Registry&>(declaration));
    case DeclarationKind::constant:
    case DeclarationKind::alias:
    case DeclarationKind::enumeration:
    case DeclarationKind::supervisor:
    case DeclarationKind::application:
      break;
  }
  return {};
}

bool writes(const model::Module& module, model::TypeKind kind) {
  bool found = false;
  for (const auto& declaration : module.declarations) {
    model::for_each_type(
        *declaration, [&](const model::TypeUse& use) { found = found || use.type.kind == kind; });
  }
  return found;
}
/// Its own code may use it without a warning: who uses that code gets one.
bool has_deprecated(const model::Module& module) {
  bool found = false;
  for (const auto& declaration : module.declarations) {
    model::for_each_life(*declaration,
                         [&](const model::Life& life) { found = found || life.deprecated != 0; });
    model::for_each_type(*declaration, [&](const model::TypeUse& use) {
      found = found || (use.type.user != nullptr && use.type.user->life.deprecated != 0);
    });
  }
  return found;
}
bool has_open_union(const model::Module& module) {
  return std::ranges::any_of(module.declarations, [](const auto& declaration) {
    const auto* choice = dynamic_cast<const model::Union*>(declaration.get());
    return choice != nullptr && choice->open;
  });
}

/// Whether some supervisor of the module is so.
template <class Is>
bool any_supervisor(const model::Module& module, Is is) {
  return std::ranges::any_of(module.declarations, [&](const auto& declaration) {
    const auto* supervisor = dynamic_cast<const model::Supervisor*>(declaration.get());
    return supervisor != nullptr && is(*supervisor);
  });
}
bool starts_manager(const model::Supervisor& supervisor) {
  return std::ranges::any_of(supervisor.children, [](const model::Child& child) {
    return child.target != nullptr && child.target->kind == DeclarationKind::events;
  });
}
bool is_partitioned(const model::Supervisor& supervisor) {
  return supervisor.type == model::SupervisorKind::partition;
}

template <class D, class Lower>
Array each_of(const model::Module& module, Lower lower) {
  Array result;
  // As many as there may be: when an array of JSON grows, it is copied.
  result.reserve(module.declarations.size());
  for (const auto& declaration : module.declarations) {
    if (const auto* each = dynamic_cast<const D*>(declaration.get()))
      result.push_back(lower(*each));
  }
  return result;
}

}  // namespace

std::vector<const Declaration*> cpp_order(const model::Module& module) {
  // Data types and what runs: what is needed stands first, otherwise the order of the schema.
  std::vector<const Declaration*> result;
  std::set<const Declaration*> done;
  const auto visit = [&](const auto& self, const Declaration& declaration) -> void {
    const bool has_order = !construct(declaration.kind).empty();
    if (!has_order || declaration.module != &module || !done.insert(&declaration).second) return;
    for (const Declaration* needed : needs(declaration)) self(self, *needed);
    result.push_back(&declaration);
  };
  for (const auto& declaration : module.declarations) {
    visit(visit, *declaration);
  }
  return result;
}

Object lower_cpp(const Declaration& declaration) {
  return Object{{construct(declaration.kind), lower_one(declaration)}};
}

Object lower_cpp(const model::Module& module, const std::vector<const Declaration*>& order,
                 const Options& options) {
  Array forward;
  forward.reserve(order.size());
  std::set<llvm::StringRef> constructs;
  for (const Declaration* declaration : order) {
    constructs.insert(construct(declaration->kind));
    const bool is_struct = declaration->kind == DeclarationKind::structure ||
                           declaration->kind == DeclarationKind::choice;
    forward.push_back((is_struct ? "struct " : "class ") + cpp_name(declaration->name));
  }
  Array supervisors = each_of<model::Supervisor>(module, lower_supervisor);
  Array applications = each_of<model::Application>(module, lower_application);
  std::string opening = cpp_namespace(module);
  Array imports;
  for (const std::string& header : options.imports) imports.push_back(header);
  Object result{{"version", options.generator_version},
                {"module", module.name()},
                {"header", options.header},
                {"doc", cpp_comment(module.doc, "")},
                {"imports", std::move(imports)},
                {"namespace", opening.substr(2)},
                {"forward", std::move(forward)},
                {"enums", each_of<model::Enum>(module, lower_enum)},
                {"consts", each_of<model::Const>(module, lower_const)},
                {"aliases", each_of<model::Alias>(module, lower_alias)},
                {"any_deprecated", has_deprecated(module)},
                {"any_time", writes(module, model::TypeKind::duration) ||
                                 writes(module, model::TypeKind::time)},
                {"any_bigint", writes(module, model::TypeKind::bigint)},
                {"any_opaque", writes(module, model::TypeKind::opaque)},
                {"any_term", has_open_union(module) || writes(module, model::TypeKind::term)},
                {"any_supervisor", !supervisors.empty()},
                {"starts_manager", any_supervisor(module, starts_manager)},
                {"any_partition_supervisor", any_supervisor(module, is_partitioned)},
                {"any_application", !applications.empty()},
                {"supervisors", std::move(supervisors)},
                {"applications", std::move(applications)}};
  for (const llvm::StringRef each : constructs) result["any_" + each.str()] = true;
  return result;
}

}  // namespace otpc::lower
