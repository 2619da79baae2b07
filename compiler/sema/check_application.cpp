// Applications.
#include <algorithm>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

bool configurable(const model::Type& type) {
  using enum model::TypeKind;
  switch (type.kind) {
    case invalid:
    case boolean:
    case i8:
    case i16:
    case i32:
    case i64:
    case u8:
    case u16:
    case u32:
    case u64:
    case f32:
    case f64:
    case string:
    case duration:
      return true;
    default:
      return false;
  }
}

double order(const model::Value& value) {
  const double size = value.kind == model::ValueKind::floating
                          ? value.floating
                          : static_cast<double>(value.magnitude);
  return value.negative ? -size : size;
}

}  // namespace

void ModuleChecker::check(const ast::Application& written, model::Application& made) {
  made.life = life(written, {});
  if (made.name == "logger")
    diagnostics_
        .emit(Id::reserved_name, made.span, made.name, "it is the application that is built in")
        .help("choose another name");
  for (const auto& [blocks, part] :
       {std::pair(&written.env_blocks, "env"), std::pair(&written.phase_lists, "start_phases")}) {
    if (blocks->size() > 1)
      diagnostics_.emit(Id::repeated_part, (*blocks)[1], part, made.name)
          .label(blocks->front(), "first here")
          .help("say all of it there");
  }
  for (const ast::Name& phase : written.start_phases) check_reserved(phase);
  for (const ast::Name& phase : written.start_phases) {
    if (std::ranges::find(made.start_phases, phase.text) != made.start_phases.end())
      diagnostics_.emit(Id::duplicate_member, phase.span, phase.text, "start_phases")
          .label(std::ranges::find(written.start_phases, phase.text, &ast::Name::text)->span,
                 "first here");
    else
      made.start_phases.push_back(phase.text);
  }
  made.env = fields(written.env, "env", false);
  for (std::size_t i = 0; i < made.env.size(); ++i) {
    model::Field& key = made.env[i];
    const ast::Field& source = written.env[i];
    if (!configurable(key.type)) {
      diagnostics_.emit(Id::env_type, source.type.span, key.name)
          .help(
              "take a bool, an integer from `i8` to `u64`, an `f32` or `f64`, a string or a "
              "duration");
      key.type = {};  // what gets it is not told of it once more
      continue;
    }
    if (!source.range) continue;
    const auto& [word, min, max] = *source.range;
    const bool numeric =
        key.type.kind != model::TypeKind::boolean && key.type.kind != model::TypeKind::string;
    if (key.type.kind == model::TypeKind::invalid) continue;
    if (!numeric) {
      diagnostics_
          .emit(Id::bad_range, min.span, key.name, "has no meaning for a `" + key.type.text() + "`")
          .help("a range is for numbers and durations");
      continue;
    }
    key.min = value(min, key.type);
    key.max = value(max, key.type);
    if (!key.min || !key.max) continue;
    if (order(*key.min) > order(*key.max)) {
      diagnostics_.emit(Id::bad_range, source::join(min.span, max.span), key.name, "is empty")
          .help("write the smaller end first");
    } else if (key.fallback && key.fallback->kind != model::ValueKind::none &&
               (order(*key.fallback) < order(*key.min) || order(*key.fallback) > order(*key.max))) {
      diagnostics_.emit(Id::value_range, source.fallback->span, "the default", key.name,
                        key.min->written() + " to " + key.max->written());
    }
  }
  check_depends(written, made);
  if (written.starts.empty() && written.broken) return;
  if (written.starts.empty()) {
    diagnostics_.emit(Id::missing_start, made.span, made.name).help("add `start SomeSupervisor;`");
    return;
  }
  if (written.starts.size() > 1)
    diagnostics_.emit(Id::repeated_part, written.starts[1].span, "start", made.name)
        .label(written.starts.front().span, "first here");
  made.start = find_as<model::Supervisor>(written.starts.front(), "supervisor");
}

void ModuleChecker::check_depends(const ast::Application& written, model::Application& made) {
  std::vector<std::string> names;
  for (const ast::Path& path : written.depends) {
    const std::string name = path.text();
    if (std::ranges::find(names, name) != names.end()) {
      diagnostics_.emit(Id::duplicate_member, path.span, name, "depends")
          .label(std::ranges::find(written.depends, name, &ast::Path::text)->span, "first here");
      continue;
    }
    names.push_back(name);
    if (name == "logger") continue;  // built in, and always there
    std::vector<std::string> candidates{"logger"};
    const model::Application* found = nullptr;
    const auto consider = [&](const model::Declaration& declaration) {
      if (declaration.kind != model::DeclarationKind::application) return;
      if (declaration.name != made.name) candidates.push_back(declaration.name);
      if (declaration.name == name) found = static_cast<const model::Application*>(&declaration);
    };
    for (const auto& declaration : module_.declarations) consider(*declaration);
    for (const model::Module* import : module_.imports) {
      for (const auto& declaration : import->declarations) consider(*declaration);
    }
    if (found == nullptr) {
      made.depends_unclear = true;
      // Of a module that is not found, which is told at its import.
      const bool is_told = module_.imports.size() != file_.imports.size() &&
                           diagnostics::nearest(name, candidates) == nullptr;
      if (is_told) continue;
      diagnostics_.emit(Id::unknown_name, path.span, "application", name)
          .suggest(name, candidates)
          .note("an application is found in this module and in those it imports");
      continue;
    }
    used_.insert(found);
    made.depends.push_back(found);
    made.depends_spans.push_back(path.span);
  }
}

}  // namespace otpc::sema
