// What nothing needs, and what nobody described.
#include <algorithm>

#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

using model::DeclarationKind;

bool is_data(const model::Declaration& declaration) {
  return is_type(declaration) || declaration.kind == DeclarationKind::constant;
}

}  // namespace

void ModuleChecker::report_unused_imports() const {
  const auto is_unused = [&](const ast::Name& name) {
    if (!imported_.contains(name.text)) return false;  // told already
    return std::ranges::none_of(std::initializer_list<const char*>{"", "application "},
                                [&](const char* prefix) {
                                  const auto found = scope_.find(prefix + name.text);
                                  return found != scope_.end() && used_.contains(found->second);
                                });
  };
  const auto is_depended_on = [&](const model::Module* module) {
    return std::ranges::any_of(module_.declarations, [&](const auto& each) {
      const auto* application = dynamic_cast<const model::Application*>(each.get());
      if (application == nullptr) return false;
      return std::ranges::any_of(application->depends,
                                 [&](const auto* needed) { return needed->module == module; });
    });
  };
  for (const ast::Import& import : file_.imports) {
    const auto module = modules_.find(import.module.text());
    if (import.names.empty() && module != modules_.end() && !is_depended_on(module->second)) {
      delete_import(import, 0, true,
                    diagnostics_.emit(Id::unused_import, import.module.span, module->first)
                        .help("delete it: without names it brings the applications that `depends` "
                              "may say, and none does"));
    }
    const bool all = std::ranges::all_of(import.names, is_unused);
    for (std::size_t i = 0; i < import.names.size(); ++i) {
      const ast::Name& name = import.names[i];
      if (!is_unused(name)) continue;
      delete_import(import, i, all,
                    diagnostics_.emit(Id::unused_import, name.span, name.text)
                        .help("delete it from the import"));
    }
  }
}

void ModuleChecker::report_unused_types(const std::set<const model::Declaration*>& used) const {
  // A module of nothing but data is there for others.
  const bool is_library =
      std::ranges::all_of(module_.declarations, [](const auto& each) { return is_data(*each); });
  if (is_library) return;
  for (const auto& each : module_.declarations) {
    if (!is_data(*each) || each->kind == DeclarationKind::constant || used.contains(each.get()))
      continue;
    const auto* choice = dynamic_cast<const model::Union*>(each.get());
    if (choice != nullptr && choice->is_error) {
      diagnostics_.emit(Id::unused_error, each->span, each->name)
          .help("delete it, or say which call `throws " + each->name + "`");
      continue;
    }
    diagnostics_.emit(Id::unused_type, each->span, definite(*each).substr(4), each->name)
        .help("delete it, or keep it for C++ alone with `@allow(unused_type)` before it");
  }
}

void check_docs(const model::Program& program, diagnostics::Engine& diagnostics) {
  if (!diagnostics.enabled(Id::missing_doc)) return;
  const auto check = [&](const std::string& doc, source::Span span, const std::string& what,
                         const std::string& name) {
    if (doc.empty())
      diagnostics.emit(Id::missing_doc, span, what, name).help("write `/// ...` before it");
  };
  for (const auto& module : program.modules) {
    check(module->doc, module->span, "the module", module->name());
    for (const auto& each : module->declarations) {
      check(each->doc, each->span, definite(*each), each->name);
      const auto* server = dynamic_cast<const model::Server*>(each.get());
      if (server == nullptr) continue;
      for (const model::Message& message : server->messages) {
        const bool is_call = message.kind == model::MessageKind::call;
        const bool is_public = is_call || message.kind == model::MessageKind::cast;
        if (is_public && message.protocol == nullptr)
          check(message.doc, message.span, is_call ? "the call" : "the cast", message.name);
      }
    }
  }
}

}  // namespace otpc::sema
