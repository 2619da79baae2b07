// What is around the declarations of a file, and in which order they stand.
#include <algorithm>
#include <cstdint>
#include <map>
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

bool has_client(const Declaration& declaration) {
  return declaration.kind == DeclarationKind::server || declaration.kind == DeclarationKind::statem;
}

/// What stands before a part: what must be complete there, and what is better so, because a
/// container of it is.
struct Needs {
  std::vector<Part> complete;
  std::vector<Part> better;
};

/// Everything a type mentions: user types, and the clients that pids are.
void mention(const model::Type& type, Needs& needs, bool contained = false) {
  if (type.user != nullptr) {
    auto& into = contained ? needs.better : needs.complete;
    into.push_back({type.user, has_client(*type.user)});
  }
  const bool contains = type.kind == model::TypeKind::list || type.kind == model::TypeKind::set ||
                        type.kind == model::TypeKind::map;
  for (const model::Type& part : type.arguments) mention(part, needs, contained || contains);
}
void mention(const std::vector<model::Field>& fields, Needs& needs) {
  for (const model::Field& field : fields) mention(field.type, needs);
}
void mention(const std::vector<model::Case>& cases, Needs& needs) {
  for (const model::Case& each : cases) mention(each.fields, needs);
}
/// C++ wants to know what a default is a value of.
void mention_defaults(const model::Message& message, Needs& needs, std::size_t without = 0) {
  for (std::size_t i = without; i < message.parameters.size(); ++i) {
    if (message.parameters[i].fallback) mention(message.parameters[i].type, needs);
  }
}
void mention_defaults(const std::vector<model::Message>& messages, Needs& needs) {
  for (const model::Message& message : messages) mention_defaults(message, needs);
}

/// `circle`: of the client; without it also of the defaults that C++ cannot have.
Needs needs_of_client(const model::Server& server, const std::set<Part>& circle) {
  Needs result;
  for (const model::Message& message : server.messages)
    mention_defaults(message, result, without_default(circle, message));
  return result;
}

Needs needs(const model::Server& server) {
  Needs result{{{&server, true}}, {}};
  for (const model::Protocol* each : server.protocols) result.complete.push_back({each});
  if (server.state) mention(*server.state, result);
  for (const model::Upgrade& each : server.upgrades) mention(each.state, result);
  const auto* machine = dynamic_cast<const model::Statem*>(&server);
  if (machine == nullptr) return result;
  if (machine->data) mention(*machine->data, result);
  if (machine->one_handler) {
    for (const model::Message& message : machine->messages) mention(message.parameters, result);
  }
  return result;
}

Needs needs(const Part& part, const std::set<Part>& circle = {}) {
  const Declaration& declaration = *part.declaration;
  Needs result;
  if (const auto* server = dynamic_cast<const model::Server*>(&declaration)) {
    if (part.client) return needs_of_client(*server, circle);
    result = needs(*server);
  }
  if (const auto* structure = dynamic_cast<const model::Struct*>(&declaration))
    mention(structure->fields, result);
  if (const auto* choice = dynamic_cast<const model::Union*>(&declaration))
    mention(choice->cases, result);
  if (const auto* worker = dynamic_cast<const model::Worker*>(&declaration))
    mention(worker->parameters, result);
  if (const auto* protocol = dynamic_cast<const model::Protocol*>(&declaration))
    mention_defaults(protocol->messages, result);
  if (const auto* handler = dynamic_cast<const model::Handler*>(&declaration)) {
    mention(handler->parameters, result);
    mention_defaults(handler->messages, result);
    result.complete.push_back({handler->manager});
  }
  if (const auto* topic = dynamic_cast<const model::Topic*>(&declaration)) {
    mention(topic->parameters, result);
    mention(topic->cases, result);
  }
  if (const auto* events = dynamic_cast<const model::Events*>(&declaration))
    mention(events->events, result);
  if (const auto* task = dynamic_cast<const model::Task*>(&declaration)) {
    if (task->result) mention(*task->result, result);
    if (task->throws != nullptr) result.complete.push_back({task->throws});
  }
  if (const auto* agent = dynamic_cast<const model::Agent*>(&declaration))
    mention(agent->state, result);
  if (const auto* registry = dynamic_cast<const model::Registry*>(&declaration)) {
    mention(registry->key, result);
    if (registry->names != nullptr)
      result.complete.push_back({registry->names, has_client(*registry->names)});
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

namespace {

/// Data types and what runs: what is needed stands first, otherwise the order of the schema.
class Order {
 public:
  explicit Order(const model::Module& module) : module_(module) {}

  void add(const Part& part) {
    if (!is_open(part)) return;
    states_[part] = State::under_way;
    const Needs needed = needs_of(part);
    for (const Part& each : needed.complete) add(each);
    std::map<Part, bool> known;
    for (const Part& each : needed.better) {
      if (!waits(each, known)) add(each);
    }
    states_[part] = State::done;
    parts_.push_back(part);
  }
  std::vector<Part> take() { return std::move(parts_); }

 private:
  enum class State : std::uint8_t { open, under_way, done };

  bool is_open(const Part& part) const {
    const auto found = states_.find(part);
    return part.declaration->module == &module_ && !construct(part.declaration->kind).empty() &&
           (found == states_.end() || found->second == State::open);
  }
  const Needs& needs_of(const Part& part) {
    const auto found = needs_.find(part);
    if (found != needs_.end()) return found->second;
    const auto circle = part.client ? circle_of(*part.declaration) : std::set<Part>();
    return needs_.emplace(part, needs(part, circle)).first->second;
  }
  /// Whether it cannot stand before something that is under way. `known`: of others, meanwhile.
  bool waits(const Part& part, std::map<Part, bool>& known) {
    const auto found = states_.find(part);
    if (found != states_.end() && found->second == State::under_way) return true;
    if (!is_open(part)) return false;
    if (const auto [told, fresh] = known.emplace(part, false); !fresh) return told->second;
    const std::vector<Part> complete = needs_of(part).complete;
    return known[part] =
               std::ranges::any_of(complete, [&](const Part& each) { return waits(each, known); });
  }

  const model::Module& module_;
  std::map<Part, State> states_;
  std::map<Part, Needs> needs_;
  std::vector<Part> parts_;
};

}  // namespace

std::set<Part> circle_of(const Declaration& client) {
  if (!has_client(client)) return {};
  const Part start{&client, true};
  std::map<Part, std::vector<Part>> needed_by;
  std::set<Part> seen{start};
  for (std::vector<Part> open{start}; !open.empty();) {
    const Part at = open.back();
    open.pop_back();
    for (const Part& each : needs(at).complete) {
      needed_by[each].push_back(at);
      if (seen.insert(each).second) open.push_back(each);
    }
  }
  std::set<Part> circle;
  for (std::vector<Part> open{start}; !open.empty();) {
    const Part at = open.back();
    open.pop_back();
    for (const Part& each : needed_by[at]) {
      if (circle.insert(each).second) open.push_back(each);
    }
  }
  return circle;
}

std::size_t without_default(const std::set<Part>& circle, const model::Message& message) {
  if (circle.empty()) return 0;
  std::size_t result = 0;
  for (std::size_t i = 0; i < message.parameters.size(); ++i) {
    Needs needed;
    if (message.parameters[i].fallback) mention(message.parameters[i].type, needed);
    const bool within = std::ranges::any_of(
        needed.complete, [&](const Part& each) { return circle.contains(each); });
    if (within) result = i + 1;
  }
  return result;
}

std::vector<Part> cpp_order(const model::Module& module) {
  Order order(module);
  for (const auto& declaration : module.declarations) order.add({declaration.get()});
  return order.take();
}

Object lower_cpp(const Part& part) {
  const Declaration& declaration = *part.declaration;
  return Object{{part.client ? llvm::StringRef("client") : construct(declaration.kind),
                 lower_one(declaration)}};
}

Object lower_cpp(const model::Module& module, const std::vector<Part>& order,
                 const Options& options) {
  Array forward;
  forward.reserve(order.size());
  std::set<llvm::StringRef> constructs;
  for (const auto& [declaration, client] : order) {
    if (client) continue;
    constructs.insert(construct(declaration->kind));
    const bool is_struct = declaration->kind == DeclarationKind::structure ||
                           declaration->kind == DeclarationKind::choice;
    forward.push_back((is_struct ? "struct " : "class ") + cpp_name(*declaration));
  }
  // A dynamic supervisor may start one that stands behind it.
  for (const auto& declaration : module.declarations) {
    if (declaration->kind == DeclarationKind::supervisor)
      forward.push_back("struct " + cpp_name(*declaration));
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
