// The contract of a checked module.
#include <algorithm>
#include <deque>
#include <memory>

#include "model/walk.h"
#include "tools/compat/contract.h"

namespace otpc::tools {
namespace {

using model::DeclarationKind;

/// A type with the names that others see.
model::Type with_wire_names(model::Type type,
                            std::deque<std::unique_ptr<model::Declaration>>& names) {
  for (model::Type& part : type.arguments) part = with_wire_names(part, names);
  if (type.user == nullptr || type.user->life.was.empty()) return type;
  auto& stand_in = names.emplace_back(std::make_unique<model::Struct>());
  stand_in->name = type.user->life.was;
  type.user = stand_in.get();
  return type;
}

class Maker {
 public:
  Maker(const source::SourceManager& sources, std::string path)
      : sources_(sources), path_(std::move(path)) {}

  Part module(const model::Module& written) {
    Part made = part("module", written.name(), {});
    if (written.version != 0) made.facts["version"] = std::to_string(written.version);
    if (written.none != model::None::omit) made.facts["none"] = model::word(written.none);
    version_ = std::to_string(std::max<std::uint64_t>(written.version, 1));
    imports(written, made);
    for (const auto& each : written.declarations) {
      if (each->kind != DeclarationKind::supervisor && each->kind != DeclarationKind::application)
        made.parts.push_back(declaration(*each));
    }
    removed(written.removed, made);
    return made;
  }

 private:
  Part part(const std::string& kind, const std::string& name, source::Span span) const {
    Part made{kind, name, {}, {}, {path_, 1, 1}, span};
    if (span) {
      const source::Position position = sources_.position(span.file, span.begin);
      made.place.line = position.line;
      made.place.column = position.column;
    }
    return made;
  }
  template <class Named>
  Part named(const std::string& kind, const Named& written) const {
    Part made = part(kind, written.name, written.span);
    if (!written.life.was.empty()) made.facts["was"] = written.life.was;
    if (written.life.deprecated != 0)
      made.facts["deprecated"] = std::to_string(written.life.deprecated);
    return made;
  }
  /// As the schema says it, and as others see it when that is something else.
  static void type(const model::Type& written, const std::string& key, Part& made) {
    std::deque<std::unique_ptr<model::Declaration>> names;
    made.facts[key] = written.text();
    const std::string on_the_wire = with_wire_names(written, names).text();
    if (on_the_wire != written.text()) made.facts["wire_" + key] = on_the_wire;
  }
  static void flag(Part& made, const char* fact, bool is_so) {
    if (is_so) made.facts[fact] = "true";
  }

  void removed(const std::vector<model::Removed>& all, Part& owner) const {
    for (const model::Removed& each : all) {
      Part made = part("removed", each.name, each.span);
      made.facts["version"] = std::to_string(each.version);
      owner.parts.push_back(std::move(made));
    }
  }

  /// Where a name of another module comes from.
  void imports(const model::Module& written, Part& made) const {
    std::map<std::string, std::string> from;
    const auto mentions = [&](const model::Declaration* target) {
      if (target != nullptr && target->module != &written)
        from[target->name] = target->module->name();
    };
    for (const auto& each : written.declarations) {
      model::for_each_type(*each, [&](const model::TypeUse& use) { mentions(use.type.user); });
      if (const auto* server = dynamic_cast<const model::Server*>(each.get())) {
        for (const model::Message& message : server->messages) mentions(message.throws);
        for (const model::Protocol* protocol : server->protocols) mentions(protocol);
      }
    }
    for (const auto& [name, module] : from) {
      Part import = part("import", name, {});
      import.facts["from"] = module;
      made.parts.push_back(std::move(import));
    }
  }

  void fields(const char* kind, const std::vector<model::Field>& all, Part& owner) const {
    for (const model::Field& each : all) {
      Part made = named(kind, each);
      type(each.type, "type", made);
      if (each.fallback && each.fallback->kind != model::ValueKind::none)
        made.facts["default"] = each.fallback->written();
      flag(made, "private", each.is_private);
      owner.parts.push_back(std::move(made));
    }
  }
  void cases(const char* kind, const char* fields_are, const std::vector<model::Case>& all,
             Part& owner) const {
    for (const model::Case& each : all) {
      Part made = named(kind, each);
      flag(made, "transient", each.transient);
      fields(fields_are, each.fields, made);
      owner.parts.push_back(std::move(made));
    }
  }
  static void answer(const std::optional<model::Type>& result, const model::Union* throws,
                     std::uint64_t timeout_ns, Part& made) {
    if (result) type(*result, "result", made);
    if (throws != nullptr) made.facts["throws"] = throws->wire_name();
    made.facts["timeout"] = model::duration_text(timeout_ns);
  }
  /// Those that others send; the messages of a protocol are the protocol's own part.
  void messages(const std::vector<model::Message>& all, bool of_protocol, Part& owner) const {
    for (const model::Message& each : all) {
      const char* kind = each.kind == model::MessageKind::call   ? "call"
                         : each.kind == model::MessageKind::cast ? "cast"
                         : each.kind == model::MessageKind::info ? "info"
                                                                 : nullptr;
      if (kind == nullptr || (each.protocol != nullptr) != of_protocol) continue;
      Part made = named(kind, each);
      if (each.kind == model::MessageKind::call)
        answer(each.result, each.throws, each.timeout_ns, made);
      flag(made, "deferred", each.deferred);
      flag(made, "blocking", each.blocking);
      flag(made, "priority", each.priority);
      if (each.every_ns != 0) made.facts["every"] = model::duration_text(each.every_ns);
      fields("parameter", each.parameters, made);
      owner.parts.push_back(std::move(made));
    }
  }

  Part declaration(const model::Declaration& written) {
    Part made = named(word(written), written);
    if (const auto* server = dynamic_cast<const model::Server*>(&written))
      process(*server, made);
    else
      data_or_worker(written, made);
    removed(written.removed, made);
    return made;
  }

  static const char* word(const model::Declaration& written) {
    switch (written.kind) {
      case DeclarationKind::constant:
        return "const";
      case DeclarationKind::alias:
        return "alias";
      case DeclarationKind::structure:
        return "struct";
      case DeclarationKind::enumeration:
        return "enum";
      case DeclarationKind::choice:
        return static_cast<const model::Union&>(written).is_error ? "error" : "union";
      case DeclarationKind::protocol:
        return "protocol";
      case DeclarationKind::server:
        return "server";
      case DeclarationKind::statem:
        return "statem";
      case DeclarationKind::events:
        return "events";
      case DeclarationKind::handler:
        return "handler";
      case DeclarationKind::topic:
        return "topic";
      case DeclarationKind::task:
        return "task";
      case DeclarationKind::agent:
        return "agent";
      case DeclarationKind::registry:
        return "registry";
      case DeclarationKind::supervisor:
      case DeclarationKind::application:
        break;
    }
    return "";
  }

  void process(const model::Server& written, Part& made) const {
    if (written.init_throws != nullptr) made.facts["throws"] = written.init_throws->wire_name();
    fields("init", written.parameters, made);
    for (const model::Protocol* each : written.protocols)
      made.parts.push_back(part("protocol", each->wire_name(), made.span));
    messages(written.messages, false, made);
    const auto* machine = dynamic_cast<const model::Statem*>(&written);
    if (machine != nullptr) {
      for (const model::State& each : machine->states)
        made.parts.push_back(part("machine_state", each.name, each.span));
    }
    const auto& kept = machine != nullptr ? machine->data : written.state;
    if (!kept) return;
    Part state = part("state", version_, made.span);
    fields("field", *kept, state);
    made.parts.push_back(std::move(state));
  }

  void data_or_worker(const model::Declaration& written, Part& made) const {
    if (const auto* constant = dynamic_cast<const model::Const*>(&written)) {
      type(constant->type, "type", made);
      made.facts["value"] = constant->value.written();
    } else if (const auto* alias = dynamic_cast<const model::Alias*>(&written)) {
      type(alias->type, "type", made);
    } else if (const auto* structure = dynamic_cast<const model::Struct*>(&written)) {
      flag(made, "record", structure->record);
      flag(made, "json_keys", structure->json_keys);
      if (!structure->elixir.empty()) made.facts["elixir"] = structure->elixir;
      fields("field", structure->fields, made);
    } else if (const auto* enumeration = dynamic_cast<const model::Enum*>(&written)) {
      flag(made, "open", enumeration->open);
      for (const model::EnumMember& each : enumeration->members)
        made.parts.push_back(named("member", each));
    } else if (const auto* choice = dynamic_cast<const model::Union*>(&written)) {
      flag(made, "open", choice->open);
      flag(made, "flat", choice->flat);
      cases("case", "field", choice->cases, made);
    } else if (const auto* protocol = dynamic_cast<const model::Protocol*>(&written)) {
      messages(protocol->messages, true, made);
    } else {
      worker(written, made);
    }
  }

  void worker(const model::Declaration& written, Part& made) const {
    if (const auto* events = dynamic_cast<const model::Events*>(&written)) {
      cases("event", "parameter", events->events, made);
    } else if (const auto* handler = dynamic_cast<const model::Handler*>(&written)) {
      if (handler->manager != nullptr) made.facts["manager"] = handler->manager->wire_name();
      if (handler->init_throws != nullptr) made.facts["throws"] = handler->init_throws->wire_name();
      fields("init", handler->parameters, made);
      for (const model::Case* each : handler->on)
        made.parts.push_back(part("on", each->wire_name(), made.span));
      messages(handler->messages, false, made);
    } else if (const auto* topic = dynamic_cast<const model::Topic*>(&written)) {
      fields("key", topic->parameters, made);
      cases("event", "parameter", topic->cases, made);
    } else if (const auto* task = dynamic_cast<const model::Task*>(&written)) {
      answer(task->result, task->throws, task->timeout_ns, made);
      fields("parameter", task->parameters, made);
    } else if (const auto* agent = dynamic_cast<const model::Agent*>(&written)) {
      type(agent->state, "type", made);
    } else if (const auto* registry = dynamic_cast<const model::Registry*>(&written)) {
      type(registry->key, "type", made);
      flag(made, "duplicate", !registry->unique);
    }
  }

  const source::SourceManager& sources_;
  std::string path_;
  std::string version_;
};

}  // namespace

Contract contract_of(const model::Module& module, const source::SourceManager& sources,
                     const std::string& path) {
  return {Maker(sources, path).module(module)};
}

}  // namespace otpc::tools
