// The whole file: includes, namespaces, and the declarations in an order that C++ accepts.
#include <algorithm>
#include <set>

#include "lower/cpp_types.h"
#include "lower/lower.h"
#include "lower/names.h"
#include "lower/parts.h"

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
  if (const auto* server = dynamic_cast<const model::Server*>(&declaration)) {
    fields(server->parameters);
    for (const model::Message& message : server->messages) {
      for (const model::Field& parameter : message.parameters) {
        if (parameter.fallback) mentioned(parameter.type, result);
      }
    }
  }
  return result;
}

/// Structs, unions and servers: what is needed stands first, otherwise the order of the schema.
std::vector<const Declaration*> ordered(const model::Module& module) {
  std::vector<const Declaration*> result;
  std::set<const Declaration*> done;
  const auto visit = [&](const auto& self, const Declaration& declaration) -> void {
    const bool has_order = declaration.kind == DeclarationKind::structure ||
                           declaration.kind == DeclarationKind::choice ||
                           declaration.kind == DeclarationKind::server;
    if (!has_order || declaration.module != &module || !done.insert(&declaration).second) return;
    for (const Declaration* needed : needs(declaration)) self(self, *needed);
    result.push_back(&declaration);
  };
  for (const auto& declaration : module.declarations) {
    visit(visit, *declaration);
  }
  return result;
}

template <class D, class Lower>
Array each_of(const model::Module& module, Lower lower) {
  Array result;
  for (const auto& declaration : module.declarations) {
    if (const auto* each = dynamic_cast<const D*>(declaration.get()))
      result.push_back(lower(*each));
  }
  return result;
}

}  // namespace

Object lower_cpp(const model::Module& module, const Options& options) {
  Array types;
  Array forward;
  bool any_server = false;
  for (const Declaration* declaration : ordered(module)) {
    Object item;
    if (const auto* structure = dynamic_cast<const model::Struct*>(declaration))
      item["struct"] = lower_struct(*structure);
    if (const auto* choice = dynamic_cast<const model::Union*>(declaration))
      item["union"] = lower_union(*choice);
    if (const auto* server = dynamic_cast<const model::Server*>(declaration)) {
      item["server"] = lower_server(*server);
      any_server = true;
    }
    forward.push_back(
        Object{{"keyword", declaration->kind == DeclarationKind::server ? "class" : "struct"},
               {"name", cpp_name(declaration->name)}});
    types.push_back(std::move(item));
  }
  Array supervisors = each_of<model::Supervisor>(module, lower_supervisor);
  Array applications = each_of<model::Application>(module, lower_application);
  std::string opening = cpp_namespace(module);
  Array imports;
  for (const std::string& header : options.imports) imports.push_back(header);
  return Object{{"version", options.generator_version},
                {"module", module.name()},
                {"header", options.header},
                {"doc", cpp_comment(module.doc, "")},
                {"imports", std::move(imports)},
                {"namespace", opening.substr(2)},
                {"forward", std::move(forward)},
                {"enums", each_of<model::Enum>(module, lower_enum)},
                {"consts", each_of<model::Const>(module, lower_const)},
                {"aliases", each_of<model::Alias>(module, lower_alias)},
                {"types", std::move(types)},
                {"any_server", any_server},
                {"any_supervisor", !supervisors.empty()},
                {"any_application", !applications.empty()},
                {"supervisors", std::move(supervisors)},
                {"applications", std::move(applications)}};
}

}  // namespace otpc::lower
