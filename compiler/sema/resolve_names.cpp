// Declarations, imports, scopes, and finding things by name.
#include <algorithm>

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringRef.h>

#include "sema/module_checker.h"
#include "sema/type_habits.h"

namespace otpc::sema {

using model::DeclarationKind;

const char* described(const model::Declaration& declaration) {
  switch (declaration.kind) {
    case DeclarationKind::constant:
      return "a constant";
    case DeclarationKind::alias:
      return "an alias";
    case DeclarationKind::structure:
      return "a struct";
    case DeclarationKind::enumeration:
      return "an enum";
    case DeclarationKind::choice:
      return static_cast<const model::Union&>(declaration).is_error ? "an error" : "a union";
    case DeclarationKind::server:
      return "a server";
    case DeclarationKind::protocol:
      return "a protocol";
    case DeclarationKind::statem:
      return "a statem";
    case DeclarationKind::events:
      return "an events declaration";
    case DeclarationKind::handler:
      return "a handler";
    case DeclarationKind::topic:
      return "a topic";
    case DeclarationKind::task:
      return "a task";
    case DeclarationKind::agent:
      return "an agent";
    case DeclarationKind::registry:
      return "a registry";
    case DeclarationKind::supervisor:
      return "a supervisor";
    case DeclarationKind::application:
      return "an application";
  }
  return "";
}

std::string definite(const model::Declaration& declaration) {
  const llvm::StringRef text = described(declaration);
  return "the" + text.substr(text.find(' ')).str();
}

std::vector<std::string> names_of(
    const std::map<std::string, model::Declaration*, std::less<>>& scope, Accepts accepts) {
  std::vector<std::string> names;
  for (const auto& [name, declaration] : scope) {
    if (accepts(*declaration)) names.push_back(name);
  }
  return names;
}

bool is_type(const model::Declaration& declaration) {
  switch (declaration.kind) {
    case DeclarationKind::alias:
    case DeclarationKind::structure:
    case DeclarationKind::enumeration:
    case DeclarationKind::choice:
      return true;
    default:
      return false;
  }
}

namespace {

template <class Ast>
struct ModelOf;
template <>
struct ModelOf<ast::Const> : std::type_identity<model::Const> {};
template <>
struct ModelOf<ast::Alias> : std::type_identity<model::Alias> {};
template <>
struct ModelOf<ast::Struct> : std::type_identity<model::Struct> {};
template <>
struct ModelOf<ast::Enum> : std::type_identity<model::Enum> {};
template <>
struct ModelOf<ast::Union> : std::type_identity<model::Union> {};
template <>
struct ModelOf<ast::Server> : std::type_identity<model::Server> {};
template <>
struct ModelOf<ast::Supervisor> : std::type_identity<model::Supervisor> {};
template <>
struct ModelOf<ast::Application> : std::type_identity<model::Application> {};
template <>
struct ModelOf<ast::Protocol> : std::type_identity<model::Protocol> {};
template <>
struct ModelOf<ast::Statem> : std::type_identity<model::Statem> {};
template <>
struct ModelOf<ast::Events> : std::type_identity<model::Events> {};
template <>
struct ModelOf<ast::Handler> : std::type_identity<model::Handler> {};
template <>
struct ModelOf<ast::Topic> : std::type_identity<model::Topic> {};
template <>
struct ModelOf<ast::Task> : std::type_identity<model::Task> {};
template <>
struct ModelOf<ast::Agent> : std::type_identity<model::Agent> {};
template <>
struct ModelOf<ast::Registry> : std::type_identity<model::Registry> {};

/// What is generated besides a class of the declaration's own name.
std::vector<const char*> generated_suffixes(DeclarationKind kind) {
  switch (kind) {
    case DeclarationKind::server:
    case DeclarationKind::statem:
      return {"Args", "Server", "State", "Data", "Fake", "Proxy"};
    case DeclarationKind::handler:
      return {"Args", "Handler"};
    case DeclarationKind::task:
      return {"Args"};
    case DeclarationKind::protocol:
      return {"Protocol"};
    default:
      return {};
  }
}

/// The annotations that say all by their name.
bool is_flag(std::string_view annotation) {
  constexpr std::string_view flags[] = {"deferred", "blocking", "private",   "transient",
                                        "record",   "flat",     "json_keys", "skip_expired"};
  return std::ranges::find(flags, annotation) != std::end(flags);
}

/// Why no declaration may be called so; null where one may.
const char* reason_to_reserve(const std::string& name) {
  if (ast::is_built_in_type(name)) return "it is a type of the language";
  if (name == "ok") return "it stands for no result, as in `call close() -> ok`";
  if (name == "infinity") return "it is the time-out that never ends";
  return nullptr;
}

/// Nobody reads on, and each name is compared with all others.
constexpr std::size_t suggestions_at_most = 200;

bool starts(const model::Declaration& declaration) {
  return declaration.kind == DeclarationKind::supervisor ||
         declaration.kind == DeclarationKind::application;
}

/// An application may have the name of something else: it is only named in `depends`.
std::string scope_key(const model::Declaration& declaration) {
  return (declaration.kind == DeclarationKind::application ? "application " : "") +
         declaration.name;
}

}  // namespace

void tell_meant(diagnostics::Builder builder, const Meant& meant) {
  builder.help(meant.help);
  if (!meant.text.empty()) builder.fix(diagnostics::FixLevel::maybe, builder.span(), meant.text);
}

void delete_import(const ast::Import& import, std::size_t index, bool all,
                   diagnostics::Builder builder) {
  if (all) {
    builder.fix(diagnostics::FixLevel::safe, import.span, "");
    return;
  }
  const source::Span name = import.names[index].span;
  const bool comma_behind = index < import.commas.size();
  if (!comma_behind) builder.fix(diagnostics::FixLevel::safe, import.commas[index - 1], "");
  builder.fix(diagnostics::FixLevel::safe, name, "");
  if (comma_behind) builder.fix(diagnostics::FixLevel::safe, import.commas[index], "");
}

void ModuleChecker::declare() {
  for (const ast::Name& part : file_.module.parts) {
    module_.path.push_back(part.text);
    check_reserved(part);
  }
  module_.doc = file_.doc;
  module_.file = file_.file;
  module_.span = file_.module.span;
  module_.incomplete = file_.incomplete;
  module_.starts_unclear = file_.starts_unclear;
  missing_.insert(file_.lost.begin(), file_.lost.end());
  nameless_ = file_.nameless;
  declare_allows();
  for (const source::Span doc : file_.idle_docs)
    diagnostics_.emit(Id::idle_doc, doc)
        .help("put it before what it describes, or begin it with `//`");
  declare_module();
  for (const ast::Declaration& declaration : file_.declarations) {
    const ast::Decorated& written = ast::decorated(declaration);
    if (!is_removed(written, "declaration", module_.removed)) declare_one(declaration);
  }
  check_generated_names();
  declare_imports();
}

void ModuleChecker::check_generated_names() {
  for (const auto& owner : module_.declarations) {
    for (const char* suffix : generated_suffixes(owner->kind)) {
      const auto other = scope_.find(owner->name + suffix);
      if (other == scope_.end()) continue;
      diagnostics_.emit(Id::generated_name, other->second->span, other->first, owner->name)
          .label(owner->span, definite(*owner))
          .help("rename one of them");
    }
  }
}

void ModuleChecker::declare_one(const ast::Declaration& declaration) {
  std::visit(
      [&](const auto& written) {
        using Model = typename ModelOf<std::remove_cvref_t<decltype(written)>>::type;
        auto made = std::make_unique<Model>();
        made->name = written.name.text;
        made->doc = written.doc;
        made->span = written.name.span;
        made->module = &module_;
        made->broken = written.broken;
        check_reserved(written.name);
        const std::string key = scope_key(*made);
        if (const char* reason = reason_to_reserve(key)) {
          diagnostics_.emit(Id::reserved_name, made->span, made->name, reason)
              .help("choose another name");
          missing_.insert(made->name);
          module_.starts_unclear |= starts(*made);
          return;  // who says it means that type
        }
        const auto [known, fresh] = scope_.emplace(key, made.get());
        if (!fresh) {
          diagnostics_.emit(Id::duplicate_declaration, made->span, made->name)
              .label(known->second->span, "first here");
          doubled_.insert(key);
          known->second->broken = true;  // which of them is meant nobody knows
          module_.starts_unclear |= starts(*made);
          return;
        }
        // Of two that differ in case, each is what its name says: who names one means that one.
        const auto [same, only] = by_lower_name_.emplace(llvm::StringRef(key).lower(), made.get());
        if (!only) {
          diagnostics_.emit(Id::names_collide, made->span, same->second->name, made->name)
              .label(same->second->span, "the other");
        }
        written_.emplace(made.get(), &declaration);
        module_.declarations.push_back(std::move(made));
      },
      declaration);
}

void ModuleChecker::declare_imports() {
  for (const ast::Import& import : file_.imports) {
    ast::Decorated written;
    written.annotations = import.annotations;
    check_annotations(written, {});
    const auto found = modules_.find(import.module.text());
    if (found == modules_.end()) {  // diagnosed when it was looked for
      for (const ast::Name& name : import.names) missing_.insert(name.text);
      // `import other::Money;` was to bring it.
      if (import.names.empty() && import.module.parts.size() > 1)
        missing_.insert(import.module.parts.back().text);
      continue;
    }
    module_.imports.push_back(found->second);
    for (const ast::Name& name : import.names) {
      std::vector<std::string> candidates;
      bool any = false;
      for (const auto& declaration : found->second->declarations) {
        candidates.push_back(declaration->name);
        if (declaration->name != name.text) continue;
        any = true;
        import_declaration(import, name, *declaration);
      }
      if (!any && found->second->incomplete) {  // it may be what is broken there
        missing_.insert(name.text);
        unclear_.push_back(name.text);
      } else if (any) {
        imported_.emplace(name.text, name.span);
      } else {
        report_not_exported(import, name, *found->second, candidates);
      }
    }
  }
}

void ModuleChecker::import_declaration(const ast::Import& import, const ast::Name& name,
                                       model::Declaration& declaration) {
  const auto [other, fresh] = scope_.emplace(scope_key(declaration), &declaration);
  if (fresh) return;
  if (other->second->module == &module_) {
    doubled_.insert(scope_key(declaration));
    diagnostics_.emit(Id::duplicate_declaration, name.span, name.text)
        .label(other->second->span, "declared here")
        .label(declaration.span, "and here, from where it is imported");
    return;
  }
  auto builder = diagnostics_.emit(Id::imported_twice, name.span, name.text);
  builder.label(imported_.at(name.text), "first here");
  if (other->second == &declaration) {
    const auto index = static_cast<std::size_t>(&name - import.names.data());
    builder.help("delete one of them");
    delete_import(import, index, import.names.size() == 1, builder);
  } else {
    builder.note("`" + other->second->module->name() + "` and `" + import.module.text() +
                 "` both declare it");
  }
}

/// What was asked for in vain was there once.
bool ModuleChecker::is_told_as_removed(const std::string& name, source::Span span,
                                       const std::vector<model::Removed>& removed) {
  const auto gone = std::ranges::find(removed, name, &model::Removed::name);
  if (gone == removed.end()) return false;
  diagnostics_.emit(Id::removed_used, span, name, gone->version).label(gone->span, "removed here");
  return true;
}

void ModuleChecker::report_not_exported(const ast::Import& import, const ast::Name& name,
                                        const model::Module& module,
                                        const std::vector<std::string>& candidates) {
  missing_.insert(name.text);
  if (is_told_as_removed(name.text, name.span, module.removed)) return;
  diagnostics_.emit(Id::not_exported, name.span, import.module.text(), name.text)
      .suggest(name.text, candidates)
      .members(candidates);
  // Whoever meant that one uses it below.
  if (const std::string* meant = diagnostics::nearest(name.text, candidates))
    missing_.insert(*meant);
}

bool ModuleChecker::is_told_to_import(const std::string& name, diagnostics::Builder builder) const {
  const auto declares = [&](const model::Module* module) {
    return std::ranges::any_of(module->declarations, [&](const auto& each) {
      return each->name == name && each->kind != DeclarationKind::application;
    });
  };
  for (const ast::Import& import : file_.imports) {
    const auto module = modules_.find(import.module.text());
    if (module == modules_.end() || !declares(module->second)) continue;
    const source::Span last = import.names.empty() ? import.module.span : import.names.back().span;
    builder.help("import it: `import " + module->first + " { " + name + " };`")
        .fix(diagnostics::FixLevel::maybe, {last.file, last.end, last.end},
             import.names.empty() ? " { " + name + " }" : ", " + name);
    return true;
  }
  const auto other =
      std::ranges::find_if(modules_, [&](const auto& each) { return declares(each.second); });
  if (other == modules_.end()) return false;
  builder.help("import it: `import " + other->first + " { " + name + " };`");
  return true;
}

void ModuleChecker::report_unknown(const ast::Path& path, const char* wanted, Accepts accepts,
                                   const Meant& meant) {
  const std::string& name = path.parts.front().text;
  if (!missing_.insert(name).second) {
    tell_earlier(name, wanted, path.span);
    return;
  }
  if (diagnostics::nearest(name, unclear_) != nullptr) return;
  if (is_told_as_removed(name, path.span, module_.removed)) return;
  const bool few = diagnostics_.error_count() < suggestions_at_most;
  std::vector<std::string> candidates;
  if (few) candidates = names_of(scope_, accepts);
  const bool is_type = std::string_view(wanted) == "type";
  if (is_type) {
    for (const std::string_view each : ast::built_in_types()) candidates.emplace_back(each);
  }
  const bool near = diagnostics::nearest(name, candidates) != nullptr;
  if (!near && !meant.certain && nameless_ > 0) {
    --nameless_;
    return;
  }
  auto builder = diagnostics_.emit(Id::unknown_name, path.span, wanted, name);
  told_.emplace(name, std::pair(builder, wanted));
  const bool only_case = std::ranges::any_of(candidates, [&](const std::string& each) {
    return llvm::StringRef(name).equals_insensitive(each);
  });
  const char* instead = is_type && !only_case ? type_of_habit(name) : "";
  if (meant.certain || (!near && !meant.help.empty())) {
    tell_meant(builder, meant);
    return;
  }
  if (few && is_told_to_import(name, builder)) return;
  if (*instead != '\0')
    builder.help(instead);
  else
    builder.suggest(name, candidates);
}

model::Declaration* ModuleChecker::find(const ast::Path& path, const char* wanted, Accepts accepts,
                                        const Meant& meant) {
  if (path.parts.empty()) return nullptr;
  if (path.parts.size() > 1) {
    std::string text = path.text();
    const bool env = path.parts.front().text == "env";
    for (std::size_t at = text.find("::"); env && at != std::string::npos; at = text.find("::"))
      text.replace(at, 2, ".");
    auto builder = diagnostics_.emit(Id::unknown_name, path.span, wanted, text);
    const char* instead = path.parts.front().text == "std" ? type_of_habit(path.text()) : "";
    if (!env && !meant.help.empty())
      tell_meant(builder, meant);
    else if (env)
      builder.help(
          "`env` with one key is the whole argument of a child: `child cart: Cart(limit: "
          "env.limit);`");
    else if (*instead != '\0')
      builder.help(instead);
    else
      builder.help("import it: `import " + path.text().substr(0, path.text().rfind("::")) + " { " +
                   path.parts.back().text + " };`, and write `" + path.parts.back().text + "`");
    return nullptr;
  }
  const std::string& name = path.parts.front().text;
  const auto found = scope_.find(name);
  if (found == scope_.end()) {
    report_unknown(path, wanted, accepts, meant);
    return nullptr;
  }
  if (found->second != current_) used_.insert(found->second);
  if (doubled_.contains(name) && !accepts(*found->second)) return nullptr;  // the other is meant
  return found->second;
}

/// The declarations are not resolved in the order of the text: the first place is what is shown.
void ModuleChecker::tell_earlier(const std::string& name, std::string_view wanted,
                                 source::Span span) {
  const auto told = told_.find(name);
  if (told == told_.end() || told->second.second != wanted) return;
  diagnostics::Builder& builder = told->second.first;
  if (span.file == builder.span().file && span.begin < builder.span().begin) builder.move_to(span);
}

void ModuleChecker::check_reserved(const ast::Name& name) {
  if (llvm::StringRef(name.text).starts_with_insensitive("otp_")) {
    diagnostics_.emit(Id::reserved_name, name.span, name.text,
                      "names beginning with `otp_` belong to generated code");
  }
  // In Erlang and Elixir it is an atom.
  if (name.text.size() > longest_atom)
    diagnostics_.emit(Id::value_range, name.span,
                      "a name of " + std::to_string(name.text.size()) + " characters", "atom",
                      "at most " + std::to_string(longest_atom));
}

void ModuleChecker::check_annotations(const ast::Decorated& decorated,
                                      const std::vector<std::string_view>& known) {
  std::set<std::string_view> said;
  for (const ast::Annotation& annotation : decorated.annotations) {
    const std::string& name = annotation.name.text;
    if (name != "allow" && !said.insert(name).second) {
      diagnostics_.emit(Id::repeated_part, annotation.span, "@" + name, decorated.name.text)
          .help("keep one of them");
      continue;
    }
    if (name == "allow") continue;
    if (std::ranges::find(known, name) != known.end()) {
      if (is_flag(name) && !annotation.arguments.empty())
        diagnostics_.emit(Id::annotation_arguments, annotation.span, name, "no arguments");
      continue;
    }
    auto builder = diagnostics_.emit(Id::unknown_annotation, annotation.name.span, name);
    if (name == "alias") {
      builder.help("a name that is kept on the wire is said with `@was(\"name\")`");
      continue;
    }
    if (const std::string place = ast::place_of_annotation(name); !place.empty()) {
      builder.help(place);
      continue;
    }
    std::vector<std::string> candidates(known.begin(), known.end());
    candidates.emplace_back("allow");
    builder.suggest(name, candidates);
  }
}

bool ModuleChecker::has_annotation(const ast::Decorated& decorated, std::string_view name) {
  return std::ranges::any_of(decorated.annotations,
                             [&](const auto& each) { return each.name.text == name; });
}

void ModuleChecker::resolve() {
  // By kind, so that what others need is there: data before servers, servers before supervisors.
  // Aliases and constants are resolved on demand, whatever their order.
  for (const DeclarationKind kind :
       {DeclarationKind::alias, DeclarationKind::enumeration, DeclarationKind::constant,
        DeclarationKind::structure, DeclarationKind::choice, DeclarationKind::application,
        DeclarationKind::protocol, DeclarationKind::topic, DeclarationKind::events,
        DeclarationKind::handler, DeclarationKind::task, DeclarationKind::agent,
        DeclarationKind::server, DeclarationKind::statem, DeclarationKind::registry,
        DeclarationKind::supervisor}) {
    for (const auto& declaration : module_.declarations) {
      if (declaration->kind != kind) continue;
      current_ = declaration.get();
      std::visit(
          [&](const auto& written) {
            using Model = typename ModelOf<std::remove_cvref_t<decltype(written)>>::type;
            check(written, static_cast<Model&>(*declaration));
          },
          *written_.at(declaration.get()));
    }
  }
  current_ = nullptr;
  check_life();
  check_ages();
}

}  // namespace otpc::sema
