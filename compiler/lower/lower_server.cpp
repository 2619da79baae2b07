// Servers: a typed client handle, an abstract class, and a message type for each message.

#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

using model::Message;
using model::MessageKind;

std::string tried_type(const Message& message) {
  const std::string plain = message.result ? cpp_type(*message.result) : "void";
  const std::string error = message.throws == nullptr
                                ? "::otp::CallError"
                                : "::otp::CallErrorOr<" + qualified_name(*message.throws) + ">";
  return "::std::expected<" + plain + ", " + error + ">";
}

/// The members of a message type: `otp_0`, `otp_1`..., which no name of a schema can be.
struct Members {
  Array fields;
  std::string constructor_parameters;
  std::string initializers;
  std::string moved;
};

Members members_of(const Message& message) {
  Members result;
  for (std::size_t i = 0; i < message.parameters.size(); ++i) {
    const std::string type = cpp_type(message.parameters[i].type);
    const std::string name = "otp_" + std::to_string(i);
    const std::string given = "otp_given_" + std::to_string(i);
    const char* comma = i == 0 ? "" : ", ";
    result.fields.push_back(Object{{"type", type}, {"name", name}});
    result.constructor_parameters += comma + type + " " + given;
    result.initializers += comma + name + "(::std::move(" + given + "))";
    result.moved += "::std::move(otp_message." + name + "), ";
  }
  return result;
}

std::string topic_arguments(const Message& message);

// ---- For test doubles ----

/// Where a fake keeps what a test says: `on_add`, or beside a message or a parameter of that name
/// `on_add_`.
class Hooks {
 public:
  explicit Hooks(const model::Server& server) {
    for (const Message& each : server.messages) {
      names_.insert(cpp_name(each, server));
      taken_.insert("on_" + cpp_name(each, server));
      for (const model::Field& parameter : each.parameters)
        names_.insert(cpp_name(parameter.name, Place::message));
    }
    taken_.insert(names_.begin(), names_.end());
  }
  std::string of(const std::string& name) {
    std::string hook = "on_" + name;
    if (!names_.contains(hook)) return hook;
    while (!taken_.insert(hook).second) hook += '_';
    return hook;
  }

 private:
  std::set<std::string> names_;  ///< in the class
  std::set<std::string> taken_;
};
std::string double_types(const Message& message, bool is_call) {
  if (message.kind == MessageKind::down) return "::otp::Down";
  if (message.kind == MessageKind::exit) return "::otp::Exit";
  std::string text;
  for (const model::Field& each : message.parameters)
    text += (text.empty() ? "" : ", ") + cpp_type(each.type);
  return is_call && !text.empty() ? text + ", " : text;
}
std::string double_parameters(const Message& message, const std::string& declared) {
  if (message.kind == MessageKind::down) return "::otp::Down otp_down";
  if (message.kind == MessageKind::exit) return "::otp::Exit otp_exit";
  return declared;
}
std::string double_arguments(const Message& message, const Parameters& parameters) {
  if (message.kind == MessageKind::down) return "::std::move(otp_down)";
  if (message.kind == MessageKind::exit) return "::std::move(otp_exit)";
  return parameters.forwarded.empty() ? "" : parameters.forwarded.substr(2);
}
/// An expression: the arguments as text.
std::string arguments_text(const Message& message) {
  std::string text;
  if (message.kind != MessageKind::down && message.kind != MessageKind::exit) {
    for (const model::Field& each : message.parameters) {
      text += (text.empty() ? "" : " + ") + std::string("::otp::gen::field_text(") +
              cpp_string(each.name) + ", " + cpp_name(each.name, Place::message) + ", " +
              (text.empty() ? "true" : "false") + ")";
    }
  }
  return text.empty() ? "\"\"" : text;
}

/// What differs between a message of a server, of a protocol, and of a state machine.
struct Owner {
  const model::Declaration& declaration;
  bool machine = false;
  std::set<Part> circle{};
};

/// Without the comma and the blank at its end.
std::string without_last_comma(std::string list) {
  if (!list.empty()) list.resize(list.size() - 2);
  return list;
}

void add_names(const Owner& owner, const Message& message, Object& lowered) {
  const std::string& server = owner.declaration.name;
  // A message of a protocol is that protocol's own type, and is sent through its client.
  const std::string protocol = message.protocol == nullptr || message.protocol == &owner.declaration
                                   ? std::string()
                                   : qualified_name(*message.protocol);
  lowered["doc"] = cpp_comment(message.doc, message.life, "  ");
  lowered["deprecated"] = cpp_deprecated(message.life);
  lowered["name"] = cpp_name(message, owner.declaration);
  lowered["raw"] = message.name;
  lowered["client"] = cpp_name(owner.declaration);
  lowered["server_class"] = server + (message.protocol == nullptr ? "Server" : "Protocol");
  lowered["server_raw"] = server;
  lowered["own"] = protocol.empty();
  lowered["via"] = protocol;
  lowered["receiver"] = message.protocol == nullptr
                            ? "::otp::gen::server_as<" + server + "Server>(otp_server)"
                            : "::otp::gen::protocol_as<" + server + "Protocol>(otp_server)";
  lowered["prefix"] = owner.machine ? "statem_" : "";
  lowered["label"] = cpp_string(server + "." + message.name);
  lowered["type"] = cpp_message_type(message, owner.declaration);
  lowered["text"] = cpp_string(message.name);
  lowered["server_label"] = cpp_string(server);
  lowered["typed"] = protocol.empty() && message.kind != MessageKind::down &&
                     message.kind != MessageKind::exit && message.kind != MessageKind::topic;
}

void add_kind(const Message& message, Object& lowered) {
  lowered["call"] = message.kind == MessageKind::call;
  lowered["cast"] = message.kind == MessageKind::cast;
  lowered["info"] = message.kind == MessageKind::info;
  lowered["down"] = message.kind == MessageKind::down;
  lowered["exit"] = message.kind == MessageKind::exit;
  lowered["continue"] = message.kind == MessageKind::continue_;
  lowered["sent"] = message.kind == MessageKind::cast || message.kind == MessageKind::info;
  lowered["handled"] = message.kind != MessageKind::call;
  lowered["priority"] = message.priority;
  lowered["deferred"] = message.deferred;
  lowered["blocking"] = message.blocking;
  lowered["every"] = message.every_ns != 0;
  lowered["period"] = cpp_duration(message.every_ns);
  lowered["topic"] = message.kind == MessageKind::topic;
  lowered["topic_type"] = message.topic == nullptr ? "" : qualified_name(*message.topic);
  lowered["topic_case"] =
      message.event == nullptr ? "" : cpp_name(message.event->name, Place::topic_case);
  lowered["topic_arguments"] = topic_arguments(message);
}

void add_result(const Message& message, Object& lowered) {
  const std::string result = result_type(message);
  lowered["result"] = result;
  lowered["answer"] = message.result || message.throws != nullptr ? result : "::std::monostate";
  lowered["tried"] = tried_type(message);
  lowered["reply"] = message.deferred ? "::otp::DeferredReply" : "::otp::Reply";
  lowered["base"] = message.kind == MessageKind::call ? "::otp::gen::CallOf<" + result + ">"
                                                      : std::string("::otp::gen::CastBase");
  lowered["timeout"] = message.timeout_ns == model::infinite
                           ? "::otp::infinity"
                           : "::otp::Timeout(" + cpp_duration(message.timeout_ns) + ")";
}

void add_parameters(const Owner& owner, const Message& message, Object& lowered) {
  const bool is_call = message.kind == MessageKind::call;
  const Parameters parameters =
      lower_parameters(message.parameters, without_default(owner.circle, message));
  const std::string continued = parameters.forwarded.empty() ? "" : parameters.forwarded.substr(2);
  // Behind those of a call stands its `From`.
  const std::string handler_parameters =
      is_call ? parameters.plain : without_last_comma(parameters.plain);
  Members members = members_of(message);
  lowered["continued"] = continued;
  lowered["declared"] = parameters.declared;
  lowered["plain"] = parameters.plain;
  lowered["client_parameters"] = without_last_comma(parameters.declared);
  lowered["client_plain"] = without_last_comma(parameters.plain);
  lowered["handler_parameters"] = handler_parameters;
  lowered["forwarded"] = parameters.forwarded;
  lowered["via_arguments"] = continued.empty() ? "" : continued + ", ";
  lowered["event_fields"] = lower_fields(message.parameters);
  lowered["handler_types"] = double_types(message, is_call);
  lowered["double_parameters"] = double_parameters(message, handler_parameters);
  lowered["double_arguments"] = double_arguments(message, parameters);
  lowered["arguments_text"] = arguments_text(message);
  lowered["fields"] = std::move(members.fields);
  lowered["has_fields"] = !message.parameters.empty();
  lowered["constructor_parameters"] = members.constructor_parameters;
  lowered["initializers"] = members.initializers;
  lowered["moved"] = is_call ? members.moved : without_last_comma(members.moved);
}

Object lower_message(const Owner& owner, const Message& message) {
  Object lowered;
  add_names(owner, message, lowered);
  add_kind(message, lowered);
  add_result(message, lowered);
  add_parameters(owner, message, lowered);
  return lowered;
}

/// The fields of what was published, as the handler's arguments.
std::string topic_arguments(const Message& message) {
  std::string text;
  if (message.topic == nullptr) return text;
  const std::size_t keys = message.topic->parameters.size();
  for (std::size_t i = 0; i < message.parameters.size(); ++i) {
    const bool key = i < keys;
    text += (i == 0 ? "" : ", ") + std::string(key ? "otp_message->" : "otp_case->") +
            cpp_name(message.parameters[i].name, key ? Place::topic_key : Place::plain);
  }
  return text;
}

/// One step for each `upgrade from`, and how what is old goes through all that follow.
Array lower_upgrades(const model::Server& server, bool machine) {
  const char* what = machine ? "Data" : "State";
  const auto& upgrades = server.upgrades;
  Array result;
  for (std::size_t i = 0; i < upgrades.size(); ++i) {
    const auto version = [&](std::size_t index) { return std::to_string(upgrades[index].from); };
    const bool last = i + 1 == upgrades.size();
    std::string steps = "*otp_old";
    for (std::size_t step = i; step < upgrades.size(); ++step)
      steps = "upgrade_from_" + version(step) + "(" + steps + ")";
    Object old = lower_record(what + ("V" + version(i)), upgrades[i].state);
    old["doc"] = "/// What version " + version(i) + " kept.\n  ";
    result.push_back(Object{{"from", version(i)},
                            {"steps", steps},
                            {"kept", machine ? "data" : "state"},
                            {"old_name", what + ("V" + version(i))},
                            {"becomes", last ? server.name + what : what + ("V" + version(i + 1))},
                            {"old", std::move(old)}});
  }
  return result;
}

}  // namespace

std::string result_type(const Message& message) {
  const std::string plain = message.result ? cpp_type(*message.result) : "void";
  return message.throws == nullptr
             ? plain
             : "::std::expected<" + plain + ", " + qualified_name(*message.throws) + ">";
}

Object lower_protocol(const model::Protocol& declaration) {
  Array messages;
  for (const Message& message : declaration.messages)
    messages.push_back(lower_message({declaration}, message));
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"deprecated", cpp_deprecated(declaration.life)},
                {"name", cpp_name(declaration)},
                {"raw", declaration.name},
                {"label", cpp_string(declaration.module->name() + "." + declaration.name)},
                {"messages", std::move(messages)}};
}

Object lower_call(const model::Declaration& owner, const model::Message& message) {
  return lower_message({owner}, message);
}

Object lower_client(const model::Server& declaration, bool machine) {
  const Owner owner{declaration, machine, circle_of(declaration)};
  Hooks hooks(declaration);
  Array messages;
  bool every = false;
  bool down = false;
  for (const Message& message : declaration.messages) {
    Object lowered = lower_message(owner, message);
    lowered["hook"] = hooks.of(cpp_name(message, declaration));
    messages.push_back(std::move(lowered));
    every = every || message.every_ns != 0;
    down = down || message.kind == MessageKind::down;
  }
  bool all_defaults = true;
  for (const model::Field& parameter : declaration.parameters)
    all_defaults = all_defaults && parameter.fallback.has_value();
  Array protocols;
  for (const model::Protocol* each : declaration.protocols)
    protocols.push_back(qualified_name(*each));
  const auto mailbox = declaration.mailbox.value_or(model::Mailbox{});
  const std::vector<model::Field> none;
  return Object{
      {"doc", cpp_comment(declaration.doc, declaration.life, "")},
      {"deprecated", cpp_deprecated(declaration.life)},
      {"name", cpp_name(declaration)},
      {"raw", declaration.name},
      {"label", cpp_string(declaration.module->name() + "." + declaration.name)},
      {"args", lower_record(declaration.name + "Args", declaration.parameters)},
      {"all_defaults", all_defaults},
      {"has_parameters", !declaration.parameters.empty()},
      {"has_state", declaration.state.has_value()},
      {"state", lower_record(declaration.name + "State", declaration.state.value_or(none))},
      {"terminate", declaration.terminate},
      {"init_hook", hooks.of("init")},
      {"terminate_hook", hooks.of("terminate")},
      {"skip_expired", declaration.skip_expired},
      {"trap_exit", declaration.trap_exit},
      {"statem", machine},
      {"hibernates", declaration.hibernate_ns.has_value()},
      {"hibernate_after", declaration.hibernate_ns ? cpp_duration(*declaration.hibernate_ns)
                                                   : "::otp::Duration::max()"},
      {"bounded", declaration.mailbox.has_value()},
      {"mailbox_limit", std::to_string(mailbox.limit)},
      {"mailbox_overflow", model::word(mailbox.overflow)},
      {"every", every},
      {"down", down},
      {"protocols", std::move(protocols)},
      {"has_protocols", !declaration.protocols.empty()},
      {"has_topics", !declaration.topics.empty()},
      {"upgrades", lower_upgrades(declaration, machine)},
      {"has_upgrades", !declaration.upgrades.empty()},
      {"messages", std::move(messages)}};
}

Object lower_server(const model::Server& declaration) { return lower_client(declaration, false); }

}  // namespace otpc::lower
