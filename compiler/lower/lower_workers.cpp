// Event managers, handlers, topics, tasks, agents, registries.
#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

std::string without_comma(std::string list) {
  if (!list.empty()) list.resize(list.size() - 2);
  return list;
}

/// `{{name}, {name}}` of fields, as an aggregate takes them.
std::string moved_names(const std::vector<model::Field>& fields) {
  std::string text;
  for (const model::Field& field : fields)
    text += (text.empty() ? "" : ", ") + std::string("::std::move(") +
            cpp_name(field.name, Place::message) + ")";
  return text;
}

/// `, sku = ::std::move(sku)`: the captures of a lambda.
std::string captures(const std::vector<model::Field>& fields) {
  std::string text;
  for (const model::Field& field : fields) {
    const std::string name = cpp_name(field.name, Place::message);
    text += (text.empty() ? "" : ", ") + name + " = ::std::move(" + name + ")";
  }
  return text;
}

std::string passed(const std::vector<model::Field>& fields) {
  std::string text;
  for (const model::Field& field : fields)
    text += (text.empty() ? "" : ", ") + cpp_name(field.name, Place::message);
  return text;
}

const char* defaulted(const std::vector<model::Field>& parameters) {
  for (const model::Field& each : parameters) {
    if (!each.fallback) return "";
  }
  return " = {}";
}

Object lower_case(const model::Case& each, Place place = Place::union_case) {
  const Parameters parameters = lower_parameters(each.fields);
  return Object{{"doc", cpp_comment(each.doc, each.life, "  ")},
                {"deprecated", cpp_deprecated(each.life)},
                {"name", cpp_name(each.name, place)},
                {"self", own_type(cpp_name(each.name, place), each.fields)},
                {"method", cpp_name(each.name, Place::event)},
                {"raw", each.name},
                {"fields", lower_fields(each.fields)},
                {"parameters", without_comma(parameters.declared)},
                {"plain", without_comma(parameters.plain)},
                {"sync_parameters", parameters.declared},
                {"sync_plain", parameters.plain},
                {"moved", moved_names(each.fields)}};
}

std::string label(const model::Declaration& declaration) {
  return cpp_string(declaration.module->name() + "." + declaration.name);
}

}  // namespace

Object lower_events(const model::Events& declaration) {
  Array events;
  for (const model::Case& each : declaration.events) {
    Object event = lower_case(each);
    event["manager"] = cpp_name(declaration);
    event["manager_raw"] = declaration.name;
    event["label"] = cpp_string(declaration.name + "." + each.name);
    events.push_back(std::move(event));
  }
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"name", cpp_name(declaration)},
                {"raw", declaration.name},
                {"events", std::move(events)}};
}

Object lower_handler(const model::Handler& declaration) {
  Array events;
  for (const model::Case* each : declaration.on) {
    Object event = lower_case(*each);
    std::string arguments;
    for (const model::Field& field : each->fields)
      arguments +=
          (arguments.empty() ? "" : ", ") + std::string("otp_given->") + cpp_name(field.name);
    event["handler_raw"] = declaration.name;
    event["has_fields"] = !each->fields.empty();
    event["type"] = cpp_namespace(*declaration.manager->module) + "::otp_" +
                    declaration.manager->name + "::" + cpp_name(each->name, Place::union_case);
    event["arguments"] = arguments;
    events.push_back(std::move(event));
  }
  Array calls;
  for (const model::Message& each : declaration.messages) {
    Object call = lower_call(declaration, each);
    const bool plain = !each.result && each.throws == nullptr;
    call["answer"] = plain ? "::std::monostate" : result_type(each);
    call["expected"] =
        "::std::expected<" + (plain ? "void" : result_type(each)) + ", ::otp::ExitReason>";
    call["plain_result"] = plain;
    std::string given;
    for (std::size_t i = 0; i < each.parameters.size(); ++i)
      given += (i == 0 ? "" : ", ") + std::string("otp_given->request.otp_") + std::to_string(i);
    call["request_arguments"] = given;
    call["handler_raw"] = declaration.name;
    calls.push_back(std::move(call));
  }
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"name", cpp_name(declaration)},
                {"raw", declaration.name},
                {"text", cpp_string(declaration.name)},
                {"manager", qualified_name(*declaration.manager)},
                {"args", lower_record(declaration.name + "Args", declaration.parameters)},
                {"args_default", defaulted(declaration.parameters)},
                {"has_parameters", !declaration.parameters.empty()},
                {"terminate", declaration.terminate},
                {"has_events", !declaration.on.empty()},
                {"has_calls", !declaration.messages.empty()},
                {"events", std::move(events)},
                {"calls", std::move(calls)}};
}

Object lower_topic(const model::Topic& declaration) {
  Array cases;
  std::string alternatives;
  for (const model::Case& each : declaration.cases) {
    alternatives += (alternatives.empty() ? "" : ", ") + cpp_name(each.name, Place::topic_case);
    cases.push_back(lower_case(each, Place::topic_case));
  }
  std::string keys;
  std::string key_names;
  for (const model::Field& each : declaration.parameters) {
    keys += (keys.empty() ? "" : ", ") + cpp_type(each.type);
    key_names += (key_names.empty() ? "" : ", ") + std::string("otp_message.") +
                 cpp_name(each.name, Place::topic_key);
  }
  const Parameters parameters = lower_parameters(declaration.parameters);
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"name", cpp_name(declaration)},
                {"label", label(declaration)},
                {"fields", lower_fields(declaration.parameters, Place::topic_key)},
                {"keys", keys},
                {"plain", parameters.plain},
                {"alone", without_comma(parameters.plain)},
                {"moved", moved_names(declaration.parameters)},
                {"key_names", key_names},
                {"moved_comma", declaration.parameters.empty() ? "" : ", "},
                {"alternatives", alternatives},
                {"cases", std::move(cases)}};
}

Object lower_task(const model::Task& declaration) {
  model::Message run;
  run.result = declaration.result;
  run.throws = declaration.throws;
  const Parameters parameters = lower_parameters(declaration.parameters);
  std::string from_args;
  for (const model::Field& each : declaration.parameters)
    from_args += (from_args.empty() ? "" : ", ") + std::string("otp_args.") + cpp_name(each.name);
  return Object{
      {"doc", cpp_comment(declaration.doc, declaration.life, "")},
      {"name", cpp_name(declaration)},
      {"raw", declaration.name},
      {"label", label(declaration)},
      {"args", lower_record(declaration.name + "Args", declaration.parameters)},
      {"args_default", defaulted(declaration.parameters)},
      {"result", result_type(run)},
      {"parameters", without_comma(parameters.declared)},
      {"plain", without_comma(parameters.plain)},
      {"trailing", parameters.plain.empty() ? "" : ", " + without_comma(parameters.plain)},
      {"captured", parameters.forwarded.empty() ? "" : captures(declaration.parameters)},
      {"names", passed(declaration.parameters)},
      {"from_args", from_args},
      {"timeout", declaration.timeout_ns == model::infinite
                      ? "::otp::infinity"
                      : "::otp::Timeout(" + cpp_duration(declaration.timeout_ns) + ")"}};
}

Object lower_agent(const model::Agent& declaration) {
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"name", cpp_name(declaration)},
                {"state", cpp_type(declaration.state)}};
}

Object lower_registry(const model::Registry& declaration) {
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"name", cpp_name(declaration)},
                {"label", label(declaration)},
                {"key", cpp_type(declaration.key)},
                {"kind", declaration.unique ? "unique" : "duplicate"},
                {"unique", declaration.unique},
                {"partitions", std::to_string(declaration.partitions)},
                {"names", declaration.names != nullptr},
                {"client", declaration.names == nullptr ? "" : qualified_name(*declaration.names)}};
}

}  // namespace otpc::lower
