// Constants, aliases, structs, enums, unions, errors.
#include <algorithm>

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>

#include "diagnostics/drawing.h"
#include "sema/module_checker.h"
#include "sema/system_checks.h"
#include "sema/trees.h"

namespace otpc::sema {
namespace {

/// `Shop.Line`
bool is_elixir_module(llvm::StringRef name) {
  return llvm::all_of(llvm::split(name, '.'), [](llvm::StringRef part) {
    return !part.empty() && llvm::isUpper(part.front()) &&
           llvm::all_of(part, [](char each) { return llvm::isAlnum(each) || each == '_'; });
  });
}

/// The way from a declaration, which is on the path, back to it.
diagnostics::Drawing draw_from(const model::Declaration& start,
                               const std::vector<const model::Declaration*>& path) {
  std::vector<std::string> names;
  for (auto each = std::ranges::find(path, &start); each != path.end(); ++each)
    names.push_back((*each)->name);
  names.push_back(start.name);
  return diagnostics::draw(names);
}

/// The structs and unions that a value of this type contains directly.
void contained(const model::Type& type, std::vector<const model::Declaration*>& into) {
  switch (type.kind) {
    case model::TypeKind::user:
      into.push_back(type.user);
      break;
    case model::TypeKind::optional:
    case model::TypeKind::tuple:
    case model::TypeKind::array:
      for (const model::Type& part : type.arguments) contained(part, into);
      break;
    default:
      break;  // lists, maps and sets hold their elements elsewhere
  }
}

std::vector<const model::Field*> fields_of(const model::Declaration& declaration) {
  std::vector<const model::Field*> fields;
  if (declaration.kind == model::DeclarationKind::structure) {
    for (const model::Field& each : static_cast<const model::Struct&>(declaration).fields)
      fields.push_back(&each);
  } else if (declaration.kind == model::DeclarationKind::choice) {
    for (const model::Case& made : static_cast<const model::Union&>(declaration).cases) {
      for (const model::Field& each : made.fields) fields.push_back(&each);
    }
  }
  return fields;
}

std::vector<const model::Declaration*> parts_of(const model::Declaration& declaration) {
  std::vector<const model::Declaration*> parts;
  for (const model::Field* field : fields_of(declaration)) contained(field->type, parts);
  return parts;
}

/// The first field that holds such a part.
const model::Field& field_with(const model::Declaration& part,
                               const model::Declaration& declaration) {
  const auto fields = fields_of(declaration);
  return **std::ranges::find_if(fields, [&](const model::Field* field) {
    std::vector<const model::Declaration*> parts;
    contained(field->type, parts);
    return std::ranges::find(parts, &part) != parts.end();
  });
}

/// What declarations contain by value; those from which no way leads into a circle are left out.
using Parts = std::map<const model::Declaration*, std::vector<const model::Declaration*>>;

Parts circular_parts(const model::Program& program) {
  Parts parts;
  Parts containers;
  std::map<const model::Declaration*, std::size_t> open;
  std::vector<const model::Declaration*> straight;
  for (const model::Declaration* each : all_of<model::Declaration>(program)) {
    const auto& of_each = parts[each] = parts_of(*each);
    for (const model::Declaration* part : of_each) containers[part].push_back(each);
    open[each] = of_each.size();
    if (of_each.empty()) straight.push_back(each);
  }
  while (!straight.empty()) {
    const model::Declaration* each = straight.back();
    straight.pop_back();
    parts.erase(each);
    for (const model::Declaration* container : containers[each]) {
      if (--open[container] == 0) straight.push_back(container);
    }
  }
  return parts;
}

/// The way from a declaration back to itself; empty when there is none. Without recursion: a way
/// may be as long as the schema.
std::vector<const model::Declaration*> way_back(const model::Declaration& start,
                                                const Parts& parts) {
  std::vector<const model::Declaration*> path{&start};
  std::vector<std::size_t> next{0};  // the part to look at, for each step of the path
  std::set<const model::Declaration*> seen;
  while (!path.empty()) {
    const auto& here = parts.at(path.back());
    if (next.back() == here.size()) {
      path.pop_back();
      next.pop_back();
      continue;
    }
    const model::Declaration* part = here[next.back()++];
    if (part == &start) return path;
    if (!parts.contains(part) || !seen.insert(part).second) continue;
    path.push_back(part);
    next.push_back(0);
  }
  return path;
}

}  // namespace

void check_recursive_values(const model::Program& program, diagnostics::Engine& diagnostics) {
  const Parts parts = circular_parts(program);
  std::set<const model::Declaration*> told;
  for (const model::Declaration* each : all_of<model::Declaration>(program)) {
    if (!parts.contains(each) || told.contains(each)) continue;
    const auto cycle = way_back(*each, parts);
    if (cycle.empty()) continue;
    told.insert(cycle.begin(), cycle.end());
    const diagnostics::Drawing drawing = draw_from(*each, cycle);
    auto builder = diagnostics.emit(Id::recursive_struct, each->span, each->name, drawing.text);
    builder.note(drawing.note);
    for (std::size_t i = 0; i < std::min(cycle.size(), diagnostics::drawn_at_most); ++i) {
      const model::Declaration& part = *cycle[(i + 1) % cycle.size()];
      builder.label(field_with(part, *cycle[i]).span, "holds `" + part.name + "` by value");
    }
    builder.help("break the circle with a `list<...>`, which holds its elements elsewhere");
  }
}

/// Aliases and constants that stand before what they refer to are resolved one within the other.
bool ModuleChecker::is_too_deep(const model::Declaration& made) {
  constexpr std::size_t deepest = 1000;
  if (resolving_.size() < deepest) return false;
  diagnostics_.emit(Id::too_deep, made.span, deepest)
      .help("declare what others refer to before them");
  resolved_.insert(&made);
  return true;
}

void ModuleChecker::check(const ast::Const& written, model::Const& made) {
  if (resolved_.contains(&made)) return;
  if (std::ranges::find(resolving_, &made) != resolving_.end()) {
    diagnostics_.emit(Id::const_cycle, made.span, made.name);
    resolved_.insert(&made);
    return;
  }
  if (is_too_deep(made)) return;
  resolving_.push_back(&made);
  made.life = life(written, {});
  const model::Type declared = type(written.type);
  auto checked = written.value ? value(*written.value, declared) : std::nullopt;
  if (checked && !resolved_.contains(&made)) {
    made.type = declared;
    made.value = std::move(*checked);
  }
  resolving_.pop_back();
  resolved_.insert(&made);
}

void ModuleChecker::check(const ast::Alias& written, model::Alias& made) {
  if (resolved_.contains(&made)) return;
  if (std::ranges::find(resolving_, &made) != resolving_.end()) {
    const diagnostics::Drawing drawing = draw_from(made, resolving_);
    diagnostics_.emit(Id::alias_cycle, made.span, made.name, drawing.text).note(drawing.note);
    resolved_.insert(&made);
    return;
  }
  if (is_too_deep(made)) return;
  resolving_.push_back(&made);
  made.life = life(written, {});
  const model::Type target = type(written.type);
  if (!resolved_.contains(&made)) made.type = target;
  resolving_.pop_back();
  resolved_.insert(&made);
}

std::string ModuleChecker::elixir_module(const ast::Annotation& written) {
  constexpr const char* example = "@elixir(\"Shop.Line\")";
  const std::string name = text_of(written, example);
  if (!name.empty() && !is_elixir_module(name))
    diagnostics_
        .emit(Id::annotation_arguments, written.span, "elixir",
              std::string("the name of a module of Elixir: `") + example + "`")
        .help("each part begins with a capital letter; between the parts stands a point");
  return name;
}

void ModuleChecker::check(const ast::Struct& written, model::Struct& made) {
  made.life = life(written, {"record", "json_keys", "elixir"});
  made.record = has_annotation(written, "record");
  made.json_keys = has_annotation(written, "json_keys");
  for (const ast::Annotation& each : written.annotations) {
    if (each.name.text == "elixir") made.elixir = elixir_module(each);
    const bool of_maps = each.name.text == "elixir" || each.name.text == "json_keys";
    if (made.record && of_maps)
      diagnostics_.emit(Id::misplaced_option, each.span, "@" + each.name.text, "maps")
          .help("a `@record` is a tuple");
  }
  made.fields = fields(written.fields, made.name, false, &made.removed);
}

void ModuleChecker::check(const ast::Enum& written, model::Enum& made) {
  made.life = life(written, {});
  made.open = written.open;
  std::map<std::string_view, source::Span> names;
  for (const ast::EnumMember& member : written.members) {
    if (is_removed(member, "member", made.removed)) continue;
    check_reserved(member.name);
    if (const auto [first, fresh] = names.emplace(member.name.text, member.name.span); !fresh) {
      diagnostics_.emit(Id::duplicate_member, member.name.span, member.name.text, made.name)
          .label(first->second, "first here");
      continue;
    }
    made.members.push_back({member.name.text, member.doc, member.name.span, life(member, {})});
  }
  check_life(made.members, made.removed, made.name);
  if (made.members.empty() && !written.broken)
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "members");
}

void ModuleChecker::check(const ast::Union& written, model::Union& made) {
  made.life = life(written, {"flat"});
  made.open = written.open;
  made.is_error = written.is_error;
  made.flat = has_annotation(written, "flat");
  made.cases = made.is_error ? cases(written.cases, made.name, {"transient"}, "case", made.removed)
                             : cases(written.cases, made.name, {}, "case", made.removed);
  if (made.cases.empty() && !written.broken)
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "cases");
}

void ModuleChecker::check(const ast::Topic& written, model::Topic& made) {
  made.life = life(written, {});
  made.parameters = fields(written.parameters, made.name, true);
  made.cases = cases(written.cases, made.name, {}, "message", made.removed);
  for (std::size_t i = 0; i < made.parameters.size(); ++i) {
    if (!can_be_key(made.parameters[i].type))
      tell_bad_key(written.parameters[i].type.span, made.parameters[i].type);
  }
  if (made.cases.empty() && !written.broken)
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "messages");
}

std::vector<model::Case> ModuleChecker::cases(const std::vector<ast::Case>& written,
                                              const std::string& owner,
                                              std::initializer_list<std::string_view> annotations,
                                              const char* what,
                                              std::vector<model::Removed>& removed) {
  std::vector<model::Case> result;
  std::map<std::string_view, source::Span> names;
  for (const ast::Case& each : written) {
    if (is_removed(each, what, removed)) continue;
    check_reserved(each.name);
    if (const auto [first, fresh] = names.emplace(each.name.text, each.name.span); !fresh) {
      diagnostics_.emit(Id::duplicate_member, each.name.span, each.name.text, owner)
          .label(first->second, "first here");
      continue;
    }
    result.push_back({each.name.text, each.doc, fields(each.fields, each.name.text, true),
                      has_annotation(each, "transient"), each.name.span, life(each, annotations)});
  }
  check_life(result, removed, owner);
  return result;
}

}  // namespace otpc::sema
