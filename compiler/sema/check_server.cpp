// Servers and their messages.
#include <algorithm>

#include <llvm/ADT/StringRef.h>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

const char* word(ast::MessageKind kind) {
  switch (kind) {
    case ast::MessageKind::call:
      return "call";
    case ast::MessageKind::cast:
      return "cast";
    case ast::MessageKind::info:
      return "info";
    case ast::MessageKind::continue_:
      return "continue";
  }
  return "";
}

std::string described(ast::MessageKind kind) {
  return (kind == ast::MessageKind::info ? "an " : "a ") + std::string(word(kind));
}

model::MessageKind kind_of(const ast::Message& written) {
  switch (written.kind) {
    case ast::MessageKind::call:
      return model::MessageKind::call;
    case ast::MessageKind::cast:
      return model::MessageKind::cast;
    case ast::MessageKind::continue_:
      return model::MessageKind::continue_;
    case ast::MessageKind::info:
      break;
  }
  return written.name.text == "down" ? model::MessageKind::down : model::MessageKind::info;
}

bool is_error(const model::Declaration& declaration) {
  const auto* choice = dynamic_cast<const model::Union*>(&declaration);
  return choice != nullptr && choice->is_error;
}

/// What a server may use: what runs for longer than it is asked for. A task runs once.
bool is_used(const model::Declaration& declaration) {
  return dynamic_cast<const model::Worker*>(&declaration) != nullptr &&
         declaration.kind != model::DeclarationKind::task &&
         declaration.kind != model::DeclarationKind::handler;
}

/// Prices.changed -> prices_changed
std::string topic_handler_name(const model::Topic& topic, const model::Case& event) {
  std::string name;
  for (const char letter : topic.name) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    if (upper && !name.empty() && name.back() != '_') name += '_';
    name += upper ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return name + "_" + event.name;
}

/// `lines: list<Line>; card: string?; `
std::string shape_of(const std::vector<model::Field>& fields) {
  std::string text;
  for (const model::Field& each : fields) text += each.name + ": " + each.type.text() + "; ";
  return text;
}

}  // namespace

void ModuleChecker::check(const ast::Protocol& written, model::Protocol& made) {
  made.broken |= diagnostics_.is_wrong_in(written.span);
  made.life = life(written, {});
  for (const ast::Message& each : written.messages) {
    if (is_removed(each, "message", made.removed)) continue;
    if (each.kind != ast::MessageKind::call && each.kind != ast::MessageKind::cast) {
      diagnostics_.emit(Id::protocol_message, each.name.span, each.name.text, described(each.kind));
      continue;
    }
    const auto same = std::ranges::find(made.messages, each.name.text, &model::Message::name);
    if (same != made.messages.end()) {
      diagnostics_.emit(Id::duplicate_member, each.name.span, each.name.text, made.name)
          .label(same->span, "first here");
      continue;
    }
    made.messages.push_back(message(each, nullptr));
    made.messages.back().protocol = &made;
  }
  check_life(made.messages, made.removed, made.name);
  if (made.messages.empty() && !written.broken)
    diagnostics_.emit(Id::empty_enum, made.span, made.name, "messages");
}

void ModuleChecker::check(const ast::Server& written, model::Server& made) {
  made.life = life(written, {"skip_expired"});
  made.skip_expired = has_annotation(written, "skip_expired");
  check_shared(written, made);
  check_init(written.inits, "init();", made, made.parameters, made.init_throws);
  if (written.state) made.state = fields(*written.state, "state", false);
  check_upgrades(written, made.state, made);
  for (const ast::Message& each : written.messages) {
    if (!is_removed(each, "message", made.removed)) {
      add_message(message(each, &made), made);
      continue;
    }
    for (const ast::Field& parameter : each.parameters)
      made.removed.back().parameters.push_back(parameter.name.text);
  }
  for (const ast::Path& protocol : written.protocols) take_protocol(protocol, made);
  for (const ast::Uses& each : written.uses) {
    if (each.kind.text == "topic") take_topic(each, made);
  }
  check_life(made.messages, made.removed, made.name);
  if (made.trap_exit) {
    model::Message exit;
    exit.kind = model::MessageKind::exit;
    exit.name = "exit";
    exit.span = made.span;
    made.messages.push_back(std::move(exit));
  }
}

void ModuleChecker::check_shared(const ast::ServerBase& written, model::Server& made) {
  made.messages_unclear = written.broken || diagnostics_.is_wrong_in(written.span);
  for (const ast::Uses& each : written.uses) check_uses(each, made);
  check_flag(written.terminate, "terminate", made.name, made.terminate);
  check_flag(written.trap_exit, "trap_exit", made.name, made.trap_exit);
  check_mailbox(written, made);
  if (written.hibernate) {
    made.hibernate_ns = written.hibernate->kind == ast::ValueKind::none && !written.hibernate->span
                            ? std::optional<std::uint64_t>(0)
                            : duration(*written.hibernate, false);
  }
}

void ModuleChecker::check_init(const std::vector<ast::Init>& written, const std::string& example,
                               model::Declaration& owner, std::vector<model::Field>& parameters,
                               const model::Union*& throws) {
  if (written.empty()) {
    if (owner.broken) return;  // the parser has said what is wrong
    diagnostics_.emit(Id::missing_init, owner.span, owner.name)
        .help("add `" + example + "`, or one with parameters");
    owner.broken = true;  // what it takes is not known
    return;
  }
  const ast::Init& init = written.front();
  if (written.size() > 1) {
    diagnostics_.emit(Id::repeated_part, written[1].span, "init", owner.name)
        .label(init.span, "first here");
  }
  check_annotations(init, {});
  parameters = fields(init.parameters, "init", true);
  throws = thrown(init.throws);
}

void ModuleChecker::check_flag(const std::vector<ast::Span>& written, const char* flag,
                               const std::string& owner, bool& made) {
  made = !written.empty();
  if (written.size() > 1) {
    diagnostics_.emit(Id::repeated_part, written[1], flag, owner)
        .label(written[0], "first here")
        .help("delete it")
        .fix(diagnostics::FixLevel::safe, written[1], "");
  }
}

void ModuleChecker::check_mailbox(const ast::ServerBase& written, model::Server& made) {
  if (written.mailboxes.empty()) return;
  const ast::Mailbox& mailbox = written.mailboxes.front();
  if (written.mailboxes.size() > 1)
    diagnostics_.emit(Id::repeated_part, written.mailboxes[1].span, "mailbox", made.name)
        .label(mailbox.span, "first here");
  model::Mailbox result;
  const auto limit = mailbox.limit ? number(*mailbox.limit, 1, 1'000'000'000) : std::nullopt;
  if (!limit) {
    if (mailbox.limit && is_told(*mailbox.limit)) return;
    auto builder =
        diagnostics_.emit(Id::bad_mailbox, mailbox.limit ? mailbox.limit->span : mailbox.span);
    builder.help("write how many messages may wait: `limit 10000`");
    if (mailbox.limit) label_constant(builder, integer_constant(*mailbox.limit));
    return;
  }
  result.limit = *limit;
  set_option(result.overflow, "overflow", mailbox.overflow,
             {"reject", "drop_newest", "drop_oldest", "block"});
  made.mailbox = result;
}

void ModuleChecker::check_upgrade(const ast::Upgrade& written, const ast::ServerBase& owner,
                                  bool has_state, std::map<std::uint64_t, source::Span>& said,
                                  model::Server& made) {
  const auto wrong = [&](const char* what) {
    return diagnostics_.emit(Id::bad_upgrade, written.span, what);
  };
  if (!written.from || version_unclear_) return;
  const auto from = number(*written.from, 1, highest_version);
  if (!from) {
    bad_number(*written.from, "version", "1 to " + std::to_string(highest_version));
    return;
  }
  if (*from >= version_now()) {
    diagnostics_
        .emit(Id::version_ahead, written.span, made.name, "upgrades from", *from, version_now())
        .help("say `module " + module_.name() + " version " + std::to_string(*from + 1) + ";`" +
              (version_now() == 1 ? std::string()
                                  : ", or correct the number to " +
                                        std::to_string(version_now() - 1) + " at most"));
    return;
  }
  const std::uint64_t version = *from;
  const auto old = std::ranges::find(owner.old_states, version, &ast::OldState::version);
  const auto [first, fresh] = said.emplace(version, written.span);
  if (!has_state) {
    wrong("has no `state` or `data` to change").label(made.span, "declared here").help("delete it");
  } else if (!fresh) {
    wrong("is said twice").label(first->second, "first here").help("delete one of them");
  } else if (owner.old_states_unclear) {
    return;  // the contract file is told to be bad
  } else if (old == owner.old_states.end()) {
    diagnostics_.emit(Id::unknown_old_state, written.span, made.name, version)
        .help(
            "run `otpc compat --update` on the schema of that version, and keep the file that it "
            "writes beside the schema");
  } else {
    made.upgrades.push_back({version, fields(old->fields, "state", false), written.span});
  }
}

void ModuleChecker::check_upgrades(const ast::ServerBase& written,
                                   const std::optional<std::vector<model::Field>>& state,
                                   model::Server& made) {
  const std::size_t errors_before = diagnostics_.error_count();
  std::map<std::uint64_t, source::Span> said;
  for (const ast::Upgrade& each : written.upgrades)
    check_upgrade(each, written, state.has_value(), said, made);
  std::ranges::sort(made.upgrades, {}, &model::Upgrade::from);
  if (!state || diagnostics_.error_count() != errors_before) return;
  // From the newest version back to the oldest that is upgraded: each change of the state is a
  // step.
  const std::uint64_t oldest = made.upgrades.empty() ? 0 : made.upgrades.front().from;
  std::string next = shape_of(*state);
  for (auto old = written.old_states.rbegin(); old != written.old_states.rend(); ++old) {
    if (old->version >= version_now() || old->version < oldest) continue;
    const std::string shape = shape_of(fields(old->fields, "state", false));
    const bool stepped = std::ranges::find(made.upgrades, old->version, &model::Upgrade::from) !=
                         made.upgrades.end();
    if (shape != next && !stepped) {
      diagnostics_.emit(Id::upgrade_gap, made.span, made.name, old->version)
          .help("add `upgrade from " + std::to_string(old->version) + ";`");
      return;
    }
    next = shape;
    if (made.upgrades.empty()) return;  // only what ran last has to be upgraded
  }
}

void ModuleChecker::check_uses(const ast::Uses& written, model::Server& made) {
  constexpr std::string_view kinds[] = {"call", "cast"};
  if (written.kind.text == "topic") {
    if (made.kind != model::DeclarationKind::server) {
      diagnostics_.emit(Id::misplaced_option, written.kind.span, "(topic)", "servers")
          .help("let a server take the topic and tell the state machine");
    }
    return;
  }
  const model::Declaration* found = find(written.server, "server", is_used);
  const bool is_topic = found != nullptr && found->kind == model::DeclarationKind::topic;
  if (!written.kind.text.empty() &&
      std::ranges::find(kinds, written.kind.text) == std::end(kinds)) {
    auto builder = diagnostics_.emit(Id::uses_kind, written.kind.span, written.kind.text,
                                     is_topic ? "a topic" : "a server");
    std::vector<std::string> words{"call", "cast"};
    if (is_topic) words = {"topic"};
    if (diagnostics::nearest(written.kind.text, words) != nullptr)
      builder.suggest(written.kind.text, words);
    else if (is_topic)
      builder.help("write `uses " + found->name + " (topic);`");
    else
      builder.help("write `(call)`, `(cast)`, or nothing for both; `(topic)` for a topic");
    if (is_topic) return;
  }
  if (found == nullptr) return;
  if (!is_used(*found)) {
    auto builder = diagnostics_.emit(Id::wrong_kind, written.server.span, written.server.text(),
                                     sema::described(*found), "a server");
    builder.label(found->span, "declared here");
    if (found->kind == model::DeclarationKind::topic)
      builder.help("write `uses " + found->name + " (topic);`");
    if (found->kind == model::DeclarationKind::task)
      builder.help("a task runs when it is asked for: nothing has to be started before");
    return;
  }
  const auto* target = dynamic_cast<const model::Worker*>(found);
  if (found->kind == model::DeclarationKind::registry && !written.kind.text.empty()) {
    diagnostics_
        .emit(Id::misplaced_option, written.kind.span, "(" + written.kind.text + ")",
              "what takes messages")
        .help("write `uses " + found->name + ";`: a registry is only looked into");
    return;
  }
  const auto other = std::ranges::find(made.uses, target, &model::Uses::target);
  if (other != made.uses.end()) {
    const bool same = other->kind == written.kind.text;
    diagnostics_.emit(Id::unused_uses, written.span, made.name, target->name)
        .help(same ? "delete one of them"
                   : "write `" + target->name +
                         "` once, without `(call)` or `(cast)`: it means both");
    if (same) return;
  }
  if (doubled_.contains(target->name)) return;
  made.uses.push_back(
      {target, dynamic_cast<const model::Server*>(target), written.kind.text, written.span});
}

void ModuleChecker::take_topic(const ast::Uses& written, model::Server& made) {
  const auto* topic = find_as<model::Topic>(
      written.server, "topic",
      "`(topic)` stands behind a topic alone: write `(call)`, `(cast)`, or nothing for both");
  if (topic == nullptr) return;
  if (std::ranges::find(made.topics, topic) != made.topics.end()) {
    diagnostics_.emit(Id::unused_uses, written.span, made.name, topic->name).help("delete one");
    return;
  }
  made.topics.push_back(topic);
  for (const model::Case& each : topic->cases) {
    model::Message message;
    message.kind = model::MessageKind::topic;
    message.name = topic_handler_name(*topic, each);
    message.doc = each.doc;
    message.span = written.span;
    message.parameters = topic->parameters;
    message.parameters.insert(message.parameters.end(), each.fields.begin(), each.fields.end());
    message.topic = topic;
    message.event = &each;
    add_message(std::move(message), made);
  }
}

void ModuleChecker::take_protocol(const ast::Path& written, model::Server& made) {
  const auto* protocol = find_as<model::Protocol>(written, "protocol");
  made.messages_unclear |= protocol == nullptr || protocol->broken;
  if (protocol == nullptr) return;
  if (std::ranges::find(made.protocols, protocol) != made.protocols.end()) {
    diagnostics_.emit(Id::protocol_twice, written.span, made.name, protocol->name);
    return;
  }
  made.protocols.push_back(protocol);
  for (const model::Message& each : protocol->messages) {
    model::Message inherited = each;
    inherited.span = written.span;
    add_message(std::move(inherited), made);
  }
}

void ModuleChecker::add_message(model::Message message, model::Server& made) {
  const auto same = std::ranges::find(made.messages, message.name, &model::Message::name);
  if (same == made.messages.end()) {
    made.messages.push_back(std::move(message));
    return;
  }
  if (message.protocol != nullptr) {
    tell_inherited_twice(message, *same, made);
    return;
  }
  if (message.kind == model::MessageKind::down)
    diagnostics_.emit(Id::overlapping_infos, message.span, message.name, same->name)
        .label(same->span, "first here");
  else
    diagnostics_.emit(Id::duplicate_member, message.span, message.name, made.name)
        .label(same->span, "first here");
  made.messages_unclear |= message.kind != same->kind;
}

/// A message of a protocol has the name of one that the server has already.
void ModuleChecker::tell_inherited_twice(const model::Message& message, const model::Message& other,
                                         const model::Server& made) {
  const auto brought_by = [&](diagnostics::Builder builder, const model::Protocol& protocol) {
    const auto found = std::ranges::find(protocol.messages, message.name, &model::Message::name);
    builder.label(found->span, "`" + protocol.name + "` brings it");
  };
  const bool own = other.protocol == nullptr;
  auto builder = diagnostics_.emit(Id::duplicate_member, own ? other.span : message.span,
                                   message.name, made.name);
  brought_by(builder, *message.protocol);
  if (!own) brought_by(builder, *other.protocol);
  builder.help(own ? "delete it, or call it otherwise: a server has all messages of its protocols"
                   : "call one of them otherwise: a server has all messages of its protocols");
}

const model::Union* ModuleChecker::thrown(const ast::Path& written) {
  if (written.parts.size() == 1 && ast::is_built_in_type(written.text()) &&
      !scope_.contains(written.text())) {
    diagnostics_.emit(Id::throws_no_error, written.span, written.text(), "a type of the language")
        .help(
            "declare an error, `error Failed { reason(text: string); }`, and write `throws "
            "Failed`");
    return nullptr;
  }
  model::Declaration* found = find(written, "error", is_error);
  if (found == nullptr) return nullptr;
  const auto* choice = dynamic_cast<const model::Union*>(found);
  if (is_error(*found)) return choice;
  diagnostics_.emit(Id::throws_no_error, written.span, found->name, sema::described(*found))
      .help("declare an error of another name, such as `error " + found->name +
            "Failed { reason(text: string); }`");
  return nullptr;
}

/// `server` is whose message it is; null for what is no server.
model::Message ModuleChecker::message(const ast::Message& written, const model::Server* server) {
  model::Message made;
  made.kind = kind_of(written);
  made.name = written.name.text;
  made.doc = written.doc;
  made.span = written.name.span;
  check_reserved(written.name);
  made.life = life(written, {"deferred", "blocking", "priority"});
  if (written.kind == ast::MessageKind::info && written.name.text == "exit") {
    auto builder = diagnostics_.emit(Id::exit_name, written.name.span);
    if (server != nullptr && server->trap_exit)
      builder.help("delete this line").fix(diagnostics::FixLevel::safe, written.span, "");
    else
      builder.help("write `trap_exit;` instead")
          .fix(diagnostics::FixLevel::maybe, written.span, "trap_exit;");
  }
  if (made.kind == model::MessageKind::down) {
    // info down(payment: down<Payment>): the type says whose end it is.
    for (const ast::Field& parameter : written.parameters) {
      if (parameter.type.path.text() != "down" || parameter.type.arguments.size() != 1) {
        diagnostics_.emit(Id::wrong_type_arguments, parameter.type.span, "info down",
                          "one parameter of type `down<Server>`");
        continue;
      }
      model::Field made_parameter;
      made_parameter.type.kind = model::TypeKind::pid;
      made_parameter.type.user =
          find_as<model::Server>(parameter.type.arguments.front().path, "server");
      made_parameter.name = parameter.name.text;
      made_parameter.span = parameter.name.span;
      made.parameters.push_back(std::move(made_parameter));
    }
    if (made.parameters.size() > 1) {
      diagnostics_.emit(Id::wrong_type_arguments, written.name.span, "info down",
                        "one parameter of type `down<Server>`");
    }
  } else {
    made.parameters = fields(written.parameters, made.name, true);
  }
  check_message(written, made);
  return made;
}

std::uint64_t ModuleChecker::timeout(const ast::Value& written, const char* kind,
                                     const std::string& owner) {
  const auto result = duration(written, true);
  if (result == model::infinite) {
    diagnostics_.emit(Id::infinite_timeout, written.span, kind, owner)
        .help("what hangs then hangs who waits for it; give the longest time that makes sense");
  } else if (result == 0) {
    diagnostics_.emit(Id::value_range, written.span, shown(written), "timeout",
                      "more than 0s, or `infinity`");
  }
  return result.value_or(model::Message::no_timeout);
}

bool ModuleChecker::check_priority(const ast::Annotation& written, const ast::Message& message) {
  if (message.kind == ast::MessageKind::continue_)
    diagnostics_.emit(Id::misplaced_option, written.span, "@priority", "calls, casts and infos")
        .help("delete it: what a server tells itself comes next anyway");
  return option_of(written, {"high"}) == "high";
}

/// The word that is the only argument of an annotation, one of these; empty after a complaint.
std::string ModuleChecker::option_of(const ast::Annotation& written,
                                     const std::vector<std::string>& words) {
  const std::string& name = written.name.text;
  const ast::Value* given =
      written.arguments.size() == 1 ? &written.arguments.front().value : nullptr;
  if (given == nullptr || given->kind != ast::ValueKind::path) {
    diagnostics_.emit(Id::annotation_arguments, written.span, name,
                      diagnostics::listed(words, "or"));
    return {};
  }
  const std::string word = given->path.text();
  if (std::ranges::find(words, word) != words.end()) return word;
  report_bad_option(given->span, ("@" + name).c_str(), word, words);
  return {};
}

void ModuleChecker::check_message(const ast::Message& written, model::Message& made) {
  const bool is_call = written.kind == ast::MessageKind::call;
  made.deferred = has_annotation(written, "deferred");
  made.blocking = has_annotation(written, "blocking");
  for (const ast::Annotation& each : written.annotations) {
    if (each.name.text == "priority") made.priority = check_priority(each, written);
  }
  const std::string instead =
      written.kind == ast::MessageKind::cast ? "delete it, or make this a `call`" : "delete it";
  if (made.deferred && !is_call)
    diagnostics_.emit(Id::deferred_misuse, made.span, made.name, described(written.kind))
        .help(instead);
  if (made.blocking && !is_call)
    diagnostics_.emit(Id::blocking_misuse, made.span, made.name, described(written.kind))
        .help(instead);
  if (is_call) {
    if (written.result && written.result->path.text() != "ok") made.result = type(*written.result);
    made.throws = thrown(written.throws);
    if (written.timeout) made.timeout_ns = timeout(*written.timeout, "call", made.name);
  } else {
    const auto cannot = [&](source::Span span, const char* what) {
      diagnostics_.emit(Id::cast_with_reply, span, word(written.kind), made.name, what)
          .help("make it a `call`, or leave that out");
    };
    if (written.result) cannot(written.result->span, "return a value");
    if (!written.throws.parts.empty()) cannot(written.throws.span, "throw");
    if (written.timeout) cannot(written.timeout->span, "have a time-out");
  }
  if (!written.every) return;
  if (written.kind != ast::MessageKind::info || made.kind == model::MessageKind::down) {
    diagnostics_.emit(Id::misplaced_option, written.every_span, "every",
                      "infos without parameters");
    return;
  }
  made.every_ns = duration(*written.every, false).value_or(1);
  if (made.every_ns == 0) {
    diagnostics_.emit(Id::bad_period, written.every->span)
        .help("write a duration of more than 0s, such as `every 60s`");
    made.every_ns = 1;
  }
  if (!made.parameters.empty())
    diagnostics_.emit(Id::every_with_parameters, made.parameters.front().span, made.name)
        .help("leave the parameters out: what it needs stands in the `state`");
}

}  // namespace otpc::sema
