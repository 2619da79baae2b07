// Two names of a schema that would become one name of C++.
#include "lower/check_names.h"

#include <map>

#include "lower/names.h"

namespace otpc::lower {
namespace {

/// The names of one scope of the generated code, each with where it comes from.
class Scope {
 public:
  explicit Scope(diagnostics::Engine& diagnostics) : diagnostics_(diagnostics) {}

  void add(const std::string& cpp, const std::string& written, source::Span span) {
    const auto [other, fresh] = names_.try_emplace(cpp, written, span);
    const auto& [name, first] = other->second;
    if (fresh || name == written) return;  // the same name twice is told as such
    diagnostics_.emit(diagnostics::Id::cpp_names_collide, span, name, written, cpp)
        .label(first, "the other")
        .help("rename one of them");
  }

 private:
  diagnostics::Engine& diagnostics_;
  std::map<std::string, std::pair<std::string, source::Span>> names_;
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
      cases(events->events);
    else if (const auto* topic = dynamic_cast<const model::Topic*>(&each))
      cases(topic->cases);
    else if (const auto* enumeration = dynamic_cast<const model::Enum*>(&each))
      members(*enumeration);
    else if (const auto* protocol = dynamic_cast<const model::Protocol*>(&each))
      messages(protocol->messages);
    else if (const auto* server = dynamic_cast<const model::Server*>(&each))
      messages(server->messages);
    if (const auto* statem = dynamic_cast<const model::Statem*>(&each)) handlers(*statem);
    if (const auto* worker = dynamic_cast<const model::Worker*>(&each)) fields(worker->parameters);
  }

 private:
  void fields(const std::vector<model::Field>& fields) {
    Scope scope(diagnostics_);
    for (const model::Field& each : fields)
      scope.add(cpp_name(each.name, Place::message), each.name, each.span);
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

  void messages(const std::vector<model::Message>& messages) {
    Scope scope(diagnostics_);
    for (const model::Message& each : messages) {
      scope.add(cpp_name(each.name, Place::message), each.name, each.span);
      fields(each.parameters);
      if (each.kind != model::MessageKind::call) continue;
      for (const char* prefix : {"try_", "async_"})
        scope.add(prefix + each.name, each.name, each.span);
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

}  // namespace

void check_names(const model::Program& program, diagnostics::Engine& diagnostics) {
  Checker checker(diagnostics);
  for (const auto& module : program.modules) {
    Scope scope(diagnostics);
    for (const auto& each : module->declarations) {
      if (each->kind != model::DeclarationKind::application)
        scope.add(cpp_name(each->name), each->name, each->span);
      checker.declaration(*each);
    }
  }
}

}  // namespace otpc::lower
