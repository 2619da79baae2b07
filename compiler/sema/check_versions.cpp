// Versions: `@allow`, `@language`, `module ... version`, `@added`, `upgrade from`.
#include <algorithm>

#include "sema/module_checker.h"
#include "sema/system_checks.h"

namespace otpc::sema {
namespace {

constexpr std::uint64_t highest_version = 1'000'000;

}  // namespace

void ModuleChecker::declare_allows() {
  for (const ast::Allow& allow : file_.allows) {
    bool any = false;
    for (const ast::Annotation::Argument& argument : allow.annotation.arguments) {
      if (argument.name.text == "reason" && argument.value.kind == ast::ValueKind::text) continue;
      const std::string word = argument.value.path.text();
      if (!argument.name.text.empty() || word.empty()) {
        any = false;
        break;
      }
      any = true;
      const std::vector<Id> ids = diagnostics::warnings_named(word);
      if (ids.empty()) {
        diagnostics_.emit(Id::unknown_warning, argument.value.span, word)
            .suggest(word, diagnostics::warning_words());
      } else {
        diagnostics_.allow({allow.covers, allow.annotation.span, word, ids});
      }
    }
    if (!any) {
      diagnostics_.emit(Id::annotation_arguments, allow.annotation.span, "allow",
                        "warnings and a reason: `@allow(unused_type, reason: \"...\")`");
    }
  }
}

void ModuleChecker::declare_version() {
  ast::Decorated module;
  module.annotations = file_.annotations;
  check_annotations(module, {"language"});
  for (const ast::Annotation& each : file_.annotations) {
    if (each.name.text != "language") continue;
    if (each.arguments.size() != 1 || !number(each.arguments.front().value, 1, highest_version))
      diagnostics_.emit(Id::annotation_arguments, each.span, "language",
                        "a number: `@language(1)`");
  }
  if (!file_.version) return;
  const auto version = number(*file_.version, 1, highest_version);
  if (!version) {
    diagnostics_.emit(Id::value_range, file_.version->span, "it", "version",
                      "1 to " + std::to_string(highest_version));
  }
  module_.version = version.value_or(0);
}

std::uint64_t ModuleChecker::added(const ast::Decorated& written) {
  for (const ast::Annotation& each : written.annotations) {
    if (each.name.text != "added") continue;
    const auto version = each.arguments.size() == 1
                             ? number(each.arguments.front().value, 1, highest_version)
                             : std::nullopt;
    if (!version) {
      diagnostics_.emit(Id::annotation_arguments, each.span, "added", "a version: `@added(3)`");
    } else if (!file_.version_unclear && *version > std::max<std::uint64_t>(module_.version, 1)) {
      diagnostics_
          .emit(Id::version_ahead, each.span, written.name.text, "was added in", *version,
                std::max<std::uint64_t>(module_.version, 1))
          .help("say `module " + module_.name() + " version " + std::to_string(*version) + ";`");
    }
    return version.value_or(0);
  }
  return 0;
}

void ModuleChecker::check_upgrades(const ast::ServerBase& written, model::Server& made) {
  const std::uint64_t now = std::max<std::uint64_t>(module_.version, 1);
  for (const ast::Upgrade& each : written.upgrades) {
    if (!each.from) continue;
    const auto from = number(*each.from, 1, highest_version);
    if (file_.version_unclear) continue;
    if (!from || *from >= now) {
      diagnostics_.emit(Id::version_ahead, each.span, made.name, "upgrades from",
                        from ? std::to_string(*from) : "out of range", now);
      continue;
    }
    made.upgrades.push_back({*from, each.span});
  }
  if (made.upgrades.empty()) return;
  std::ranges::sort(made.upgrades, {}, &model::Upgrade::from);
  // An old state goes from version to version: every step has to be there.
  for (std::uint64_t version = made.upgrades.front().from, i = 0; version < now; ++version) {
    while (i < made.upgrades.size() && made.upgrades[i].from < version) ++i;
    if (i < made.upgrades.size() && made.upgrades[i].from == version) continue;
    diagnostics_.emit(Id::upgrade_gap, made.span, made.name, version)
        .label(made.upgrades.front().span, "begins here")
        .help("add `upgrade from " + std::to_string(version) + ";`");
    return;
  }
}

namespace {

/// What a declaration or a part of it refers to must have been there when it came.
class References {
 public:
  References(const model::Declaration& owner, diagnostics::Engine& diagnostics)
      : owner_(owner), diagnostics_(diagnostics) {}

  void check(const model::Type& type, const std::string& name, source::Span span,
             std::uint64_t added) {
    if (type.user != nullptr) check(*type.user, name, span, added);
    for (const model::Type& part : type.arguments) check(part, name, span, added);
  }
  void check(const model::Declaration& target, const std::string& name, source::Span span,
             std::uint64_t added) {
    const std::uint64_t since = std::max({added, owner_.added, std::uint64_t{1}});
    // The versions of two modules have nothing to do with each other.
    if (target.module != owner_.module || target.added <= since) return;
    diagnostics_.emit(Id::added_later, span, name, since, target.name, target.added)
        .label(target.span, "added in version " + std::to_string(target.added))
        .help("say `@added(" + std::to_string(target.added) + ")` before `" + name + "`");
  }
  void check(const std::vector<model::Field>& fields, std::uint64_t added) {
    for (const model::Field& each : fields)
      check(each.type, each.name, each.span, std::max(added, each.added));
  }
  void check(const std::vector<model::Case>& cases) {
    for (const model::Case& each : cases) check(each.fields, each.added);
  }
  void check(const std::vector<model::Message>& messages) {
    for (const model::Message& each : messages) {
      if (each.protocol != nullptr && each.protocol != &owner_) continue;
      if (each.topic != nullptr) continue;
      check(each.parameters, each.added);
      if (each.result) check(*each.result, each.name, each.span, each.added);
      if (each.throws != nullptr) check(*each.throws, each.name, each.span, each.added);
    }
  }

 private:
  const model::Declaration& owner_;
  diagnostics::Engine& diagnostics_;
};

}  // namespace

void check_versions(const model::Program& program, diagnostics::Engine& diagnostics) {
  for (const auto& module : program.modules) {
    for (const auto& each : module->declarations) {
      References references(*each, diagnostics);
      if (const auto* made = dynamic_cast<const model::Struct*>(each.get()))
        references.check(made->fields, 0);
      else if (const auto* choice = dynamic_cast<const model::Union*>(each.get()))
        references.check(choice->cases);
      else if (const auto* alias = dynamic_cast<const model::Alias*>(each.get()))
        references.check(alias->type, alias->name, alias->span, 0);
      else if (const auto* protocol = dynamic_cast<const model::Protocol*>(each.get()))
        references.check(protocol->messages);
      else if (const auto* server = dynamic_cast<const model::Server*>(each.get()))
        references.check(server->messages);
      else if (const auto* events = dynamic_cast<const model::Events*>(each.get()))
        references.check(events->events);
      else if (const auto* topic = dynamic_cast<const model::Topic*>(each.get()))
        references.check(topic->cases);
    }
  }
}

void check_generatable(const model::Program& program, diagnostics::Engine& diagnostics) {
  for (const auto& module : program.modules) {
    for (const auto& each : module->declarations) {
      const auto* server = dynamic_cast<const model::Server*>(each.get());
      if (server == nullptr) continue;
      for (const model::Upgrade& upgrade : server->upgrades)
        diagnostics.emit(Id::not_supported, upgrade.span, "`upgrade` in C++");
    }
  }
}

}  // namespace otpc::sema
