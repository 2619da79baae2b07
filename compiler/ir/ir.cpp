#include "ir/ir.h"

#include <algorithm>
#include <map>

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/Support/JSON.h>

namespace otpc::ir {
namespace {

using model::Declaration;
using model::DeclarationKind;

std::string duration(std::uint64_t nanoseconds) {
  return nanoseconds == model::infinite ? "infinity" : std::to_string(nanoseconds);
}

const char* word(DeclarationKind kind) {
  switch (kind) {
    case DeclarationKind::constant:
      return "const";
    case DeclarationKind::alias:
      return "alias";
    case DeclarationKind::structure:
      return "struct";
    case DeclarationKind::enumeration:
      return "enum";
    case DeclarationKind::choice:
      return "union";
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
      return "supervisor";
    case DeclarationKind::application:
      return "application";
  }
  return "";
}

const char* word(model::MessageKind kind) {
  switch (kind) {
    case model::MessageKind::call:
      return "call";
    case model::MessageKind::cast:
      return "cast";
    case model::MessageKind::info:
      return "info";
    case model::MessageKind::down:
      return "down";
    case model::MessageKind::exit:
      return "exit";
    case model::MessageKind::continue_:
      return "continue";
    case model::MessageKind::topic:
      return "topic";
  }
  return "";
}

const char* word(model::SupervisorKind kind) {
  switch (kind) {
    case model::SupervisorKind::supervisor:
      return "supervisor";
    case model::SupervisorKind::dynamic:
      return "dynamic";
    case model::SupervisorKind::partition:
      return "partition";
  }
  return "";
}

/// Writes as it reads the model: the whole of a large schema is never held as JSON.
class Writer {
 public:
  Writer(const Options& options, llvm::raw_ostream& out) : options_(options), json_(out, 1) {}

  void program(const model::Program& program) {
    for (std::size_t i = 0; i < program.modules.size(); ++i)
      paths_[program.modules[i]->file] = options_.files[i].path;
    json_.object([&] {
      json_.attribute("version", version);
      json_.attribute("generator", "otpc " + options_.generator_version);
      json_.attributeArray("modules", [&] {
        for (std::size_t i = 0; i < program.modules.size(); ++i)
          module(*program.modules[i], options_.files[i]);
      });
    });
  }

 private:
  // ---- What every part is made of ----

  template <class Each, class Write>
  void list(llvm::StringRef key, const Each& items, Write write) {
    json_.attributeArray(key, [&] {
      for (const auto& each : items) write(each);
    });
  }
  void object(llvm::function_ref<void()> write) { json_.object(write); }

  /// Declarations, by their qualified names.
  template <class Each>
  void references(llvm::StringRef key, const Each& items) {
    list(key, items, [&](const auto* each) { json_.value(each->qualified()); });
  }
  void reference(llvm::StringRef key, const Declaration* target) {
    if (target != nullptr) json_.attribute(key, target->qualified());
  }
  void names(llvm::StringRef key, const std::vector<std::string>& items) {
    list(key, items, [&](const std::string& each) { json_.value(each); });
  }

  void location(source::Span span) {
    if (!span) return;
    const source::Position place = options_.sources.position(span.file, span.begin);
    json_.attributeObject("location", [&] {
      json_.attribute("file", paths_[span.file]);
      json_.attribute("line", place.line);
      json_.attribute("column", place.column);
      json_.attribute("begin", span.begin);
      json_.attribute("end", span.end);
    });
  }
  void named(const std::string& name, const std::string& doc, source::Span span) {
    json_.attribute("name", name);
    json_.attribute("doc", doc);
    location(span);
  }

  /// What has versions: a declaration, a message, a field.
  template <class Part>
  void part(const Part& written) {
    const model::Life& life = written.life;
    named(written.name, written.doc, written.span);
    if (life.added == 0 && life.deprecated == 0 && life.was.empty()) return;
    json_.attributeObject("versions", [&] {
      if (life.added != 0) json_.attribute("added", life.added);
      if (life.deprecated != 0) json_.attribute("deprecated", life.deprecated);
      if (!life.use_instead.empty()) json_.attribute("use", life.use_instead);
      if (!life.was.empty()) json_.attribute("was", life.was);
    });
  }
  void removed(const std::vector<model::Removed>& all) {
    if (all.empty()) return;
    list("removed", all, [&](const model::Removed& each) {
      object([&] {
        json_.attribute("what", each.what);
        json_.attribute("wire_name", each.name);
        json_.attribute("version", each.version);
        location(each.span);
      });
    });
  }

  void type(llvm::StringRef key, const model::Type& written) {
    json_.attributeBegin(key);
    type(written);
    json_.attributeEnd();
  }
  void type(const model::Type& written) {
    object([&] {
      json_.attribute("kind", model::word(written.kind));
      reference(written.kind == model::TypeKind::pid ? "process" : "name", written.user);
      if (written.kind == model::TypeKind::array) json_.attribute("length", written.count);
      if (!written.arguments.empty())
        list("arguments", written.arguments, [&](const model::Type& each) { type(each); });
    });
  }

  void value(llvm::StringRef key, const std::optional<model::Value>& written) {
    if (!written) return;
    json_.attributeBegin(key);
    value(*written);
    json_.attributeEnd();
  }
  void value(const model::Value& written) {
    object([&] {
      switch (written.kind) {
        case model::ValueKind::integer:
          json_.attribute("kind", "integer");
          json_.attribute("digits", written.digits());
          return;
        case model::ValueKind::floating:
          json_.attribute("kind", "float");
          json_.attribute("value", written.floating);
          return;
        case model::ValueKind::boolean:
          json_.attribute("kind", "bool");
          json_.attribute("value", written.boolean);
          return;
        case model::ValueKind::text:
          json_.attribute("kind", "text");
          json_.attribute("value", written.text);
          return;
        case model::ValueKind::duration:
          json_.attribute("kind", "duration");
          json_.attribute("ns", duration(written.magnitude));
          return;
        case model::ValueKind::none:
          json_.attribute("kind", "none");
          return;
        case model::ValueKind::member:
          json_.attribute("kind", "member");
          json_.attribute("value", written.text);
          reference("of", written.user);
          return;
        case model::ValueKind::list:
          json_.attribute("kind", "list");
          list("items", written.items, [&](const model::Value& each) { value(each); });
          return;
        case model::ValueKind::env:
          json_.attribute("kind", "env");
          json_.attribute("key", written.text);
          return;
      }
    });
  }

  void fields(llvm::StringRef key, const std::vector<model::Field>& all) {
    list(key, all, [&](const model::Field& each) {
      object([&] {
        part(each);
        type("type", each.type);
        value("default", each.fallback);
        value("min", each.min);
        value("max", each.max);
        json_.attribute("private", each.is_private);
      });
    });
  }
  void cases(llvm::StringRef key, const std::vector<model::Case>& all) {
    list(key, all, [&](const model::Case& each) {
      object([&] {
        part(each);
        fields("fields", each.fields);
        json_.attribute("transient", each.transient);
      });
    });
  }
  void arguments(const std::vector<model::Argument>& all) {
    list("arguments", all, [&](const model::Argument& each) {
      object([&] {
        json_.attribute("parameter", each.parameter->name);
        value("value", each.value);
      });
    });
  }

  void messages(const std::vector<model::Message>& all) {
    list("messages", all, [&](const model::Message& each) {
      object([&] {
        json_.attribute("kind", word(each.kind));
        part(each);
        fields("parameters", each.parameters);
        if (each.kind == model::MessageKind::call) {
          answer(each.result, each.throws, each.timeout_ns);
          json_.attribute("deferred", each.deferred);
          json_.attribute("blocking", each.blocking);
        }
        if (each.priority) json_.attribute("priority", "high");
        if (each.every_ns != 0) json_.attribute("every_ns", duration(each.every_ns));
        reference("protocol", each.protocol);
        reference("topic", each.topic);
        if (each.event != nullptr) json_.attribute("event", each.event->name);
      });
    });
  }
  void answer(const std::optional<model::Type>& result, const model::Union* throws,
              std::uint64_t timeout_ns) {
    if (result) type("result", *result);
    reference("throws", throws);
    json_.attribute("timeout_ns", duration(timeout_ns));
  }

  // ---- Declarations ----

  void module(const model::Module& written, const File& file) {
    object([&] {
      json_.attribute("name", written.name());
      json_.attribute("file", file.path);
      json_.attribute("requested", file.requested);
      json_.attribute("version", std::max<std::uint64_t>(written.version, 1));
      json_.attribute("none", word(written.none));
      json_.attribute("doc", written.doc);
      list("imports", written.imports,
           [&](const model::Module* each) { json_.value(each->name()); });
      removed(written.removed);
      list("declarations", written.declarations, [&](const auto& each) {
        object([&] {
          const auto* choice = dynamic_cast<const model::Union*>(each.get());
          json_.attribute("kind",
                          choice != nullptr && choice->is_error ? "error" : word(each->kind));
          json_.attribute("id", each->qualified());
          part(*each);
          removed(each->removed);
          declaration(*each);
        });
      });
    });
  }

  void declaration(const Declaration& written) {
    switch (written.kind) {
      case DeclarationKind::constant:
        return constant(static_cast<const model::Const&>(written));
      case DeclarationKind::alias:
        return type("type", static_cast<const model::Alias&>(written).type);
      case DeclarationKind::structure:
        return structure(static_cast<const model::Struct&>(written));
      case DeclarationKind::enumeration:
        return enumeration(static_cast<const model::Enum&>(written));
      case DeclarationKind::choice:
        return choice(static_cast<const model::Union&>(written));
      case DeclarationKind::protocol:
        return messages(static_cast<const model::Protocol&>(written).messages);
      case DeclarationKind::server:
        return server(static_cast<const model::Server&>(written));
      case DeclarationKind::statem:
        return statem(static_cast<const model::Statem&>(written));
      case DeclarationKind::events:
        return cases("events", static_cast<const model::Events&>(written).events);
      case DeclarationKind::handler:
        return handler(static_cast<const model::Handler&>(written));
      case DeclarationKind::topic:
        return topic(static_cast<const model::Topic&>(written));
      case DeclarationKind::task:
        return task(static_cast<const model::Task&>(written));
      case DeclarationKind::agent:
        return type("state", static_cast<const model::Agent&>(written).state);
      case DeclarationKind::registry:
        return registry(static_cast<const model::Registry&>(written));
      case DeclarationKind::supervisor:
        return supervisor(static_cast<const model::Supervisor&>(written));
      case DeclarationKind::application:
        return application(static_cast<const model::Application&>(written));
    }
  }

  void constant(const model::Const& written) {
    type("type", written.type);
    value("value", written.value);
  }

  void structure(const model::Struct& written) {
    fields("fields", written.fields);
    json_.attribute("record", written.record);
    json_.attribute("json_keys", written.json_keys);
    if (!written.elixir.empty()) json_.attribute("elixir", written.elixir);
  }

  void choice(const model::Union& written) {
    json_.attribute("open", written.open);
    json_.attribute("flat", written.flat);
    cases("cases", written.cases);
  }

  void enumeration(const model::Enum& written) {
    json_.attribute("open", written.open);
    list("members", written.members,
         [&](const model::EnumMember& each) { object([&] { part(each); }); });
  }

  void server(const model::Server& written) {
    fields("parameters", written.parameters);
    reference("init_throws", written.init_throws);
    if (written.state) fields("state", *written.state);
    list("upgrades", written.upgrades, [&](const model::Upgrade& each) {
      object([&] {
        json_.attribute("from", each.from);
        location(each.span);
        // Of a schema that may be gone: no places.
        list("state", each.state, [&](const model::Field& field) {
          object([&] {
            json_.attribute("name", field.name);
            type("type", field.type);
            value("default", field.fallback);
          });
        });
      });
    });
    references("protocols", written.protocols);
    references("topics", written.topics);
    list("uses", written.uses, [&](const model::Uses& each) {
      object([&] {
        reference("process", each.target);
        json_.attribute("by", each.kind.empty() ? "any" : each.kind);
        location(each.span);
      });
    });
    messages(written.messages);
    json_.attribute("terminate", written.terminate);
    json_.attribute("trap_exit", written.trap_exit);
    json_.attribute("skip_expired", written.skip_expired);
    if (written.hibernate_ns)
      json_.attribute("hibernate_after_ns", duration(*written.hibernate_ns));
    if (!written.mailbox) return;
    json_.attributeObject("mailbox", [&] {
      json_.attribute("limit", written.mailbox->limit);
      json_.attribute("overflow", model::word(written.mailbox->overflow));
    });
  }

  void statem(const model::Statem& written) {
    server(written);
    if (written.data) fields("data", *written.data);
    json_.attribute("callback_mode",
                    written.one_handler ? "handle_event_function" : "state_functions");
    json_.attribute("initial", written.states[written.first].name);
    list("states", written.states, [&](const model::State& each) {
      object([&] {
        named(each.name, each.doc, each.span);
        json_.attribute("final", each.final);
        state(each, written);
      });
    });
    json_.attributeObject("any", [&] { state(written.any, written); });
  }
  void state(const model::State& written, const model::Statem& machine) {
    const auto targets = [&](const model::StateClause& clause) {
      list("targets", clause.targets,
           [&](std::size_t each) { json_.value(machine.states[each].name); });
      location(clause.span);
    };
    json_.attribute("on_enter", written.enter);
    list("events", written.events, [&](const model::StateClause& each) {
      object([&] {
        json_.attribute("message", machine.messages[each.message].name);
        targets(each);
      });
    });
    list("timeouts", written.timeouts, [&](const model::StateClause& each) {
      object([&] {
        json_.attribute("kind", each.name.empty() ? "state_timeout" : "timeout");
        if (!each.name.empty()) json_.attribute("name", each.name);
        json_.attribute("after_ns", duration(each.after_ns));
        targets(each);
      });
    });
    list("postponed", written.postponed,
         [&](std::size_t each) { json_.value(machine.messages[each].name); });
  }

  void handler(const model::Handler& written) {
    reference("manager", written.manager);
    fields("parameters", written.parameters);
    reference("init_throws", written.init_throws);
    list("on", written.on, [&](const model::Case* each) { json_.value(each->name); });
    messages(written.messages);
    json_.attribute("terminate", written.terminate);
  }

  void topic(const model::Topic& written) {
    fields("parameters", written.parameters);
    cases("events", written.cases);
  }

  void task(const model::Task& written) {
    fields("parameters", written.parameters);
    answer(written.result, written.throws, written.timeout_ns);
  }

  void registry(const model::Registry& written) {
    json_.attribute("keys", written.unique ? "unique" : "duplicate");
    type("key", written.key);
    reference("names", written.names);
    json_.attribute("partitions", written.partitions);
  }

  void supervisor(const model::Supervisor& written) {
    json_.attribute("type", word(written.type));
    json_.attribute("strategy", model::word(written.strategy));
    json_.attribute("intensity", written.intensity);
    json_.attribute("period_ns", duration(written.period_ns));
    json_.attribute("auto_shutdown", model::word(written.auto_shutdown));
    list("children", written.children, [&](const model::Child& each) { child(each); });
    if (written.max_children) json_.attribute("max_children", *written.max_children);
    if (written.backoff_ns) {
      json_.attributeObject("backoff", [&] {
        json_.attribute("first_ns", duration(written.backoff_ns->first));
        json_.attribute("longest_ns", duration(written.backoff_ns->second));
      });
    }
    if (written.type == model::SupervisorKind::partition) {
      if (written.partitions != 0) json_.attribute("partitions", written.partitions);
      if (written.partition_number != nullptr)
        json_.attribute("partition_number", written.partition_number->name);
      if (written.partition_key) {
        json_.attributeObject("partition_key", [&] {
          json_.attribute("name", written.partition_key_name);
          type("type", *written.partition_key);
        });
      }
    }
    reference("env", written.env);
  }
  void child(const model::Child& written) {
    object([&] {
      json_.attribute("id", written.id);
      location(written.span);
      reference("target", written.target);
      arguments(written.arguments);
      json_.attribute("restart", model::word(written.restart));
      json_.attribute("shutdown_ns",
                      written.shutdown_ns == 0 ? "brutal_kill" : duration(written.shutdown_ns));
      json_.attribute("significant", written.significant);
      if (!written.registered.empty()) json_.attribute("registered", written.registered);
      list("handlers", written.handlers, [&](const model::Child::Handler& each) {
        object([&] {
          reference("handler", each.handler);
          arguments(each.arguments);
        });
      });
    });
  }

  void application(const model::Application& written) {
    fields("env", written.env);
    references("depends", written.depends);
    reference("start", written.start);
    names("start_phases", written.start_phases);
  }

  const Options& options_;
  llvm::json::OStream json_;
  std::map<source::FileId, std::string> paths_;
};

}  // namespace

void write(const model::Program& program, const Options& options, llvm::raw_ostream& out) {
  Writer(options, out).program(program);
  out << '\n';
}

}  // namespace otpc::ir
