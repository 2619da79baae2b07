// Servers: a typed client handle, an abstract class, and a message type for each message.
#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

using model::Message;
using model::MessageKind;

/// The C++ type a call gives: its result, or a std::expected where it throws.
std::string result_type(const Message& message) {
  const std::string plain = message.result ? cpp_type(*message.result) : "void";
  return message.throws == nullptr
             ? plain
             : "::std::expected<" + plain + ", " + qualified_name(*message.throws) + ">";
}

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

Object lower_message(const model::Server& server, const Message& message) {
  const Parameters parameters = lower_parameters(message.parameters);
  Members members = members_of(message);
  const bool is_call = message.kind == MessageKind::call;
  std::string moved = members.moved;
  if (!is_call && !moved.empty()) moved.resize(moved.size() - 2);
  std::string handler_parameters = parameters.plain;
  if (!is_call && !handler_parameters.empty())
    handler_parameters.resize(handler_parameters.size() - 2);
  std::string client_parameters = parameters.declared;
  if (!client_parameters.empty()) client_parameters.resize(client_parameters.size() - 2);
  std::string client_plain = parameters.plain;
  if (!client_plain.empty()) client_plain.resize(client_plain.size() - 2);
  const std::string timeout = message.timeout_ns == model::infinite
                                  ? "::otp::infinity"
                                  : "::otp::Timeout(" + cpp_duration(message.timeout_ns) + ")";
  return Object{{"doc", cpp_comment(message.doc, "  ")},
                {"name", cpp_name(message.name, Place::message)},
                {"raw", message.name},
                {"client", cpp_name(server.name)},
                {"server_class", server.name + "Server"},
                {"server_raw", server.name},
                {"continued", parameters.forwarded.empty() ? "" : parameters.forwarded.substr(2)},
                {"label", cpp_string(server.name + "." + message.name)},
                {"type", server.name + "_" + message.name},
                {"call", is_call},
                {"cast", message.kind == MessageKind::cast},
                {"info", message.kind == MessageKind::info},
                {"down", message.kind == MessageKind::down},
                {"exit", message.kind == MessageKind::exit},
                {"continue", message.kind == MessageKind::continue_},
                {"typed", message.kind != MessageKind::down && message.kind != MessageKind::exit},
                {"sent", message.kind == MessageKind::cast || message.kind == MessageKind::info},
                {"deferred", message.deferred},
                {"blocking", message.blocking},
                {"result", result_type(message)},
                {"tried", tried_type(message)},
                {"reply", message.deferred ? "::otp::DeferredReply" : "::otp::Reply"},
                {"base", is_call ? "::otp::gen::CallOf<" + result_type(message) + ">"
                                 : std::string("::otp::gen::CastBase")},
                {"timeout", timeout},
                {"declared", parameters.declared},
                {"plain", parameters.plain},
                {"client_parameters", client_parameters},
                {"client_plain", client_plain},
                {"handler_parameters", handler_parameters},
                {"forwarded", parameters.forwarded},
                {"fields", std::move(members.fields)},
                {"has_fields", !message.parameters.empty()},
                {"constructor_parameters", members.constructor_parameters},
                {"initializers", members.initializers},
                {"moved", moved},
                {"every", message.every_ns != 0},
                {"period", cpp_duration(message.every_ns)}};
}

}  // namespace

Object lower_server(const model::Server& declaration) {
  Array messages;
  bool every = false;
  bool down = false;
  for (const Message& message : declaration.messages) {
    messages.push_back(lower_message(declaration, message));
    every = every || message.every_ns != 0;
    down = down || message.kind == MessageKind::down;
  }
  bool all_defaults = true;
  for (const model::Field& parameter : declaration.parameters)
    all_defaults = all_defaults && parameter.fallback.has_value();
  const std::string name = cpp_name(declaration.name);
  return Object{
      {"doc", cpp_comment(declaration.doc, "")},
      {"name", name},
      {"raw", declaration.name},
      {"label", cpp_string(declaration.module->name() + "." + declaration.name)},
      {"args", Object{{"name", declaration.name + "Args"},
                      {"doc", ""},
                      {"fields", lower_fields(declaration.parameters)}}},
      {"args_default", all_defaults ? " = {}" : ""},
      {"throws_init", declaration.init_throws == nullptr
                          ? std::string()
                          : qualified_name(*declaration.init_throws)},
      {"has_parameters", !declaration.parameters.empty()},
      {"has_state", declaration.state.has_value()},
      {"state", Object{{"name", declaration.name + "State"},
                       {"doc", ""},
                       {"fields", declaration.state ? lower_fields(*declaration.state) : Array()}}},
      {"terminate", declaration.terminate},
      {"trap_exit", declaration.trap_exit},
      {"hibernate_after", declaration.hibernate_ns ? cpp_duration(*declaration.hibernate_ns)
                                                   : "::otp::Duration::max()"},
      {"every", every},
      {"down", down},
      {"messages", std::move(messages)}};
}

}  // namespace otpc::lower
