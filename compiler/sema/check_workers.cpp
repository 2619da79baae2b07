// Event managers and their handlers, tasks, agents, registries.
#include <algorithm>
#include <functional>

#include "sema/module_checker.h"

namespace otpc::sema {

void ModuleChecker::check(const ast::Events& written, model::Events& made) {
  made.life = life(written, {});
  made.events = cases(written.events, made.name, {}, "event", made.removed);
  if (made.events.empty() && !written.broken)
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "events");
}

void ModuleChecker::check(const ast::Handler& written, model::Handler& made) {
  made.life = life(written, {});
  check_init(written.inits, "init();", made, made.parameters, made.init_throws);
  check_flag(written.terminate, "terminate", made.name, made.terminate);
  if (!written.trap_exit.empty()) {
    diagnostics_.emit(Id::misplaced_option, written.trap_exit.front(), "trap_exit", "servers")
        .help("a handler runs in its manager's process");
  }
  made.manager = find_as<model::Events>(written.manager, "events declaration");
  for (const ast::Name& each : written.on) {
    if (made.manager == nullptr || made.manager->broken) break;
    const auto event = std::ranges::find(made.manager->events, each.text, &model::Case::name);
    if (event == made.manager->events.end() &&
        is_told_as_removed(each.text, each.span, made.manager->removed))
      continue;
    if (event == made.manager->events.end()) {
      std::vector<std::string> names;
      for (const model::Case& known : made.manager->events) names.push_back(known.name);
      diagnostics_.emit(Id::unknown_event, each.span, made.manager->name, each.text)
          .suggest(each.text, names)
          .members(names)
          .label(made.manager->span, "declared here");
    } else if (std::ranges::find(made.on, &*event) != made.on.end()) {
      diagnostics_.emit(Id::duplicate_member, each.span, each.text, made.name)
          .label(std::ranges::find(written.on, each.text, &ast::Name::text)->span, "first here");
    } else {
      made.on.push_back(&*event);
    }
  }
  for (const ast::Message& each : written.messages) {
    if (is_removed(each, "message", made.removed)) continue;
    if (each.kind != ast::MessageKind::call) {
      diagnostics_
          .emit(Id::handler_message, each.name.span, each.name.text,
                each.kind == ast::MessageKind::cast   ? "a cast"
                : each.kind == ast::MessageKind::info ? "an info"
                                                      : "a `continue`")
          .help("what a handler is told without an answer is an event of its manager");
      continue;
    }
    const auto same = std::ranges::find(made.messages, each.name.text, &model::Message::name);
    const auto event = std::ranges::find(written.on, each.name.text, &ast::Name::text);
    if (same == made.messages.end() && event == written.on.end()) {
      made.messages.push_back(message(each, nullptr));
      refuse_annotations(each, made.messages.back(),
                         "delete it: a handler answers when it returns");
    } else {
      diagnostics_.emit(Id::duplicate_member, each.name.span, each.name.text, made.name)
          .label(same == made.messages.end() ? event->span : same->span, "first here");
    }
  }
  check_life(made.messages, made.removed, made.name);
  const bool idle = written.on.empty() && written.messages.empty();
  if (idle && !written.broken) {
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "events and no calls")
        .help("say which events it takes: `on " +
              (made.manager == nullptr || made.manager->events.empty()
                   ? std::string("event")
                   : made.manager->events.front().name) +
              ";`");
  }
}

void ModuleChecker::check(const ast::Task& written, model::Task& made) {
  made.life = life(written, {});
  made.parameters = fields(written.parameters, made.name, true);
  if (written.result && written.result->path.text() != "ok") made.result = type(*written.result);
  made.throws = thrown(written.throws);
  if (written.timeout) made.timeout_ns = timeout(*written.timeout, "task", made.name);
  if (written.every) {
    diagnostics_.emit(Id::misplaced_option, written.every_span, "every", "the infos of a server")
        .help("let a server start the task in a handler of `info ... every ...`");
  }
}

void ModuleChecker::check(const ast::Agent& written, model::Agent& made) {
  made.life = life(written, {});
  made.state = type(written.state);
}

void ModuleChecker::check(const ast::Registry& written, model::Registry& made) {
  made.life = life(written, {});
  const auto wrong = [&](source::Span span, const char* what) {
    return diagnostics_.emit(Id::registry_part, span, made.name, what);
  };
  const auto once = [&](const auto& said, const char* part, auto span_of) {
    if (said.size() > 1)
      diagnostics_.emit(Id::repeated_part, std::invoke(span_of, said[1]), part, made.name)
          .label(std::invoke(span_of, said[0]), "first here");
  };
  once(written.unique, "unique", std::identity());
  once(written.duplicate, "duplicate", std::identity());
  once(written.keys, "key", &ast::Type::span);
  once(written.names, "names", &ast::Path::span);
  made.unique = written.duplicate.empty();
  if (!written.unique.empty() && !written.duplicate.empty()) {
    wrong(written.duplicate.front(), "has keys that are both `unique` and `duplicate`")
        .label(written.unique.front(), "unique here");
  }
  if (written.keys.empty()) {
    if (!written.broken)
      wrong(made.span, "does not say what its keys are").help("add `key string;`, or another type");
  } else {
    made.key = type(written.keys.front());
    if (!can_be_key(made.key)) tell_bad_key(written.keys.front().span, made.key);
  }
  if (!written.names.empty()) made.names = find_as<model::Server>(written.names.front(), "server");
  if (written.partitions) {
    const auto partitions = number(*written.partitions, 1, 65'536);
    if (!partitions) bad_number(*written.partitions, "partitions", "1 to 65536");
    made.partitions = partitions.value_or(1);
  }
}

}  // namespace otpc::sema
