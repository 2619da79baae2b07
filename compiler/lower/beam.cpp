#include "lower/beam.h"

#include <algorithm>
#include <cstdio>

namespace otpc::lower {
namespace {

using model::Type;
using model::TypeKind;

/// Appends with a comma between.
void append(std::string& list, const std::string& item) {
  list += (list.empty() ? "" : ", ") + item;
}

std::string signed_range(unsigned bits) {
  const std::int64_t power = std::int64_t{1} << (bits - 1);
  return std::to_string(-power) + ".." + std::to_string(power - 1);
}
std::string unsigned_range(unsigned bits) {
  return "0.." + std::to_string((std::uint64_t{1} << bits) - 1);
}

/// Both languages want a digit on each side of the point.
std::string floating(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  std::string text(buffer);
  if (text.find('.') != std::string::npos) return text;
  const std::size_t exponent = std::min(text.find('e'), text.size());
  return text.insert(exponent, ".0");
}

/// How many parameters at the end may be left out.
std::size_t optional_count(const std::vector<model::Field>& parameters) {
  const auto last_needed = std::find_if(parameters.rbegin(), parameters.rend(),
                                        [](const auto& each) { return !each.fallback; });
  return static_cast<std::size_t>(last_needed - parameters.rbegin());
}

/// A value that holds an opaque stays on its node.
bool is_opaque(const model::Type& type) {
  return type.kind == TypeKind::opaque || std::ranges::any_of(type.arguments, is_opaque);
}

bool is_sent_by_clients(const model::Message& message) {
  const bool stays = (message.result && is_opaque(*message.result)) ||
                     std::ranges::any_of(message.parameters, is_opaque, &model::Field::type);
  if (stays) return false;
  return message.kind == model::MessageKind::call || message.kind == model::MessageKind::cast ||
         message.kind == model::MessageKind::info;
}

}  // namespace

std::vector<std::string> Beam::lines(const std::string& doc) {
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin <= doc.size();) {
    const std::size_t end = std::min(doc.find('\n', begin), doc.size());
    result.push_back(doc.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

// ---- Modules ----

std::vector<File> Beam::files(const model::Module& module) {
  std::vector<File> result;
  if (auto made = types(module)) result.push_back(std::move(*made));
  for (const auto& declaration : module.declarations) {
    if (auto made = client(*declaration)) result.push_back(std::move(*made));
  }
  return result;
}

std::optional<File> Beam::client(const model::Declaration& declaration) {
  switch (declaration.kind) {
    case model::DeclarationKind::protocol:
      return messages_client(declaration, static_cast<const model::Protocol&>(declaration).messages,
                             nullptr);
    case model::DeclarationKind::server:
    case model::DeclarationKind::statem: {
      const auto& server = static_cast<const model::Server&>(declaration);
      return messages_client(declaration, server.messages, &server);
    }
    case model::DeclarationKind::events:
      return events_client(static_cast<const model::Events&>(declaration));
    case model::DeclarationKind::handler:
      return handler_client(static_cast<const model::Handler&>(declaration));
    case model::DeclarationKind::topic:
      return topic_client(static_cast<const model::Topic&>(declaration));
    case model::DeclarationKind::task:
      return task_client(static_cast<const model::Task&>(declaration));
    // Data types stand in the module of types. An agent is asked with functions, a registry holds
    // what is on its own node, and supervisors and applications are OTP's own: none has a form on
    // the wire that is the schema's.
    case model::DeclarationKind::constant:
    case model::DeclarationKind::alias:
    case model::DeclarationKind::structure:
    case model::DeclarationKind::enumeration:
    case model::DeclarationKind::choice:
    case model::DeclarationKind::agent:
    case model::DeclarationKind::registry:
    case model::DeclarationKind::supervisor:
    case model::DeclarationKind::application:
      break;
  }
  return std::nullopt;
}

File Beam::file(const model::Declaration& declaration, const char* kind, Object data) {
  data["version"] = generator_version_;
  data["schema"] = declaration.module->name();
  data["module"] = module_name(declaration);
  data["id"] = atom(declaration.wire_qualified());
  const std::string doc =
      declaration.doc.empty() ? "Clients of " + declaration.qualified() + "." : declaration.doc;
  data["doc"] = comment(model::told(doc, declaration.life), Documented::module);
  return {declaration.qualified(), path(declaration), "file_" + language() + "_" + kind,
          std::move(data)};
}

std::optional<File> Beam::types(const model::Module& module) {
  Array all;
  std::string exported;
  inside_ = &module;
  const auto add = [&](const model::Declaration& declaration, const std::string& written) {
    const std::string name = type_name(declaration);
    append(exported, name + "/0");
    all.push_back(
        Object{{"name", name},
               {"doc", comment(model::told(declaration.doc, declaration.life), Documented::type)},
               {"type", written}});
  };
  for (const auto& declaration : module.declarations) {
    if (const auto* alias = dynamic_cast<const model::Alias*>(declaration.get()))
      add(*alias, type(alias->type));
    if (const auto* structure = dynamic_cast<const model::Struct*>(declaration.get()))
      add(*structure, struct_type(*structure));
    if (const auto* enumeration = dynamic_cast<const model::Enum*>(declaration.get()))
      add(*enumeration, enum_type(*enumeration));
    if (const auto* choice = dynamic_cast<const model::Union*>(declaration.get()))
      add(*choice, choice_type(*choice));
  }
  Array values = constants(module);
  inside_ = nullptr;
  if (all.empty() && values.empty()) return std::nullopt;
  const std::string doc = module.doc.empty() ? "Types of " + module.name() + "." : module.doc;
  return File{module.name(), path(module), "file_" + language() + "_types",
              Object{{"version", generator_version_},
                     {"schema", module.name()},
                     {"module", module_name(module)},
                     {"doc", comment(doc, Documented::module)},
                     {"has_types", !all.empty()},
                     {"exported", exported},
                     {"types", std::move(all)},
                     {"constants", std::move(values)}}};
}

Array Beam::constants(const model::Module& module) {
  Array result;
  BeamScope scope{"module_info", "behaviour_info"};
  for (const auto& declaration : module.declarations) {
    const auto* constant = dynamic_cast<const model::Const*>(declaration.get());
    if (constant == nullptr) continue;
    result.push_back(
        Object{{"name", scope.take(beam_name(constant->name))},
               {"doc", comment(model::told(constant->doc, constant->life), Documented::function)},
               {"type", type(constant->type)},
               {"value", value(constant->value, constant->type)}});
  }
  return result;
}

File Beam::messages_client(const model::Declaration& declaration,
                           const std::vector<model::Message>& messages,
                           const model::Server* server) {
  const bool machine = declaration.kind == model::DeclarationKind::statem;
  BeamScope scope{"module_info", "behaviour_info", "start_link", "child_spec"};
  Array calls;
  Array casts;
  Array infos;
  std::vector<std::string> names;  // before those that are made up
  for (const model::Message& message : messages) {
    names.push_back(is_sent_by_clients(message) ? scope.take(beam_name(message.name)) : "");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const model::Message& message = messages[i];
    if (names[i].empty()) continue;
    Object made = function({names[i], message.parameters, "server"});
    made["doc"] = comment(model::told(message.doc, message.life), Documented::function);
    made["is_deprecated"] = message.life.deprecated != 0;
    made["deprecated"] = deprecated(message.life);
    made["request"] = request(message.wire_name(), made.getString("alone")->str());
    if (message.kind == model::MessageKind::cast)
      casts.push_back(std::move(made));
    else if (message.kind == model::MessageKind::info)
      infos.push_back(std::move(made));
    else {
      made["async"] = scope.take(names[i] + "_async");
      made["result"] = result_type(message.result, message.throws);
      made["timeout"] = timeout(message.timeout_ns);
      calls.push_back(std::move(made));
    }
  }
  Object data{{"behaviour", machine ? "gen_statem" : "gen_server"},
              {"machine", machine},
              {"process", server != nullptr},
              {"calls", std::move(calls)},
              {"casts", std::move(casts)},
              {"infos", std::move(infos)}};
  if (server != nullptr) {
    data["start"] = "{" + atom(server->wire_qualified()) + ", " + variable("args") + "}";
    data["args"] = fields_type(server->parameters, *server->module);
    data["init_error"] =
        server->init_throws == nullptr ? "term()" : user_type(*server->init_throws) + " | term()";
  }
  return file(declaration, "client", std::move(data));
}

File Beam::events_client(const model::Events& declaration) {
  BeamScope scope{"module_info", "behaviour_info"};
  std::vector<std::string> names;
  for (const model::Case& each : declaration.events)
    names.push_back(scope.take(beam_name(each.name)));
  Array events;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const model::Case& event = declaration.events[i];
    Object made = function({names[i], event.fields, "manager"});
    made["doc"] = comment(model::told(event.doc, event.life), Documented::function);
    made["request"] = request(event.wire_name(), made.getString("alone")->str());
    made["sync"] = scope.take("sync_" + names[i]);
    events.push_back(std::move(made));
  }
  return file(declaration, "events", Object{{"events", std::move(events)}});
}

File Beam::handler_client(const model::Handler& declaration) {
  BeamScope scope{"module_info", "behaviour_info", "add_handler", "add_sup_handler",
                  "delete_handler"};
  Array calls;
  for (const model::Message& message : declaration.messages) {
    Object made = function({scope.take(beam_name(message.name)), message.parameters, "manager"});
    made["doc"] = comment(model::told(message.doc, message.life), Documented::function);
    made["request"] = request(message.wire_name(), made.getString("alone")->str());
    made["result"] = result_type(message.result, message.throws);
    made["timeout"] = timeout(message.timeout_ns);
    calls.push_back(std::move(made));
  }
  return file(declaration, "handler",
              Object{{"args", fields_type(declaration.parameters, *declaration.module)},
                     {"calls", std::move(calls)}});
}

File Beam::topic_client(const model::Topic& declaration) {
  const auto message = [&](const std::string& group, const std::string& event) {
    return "{" + atom(declaration.wire_qualified()) + ", " + group + ", " + event + "}";
  };
  BeamScope scope{"module_info", "behaviour_info", "start_link",
                  "subscribe",   "unsubscribe",    "subscribers"};
  Object data = function({"", declaration.parameters, nullptr});
  Array events;
  std::string types;
  for (const model::Case& each : declaration.cases) {
    // Its fields stand behind the topic's own, and have names of their own.
    std::vector<model::Field> all = declaration.parameters;
    for (model::Field& key : all) key.fallback.reset();
    all.insert(all.end(), each.fields.begin(), each.fields.end());
    Object made = function({scope.take("publish_" + beam_name(each.name)), all, nullptr});
    Object key = function({"", declaration.parameters, nullptr});
    made["doc"] = comment(model::told(each.doc, each.life), Documented::function);
    made["group"] = "{" + key.getString("alone")->str() + "}";
    std::string arguments = made.getString("alone")->str();
    arguments.erase(0, key.getString("alone")->size());
    if (arguments.starts_with(", ")) arguments.erase(0, 2);
    made["message"] = message(made.getString("group")->str(), request(each.wire_name(), arguments));
    events.push_back(std::move(made));
    std::string fields;
    for (const model::Field& field : each.fields) append(fields, type(field.type));
    types += (types.empty() ? "" : " | ") + request(each.wire_name(), fields);
  }
  std::string keys;
  for (const model::Field& key : declaration.parameters) append(keys, type(key.type));
  data["group"] = "{" + data.getString("alone")->str() + "}";
  data["message_type"] = message("{" + keys + "}", types);
  data["events"] = std::move(events);
  return file(declaration, "topic", std::move(data));
}

File Beam::task_client(const model::Task& declaration) {
  Object data = function({"run", declaration.parameters, "node"});
  data["scope"] = atom(declaration.module->name());
  data["function"] = atom(declaration.wire_name());
  data["result"] = result_type(declaration.result, declaration.throws);
  data["timeout"] = timeout(declaration.timeout_ns);
  return file(declaration, "task", std::move(data));
}

// ---- Functions ----

Object Beam::function(const Function& function) {
  const std::vector<model::Field>& parameters = function.parameters;
  // What the templates call parameters of their own.
  BeamScope scope{variable("server").c_str(),  variable("timeout").c_str(),
                  variable("manager").c_str(), variable("node").c_str(),
                  variable("members").c_str(), variable("pid").c_str()};
  const std::size_t needed = parameters.size() - optional_count(parameters);
  const std::size_t subject = function.subject == nullptr ? 0 : 1;
  std::string alone;
  std::string typed;
  std::string declared;
  std::vector<std::string> variables;
  std::vector<std::string> plain_of_first;
  std::vector<std::string> typed_of_first;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    plain_of_first.push_back(alone);
    typed_of_first.push_back(typed);
    const model::Field& each = parameters[i];
    const std::string name = scope.take(variable(each.name));
    append(alone, name);
    append(typed, name + " :: " + type(each.type));
    append(declared, i < needed ? name : name + " \\\\ " + default_value(each));
  }
  const auto continued = [&](const std::string& list) {
    return list.empty() || subject == 0 ? list : ", " + list;
  };
  Array shorter;
  std::string exports;
  for (std::size_t count = needed; count < parameters.size(); ++count) {
    std::string full = plain_of_first[count];
    append(full, default_value(parameters[count]));
    shorter.push_back(Object{{"plain", continued(plain_of_first[count])},
                             {"typed", continued(typed_of_first[count])},
                             {"full", continued(full)}});
  }
  for (std::size_t count = needed; count <= parameters.size(); ++count)
    append(exports, function.name + "/" + std::to_string(count + subject));
  const std::size_t arity = parameters.size() + subject;
  return Object{{"name", function.name},
                {"alone", alone},
                {"plain", continued(alone)},
                {"typed", continued(typed)},
                {"declared", continued(declared)},
                {"shorter", std::move(shorter)},
                {"exports", exports},
                {"arity", std::to_string(arity)},
                {"arity_with_timeout", std::to_string(arity + 1)}};
}

/// As a text of the language; empty for what is not deprecated.
std::string Beam::deprecated(const model::Life& life) const {
  if (life.deprecated == 0) return {};
  const std::string use = life.use_instead.empty() ? "" : ": use " + life.use_instead;
  return literal("since version " + std::to_string(life.deprecated) + use);
}

std::string Beam::request(const std::string& name, const std::string& arguments) const {
  return arguments.empty() ? atom(name) : "{" + atom(name) + ", " + arguments + "}";
}

std::string Beam::timeout(std::uint64_t nanoseconds) const {
  if (nanoseconds == model::infinite) return atom("infinity");
  return std::to_string((nanoseconds / 1'000'000) + (nanoseconds % 1'000'000 == 0 ? 0 : 1));
}

// ---- Types ----

std::string Beam::type_name(const model::Declaration& declaration) {
  auto& names = type_names_[declaration.module];
  if (names.empty()) {
    BeamScope scope{};
    for (const auto& each : declaration.module->declarations) {
      if (each->kind == model::DeclarationKind::alias ||
          each->kind == model::DeclarationKind::structure ||
          each->kind == model::DeclarationKind::enumeration ||
          each->kind == model::DeclarationKind::choice)
        names[each.get()] = scope.take(beam_name(each->name, BeamPlace::type));
    }
  }
  return names[&declaration];
}

std::string Beam::user_type(const model::Declaration& declaration) {
  const std::string name = type_name(declaration);
  return declaration.module == inside_ ? name + "()" : remote_type(*declaration.module, name);
}

bool Beam::may_look_absent(const Type& type) {
  const auto is_absent = [](const auto& each) {
    return each.wire_name() == "undefined" || each.wire_name() == "nil";
  };
  if (type.kind == TypeKind::atom || type.kind == TypeKind::term) return true;
  if (type.kind != TypeKind::user) return false;
  if (const auto* enumeration = dynamic_cast<const model::Enum*>(type.user))
    return enumeration->open || std::ranges::any_of(enumeration->members, is_absent);
  const auto* choice = dynamic_cast<const model::Union*>(type.user);
  return choice != nullptr &&
         (choice->open || std::ranges::any_of(choice->cases, [&](const model::Case& each) {
            return each.fields.empty() && is_absent(each);
          }));
}

std::string Beam::type(const Type& written) {
  const auto argument = [&](std::size_t index) { return type(written.arguments[index]); };
  switch (written.kind) {
    case TypeKind::boolean:
      return "boolean()";
    case TypeKind::i8:
      return signed_range(8);
    case TypeKind::i16:
      return signed_range(16);
    case TypeKind::i32:
      return signed_range(32);
    // A range of 64 bits says nothing that one reads.
    case TypeKind::i64:
    case TypeKind::time:
      return "integer()";
    case TypeKind::u8:
      return unsigned_range(8);
    case TypeKind::u16:
      return unsigned_range(16);
    case TypeKind::u32:
      return unsigned_range(32);
    case TypeKind::u64:
    case TypeKind::duration:
      return "non_neg_integer()";
    case TypeKind::f32:
    case TypeKind::f64:
      return "float()";
    case TypeKind::string:
      return string_type();
    case TypeKind::bytes:
      return "binary()";
    case TypeKind::atom:
      return "atom()";
    case TypeKind::ref:
      return "reference()";
    case TypeKind::bigint:
      return "integer()";
    case TypeKind::term:
    case TypeKind::opaque:
      return "term()";
    case TypeKind::list:
    case TypeKind::set:
    case TypeKind::array:
      return "[" + argument(0) + "]";
    case TypeKind::map:
      return map_type(argument(0), argument(1));
    case TypeKind::optional:
      return (may_look_absent(written.arguments.front())
                  ? "{" + atom("ok") + ", " + argument(0) + "}"
                  : argument(0)) +
             " | " + none_type();
    case TypeKind::tuple: {
      std::string items;
      for (const Type& each : written.arguments) append(items, type(each));
      return "{" + items + "}";
    }
    case TypeKind::pid:
      return "pid()";
    case TypeKind::user:
      return user_type(*written.user);
    case TypeKind::invalid:
      break;
  }
  return "term()";
}

std::string Beam::struct_type(const model::Struct& declaration) {
  if (declaration.record)
    return "{" + atom(declaration.wire_name()) + items_type(declaration.fields) + "}";
  const std::string own = fields_type(declaration.fields, *declaration.module, declaration.elixir);
  return declaration.json_keys ? own + " | " + map_type("binary()", "term()") : own;
}

/// `, u32(), binary()`: fields that stand in a tuple.
std::string Beam::items_type(const std::vector<model::Field>& fields) {
  std::string text;
  for (const model::Field& each : fields) text += ", " + type(each.type);
  return text;
}

std::string Beam::fields_type(const std::vector<model::Field>& fields, const model::Module& of,
                              const std::string& elixir_struct) {
  std::vector<std::string> keys;
  std::size_t width = 0;
  if (!elixir_struct.empty()) {
    // A map that has it not is taken too.
    keys.push_back(key_type("__struct__", false, atom("Elixir." + elixir_struct)));
    width = keys.back().size() + 2;
  }
  for (const model::Field& each : fields) {
    // An absent value is an absent key. Where `none =` names an atom for it, the key may be left
    // out all the same by whoever writes it; where a value could be that atom, it must be.
    const bool optional = each.type.kind == TypeKind::optional;
    const Type& held = optional ? each.type.arguments.front() : each.type;
    std::string given = type(held);
    if (optional && of.none != model::None::omit && !may_look_absent(held))
      given += " | " + atom(word(of.none));
    keys.push_back(key_type(each.wire_name(), !each.fallback, given));
    width += keys.back().size() + 2;
  }
  const bool one_line = width <= 72;
  std::string text;
  for (const std::string& key : keys)
    text += (text.empty() ? (one_line ? "" : "\n    ") : (one_line ? ", " : ",\n    ")) + key;
  return map_of_keys(one_line ? text : text + "\n  ");
}

std::string Beam::choice_type(const model::Union& declaration) {
  std::string text;
  for (const model::Case& each : declaration.cases) {
    const std::string tag = atom(each.wire_name());
    text += text.empty() ? "" : " | ";
    if (each.fields.empty())
      text += tag;
    else if (declaration.flat)
      text += "{" + tag + items_type(each.fields) + "}";
    else
      text += "{" + tag + ", " + fields_type(each.fields, *declaration.module) + "}";
  }
  return declaration.open ? text + " | atom() | tuple()" : text;
}

std::string Beam::enum_type(const model::Enum& declaration) {
  std::string text;
  for (const model::EnumMember& each : declaration.members)
    text += (text.empty() ? "" : " | ") + atom(each.wire_name());
  return declaration.open ? text + " | atom()" : text;
}

std::string Beam::result_type(const std::optional<Type>& result, const model::Union* throws) {
  const std::string plain = result ? type(*result) : atom("ok");
  if (throws == nullptr) return plain;
  return (result ? "{" + atom("ok") + ", " + plain + "}" : plain) + " | {" + atom("error") + ", " +
         user_type(*throws) + "}";
}

// ---- Values ----

std::string Beam::value(const model::Value& written, const Type& type) {
  if (type.kind == TypeKind::optional && written.kind != model::ValueKind::none) {
    const std::string plain = value(written, type.arguments.front());
    return may_look_absent(type.arguments.front()) ? "{" + atom("ok") + ", " + plain + "}" : plain;
  }
  switch (written.kind) {
    case model::ValueKind::integer:
      return written.digits();
    case model::ValueKind::floating:
      return floating(written.floating);
    case model::ValueKind::boolean:
      return written.boolean ? "true" : "false";
    case model::ValueKind::text:
      return type.kind == TypeKind::atom ? atom(written.text) : text(written.text);
    case model::ValueKind::duration:
      return std::to_string(written.magnitude);
    case model::ValueKind::member: {
      const auto& members = static_cast<const model::Enum&>(*written.user).members;
      return atom(std::ranges::find(members, written.text, &model::EnumMember::name)->wire_name());
    }
    case model::ValueKind::list: {
      if (type.kind == TypeKind::map) return map_of_keys("");  // only an empty one can be written
      std::string items;
      for (const model::Value& each : written.items)
        append(items, value(each, type.arguments.front()));
      return "[" + items + "]";
    }
    case model::ValueKind::none:
    case model::ValueKind::env:
      break;
  }
  return none();
}

std::string Beam::default_value(const model::Field& field) {
  return value(*field.fallback, field.type);
}

}  // namespace otpc::lower
