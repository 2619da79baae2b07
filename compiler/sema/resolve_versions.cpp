// @added, @deprecated, @removed and @was: since when something is there, and under which name.
#include <algorithm>
#include <tuple>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

const ast::Annotation* annotation(const ast::Decorated& decorated, std::string_view name) {
  const auto found = std::ranges::find_if(decorated.annotations,
                                          [&](const auto& each) { return each.name.text == name; });
  return found == decorated.annotations.end() ? nullptr : &*found;
}

bool is_no_type(const model::Declaration& declaration) { return !is_type(declaration); }

}  // namespace

std::uint64_t ModuleChecker::version_of(const ast::Annotation& annotation,
                                        const ast::Decorated& decorated) {
  const ast::Name& name = decorated.name;
  const std::string& word = annotation.name.text;
  const ast::Value* given = nullptr;
  bool understood = true;
  std::size_t uses = 0;
  for (const auto& each : annotation.arguments) {
    const bool version = each.name.text.empty() && given == nullptr;
    const bool use = word == "deprecated" && each.name.text == "use" && uses++ == 0 &&
                     each.value.kind == ast::ValueKind::path;
    if (version) given = &each.value;
    understood &= version || use;
  }
  const auto version =
      given == nullptr || !understood ? std::nullopt : number(*given, 1, highest_version);
  if (!version) {
    diagnostics_.emit(Id::annotation_arguments, annotation.span, word,
                      word == "deprecated"
                          ? "a version, and perhaps what to use: `@deprecated(3, use: add)`"
                          : "a version: `@" + word + "(3)`");
  } else if (!version_unclear_ && *version > version_now()) {
    diagnostics_
        .emit(Id::version_ahead, annotation.span, name.text,
              word == "deprecated" ? "is deprecated since" : "was " + word + " in", *version,
              version_now())
        .help("say `module " + module_.name() + " version " + std::to_string(*version) +
              ";`, or correct the number to " + std::to_string(version_now()) + " at most");
  }
  if (version && decorated.span.file == file_.file)
    ages_.push_back({decorated.span, name, word, annotation.span, *version});
  return version.value_or(0);
}

void ModuleChecker::check_ages() {
  std::ranges::sort(ages_, {}, [](const Age& each) {  // what is around another before that one
    return std::tuple(each.span.begin, ~each.span.end, each.said.begin);
  });
  std::vector<const Age*> around;
  for (const Age& each : ages_) {
    while (!around.empty() && around.back()->span.end < each.span.end) around.pop_back();
    const Age* const outer = around.empty() ? nullptr : around.back();
    if (outer != nullptr && outer->span != each.span && each.version < outer->version)
      diagnostics_
          .emit(Id::annotation_arguments, each.said, each.word,
                "version " + std::to_string(outer->version) + " or a later one, as `" +
                    outer->name.text + "` was added in it")
          .label(outer->said, "said here");
    if (each.word == "added") around.push_back(&each);
  }
}

/// First something is added, then deprecated, then removed.
void ModuleChecker::check_order(const ast::Annotation& later, std::uint64_t version,
                                const ast::Annotation* earlier, std::uint64_t before) {
  if (earlier == nullptr || version == 0 || version > before) return;
  diagnostics_
      .emit(Id::annotation_arguments, later.span, later.name.text,
            "a version after " + std::to_string(before) + ", that of `@" + earlier->name.text + "`")
      .label(earlier->span, "said here");
}

std::string ModuleChecker::text_of(const ast::Annotation& annotation, const char* example) {
  const bool one = annotation.arguments.size() == 1;
  if (one && annotation.arguments.front().value.kind == ast::ValueKind::text &&
      !annotation.arguments.front().value.text.empty())
    return annotation.arguments.front().value.text;
  diagnostics_.emit(Id::annotation_arguments, annotation.span, annotation.name.text,
                    std::string("a name in quotes: `") + example + "`");
  return {};
}

model::Life ModuleChecker::life(const ast::Decorated& decorated,
                                std::initializer_list<std::string_view> known) {
  std::vector<std::string_view> all{"added", "deprecated", "was"};
  all.insert(all.end(), known.begin(), known.end());
  check_annotations(decorated, all);
  model::Life made;
  const ast::Annotation* const added = annotation(decorated, "added");
  if (added != nullptr) made.added = version_of(*added, decorated);
  if (const auto* was = annotation(decorated, "was"))
    made.was = text_of(*was, "@was(\"old_name\")");
  if (!made.was.empty() && made.was == decorated.name.text)
    diagnostics_
        .emit(Id::annotation_arguments, annotation(decorated, "was")->span, "was",
              "another name: the one that it had before")
        .help("delete it: it is called so anyway");
  if (const auto* deprecated = annotation(decorated, "deprecated")) {
    made.deprecated = version_of(*deprecated, decorated);
    check_order(*deprecated, made.deprecated, added, made.added);
    for (const auto& each : deprecated->arguments) {
      if (each.name.text != "use") continue;
      if (each.value.kind == ast::ValueKind::path)
        made.use_instead = llvm::StringRef(shown(each.value)).trim('`').str();
      made.use_instead_span = each.value.span;
    }
  }
  return made;
}

bool ModuleChecker::is_removed(const ast::Decorated& decorated, const char* what,
                               std::vector<model::Removed>& removed) {
  const ast::Annotation* found = annotation(decorated, "removed");
  if (found == nullptr) return false;
  const ast::Annotation* was = annotation(decorated, "was");
  const std::uint64_t version = version_of(*found, decorated);
  for (const char* word : {"added", "deprecated"}) {
    if (const ast::Annotation* earlier = annotation(decorated, word))
      check_order(*found, version, earlier, version_of(*earlier, decorated));
  }
  removed.push_back(
      {.what = what,
       .name = was == nullptr ? decorated.name.text : text_of(*was, "@was(\"old_name\")"),
       .version = version,
       .span = decorated.name.span,
       .parameters = {}});
  return true;
}

void ModuleChecker::check_revived(const std::string& wire_name, source::Span span,
                                  const std::vector<model::Removed>& removed) {
  const auto gone = std::ranges::find(removed, wire_name, &model::Removed::name);
  if (gone == removed.end()) return;
  diagnostics_.emit(Id::removed_name, span, wire_name, gone->version)
      .label(gone->span, "removed here")
      .help("who still has the old version would take one for the other: choose another name");
}

/// What is deprecated is not what to use instead.
bool ModuleChecker::tells_itself(const model::Life& life, const std::string& name) {
  if (life.use_instead != name) return false;
  diagnostics_.emit(Id::annotation_arguments, life.use_instead_span, "deprecated",
                    "what to use instead, and `" + name + "` is what is deprecated");
  return true;
}

template <class Member>
void ModuleChecker::check_life(const std::vector<Member>& members,
                               const std::vector<model::Removed>& removed,
                               const std::string& owner) {
  std::map<std::string, const Member*> by_wire_name;
  std::vector<std::string> names;
  for (const Member& each : members) names.push_back(each.name);
  for (const Member& each : members) {
    check_revived(each.wire_name(), each.span, removed);
    const auto [other, fresh] = by_wire_name.emplace(each.wire_name(), &each);
    if (!fresh && other->second->name != each.name) {
      diagnostics_
          .emit(Id::same_wire_name, each.span, other->second->name, each.name, each.wire_name())
          .label(other->second->span, "the other")
          .help("give one of them another name, or another `@was`");
    }
    if (is_told_as_removed(each.life.use_instead, each.life.use_instead_span, removed)) continue;
    const model::Life& life = each.life;
    if (life.use_instead.empty() || tells_itself(life, each.name) ||
        std::ranges::find(names, life.use_instead) != names.end() ||
        file_.lost.contains(life.use_instead))
      continue;
    std::vector<std::string> others = names;
    std::erase(others, each.name);
    diagnostics_
        .emit(Id::unknown_name, life.use_instead_span, "member of `" + owner + "` called",
              life.use_instead)
        .suggest(life.use_instead, others)
        .members(others);
  }
}
template void ModuleChecker::check_life(const std::vector<model::Field>&,
                                        const std::vector<model::Removed>&, const std::string&);
template void ModuleChecker::check_life(const std::vector<model::EnumMember>&,
                                        const std::vector<model::Removed>&, const std::string&);
template void ModuleChecker::check_life(const std::vector<model::Case>&,
                                        const std::vector<model::Removed>&, const std::string&);
template void ModuleChecker::check_life(const std::vector<model::Message>&,
                                        const std::vector<model::Removed>&, const std::string&);

void ModuleChecker::check_life() {
  std::map<std::string, const model::Declaration*> by_wire_name;
  for (const auto& each : module_.declarations) {
    check_revived(each->wire_name(), each->span, module_.removed);
    // An application may have the name of something else.
    if (each->kind == model::DeclarationKind::application) continue;
    const auto [other, fresh] = by_wire_name.emplace(each->wire_name(), each.get());
    if (!fresh) {
      diagnostics_
          .emit(Id::same_wire_name, each->span, other->second->name, each->name, each->wire_name())
          .label(other->second->span, "the other")
          .help("give one of them another name, or another `@was`");
    }
    if (is_told_as_removed(each->life.use_instead, each->life.use_instead_span, module_.removed))
      continue;
    const model::Life& life = each->life;
    if (life.use_instead.empty() || tells_itself(life, each->name) ||
        scope_.contains(life.use_instead))
      continue;
    std::vector<std::string> others = names_of(scope_, is_type(*each) ? is_type : is_no_type);
    std::erase(others, each->name);
    diagnostics_.emit(Id::unknown_name, life.use_instead_span, "declaration", life.use_instead)
        .suggest(life.use_instead, others);
  }
}

}  // namespace otpc::sema
