// Supervisors and their children.
#include <algorithm>

#include "sema/module_checker.h"
#include "sema/type_habits.h"

namespace otpc::sema {
namespace {

constexpr std::uint64_t worker_shutdown_ns = 5'000'000'000;

bool is_supervisor(const model::Child& child) {
  return child.target != nullptr && child.target->kind == model::DeclarationKind::supervisor;
}

bool is_startable(const model::Declaration& declaration) {
  return dynamic_cast<const model::Worker*>(&declaration) != nullptr ||
         declaration.kind == model::DeclarationKind::supervisor;
}

}  // namespace

void ModuleChecker::check(const ast::Supervisor& written, model::Supervisor& made) {
  made.life = life(written, {});
  made.type = static_cast<model::SupervisorKind>(written.kind);
  // A strategy that is not known is taken for the one that leaves nothing more to say.
  if (!set_option(made.strategy, "strategy", written.strategy,
                  {"one_for_one", "one_for_all", "rest_for_one"}) &&
      made.type == model::SupervisorKind::supervisor)
    made.strategy = model::Strategy::rest_for_one;
  // Whatever a misspelled one is, its significant children do not stand without it.
  if (!written.auto_shutdown.text.empty())
    made.auto_shutdown = model::AutoShutdown::any_significant;
  const bool shutdown_known = set_option(made.auto_shutdown, "auto_shutdown", written.auto_shutdown,
                                         {"never", "any_significant", "all_significant"});
  if (made.type != model::SupervisorKind::supervisor) {
    if (made.strategy != model::Strategy::one_for_one)
      diagnostics_.emit(made.is_dynamic() ? Id::dynamic_child : Id::partition_child,
                        written.strategy.span, made.name, "knows one strategy, one_for_one");
    if (!written.auto_shutdown.text.empty())
      diagnostics_.emit(Id::misplaced_option, written.auto_shutdown.span, "auto_shutdown",
                        "supervisors whose children are listed");
  }
  check_intensity(written, made);
  for (const ast::Child& child : written.children) check_child(child, made);
  const bool restarts = std::ranges::any_of(made.children, [](const model::Child& child) {
    return child.restart != model::Restart::temporary;
  });
  if (made.intensity == 0 && restarts) {
    diagnostics_.emit(Id::intensity_zero, written.intensity_span, made.name)
        .help("say `intensity 1 in " +
              (made.period_ns == model::infinite ? "5s" : duration_text(made.period_ns)) +
              ";` or more, or make the children temporary");
  }
  check_limits(written, made);
  if (written.broken) return;
  if (made.is_dynamic() && written.children.size() != 1) {
    diagnostics_.emit(Id::dynamic_child, made.span, made.name,
                      "needs exactly one `child`: the kind it starts");
  }
  if (made.type == model::SupervisorKind::partition) check_partitions(written, made);
  const bool idle = std::ranges::none_of(made.children, &model::Child::significant);
  if (made.type == model::SupervisorKind::supervisor && idle && !written.children.empty() &&
      shutdown_known && made.auto_shutdown != model::AutoShutdown::never)
    diagnostics_.emit(Id::idle_auto_shutdown, written.auto_shutdown.span, made.name)
        .help(
            "say `significant` of a child that is transient or temporary, or leave "
            "`auto_shutdown` out");
  if (made.type == model::SupervisorKind::supervisor && written.children.empty())
    diagnostics_.emit(Id::empty_supervisor, made.span, made.name)
        .help("add `child name: Server(arguments);`");
}

void ModuleChecker::check_intensity(const ast::Supervisor& written, model::Supervisor& made) {
  const auto is = [](const std::optional<ast::Value>& said, ast::ValueKind kind) {
    return said && said->kind == kind;
  };
  if (is(written.intensity, ast::ValueKind::duration) &&
      is(written.period, ast::ValueKind::integer)) {
    diagnostics_.emit(Id::bad_intensity, written.intensity_span)
        .help("how often comes first: `intensity " + std::to_string(written.period->magnitude) +
              " in " + duration_text(written.intensity->magnitude) + ";`");
    return;
  }
  if (!written.intensity) return;
  const auto intensity = number(*written.intensity, 0, 1'000'000);
  if (!intensity && !is_told(*written.intensity)) {
    auto builder = diagnostics_.emit(Id::bad_intensity, written.intensity->span);
    builder.help("write a whole number from 0 to 1000000, such as `intensity 3 in 5s;`");
    label_constant(builder, integer_constant(*written.intensity));
  }
  if (written.period) made.period_ns = duration(*written.period, false).value_or(made.period_ns);
  if (made.period_ns == 0) {
    diagnostics_.emit(Id::bad_intensity, written.period->span)
        .help("write a period of more than 0s, such as `intensity 3 in 5s;`");
    made.period_ns = model::infinite;  // nothing follows from it
  }
  made.intensity = intensity.value_or(made.intensity);
}

void ModuleChecker::report_bad_option(source::Span span, const char* option,
                                      const std::string& given,
                                      const std::vector<std::string>& words) {
  diagnostics_.emit(Id::bad_option, span, option, given)
      .suggest(given, words)
      .note((words.size() == 1 ? "it can only be " : "it can be ") +
            diagnostics::listed(words, "or"));
}

void ModuleChecker::check_limits(const ast::Supervisor& written, model::Supervisor& made) {
  if (written.max_children) {
    made.max_children = number(*written.max_children, 0, 1'000'000'000);
    if (!made.is_dynamic())
      diagnostics_
          .emit(Id::misplaced_option, written.max_children_span, "max_children",
                "dynamic supervisors")
          .help("delete it, or say `dynamic supervisor " + made.name + "`");
    else if (!made.max_children)
      bad_number(*written.max_children, "max_children", "0 to 1000000000");
  }
  if (!written.backoff_min || !written.backoff_max) return;
  if (made.type == model::SupervisorKind::partition)
    diagnostics_.emit(Id::misplaced_option, written.backoff_span, "backoff",
                      "supervisors and dynamic supervisors");
  const auto shortest = duration(*written.backoff_min, false);
  const auto longest = duration(*written.backoff_max, false);
  if (!shortest || !longest) return;
  if (*shortest != 0 && *longest >= *shortest) {
    made.backoff_ns.emplace(*shortest, *longest);
    return;
  }
  if (*shortest == 0 || *longest == 0) {
    const ast::Value& wrong = *shortest == 0 ? *written.backoff_min : *written.backoff_max;
    diagnostics_.emit(Id::bad_backoff, wrong.span)
        .help("write a duration of more than 0s, such as `backoff 100ms..10s;`");
    return;
  }
  diagnostics_
      .emit(Id::bad_backoff, source::join(written.backoff_min->span, written.backoff_max->span))
      .help("write `backoff " + duration_text(*longest) + ".." + duration_text(*shortest) + ";`");
}

void ModuleChecker::check_partitions(const ast::Supervisor& written, model::Supervisor& made) {
  if (written.children.size() != 1) {
    diagnostics_.emit(Id::partition_child, made.span, made.name,
                      "needs exactly one `child`: the kind it starts for each partition");
    return;
  }
  const ast::Child& source = written.children.front();
  if (source.partitions) {
    const auto partitions = number(*source.partitions, 1, 1'000'000);
    if (!partitions) bad_number(*source.partitions, "partitions", "1 to 1000000");
    made.partitions = partitions.value_or(1);
  }
  check_partition_number(source, made);
  const auto* server = dynamic_cast<const model::Server*>(made.children.front().target);
  if (server != nullptr && (server->broken || server->messages_unclear)) return;
  if (server == nullptr) {
    if (made.children.front().target != nullptr) {
      diagnostics_.emit(Id::partition_child, made.children.front().span, made.name,
                        "starts servers and state machines only");
    }
    return;
  }
  made.partition_key_name = source.partition_key.text;
  if (made.partition_key_name.empty()) return;
  check_partition_key(source.partition_key, *server, made);
  for (const model::Message& message : server->messages) {
    for (const model::Field& parameter : message.parameters) {
      if (parameter.name != made.partition_key_name) continue;
      if (message.kind != model::MessageKind::call && message.kind != model::MessageKind::cast)
        continue;
      made.partition_key = parameter.type;
      if (!can_be_key(parameter.type)) tell_bad_key(source.partition_key.span, parameter.type);
      return;
    }
  }
  std::set<std::string> parameters;
  for (const model::Message& message : server->messages) {
    if (message.kind != model::MessageKind::call && message.kind != model::MessageKind::cast)
      continue;
    for (const model::Field& parameter : message.parameters) parameters.insert(parameter.name);
  }
  const std::vector<std::string> candidates(parameters.begin(), parameters.end());
  // Of a message that is gone.
  for (const model::Removed& gone : server->removed) {
    if (std::ranges::find(gone.parameters, source.partition_key.text) == gone.parameters.end())
      continue;
    diagnostics_
        .emit(Id::removed_used, source.partition_key.span, server->name + "." + gone.name,
              gone.version)
        .label(gone.span, "removed here")
        .help("name a parameter of a call or cast that is there: the parts are told apart by it")
        .members(candidates);
    return;
  }
  diagnostics_
      .emit(Id::partition_key, source.partition_key.span, server->name, source.partition_key.text)
      .suggest(source.partition_key.text, candidates)
      .members(candidates)
      .label(server->span, "declared here");
}

/// Calls and casts may have parameters of one name and several types: `at` takes one.
void ModuleChecker::check_partition_key(const ast::Name& key, const model::Server& server,
                                        const model::Supervisor& made) {
  const model::Field* first = nullptr;
  for (const model::Message& message : server.messages) {
    if (message.kind != model::MessageKind::call && message.kind != model::MessageKind::cast)
      continue;
    for (const model::Field& parameter : message.parameters) {
      if (parameter.name != key.text || parameter.type.kind == model::TypeKind::invalid) continue;
      if (first == nullptr) first = &parameter;
      if (first->type.text() == parameter.type.text()) continue;
      diagnostics_
          .emit(Id::partition_child, key.span, made.name,
                "cannot go by `" + key.text + "`, which has two types")
          .label(first->span, "here it is of type `" + first->type.text() + "`")
          .label(parameter.span, "and here of type `" + parameter.type.text() + "`")
          .help("give it one type everywhere, or go by another parameter");
      return;
    }
  }
}

/// The largest number of a partition, one less than there are, has to fit.
void ModuleChecker::check_partition_number(const ast::Child& written,
                                           const model::Supervisor& made) {
  const model::Field* number = made.partition_number;
  if (number == nullptr || made.partitions == 0) return;
  const std::uint64_t largest = highest(number->type);
  if (made.partitions - 1 <= largest) return;
  diagnostics_
      .emit(
          Id::partition_child, written.partitions->span, made.name,
          "has more partitions than `" + number->name + ": " + number->type.text() + "` can number")
      .label(number->span,
             "it gets the number of its partition: 0 to " + std::to_string(made.partitions - 1))
      .help("give it a wider type, such as `u32`");
}

void ModuleChecker::check_child(const ast::Child& written, model::Supervisor& supervisor) {
  check_annotations(written, {});
  check_reserved(written.name);
  model::Child made;
  made.span = written.name.text.empty() ? written.target.span : written.name.span;
  made.id = written.name.text.empty() ? written.target.parts.back().text : written.name.text;
  model::Declaration* target = find(written.target, "server or supervisor", is_startable);
  if (target != nullptr && !is_startable(*target)) {
    auto builder = diagnostics_.emit(Id::wrong_kind, written.target.span, target->name,
                                     described(*target), "a server or a supervisor");
    if (target->kind == model::DeclarationKind::handler)
      builder.help("a handler is added to its manager: `child ...: " +
                   (static_cast<const model::Handler*>(target)->manager == nullptr
                        ? std::string("Manager")
                        : static_cast<const model::Handler*>(target)->manager->name) +
                   " handlers [" + target->name + "];`");
    target = nullptr;
  }
  made.target = target;
  const auto other = std::ranges::find(supervisor.children, made.id, &model::Child::id);
  // Of the others it has one too many, whatever that is called.
  if (other != supervisor.children.end() && supervisor.type == model::SupervisorKind::supervisor) {
    const bool registry = target != nullptr && target->kind == model::DeclarationKind::registry;
    diagnostics_.emit(Id::duplicate_child, made.span, supervisor.name, made.id)
        .label(other->span, "first here")
        .help(registry && other->target == target
                  ? "delete one: a registry is found by its own name, and a second cannot start"
                  : "give each an id: `child other: " + written.target.text() + ";`");
  }
  child_options(written, supervisor, made);
  if (target != nullptr) child_arguments(written, supervisor, made);
  child_handlers(written, supervisor, made);
  supervisor.children.push_back(std::move(made));
}

void ModuleChecker::child_options(const ast::Child& written, const model::Supervisor& supervisor,
                                  model::Child& made) {
  const bool restart_known = child_restart(written, made);
  child_shutdown(written, made);
  child_significance(written, supervisor, restart_known, made);
  if (written.registered) child_name(written, supervisor, made);
}

ModuleChecker::OwnEnd ModuleChecker::own_end(const model::Declaration& supervisor) const {
  const auto found = written_.find(&supervisor);
  if (found == written_.end()) {
    const auto& made = static_cast<const model::Supervisor&>(supervisor);
    const bool any = std::ranges::any_of(made.children, &model::Child::significant);
    const bool never = made.auto_shutdown == model::AutoShutdown::never;
    return never == any ? OwnEnd::unclear : any ? OwnEnd::normal : OwnEnd::never;
  }
  // Of this module: it may not be checked yet.
  const auto& written = std::get<ast::Supervisor>(*found->second);
  const std::string& said = written.auto_shutdown.text;
  const bool any = std::ranges::any_of(written.children, [](const ast::Child& child) {
    return static_cast<bool>(child.significant);
  });
  if (said.empty() || said == "never") return any ? OwnEnd::unclear : OwnEnd::never;
  const bool known = said == "any_significant" || said == "all_significant";
  const bool listed = written.kind == ast::SupervisorKind::supervisor;
  return known && any && listed ? OwnEnd::normal : OwnEnd::unclear;
}

bool ModuleChecker::child_restart(const ast::Child& written, model::Child& made) {
  const bool is_task = made.target != nullptr && made.target->kind == model::DeclarationKind::task;
  if (is_task) made.restart = model::Restart::temporary;
  if (!set_option(made.restart, "restart", written.restart,
                  {"permanent", "transient", "temporary"}))
    return false;
  const OwnEnd end = is_supervisor(made) ? own_end(*made.target) : OwnEnd::unclear;
  const bool ends = end == OwnEnd::normal;
  // One that is significant is told to be permanent.
  if ((is_task || ends) && made.restart == model::Restart::permanent && !written.significant) {
    diagnostics_
        .emit(Id::restart_of_ended, written.restart.text.empty() ? made.span : written.restart.span,
              made.id, ends ? "it has shut itself down" : "its task is done")
        .help(ends ? "make it `restart transient`, or `temporary`"
                   : "make it `restart transient`, or leave `restart` out: a task is temporary");
  }
  // That of a significant one ends its own supervisor, too.
  if (end == OwnEnd::never && made.restart == model::Restart::transient && !written.significant) {
    diagnostics_.emit(Id::transient_supervisor, written.restart.span, made.target->name)
        .note(
            "a supervisor that gives up exits `shutdown`, which a transient child is not restarted "
            "after")
        .help("make it `restart permanent`, the default, or `temporary` if that is meant");
  }
  return true;
}

void ModuleChecker::child_shutdown(const ast::Child& written, model::Child& made) {
  made.shutdown_ns = is_supervisor(made) ? model::infinite : worker_shutdown_ns;
  if (!written.shutdown) return;
  const bool is_word = written.shutdown->kind == ast::ValueKind::path;
  const bool brutal = is_word && written.shutdown->path.text() == "brutal_kill";
  if (is_word && !brutal && written.shutdown->path.text() != "infinity") {
    const std::string given = written.shutdown->path.text();
    auto builder = diagnostics_.emit(Id::bad_shutdown, written.shutdown->span);
    if (is_infinity_of_habit(given))
      builder.help("what never ends is `infinity`")
          .fix(diagnostics::FixLevel::maybe, written.shutdown->span, "infinity");
    else
      builder.suggest(given, std::vector<std::string>{"brutal_kill", "infinity"});
    return;
  }
  made.shutdown_ns = brutal ? 0 : duration(*written.shutdown, true).value_or(made.shutdown_ns);
  if (is_supervisor(made) && made.shutdown_ns != model::infinite) {
    diagnostics_
        .emit(Id::finite_supervisor_shutdown, written.shutdown->span, made.target->name,
              brutal ? "no time" : duration_text(made.shutdown_ns))
        .help(
            "leave `shutdown` out: a supervisor's is `infinity`, and its children have limits of "
            "their own");
  }
}

void ModuleChecker::child_significance(const ast::Child& written,
                                       const model::Supervisor& supervisor, bool restart_known,
                                       model::Child& made) {
  made.significant = static_cast<bool>(written.significant);
  if (!made.significant) return;
  const bool never = supervisor.auto_shutdown == model::AutoShutdown::never;
  if (supervisor.type != model::SupervisorKind::supervisor) {
    // Said once, where it is switched on.
    if (never)
      diagnostics_.emit(Id::misplaced_option, written.significant, "significant",
                        "supervisors whose children are listed");
  } else if (never) {
    diagnostics_.emit(Id::significant_never, written.significant, made.id)
        .help("say `auto_shutdown any_significant;` or `all_significant` in `" + supervisor.name +
              "`");
  } else if (made.restart == model::Restart::permanent && restart_known) {
    diagnostics_.emit(Id::significant_permanent, written.significant, made.id)
        .help("make it `restart transient` or `temporary`");
  }
}

void ModuleChecker::child_name(const ast::Child& written, const model::Supervisor& supervisor,
                               model::Child& made) {
  model::Type text;
  text.kind = model::TypeKind::string;
  if (const auto name = value(*written.registered, text)) {
    if (name->text.empty() || name->text.size() > longest_atom)
      diagnostics_.emit(Id::value_range, written.registered->span, shown(*written.registered),
                        "name", "1 to " + std::to_string(longest_atom) + " bytes");
    made.registered = name->text;
  }
  made.registered_span = written.registered->span;
  if (supervisor.type != model::SupervisorKind::supervisor && !made.registered.empty() &&
      made.target != nullptr) {
    diagnostics_
        .emit(supervisor.is_dynamic() ? Id::dynamic_child : Id::partition_child,
              written.registered->span, supervisor.name, "cannot give one name to many children")
        .help("leave the name out: a registry finds one of many by a key");
  }
}

void ModuleChecker::child_handlers(const ast::Child& written, const model::Supervisor& supervisor,
                                   model::Child& made) {
  const ast::Span partitioned = written.partitions_span ? written.partitions_span : written.by_span;
  if (partitioned && made.target != nullptr &&
      supervisor.type != model::SupervisorKind::partition) {
    diagnostics_
        .emit(Id::misplaced_option, partitioned, written.partitions_span ? "partitions" : "by",
              "the child of a partition supervisor")
        .help("declare a `partition supervisor` for this child, and make that a child here");
  }
  const auto* manager = dynamic_cast<const model::Events*>(made.target);
  if (manager == nullptr) {
    if (written.handlers_span && made.target != nullptr) {
      diagnostics_.emit(Id::misplaced_option, written.handlers_span, "handlers", "event managers")
          .label(made.target->span, "this is " + std::string(described(*made.target)));
    }
    return;
  }
  if (written.handlers_span && supervisor.is_dynamic()) {
    diagnostics_
        .emit(Id::misplaced_option, written.handlers_span, "handlers",
              "event managers that are started with their supervisor")
        .help("add them where it is started: `Handler(manager).add_handler(...)`");
    return;
  }
  for (const ast::Child::Handler& each : written.handlers) {
    const auto* handler = find_as<model::Handler>(each.handler, "handler");
    if (handler == nullptr) continue;
    if (handler->manager != nullptr && handler->manager != manager) {
      diagnostics_
          .emit(Id::wrong_kind, each.span, handler->name,
                "a handler for `" + handler->manager->name + "`", "one for `" + manager->name + "`")
          .label(handler->span, "declared here");
      continue;
    }
    if (std::ranges::find(made.handlers, handler, &model::Child::Handler::handler) !=
        made.handlers.end()) {
      diagnostics_.emit(Id::duplicate_member, each.span, handler->name, made.id)
          .note("a manager has a handler once: the second would be refused with `already_present`");
      continue;
    }
    model::Child::Handler added;
    added.handler = handler;
    added.arguments = arguments(each.arguments, handler->parameters, *handler, made.id);
    if (added.arguments.size() == each.arguments.size())
      check_missing(added.arguments, handler->parameters, nullptr, *handler, made.id, each.span);
    made.handlers.push_back(std::move(added));
  }
}

void ModuleChecker::child_arguments(const ast::Child& written, model::Supervisor& supervisor,
                                    model::Child& made) {
  if (made.target->kind == model::DeclarationKind::supervisor) {
    if (!written.arguments.empty()) {
      diagnostics_.emit(Id::child_argument, written.arguments.front().value.span, made.id,
                        "a supervisor takes no arguments");
    }
    return;
  }
  const auto& worker = static_cast<const model::Worker&>(*made.target);
  made.arguments = arguments(written.arguments, worker.parameters, worker, made.id);
  if (supervisor.is_dynamic()) return;  // the others are given at start_child
  const model::Field* number = nullptr;
  if (supervisor.type == model::SupervisorKind::partition) {
    // The first parameter of an integer type that gets nothing else is the partition's number.
    for (const model::Field& parameter : worker.parameters) {
      if (parameter.type.is_integer() && !parameter.fallback &&
          std::ranges::find(made.arguments, &parameter, &model::Argument::parameter) ==
              made.arguments.end()) {
        number = &parameter;
        break;
      }
    }
    supervisor.partition_number = number;
  }
  // One whose name is wrong is not told a second time as missing.
  if (made.arguments.size() == written.arguments.size())
    check_missing(made.arguments, worker.parameters, number, worker, made.id, made.span);
}

std::vector<model::Argument> ModuleChecker::arguments(const std::vector<ast::Argument>& written,
                                                      const std::vector<model::Field>& parameters,
                                                      const model::Declaration& target,
                                                      const std::string& id) {
  std::vector<model::Argument> result;
  if (target.broken) return result;  // what it takes is not known
  const auto wrong = [&](source::Span span, const std::string& what) {
    return diagnostics_.emit(Id::child_argument, span, id, what);
  };
  std::vector<std::string> names;
  for (const model::Field& parameter : parameters) names.push_back(parameter.name);
  std::size_t position = 0;
  bool named = false;
  for (const ast::Argument& argument : written) {
    const model::Field* parameter = nullptr;
    if (argument.name.text.empty()) {
      if (named) {
        wrong(argument.value.span, "an argument without a name stands behind one with a name")
            .help("give it its name too: `name: value`");
        continue;
      }
      if (position < parameters.size())
        parameter = &parameters[position++];
      else
        wrong(argument.value.span,
              "`" + target.name + "` takes " +
                  (parameters.empty() ? "no" : std::to_string(parameters.size())) +
                  (parameters.size() == 1 ? " argument" : " arguments"))
            .label(target.span, "declared here");
    } else {
      named = true;
      const auto found = std::ranges::find(parameters, argument.name.text, &model::Field::name);
      if (found != parameters.end())
        parameter = &*found;
      else
        wrong(argument.name.span,
              "`" + target.name + "` has no parameter `" + argument.name.text + "`")
            .suggest(argument.name.text, names)
            .members(names)
            .label(target.span, "declared here");
    }
    if (parameter == nullptr) continue;
    if (std::ranges::find(result, parameter, &model::Argument::parameter) != result.end()) {
      wrong(argument.value.span, "`" + parameter->name + "` is given twice");
      continue;
    }
    const std::vector<ast::Name>& path = argument.value.path.parts;
    if (argument.value.kind == ast::ValueKind::path && path.size() == 2 && path[0].text == "env") {
      model::Value env;
      env.kind = model::ValueKind::env;
      env.text = path[1].text;
      result.push_back({parameter, std::move(env), argument.value.span});
      continue;
    }
    if (argument.value.kind == ast::ValueKind::path && path.size() == 1 && path[0].text == "env" &&
        !scope_.contains("env")) {
      wrong(argument.value.span, "`env` alone is no value")
          .help("say which key of the configuration: `env." + parameter->name + "`");
      result.push_back({parameter, model::Value(), argument.value.span});
      continue;
    }
    given_to_ = parameter;
    auto checked = value(argument.value, parameter->type);
    given_to_ = nullptr;
    result.push_back(
        {parameter, checked ? std::move(*checked) : model::Value(), argument.value.span});
  }
  return result;
}

void ModuleChecker::check_missing(const std::vector<model::Argument>& given,
                                  const std::vector<model::Field>& parameters,
                                  const model::Field* not_needed, const model::Declaration& target,
                                  const std::string& id, source::Span span) {
  if (target.broken) return;
  bool fallback_before = false;  // then it is told that it wants one too
  for (const model::Field& parameter : parameters) {
    fallback_before |= parameter.fallback.has_value();
    const bool is_given =
        std::ranges::find(given, &parameter, &model::Argument::parameter) != given.end();
    const bool is_repeated =
        &*std::ranges::find(parameters, parameter.name, &model::Field::name) != &parameter;
    if (is_given || is_repeated || fallback_before || &parameter == not_needed ||
        parameter.type.kind == model::TypeKind::invalid)
      continue;
    diagnostics_
        .emit(Id::child_argument, span, id, "the argument `" + parameter.name + "` is missing")
        .help("write `" + target.name + "(" + parameter.name + ": ...)`")
        .label(parameter.span, "declared here, without a default");
  }
}

}  // namespace otpc::sema
