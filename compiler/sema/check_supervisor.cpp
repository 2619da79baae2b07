// Supervisors and their children.
#include <algorithm>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

constexpr std::uint64_t worker_shutdown_ns = 5'000'000'000;

/// The index of the word in the list, or nothing.
std::optional<std::size_t> index_of(const ast::Name& word, const std::vector<std::string>& words) {
  const auto found = std::ranges::find(words, word.text);
  if (found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

void ModuleChecker::check(const ast::Supervisor& written, model::Supervisor& made) {
  check_annotations(written, {});
  made.dynamic = written.dynamic;
  for (const ast::Unsupported& each : written.unsupported)
    diagnostics_.emit(Id::not_supported, each.span, each.what);
  const auto option = [&](const ast::Name& word, const std::vector<std::string>& words,
                          const char* what, auto& into) {
    if (word.text.empty()) return;
    if (const auto index = index_of(word, words)) {
      into = static_cast<std::remove_reference_t<decltype(into)>>(*index);
      return;
    }
    std::string all;
    for (const std::string& each : words) all += (all.empty() ? "`" : ", `") + each + "`";
    diagnostics_.emit(Id::bad_option, word.span, word.text, what)
        .help(diagnostics::did_you_mean(word.text, words))
        .note("there is " + all);
  };
  option(written.strategy, {"one_for_one", "one_for_all", "rest_for_one"}, "strategy",
         made.strategy);
  option(written.auto_shutdown, {"never", "any_significant", "all_significant"}, "auto_shutdown",
         made.auto_shutdown);
  if (written.dynamic && !written.strategy.text.empty() &&
      made.strategy != model::Strategy::one_for_one) {
    diagnostics_.emit(Id::dynamic_child, written.strategy.span, made.name,
                      "knows one strategy, one_for_one");
  }
  if (written.intensity) {
    const bool number = written.intensity->kind == ast::ValueKind::integer &&
                        !written.intensity->negative && !written.intensity->overflow &&
                        written.intensity->magnitude <= 1'000'000;
    const auto period = written.period ? duration(*written.period, false) : std::nullopt;
    if (!number || (period && *period == 0))
      diagnostics_.emit(Id::bad_intensity, written.intensity_span);
    made.intensity = number ? written.intensity->magnitude : made.intensity;
    made.period_ns = period.value_or(made.period_ns);
  }
  for (const ast::Child& child : written.children) check_child(child, made);
  const bool restarts = std::ranges::any_of(made.children, [](const model::Child& child) {
    return child.restart != model::Restart::temporary;
  });
  if (made.intensity == 0 && restarts) {
    diagnostics_.emit(Id::intensity_zero, written.intensity_span, made.name);
  }
  if (written.broken) return;
  if (written.dynamic && written.children.size() != 1) {
    diagnostics_.emit(Id::dynamic_child, made.span, made.name,
                      "needs exactly one `child`: the kind it starts");
  }
  if (!written.dynamic && written.children.empty())
    diagnostics_.emit(Id::empty_supervisor, made.span, made.name);
}

void ModuleChecker::check_child(const ast::Child& written, model::Supervisor& supervisor) {
  check_annotations(written, {});
  model::Child made;
  made.span = written.name.text.empty() ? written.target.span : written.name.span;
  made.id = written.name.text.empty() ? written.target.parts.back().text : written.name.text;
  model::Declaration* target = find(written.target, "server or supervisor");
  if (target != nullptr && target->kind != model::DeclarationKind::server &&
      target->kind != model::DeclarationKind::supervisor) {
    if (target->kind != model::DeclarationKind::unsupported) {
      diagnostics_.emit(Id::wrong_kind, written.target.span, target->name, described(target->kind),
                        "a server or a supervisor");
    }
    target = nullptr;
  }
  made.target = target;
  for (const model::Child& other : supervisor.children) {
    if (other.id == made.id) {
      diagnostics_.emit(Id::duplicate_child, made.span, supervisor.name, made.id)
          .label(other.span, "first here")
          .help("give each an id: `child other: " + written.target.text() + ";`");
    }
  }
  child_options(written, supervisor, made);
  if (target != nullptr) child_arguments(written, made);
  supervisor.children.push_back(std::move(made));
}

void ModuleChecker::child_options(const ast::Child& written, const model::Supervisor& supervisor,
                                  model::Child& made) {
  if (!written.restart.text.empty()) {
    const std::vector<std::string> words{"permanent", "transient", "temporary"};
    if (const auto index = index_of(written.restart, words)) {
      made.restart = static_cast<model::Restart>(*index);
    } else {
      diagnostics_.emit(Id::bad_option, written.restart.span, written.restart.text, "restart type")
          .help(diagnostics::did_you_mean(written.restart.text, words))
          .note("there is `permanent`, `transient`, `temporary`");
    }
  }
  const bool is_supervisor =
      made.target != nullptr && made.target->kind == model::DeclarationKind::supervisor;
  made.shutdown_ns = is_supervisor ? model::infinite : worker_shutdown_ns;
  if (written.shutdown) {
    const bool brutal = written.shutdown->kind == ast::ValueKind::path &&
                        written.shutdown->path.text() == "brutal_kill";
    const bool other_word = written.shutdown->kind == ast::ValueKind::path &&
                            written.shutdown->path.text() != "infinity" && !brutal;
    if (other_word)
      diagnostics_.emit(Id::bad_shutdown, written.shutdown->span);
    else
      made.shutdown_ns = brutal ? 0 : duration(*written.shutdown, true).value_or(made.shutdown_ns);
    if (is_supervisor && !other_word && made.shutdown_ns != model::infinite) {
      diagnostics_
          .emit(Id::finite_supervisor_shutdown, written.shutdown->span, made.target->name,
                brutal ? "no time" : duration_text(made.shutdown_ns))
          .help(
              "leave `shutdown` out: a supervisor's is `infinity`, and its children have limits of "
              "their own");
    }
  }
  made.significant = static_cast<bool>(written.significant);
  if (made.significant && supervisor.auto_shutdown == model::AutoShutdown::never) {
    diagnostics_.emit(Id::significant_never, written.significant, made.id)
        .help("say `auto_shutdown any_significant;` or `all_significant` in `" + supervisor.name +
              "`");
  } else if (made.significant && made.restart == model::Restart::permanent) {
    diagnostics_.emit(Id::significant_permanent, written.significant, made.id)
        .help("make it `restart transient` or `temporary`");
  }
  if (is_supervisor && made.restart == model::Restart::transient) {
    diagnostics_.emit(Id::transient_supervisor, written.restart.span, made.target->name)
        .note(
            "a supervisor that gives up exits `shutdown`, which a transient child is not restarted "
            "after");
  }
  if (written.registered) {
    model::Type text;
    text.kind = model::TypeKind::string;
    if (const auto name = value(*written.registered, text)) made.registered = name->text;
    if (supervisor.dynamic && !made.registered.empty() && made.target != nullptr) {
      diagnostics_.emit(Id::dynamic_child, written.registered->span, supervisor.name,
                        "cannot give one name to many children");
    }
  }
}

void ModuleChecker::child_arguments(const ast::Child& written, model::Child& made) {
  const auto wrong = [&](source::Span span, const std::string& what) {
    return diagnostics_.emit(Id::child_argument, span, made.id, what);
  };
  if (made.target->kind == model::DeclarationKind::supervisor) {
    if (!written.arguments.empty())
      wrong(written.arguments.front().value.span, "a supervisor takes no arguments");
    return;
  }
  const auto& server = static_cast<const model::Server&>(*made.target);
  std::vector<std::string> names;
  for (const model::Field& parameter : server.parameters) names.push_back(parameter.name);
  std::size_t position = 0;
  for (const ast::Argument& argument : written.arguments) {
    const model::Field* parameter = nullptr;
    if (argument.name.text.empty()) {
      if (position < server.parameters.size())
        parameter = &server.parameters[position++];
      else
        wrong(argument.value.span, "`" + server.name + "` takes " +
                                       std::to_string(server.parameters.size()) + " arguments")
            .label(server.span, "declared here");
    } else {
      const auto found =
          std::ranges::find(server.parameters, argument.name.text, &model::Field::name);
      if (found != server.parameters.end())
        parameter = &*found;
      else
        wrong(argument.name.span,
              "`" + server.name + "` has no parameter `" + argument.name.text + "`")
            .help(diagnostics::did_you_mean(argument.name.text, names))
            .label(server.span, "declared here");
    }
    if (parameter == nullptr) continue;
    if (std::ranges::find(made.arguments, parameter, &model::Child::Argument::parameter) !=
        made.arguments.end()) {
      wrong(argument.value.span, "`" + parameter->name + "` is given twice");
      continue;
    }
    const std::vector<ast::Name>& path = argument.value.path.parts;
    if (argument.value.kind == ast::ValueKind::path && path.size() == 2 && path[0].text == "env") {
      model::Value env;
      env.kind = model::ValueKind::env;
      env.text = path[1].text;
      made.arguments.push_back({parameter, std::move(env)});
    } else if (auto checked = value(argument.value, parameter->type)) {
      made.arguments.push_back({parameter, std::move(*checked)});
    } else {
      made.arguments.push_back({parameter, {}});
    }
  }
  if (written_.empty()) return;
  for (const model::Field& parameter : server.parameters) {
    const bool given =
        std::ranges::find(made.arguments, &parameter, &model::Child::Argument::parameter) !=
        made.arguments.end();
    if (given || parameter.fallback || parameter.type.kind == model::TypeKind::invalid) continue;
    const ast::Supervisor* owner = nullptr;
    for (const auto& [declaration, source] : written_) {
      const auto* candidate = std::get_if<ast::Supervisor>(source);
      if (candidate != nullptr && std::ranges::any_of(candidate->children, [&](const auto& each) {
            return &each == &written;
          }))
        owner = candidate;
    }
    if (owner != nullptr && owner->dynamic) continue;  // given at start_child
    wrong(made.span, "the argument `" + parameter.name + "` is missing")
        .help("write `" + server.name + "(" + parameter.name + ": ...)`")
        .label(parameter.span, "declared here, without a default");
  }
}

}  // namespace otpc::sema
