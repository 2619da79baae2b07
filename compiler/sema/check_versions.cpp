// What a module says of itself: `@allow`, `@language`, `version`, `none`. And what looks at it
// as a whole: versions that refer to later ones, values that would have to leave their node.
#include <algorithm>

#include "model/walk.h"
#include "sema/module_checker.h"
#include "sema/system_checks.h"

namespace otpc::sema {

namespace {

source::Span span_of(const ast::Annotation::Argument& argument) {
  return argument.name.text.empty() ? argument.value.span
                                    : source::join(argument.name.span, argument.value.span);
}

/// An argument and the comma that goes with it: to the next one, or from the one before.
source::Span with_comma(const std::vector<ast::Annotation::Argument>& arguments, std::size_t at) {
  source::Span span = span_of(arguments[at]);
  if (at + 1 < arguments.size())
    span.end = span_of(arguments[at + 1]).begin;
  else if (at > 0)
    span.begin = span_of(arguments[at - 1]).end;
  return span;
}

}  // namespace

void ModuleChecker::declare_allows() {
  for (const ast::Allow& allow : file_.allows) {
    bool any = false;
    bool told = false;
    const auto& arguments = allow.annotation.arguments;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const ast::Annotation::Argument& argument = arguments[i];
      if (argument.name.text == "reason" && argument.value.kind == ast::ValueKind::text) {
        if (!llvm::StringRef(argument.value.text).trim().empty()) continue;
        diagnostics_
            .emit(Id::annotation_arguments, argument.value.span, "allow",
                  "a reason in words, and this one is empty")
            .help("say why, or leave `reason` out");
        told = true;
        continue;
      }
      const std::string word = argument.value.path.text();
      if (!argument.name.text.empty() || word.empty()) {
        any = false;
        break;
      }
      any = true;
      const std::vector<Id> ids = diagnostics::warnings_named(word);
      if (ids.empty()) {
        auto builder = diagnostics_.emit(Id::unknown_warning, argument.value.span, word);
        if (const std::string error = diagnostics::error_named(word); !error.empty())
          builder.help("`" + error + "` is an error, and errors cannot be allowed: mend it");
        else
          builder.suggest(word, diagnostics::warning_words());
        // What is meant is allowed, needed or not.
        const std::vector<std::string> words = diagnostics::warning_words();
        if (const std::string* meant = diagnostics::nearest(word, words)) {
          diagnostics_.allow({.covers = allow.covers,
                              .annotation = allow.annotation.span,
                              .place = argument.value.span,
                              .part = argument.value.span,
                              .word = word,
                              .ids = diagnostics::warnings_named(*meant),
                              .used = true});
        }
      } else {
        diagnostics_.allow({allow.covers, allow.annotation.span, argument.value.span,
                            with_comma(arguments, i), word, ids});
      }
    }
    if (!any && !told) {
      diagnostics_.emit(Id::annotation_arguments, allow.annotation.span, "allow",
                        "warnings, and perhaps a reason: `@allow(unused_type, reason: \"...\")`");
    }
  }
}

void ModuleChecker::declare_module() {
  ast::Decorated module;
  module.annotations = file_.annotations;
  check_annotations(module, {"language"});
  for (const ast::Annotation& each : file_.annotations) {
    if (each.name.text != "language") continue;
    if (each.arguments.size() != 1 || !number(each.arguments.front().value, 1, highest_version))
      diagnostics_.emit(Id::annotation_arguments, each.span, "language",
                        "a number: `@language(1)`");
  }
  set_option(module_.none, "none", file_.none, {"omit", "undefined", "nil"});
  if (!file_.version) return;
  const auto version = number(*file_.version, 1, highest_version);
  if (!version) bad_number(*file_.version, "version", "1 to " + std::to_string(highest_version));
  version_unclear_ |= !version;
  module_.version = version.value_or(0);
}

namespace {

/// What says no version is there since the first.
std::uint64_t since(std::uint64_t added) { return std::max<std::uint64_t>(added, 1); }

void check_added(const model::Declaration& declaration, diagnostics::Engine& diagnostics) {
  const auto refers_to = [&](const std::string& owner, source::Span span, std::uint64_t added,
                             const std::string& name, source::Span at, std::uint64_t later) {
    if (later <= since(added)) return;
    diagnostics.emit(Id::added_later, span, owner, since(added), name, later)
        .label(at, "added in version " + std::to_string(later))
        .help("say `@added(" + std::to_string(later) + ")` before `" + owner + "`");
  };
  const auto refers = [&](const std::string& owner, source::Span span, std::uint64_t added,
                          const model::Declaration* target) {
    if (target == nullptr || target->module != declaration.module) return;
    refers_to(owner, span, added, target->name, target->span, target->life.added);
  };
  const auto defaults = [&](const auto& self, const model::TypeUse& use,
                            const model::Value& value) -> void {
    if (value.constant != nullptr) {
      refers(use.owner, use.span, use.added, value.constant);
    } else if (value.kind == model::ValueKind::member && value.user->module == declaration.module) {
      const auto& members = static_cast<const model::Enum&>(*value.user).members;
      const auto member = std::ranges::find(members, value.text, &model::EnumMember::name);
      refers_to(use.owner, use.span, use.added, member->name, member->span, member->life.added);
    }
    for (const model::Value& each : value.items) self(self, use, each);
  };
  model::for_each_type(declaration, [&](const model::TypeUse& use) {
    if (use.inherited) return;
    refers(use.owner, use.span, use.added, use.type.user);
    if (use.fallback != nullptr) defaults(defaults, use, *use.fallback);
  });
  const auto thrown = [&](const std::vector<model::Message>& messages) {
    for (const model::Message& each : messages) {
      if (each.protocol != nullptr && each.protocol != &declaration) continue;
      refers(each.name, each.span, std::max(each.life.added, declaration.life.added), each.throws);
    }
  };
  if (const auto* server = dynamic_cast<const model::Server*>(&declaration))
    thrown(server->messages);
  else if (const auto* protocol = dynamic_cast<const model::Protocol*>(&declaration))
    thrown(protocol->messages);
}

/// Whether a value of the type holds an opaque.
bool holds_opaque(const model::Type& type, std::set<const model::Declaration*>& seen) {
  if (type.kind == model::TypeKind::opaque) return true;
  bool holds = false;
  for (const model::Type& part : type.arguments) holds = holds || holds_opaque(part, seen);
  if (type.kind != model::TypeKind::user || !seen.insert(type.user).second) return holds;
  model::for_each_type(*type.user, [&](const model::TypeUse& use) {
    holds = holds || holds_opaque(use.type, seen);
  });
  return holds;
}

/// What is published goes to every node.
void check_opaque(const model::Declaration& declaration, diagnostics::Engine& diagnostics) {
  if (declaration.kind != model::DeclarationKind::topic) return;
  const auto& topic = static_cast<const model::Topic&>(declaration);
  source::Span told;
  model::for_each_type(declaration, [&](const model::TypeUse& use) {
    // Its keys are told to have no order.
    if (std::ranges::find(topic.parameters, use.span, &model::Field::span) !=
        topic.parameters.end())
      return;
    std::set<const model::Declaration*> seen;
    if (use.span == told || !holds_opaque(use.type, seen)) return;
    told = use.span;
    diagnostics.emit(Id::opaque_leaves, use.span, use.owner)
        .note("what is published on a topic goes to its subscribers on every node")
        .help("publish what tells others how to get it: a key, a pid");
  });
}

}  // namespace

void check_versions(const model::Program& program, diagnostics::Engine& diagnostics) {
  for (const auto& module : program.modules) {
    for (const auto& declaration : module->declarations) {
      check_added(*declaration, diagnostics);
      check_opaque(*declaration, diagnostics);
    }
  }
}

}  // namespace otpc::sema
