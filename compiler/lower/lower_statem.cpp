// State machines: what a server has, an enumeration of the states, a handler for each event in each
// state, and the function that chooses among them.
#include <algorithm>

#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

using model::MessageKind;
using model::State;
using model::StateClause;
using model::Statem;

/// `State::paid, State::failed`, as the class calls them.
std::string target_list(const Statem& machine, const std::vector<std::size_t>& targets) {
  std::string text;
  for (const std::size_t each : targets)
    text += (text.empty() ? "State::" : ", State::") + cpp_name(machine.states[each].name);
  return text;
}

std::string handler_name(const State& state, const std::string& event) {
  return cpp_name((state.name.empty() ? "any" : state.name) + "_" + event, Place::handler_of_state);
}

/// The condition under which an event is this message, and what its handler is given.
Object event_test(const Statem& machine, const model::Message& message) {
  const std::string type = cpp_message_type(message, machine);
  std::string test = "const auto* const otp_given = otp_event.as<" + type + ">()";
  std::string arguments;
  for (std::size_t i = 0; i < message.parameters.size(); ++i)
    arguments += (i == 0 ? "" : ", ") + std::string("otp_given->otp_") + std::to_string(i);
  bool used = !message.parameters.empty();
  if (message.kind == MessageKind::call) {
    arguments += (arguments.empty() ? "" : ", ") + std::string("::otp::gen::statem_from<") + type +
                 ">(otp_event)";
  } else if (message.kind == MessageKind::down) {
    test = "const auto* const otp_given = otp_event.as<::otp::Down>()";
    arguments = "*otp_given";
    used = true;
  }
  const std::string matches = test.substr(test.find("= ") + 2) + " != nullptr";
  if (!used) test = matches;
  return Object{{"test", test},
                {"matches", matches},
                {"arguments", arguments},
                {"event_type",
                 message.kind == MessageKind::down ? "::otp::Down" : cpp_name(message, machine)}};
}

Object lower_clause(const Statem& machine, const State& state, const StateClause& clause) {
  const model::Message& message = machine.messages[clause.message];
  const Parameters parameters = lower_parameters(message.parameters);
  std::string given = parameters.plain;
  if (message.kind == MessageKind::call)
    given += "::otp::From<" + result_type(message) + "> otp_from";
  else if (message.kind == MessageKind::down)
    given = "::otp::Down otp_down";
  else if (!given.empty())
    given.resize(given.size() - 2);
  Object result = event_test(machine, message);
  result["handler"] = handler_name(state, message.name);
  result["doc"] = cpp_comment(message.doc, message.life, "  ");
  result["parameters"] = given;
  result["targets"] = target_list(machine, clause.targets);
  return result;
}

Object lower_timeout(const Statem& machine, const State& state, const StateClause& clause) {
  const bool own = clause.name.empty();
  const bool certain = clause.targets.size() == 1;
  return Object{
      {"handler", handler_name(state, own ? "state_timeout" : "timeout_" + clause.name)},
      {"targets", target_list(machine, clause.targets)},
      {"test", own ? "otp_event.is_state_timeout()"
                   : "otp_event.is_timeout(" + cpp_string(clause.name) + ")"},
      {"name", own ? "nullptr" : cpp_string(clause.name)},
      {"after", cpp_duration(clause.after_ns)},
      {"certain", certain},
      {"goes_to", certain ? "to_" + machine.states[clause.targets.front()].name + "()" : ""}};
}

Object lower_state(const Statem& machine, const State& state) {
  Array events;
  Array timeouts;
  Array postponed;
  for (const StateClause& each : state.events) events.push_back(lower_clause(machine, state, each));
  for (const StateClause& each : state.timeouts)
    timeouts.push_back(lower_timeout(machine, state, each));
  for (const std::size_t each : state.postponed)
    postponed.push_back(event_test(machine, machine.messages[each]));
  return Object{{"name", cpp_name(state.name)},
                {"raw", state.name},
                {"text", cpp_string(state.name)},
                {"doc", cpp_comment(state.doc, "  ")},
                {"machine_state", machine.name + "State"},
                {"final", state.final},
                {"on_enter", state.enter},
                {"enter_handler", handler_name(state, "enter")},
                {"entered", state.enter || state.final || !state.timeouts.empty()},
                {"has_timeouts", !state.timeouts.empty()},
                {"events", std::move(events)},
                {"timeouts", std::move(timeouts)},
                {"postponed", std::move(postponed)}};
}

void add_edges(const Statem& machine, const State& state, Array& edges) {
  const auto add = [&](const std::string& event, const std::vector<std::size_t>& targets) {
    for (const std::size_t target : targets) {
      edges.push_back(Object{{"from", cpp_string(state.name)},
                             {"event", cpp_string(event)},
                             {"to", cpp_string(machine.states[target].name)}});
    }
  };
  for (const StateClause& each : state.events)
    add(machine.messages[each.message].name, each.targets);
  for (const StateClause& each : state.timeouts)
    add(each.name.empty() ? "state_timeout" : each.name, each.targets);
}

}  // namespace

Object lower_statem(const Statem& declaration) {
  Object result = lower_client(declaration, true);
  Array states;
  Array edges;
  bool entered = false;
  std::string all;
  for (const State& each : declaration.states) {
    states.push_back(lower_state(declaration, each));
    add_edges(declaration, each, edges);
    entered = entered || each.enter || each.final || !each.timeouts.empty();
    all += (all.empty() ? "State::" : ", State::") + cpp_name(each.name);
  }
  add_edges(declaration, declaration.any, edges);
  Array all_events;
  bool postponed = false;
  for (const model::Message& each : declaration.messages)
    all_events.push_back(event_test(declaration, each));
  for (const State& each : declaration.states) postponed = postponed || !each.postponed.empty();
  result["all_events"] = std::move(all_events);
  result["has_postponed"] = postponed;
  result["states"] = std::move(states);
  result["any"] = lower_state(declaration, declaration.any);
  result["any_enter"] = declaration.any.enter;
  result["any_timeouts"] = !declaration.any.timeouts.empty();
  result["entered"] = entered || declaration.any.enter || !declaration.any.timeouts.empty();
  result["state_count"] = std::to_string(declaration.states.size());
  result["has_edges"] = !edges.empty();
  result["edges"] = std::move(edges);
  result["all_states"] = all;
  result["first"] = cpp_name(declaration.states[declaration.first].name);
  // A state `string` gives its class a `to_string` too.
  result["to_string"] = cpp_namespace(*declaration.module) + "::to_string";
  result["one_handler"] = declaration.one_handler;
  result["has_data"] = declaration.data.has_value();
  result["data"] = lower_record(declaration.name + "Data",
                                declaration.data.value_or(std::vector<model::Field>()));
  return result;
}

}  // namespace otpc::lower
