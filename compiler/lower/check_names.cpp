// Two names of a schema that would become one name of C++.
#include "lower/check_names.h"

#include <algorithm>
#include <map>

#include "lower/names.h"

namespace otpc::lower {
namespace {

/// The names of one scope of the generated code, each with where it comes from.
class Scope {
 public:
  explicit Scope(diagnostics::Engine& diagnostics) : diagnostics_(diagnostics) {}

  /// `inherited`: the protocol that brings it, where that is told of two names of its own.
  void add(const std::string& cpp, const std::string& written, source::Span span,
           const model::Protocol* inherited = nullptr) {
    const auto [other, fresh] = names_.try_emplace(cpp, Entry{written, span, inherited});
    const auto& [name, first, from] = other->second;
    if (fresh || name == written) return;  // the same name twice is told as such
    if (inherited != nullptr && inherited == from) return;
    diagnostics_.emit(diagnostics::Id::cpp_names_collide, span, name, written, cpp)
        .label(first, "the other")
        .help("rename one of them");
  }

 private:
  struct Entry {
    std::string written;
    source::Span span;
    const model::Protocol* inherited;
  };
  diagnostics::Engine& diagnostics_;
  std::map<std::string, Entry> names_;
};

class Checker {
 public:
  explicit Checker(diagnostics::Engine& diagnostics) : diagnostics_(diagnostics) {}

  void declaration(const model::Declaration& each) {
    if (const auto* made = dynamic_cast<const model::Struct*>(&each))
      fields(made->fields);
    else if (const auto* choice = dynamic_cast<const model::Union*>(&each))
      cases(choice->cases);
    else if (const auto* events = dynamic_cast<const model::Events*>(&each))
      manager(*events);
    else if (const auto* handler = dynamic_cast<const model::Handler*>(&each))
      handles(*handler);
    else if (const auto* topic = dynamic_cast<const model::Topic*>(&each))
      cases(topic->cases);
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

  void cases(const std::vector<model::Case>& cases) {
    Scope scope(diagnostics_);
    for (const model::Case& each : cases) {
      scope.add(cpp_name(each.name, Place::union_case), each.name, each.span);
      fields(each.fields);
    }
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
    Scope scope(diagnostics_);
    for (const model::Message& each : messages) {
      const model::Protocol* inherited = each.protocol == owner ? nullptr : each.protocol;
      scope.add(cpp_name(each.name, Place::message), each.name, each.span, inherited);
      if (inherited == nullptr) fields(each.parameters);
      if (each.kind != model::MessageKind::call) continue;
      for (const char* prefix : {"try_", "async_"})
        scope.add(prefix + each.name, each.name, each.span, inherited);
    }
  }

  /// `audit.added(...)`, `audit.sync_added(...)`
  void manager(const model::Events& events) {
    cases(events.events);
    Scope scope(diagnostics_);
    for (const model::Case& each : events.events) {
      scope.add(cpp_name(each.name, Place::message), each.name, each.span);
      scope.add("sync_" + each.name, each.name, each.span);
    }
  }

  void handles(const model::Handler& handler) {
    fields(handler.parameters);
    Scope scope(diagnostics_);
    for (const model::Case* each : handler.on)
      scope.add(cpp_name(each->name, Place::message), each->name, handler.span);
    for (const model::Message& each : handler.messages) {
      scope.add(cpp_name(each.name, Place::message), each.name, each.span);
      fields(each.parameters);
    }
  }

  /// `idle_pay(card)`: of the state and the event.
  void handlers(const model::Statem& statem) {
    if (statem.one_handler) return;
    Scope scope(diagnostics_);
    const auto add = [&](const model::State& state) {
      const std::string owner = state.name.empty() ? "any" : state.name;
      for (const model::StateClause& each : state.events) {
        const std::string& event = statem.messages[each.message].name;
        scope.add(cpp_name(owner + "_" + event, Place::message), owner + "." + event, each.span);
      }
    };
    for (const model::State& state : statem.states) add(state);
    add(statem.any);
  }

  diagnostics::Engine& diagnostics_;
};

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
  Checker checker(diagnostics);
  for (const auto& module : program.modules) {
    Scope scope(diagnostics);
    for (const auto& each : module->declarations) {
      if (each->kind != model::DeclarationKind::application)
        scope.add(cpp_name(each->name), each->name, each->span);
      checker.declaration(*each);
      if (const auto* application = dynamic_cast<const model::Application*>(each.get()))
        check_application(*application, diagnostics);
    }
  }
}

}  // namespace otpc::lower
