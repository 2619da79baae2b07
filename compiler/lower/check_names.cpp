// Two names of a schema that would become one name of C++.
#include "lower/check_names.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "lower/names.h"

namespace otpc::lower {
namespace {

/// What stands behind the owner's name in the types that its classes speak of.
std::initializer_list<const char*> suffixes_of_types(const model::Declaration& owner) {
  using enum model::DeclarationKind;
  static constexpr auto of_servers = {"Args", "Server", "State", "Data", "Fake", "Proxy"};
  static constexpr auto of_handlers = {"Args", "Handler"};
  static constexpr auto of_protocols = {"Protocol"};
  if (owner.kind == server || owner.kind == statem) return of_servers;
  if (owner.kind == handler) return of_handlers;
  if (owner.kind == protocol) return of_protocols;
  return {};
}

/// The names of one scope of the generated code, each with where it comes from.
class Scope {
 public:
  /// `owner`: of the class whose members they are.
  explicit Scope(diagnostics::Engine& diagnostics, const model::Declaration* owner = nullptr)
      : diagnostics_(diagnostics), owner_(owner) {}

  /// `inherited`: the protocol that brings it, where that is told of two names of its own.
  void add(const std::string& cpp, const std::string& written, source::Span span,
           const model::Protocol* inherited = nullptr) {
    if (is_of_owner(cpp, written, span)) return;
    const auto [other, fresh] = names_.try_emplace(cpp, Entry{written, span, inherited});
    const auto& [name, first, from] = other->second;
    if (fresh || name == written) return;  // the same name twice is told as such
    if (inherited != nullptr && inherited == from) return;
    diagnostics_.emit(diagnostics::Id::cpp_names_collide, span, name, written, cpp)
        .label(first, "the other")
        .help("rename one of them");
  }

 private:
  /// In C++ no member has the name of its class.
  bool is_of_owner(const std::string& cpp, const std::string& written, source::Span span) {
    if (owner_ == nullptr) return false;
    if (cpp == cpp_name(*owner_)) {
      diagnostics_
          .emit(diagnostics::Id::cpp_names_collide, span, owner_->name,
                owner_->name + "." + written, cpp)
          .label(owner_->span, "the other")
          .help("rename one of them");
      return true;
    }
    for (const char* suffix : suffixes_of_types(*owner_)) {
      if (cpp != owner_->name + suffix) continue;
      diagnostics_.emit(diagnostics::Id::generated_name, span, written, owner_->name)
          .label(owner_->span, "for which it is generated")
          .help("rename one of them");
      return true;
    }
    return false;
  }

  struct Entry {
    std::string written;
    source::Span span;
    const model::Protocol* inherited;
  };
  diagnostics::Engine& diagnostics_;
  const model::Declaration* owner_;
  std::map<std::string, Entry> names_;
};

class Checker {
 public:
  explicit Checker(diagnostics::Engine& diagnostics) : diagnostics_(diagnostics) {}

  void declaration(const model::Declaration& each) {
    if (const auto* made = dynamic_cast<const model::Struct*>(&each))
      fields(made->fields);
    else if (const auto* choice = dynamic_cast<const model::Union*>(&each))
      cases(choice->cases, choice);
    else if (const auto* events = dynamic_cast<const model::Events*>(&each))
      manager(*events);
    else if (const auto* handler = dynamic_cast<const model::Handler*>(&each))
      handles(*handler);
    else if (const auto* topic = dynamic_cast<const model::Topic*>(&each))
      publishes(*topic);
    else if (const auto* enumeration = dynamic_cast<const model::Enum*>(&each))
      members(*enumeration);
    else if (const auto* protocol = dynamic_cast<const model::Protocol*>(&each))
      messages(protocol->messages, protocol);
    else if (const auto* server = dynamic_cast<const model::Server*>(&each))
      messages(server->messages, server);
    else if (const auto* application = dynamic_cast<const model::Application*>(&each))
      members(*application);
    if (const auto* server = dynamic_cast<const model::Server*>(&each)) {
      if (server->state) fields(*server->state, Place::plain);
    }
    if (const auto* statem = dynamic_cast<const model::Statem*>(&each)) {
      handlers(*statem);
      members(*statem);
    }
    if (const auto* worker = dynamic_cast<const model::Worker*>(&each)) fields(worker->parameters);
  }

 private:
  void fields(const std::vector<model::Field>& fields, Place place = Place::message) {
    Scope scope(diagnostics_);
    for (const model::Field& each : fields)
      scope.add(cpp_name(each.name, place), each.name, each.span);
  }

  /// `owner`: of a class that has them as members.
  void cases(const std::vector<model::Case>& cases, const model::Declaration* owner,
             Place place = Place::union_case) {
    Scope scope(diagnostics_, owner);
    for (const model::Case& each : cases) {
      scope.add(cpp_name(each.name, place), each.name, each.span);
      fields(each.fields);
    }
  }

  void publishes(const model::Topic& topic) {
    cases(topic.cases, &topic, Place::topic_case);
    fields(topic.parameters);
    fields(topic.parameters, Place::topic_key);
  }

  void members(const model::Enum& enumeration) {
    Scope scope(diagnostics_);
    for (const model::EnumMember& each : enumeration.members)
      scope.add(cpp_name(each.name), each.name, each.span);
  }

  void members(const model::Statem& statem) {
    if (statem.data) fields(*statem.data, Place::plain);
    Scope scope(diagnostics_);
    for (const model::State& each : statem.states)
      scope.add(cpp_name(each.name), each.name, each.span);
  }

  void members(const model::Application& application) {
    fields(application.env, Place::plain);
    Scope scope(diagnostics_);
    for (const std::string& each : application.start_phases)
      scope.add(cpp_name(each), each, application.span);
  }

  void messages(const std::vector<model::Message>& messages, const model::Declaration* owner) {
    const bool is_server = owner->kind == model::DeclarationKind::server;
    Scope scope(diagnostics_, owner);
    for (const model::Message& each : messages) {
      const model::Protocol* inherited = each.protocol == owner ? nullptr : each.protocol;
      const auto also = [&](const char* prefix) {
        scope.add(prefix + each.name, each.name, each.span, inherited);
      };
      scope.add(cpp_name(each, *owner), each.name, each.span, inherited);
      if (each.kind == model::MessageKind::topic)
        heard(each);
      else if (inherited == nullptr)
        fields(each.parameters);
      if (each.kind == model::MessageKind::call) {
        also("try_");
        also("async_");
      }
      if (is_server && each.kind == model::MessageKind::info) also("info_");
      if (is_server && each.kind == model::MessageKind::continue_) also("continue_");
    }
  }

  /// What a topic publishes comes with its keys. Two of its own are told where it is declared.
  void heard(const model::Message& message) {
    Scope scope(diagnostics_);
    std::set<std::string> own;
    const std::size_t keys = message.topic->parameters.size();
    for (std::size_t i = 0; i < message.parameters.size(); ++i) {
      const model::Field& each = message.parameters[i];
      const std::string& owner = i < keys ? message.topic->name : message.event->name;
      const std::string cpp = cpp_name(each.name, Place::message);
      if (own.insert(owner + "." + cpp).second) scope.add(cpp, owner + "." + each.name, each.span);
    }
  }

  /// `audit.added(...)`, `audit.sync_added(...)`
  void manager(const model::Events& events) {
    cases(events.events, nullptr);
    Scope scope(diagnostics_, &events);
    for (const model::Case& each : events.events) {
      scope.add(cpp_name(each.name, Place::event), each.name, each.span);
      scope.add("sync_" + each.name, each.name, each.span);
    }
  }

  void handles(const model::Handler& handler) {
    fields(handler.parameters);
    Scope scope(diagnostics_, &handler);
    for (const model::Case* each : handler.on)
      scope.add(cpp_name(each->name, Place::event), each->name, handler.span);
    for (const model::Message& each : handler.messages) {
      scope.add(cpp_name(each, handler), each.name, each.span);
      fields(each.parameters);
    }
  }

  /// `idle_pay(card)`: of the state and the event. `to_idle()`: of the state.
  void handlers(const model::Statem& statem) {
    Scope scope(diagnostics_);
    for (const model::State& state : statem.states)
      scope.add("to_" + state.name, "to " + state.name, state.span);
    if (statem.one_handler) {
      for (const model::Message& each : statem.messages)
        scope.add(cpp_name(each, statem), each.name, each.span);
      return;
    }
    for (const model::State& state : statem.states)
      add_handlers(statem, state, state.name == "any" ? "state any" : state.name, scope);
    add_handlers(statem, statem.any, "any", scope);
  }

  static void add_handlers(const model::Statem& statem, const model::State& state,
                           const std::string& written, Scope& scope) {
    const auto add = [&](const std::string& event, const std::string& said, source::Span span) {
      const std::string name = (state.name.empty() ? "any" : state.name) + "_" + event;
      scope.add(cpp_name(name, Place::handler_of_state), written + "." + said, span);
    };
    if (state.enter) add("enter", "on enter", state.span);
    for (const model::StateClause& each : state.events) {
      const std::string& event = statem.messages[each.message].name;
      add(event, event, each.span);
    }
    for (const model::StateClause& each : state.timeouts) {
      const std::string after = " " + model::duration_text(each.after_ns);
      if (each.name.empty())
        add("state_timeout", "state_timeout" + after, each.span);
      else
        add("timeout_" + each.name, "timeout " + each.name + after, each.span);
    }
  }

  diagnostics::Engine& diagnostics_;
};

/// The types of what is sent stand beside the declarations: `Cart_add`.
void add_message_types(const model::Declaration& owner, Scope& scope) {
  const auto add = [&](const std::vector<model::Message>& messages) {
    using enum model::MessageKind;
    for (const model::Message& each : messages) {
      const bool own = each.protocol == nullptr || each.protocol == &owner;
      if (own && each.kind != down && each.kind != exit && each.kind != topic)
        scope.add(cpp_message_type(each, owner), owner.name + "." + each.name, each.span);
    }
  };
  if (const auto* protocol = dynamic_cast<const model::Protocol*>(&owner)) add(protocol->messages);
  if (const auto* server = dynamic_cast<const model::Server*>(&owner)) add(server->messages);
  if (const auto* handler = dynamic_cast<const model::Handler*>(&owner)) add(handler->messages);
}

/// A module and a declaration of the module around it: `shop::cart`.
void check_namespaces(const model::Program& program, diagnostics::Engine& diagnostics) {
  std::map<std::string, const model::Module*> namespaces;
  for (const auto& module : program.modules) {
    model::Module around;
    for (const std::string& part : module->path) {
      around.path.push_back(part);
      namespaces.try_emplace(cpp_namespace(around), module.get());
    }
  }
  for (const auto& module : program.modules) {
    for (const auto& each : module->declarations) {
      if (each->kind == model::DeclarationKind::application) continue;
      const auto other = namespaces.find(qualified_name(*each));
      if (other == namespaces.end()) continue;
      diagnostics
          .emit(diagnostics::Id::cpp_names_collide, each->span, module->name() + "::" + each->name,
                "module " + other->second->name(), other->first)
          .label(other->second->span, "the other")
          .help("rename one of them");
    }
  }
}

/// What is generated for an application has no name of a declaration.
void check_application(const model::Application& application, diagnostics::Engine& diagnostics) {
  std::vector<std::string> generated{pascal_case(application.name) + "Env",
                                     application.name + "_application"};
  if (!application.start_phases.empty()) {
    generated.push_back(pascal_case(application.name) + "Phase");
    generated.push_back(application.name + "_start_phase");
  }
  for (const auto& each : application.module->declarations) {
    if (each->kind == model::DeclarationKind::application ||
        std::ranges::find(generated, each->name) == generated.end())
      continue;
    diagnostics.emit(diagnostics::Id::generated_name, each->span, each->name, application.name)
        .label(application.span, "the application")
        .help("rename one of them");
  }
}

}  // namespace

void check_names(const model::Program& program, diagnostics::Engine& diagnostics) {
  check_namespaces(program, diagnostics);
  Checker checker(diagnostics);
  for (const auto& module : program.modules) {
    Scope scope(diagnostics);
    for (const auto& each : module->declarations) {
      if (each->kind != model::DeclarationKind::application)
        scope.add(cpp_name(*each), each->name, each->span);
      add_message_types(*each, scope);
      checker.declaration(*each);
      if (const auto* application = dynamic_cast<const model::Application*>(each.get()))
        check_application(*application, diagnostics);
    }
  }
}

}  // namespace otpc::lower
