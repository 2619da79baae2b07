// Servers and their messages.
#include <algorithm>

#include <llvm/ADT/StringRef.h>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

const char* described(ast::MessageKind kind) {
  switch (kind) {
    case ast::MessageKind::call:
      return "a call";
    case ast::MessageKind::cast:
      return "a cast";
    case ast::MessageKind::info:
      return "an info";
    case ast::MessageKind::continue_:
      return "a continue";
  }
  return "";
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

}  // namespace

void ModuleChecker::check(const ast::Server& written, model::Server& made) {
  check_annotations(written, {});
  for (const ast::Path& protocol : written.protocols)
    diagnostics_.emit(Id::not_supported, protocol.span, "implementing a protocol");
  for (const ast::Unsupported& each : written.unsupported)
    diagnostics_.emit(Id::not_supported, each.span, each.what);
  for (const ast::Uses& each : written.uses) {
    constexpr std::string_view kinds[] = {"call", "cast"};
    if (each.kind.text == "topic") {
      diagnostics_.emit(Id::not_supported, each.span, "using a topic");
      find(each.server, "topic");
      continue;
    }
    if (!each.kind.text.empty() && std::ranges::find(kinds, each.kind.text) == std::end(kinds)) {
      diagnostics_.emit(Id::uses_kind, each.kind.span, each.kind.text)
          .help("write `(call)`, `(cast)`, or nothing for both");
    }
    const auto* server = find_as<model::Server>(each.server, "server");
    if (server == nullptr) continue;
    const bool twice =
        std::ranges::any_of(made.uses, [&](const auto& other) { return other.server == server; });
    if (twice) diagnostics_.emit(Id::unused_uses, each.span, made.name, server->name);
    made.uses.push_back({server, each.kind.text, each.span});
  }
  if (written.inits.empty() && written.broken) {
    // The parser has said what is wrong.
  } else if (written.inits.empty()) {
    diagnostics_.emit(Id::missing_init, made.span, made.name)
        .help("add `init();`, or `init(parameter: type);`");
  } else {
    const ast::Init& init = written.inits.front();
    if (written.inits.size() > 1) {
      diagnostics_.emit(Id::repeated_part, written.inits[1].span, "init", made.name)
          .label(init.span, "first here");
    }
    check_annotations(init, {});
    made.parameters = fields(init.parameters, "init", true);
    made.init_throws = thrown(init.throws);
  }
  if (written.state) made.state = fields(*written.state, "state", false);
  made.terminate = !written.terminate.empty();
  made.trap_exit = !written.trap_exit.empty();
  if (written.terminate.size() > 1)
    diagnostics_.emit(Id::repeated_part, written.terminate[1], "terminate", made.name);
  if (written.trap_exit.size() > 1)
    diagnostics_.emit(Id::repeated_part, written.trap_exit[1], "trap_exit", made.name);
  if (written.hibernate) {
    made.hibernate_ns = written.hibernate->kind == ast::ValueKind::none && !written.hibernate->span
                            ? std::optional<std::uint64_t>(0)
                            : duration(*written.hibernate, false);
  }
  for (const ast::Message& each : written.messages) {
    const auto same = std::ranges::find(made.messages, each.name.text, &model::Message::name);
    if (same != made.messages.end()) {
      if (each.name.text == "down")
        diagnostics_.emit(Id::overlapping_infos, each.name.span, each.name.text, same->name)
            .label(same->span, "first here");
      else
        diagnostics_.emit(Id::duplicate_member, each.name.span, each.name.text, made.name)
            .label(same->span, "first here");
      continue;
    }
    made.messages.push_back(message(each, made));
  }
  if (made.trap_exit) {
    model::Message exit;
    exit.kind = model::MessageKind::exit;
    exit.name = "exit";
    exit.span = made.span;
    made.messages.push_back(std::move(exit));
  }
}

const model::Union* ModuleChecker::thrown(const ast::Path& written) {
  model::Declaration* found = find(written, "error");
  if (found == nullptr || found->kind == model::DeclarationKind::unsupported) return nullptr;
  const auto* choice = dynamic_cast<const model::Union*>(found);
  if (choice != nullptr && choice->is_error) return choice;
  diagnostics_
      .emit(Id::throws_no_error, written.span, found->name,
            choice != nullptr ? "a union" : sema::described(found->kind))
      .help("declare it with `error " + found->name + " { ... }`");
  return nullptr;
}

model::Message ModuleChecker::message(const ast::Message& written, const model::Server& server) {
  model::Message made;
  made.kind = kind_of(written);
  made.name = written.name.text;
  made.doc = written.doc;
  made.span = written.name.span;
  check_reserved(written.name);
  check_annotations(written, {"deferred", "blocking"});
  if (written.kind == ast::MessageKind::info && written.name.text == "exit") {
    diagnostics_.emit(Id::exit_name, written.name.span)
        .help(server.trap_exit ? "delete this line" : "write `trap_exit;` instead");
  }
  if (made.kind == model::MessageKind::down) {
    // info down(payment: down<Payment>): the type says whose end it is.
    for (const ast::Field& parameter : written.parameters) {
      if (parameter.type.path.text() != "down" || parameter.type.arguments.size() != 1) {
        diagnostics_.emit(Id::wrong_type_arguments, parameter.type.span, "info down",
                          "one parameter of type `down<Server>`");
        continue;
      }
      find_as<model::Server>(parameter.type.arguments.front().path, "server");
      model::Field made_parameter;
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

void ModuleChecker::check_message(const ast::Message& written, model::Message& made) {
  const bool is_call = written.kind == ast::MessageKind::call;
  made.deferred = has_annotation(written, "deferred");
  made.blocking = has_annotation(written, "blocking");
  if (made.deferred && !is_call)
    diagnostics_.emit(Id::deferred_misuse, made.span, made.name, described(written.kind));
  if (made.blocking && !is_call)
    diagnostics_.emit(Id::blocking_misuse, made.span, made.name, described(written.kind));
  if (is_call) {
    if (written.result && written.result->path.text() != "ok") made.result = type(*written.result);
    made.throws = thrown(written.throws);
    if (written.timeout) {
      made.timeout_ns = duration(*written.timeout, true).value_or(made.timeout_ns);
      if (made.timeout_ns == model::infinite) {
        diagnostics_.emit(Id::infinite_timeout, written.timeout->span, made.name)
            .help(
                "a server that hangs then hangs its callers; give the longest time that makes "
                "sense");
      }
    }
  } else {
    const auto cannot = [&](source::Span span, const char* what) {
      diagnostics_.emit(Id::cast_with_reply, span, made.name, what)
          .help("make it a `call`, or leave that out");
    };
    if (written.result) cannot(written.result->span, "return a value");
    if (!written.throws.parts.empty()) cannot(written.throws.span, "throw");
    if (written.timeout) cannot(written.timeout->span, "have a time-out");
  }
  if (!written.every) return;
  if (written.kind != ast::MessageKind::info || made.kind == model::MessageKind::down) {
    diagnostics_.emit(Id::cast_with_reply, written.every->span, made.name, "be sent by a timer")
        .help("`every` is for an `info`");
    return;
  }
  made.every_ns = duration(*written.every, false).value_or(1);
  if (made.every_ns == 0) {
    diagnostics_.emit(Id::bad_period, written.every->span);
    made.every_ns = 1;
  }
  if (!made.parameters.empty())
    diagnostics_.emit(Id::every_with_parameters, made.parameters.front().span, made.name);
}

}  // namespace otpc::sema
