// State machines: their states, what is handled where, and where that leads.
#include <algorithm>
#include <deque>
#include <ranges>
#include <utility>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

bool same_life(const model::Life& one, const model::Life& other) {
  return one.added == other.added && one.deprecated == other.deprecated &&
         one.use_instead == other.use_instead && one.was == other.was;
}

/// All but the doc comment and the targets: there is one client function for all states.
bool same_signature(const model::Message& one, const model::Message& other) {
  const auto value = [](const std::optional<model::Value>& fallback) {
    return fallback ? fallback->written() : std::string();
  };
  const auto same_fields = [&](const model::Field& a, const model::Field& b) {
    return a.name == b.name && a.type.text() == b.type.text() &&
           value(a.fallback) == value(b.fallback) && same_life(a.life, b.life);
  };
  const auto text = [](const std::optional<model::Type>& type) {
    return type ? type->text() : std::string();
  };
  return one.kind == other.kind && one.throws == other.throws &&
         text(one.result) == text(other.result) && one.timeout_ns == other.timeout_ns &&
         same_life(one.life, other.life) &&
         std::ranges::equal(one.parameters, other.parameters, same_fields);
}

const char* described(ast::MessageKind kind) {
  return kind == ast::MessageKind::continue_ ? "a continue" : "sent by a timer";
}

}  // namespace

void ModuleChecker::check(const ast::Statem& written, model::Statem& made) {
  const std::size_t errors_before = diagnostics_.error_count();
  made.life = life(written, {"callback_mode"});
  for (const ast::Annotation& each : written.annotations) {
    if (each.name.text != "callback_mode") continue;
    const std::vector<std::string> modes{"state_functions", "handle_event_function"};
    made.one_handler = option_of(each, modes) == modes[1];
  }
  check_shared(written, made);
  const bool any_state = !written.states.empty() && !written.states.front().names.empty();
  check_init(written.inits,
             "init() -> " +
                 (any_state ? written.states.front().names.front().text : std::string("state")) +
                 ";",
             made, made.parameters, made.init_throws);
  if (written.data) made.data = fields(*written.data, "data", false);
  check_upgrades(written, made.data, made);

  const std::vector<std::string> names = state_names(written);
  for (const ast::State& block : written.states) {
    std::optional<model::State> shared;  // what is wrong in it is told once
    for (const ast::Name& name : block.names) {
      if (made.states.size() == names.size() || names[made.states.size()] != name.text) continue;
      if (!shared) shared = state(block, name.text, name.span, names, made);
      made.states.push_back(*shared);
      made.states.back().name = name.text;
      made.states.back().span = name.span;
    }
  }
  for (const ast::State& block : written.any) {
    if (&block != &written.any.front())
      diagnostics_.emit(Id::repeated_part, block.span, "any", made.name)
          .label(written.any.front().span, "first here");
    else
      made.any = state(block, "", block.span, names, made);
  }
  // Postponing names events, which may be declared anywhere.
  for (const ast::State& block : written.states) {
    for (const ast::Name& name : block.names) {
      const auto found = std::ranges::find(made.states, name.text, &model::State::name);
      if (found != made.states.end() && found->span == name.span) postpone(block, *found, made);
    }
  }
  if (!written.any.empty()) postpone(written.any.front(), made.any, made);
  if (made.states.empty()) {
    if (!written.broken) diagnostics_.emit(Id::empty_enum, made.span, made.name, "states");
    return;
  }
  check_life(made.messages, made.removed, made.name);
  if (!written.first.text.empty()) {
    const auto first = targets({written.first}, names, made);
    if (!first.empty()) made.first = first.front();
  }
  if (!written.broken && diagnostics_.error_count() == errors_before) check_ways(made);
}

/// Each once, in the order of the text.
std::vector<std::string> ModuleChecker::state_names(const ast::Statem& written) {
  std::vector<std::string> names;
  std::vector<source::Span> places;
  for (const ast::State& block : written.states) {
    for (const ast::Name& name : block.names) {
      check_reserved(name);
      const auto same = std::ranges::find(names, name.text);
      if (same == names.end()) {
        names.push_back(name.text);
        places.push_back(name.span);
      } else {
        diagnostics_.emit(Id::duplicate_member, name.span, name.text, written.name.text)
            .label(places[static_cast<std::size_t>(same - names.begin())], "first here");
      }
    }
  }
  return names;
}

model::State ModuleChecker::state(const ast::State& written, const std::string& name,
                                  source::Span name_span, const std::vector<std::string>& names,
                                  model::Statem& made) {
  model::State result;
  result.name = name;
  result.doc = written.doc;
  result.span = name_span;
  result.final = written.final;
  result.enter = !written.enter.empty();
  if (written.enter.size() > 1)
    diagnostics_.emit(Id::repeated_part, written.enter[1], "on enter", name)
        .label(written.enter.front(), "first here");
  if (written.final) {
    check_final(written, name);
    // Who postpones one of them is not told that nobody handles it.
    for (const ast::Message& each : written.events) event(each, made);
    return result;
  }
  for (const ast::StateTimeout& each : written.timeouts) {
    model::StateClause clause;
    clause.name = each.name.text;
    check_reserved(each.name);
    clause.after_ns = duration(each.after, false).value_or(0);
    clause.targets = targets(each.targets, names, made);
    clause.span = each.span;
    const auto first = std::ranges::find(result.timeouts, clause.name, &model::StateClause::name);
    if (first != result.timeouts.end()) {
      diagnostics_
          .emit(Id::repeated_part, clause.span,
                clause.name.empty() ? "state_timeout" : "timeout " + clause.name,
                name.empty() ? "any" : name)
          .label(first->span, "first here");
      continue;
    }
    result.timeouts.push_back(std::move(clause));
  }
  for (const ast::Message& as_written : written.events) {
    const ast::Message each = with_target(as_written, names);
    const auto other = std::ranges::find_if(result.events, [&](const model::StateClause& clause) {
      return made.messages[clause.message].name == each.name.text;
    });
    if (other != result.events.end()) {
      diagnostics_
          .emit(Id::duplicate_member, each.name.span, each.name.text, name.empty() ? "any" : name)
          .label(other->span, "first here");
      continue;
    }
    const auto index = event(each, made);
    if (!index) continue;
    model::StateClause clause;
    clause.message = *index;
    clause.targets = targets(each.targets, names, made);
    clause.span = each.name.span;
    result.events.push_back(std::move(clause));
  }
  return result;
}

/// One error, as one `final` too many is one mistake.
void ModuleChecker::check_final(const ast::State& written, const std::string& name) {
  std::vector<std::pair<source::Span, const char*>> refused;
  for (const ast::StateTimeout& each : written.timeouts)
    refused.emplace_back(each.span, "time-out");
  for (const ast::Message& each : written.events) refused.emplace_back(each.name.span, "events");
  for (const ast::Name& each : written.postponed)
    refused.emplace_back(each.span, "postponed events");
  if (refused.empty()) return;
  auto builder =
      diagnostics_.emit(Id::final_state, refused.front().first, name, refused.front().second)
          .help(written.events.empty() ? "" : "delete `final`, or handle the event before");
  for (const auto& [span, what] : std::views::drop(refused, 1)) builder.label(span, "nor this");
}

std::vector<std::size_t> ModuleChecker::targets(const std::vector<ast::Name>& written,
                                                const std::vector<std::string>& names,
                                                const model::Statem& made) {
  std::vector<std::size_t> result;
  for (const ast::Name& each : written) {
    const auto found = std::ranges::find(names, each.text);
    if (found == names.end()) {
      if (missing_.contains(each.text)) continue;  // stands where the text is not understood
      if (!missing_.insert(made.name + "." + each.text).second) continue;  // told already
      diagnostics_.emit(Id::unknown_state, each.span, made.name, each.text)
          .suggest(each.text, names)
          .members(names);
      continue;
    }
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (std::ranges::find(result, index) == result.end())
      result.push_back(index);
    else
      diagnostics_.emit(Id::duplicate_member, each.span, each.text, "to")
          .label(std::ranges::find(written, each.text, &ast::Name::text)->span, "first here")
          .help("delete one of them");
  }
  return result;
}

/// `cast go -> idle`, where that is a state: told, and taken for `to idle`.
ast::Message ModuleChecker::with_target(ast::Message written,
                                        const std::vector<std::string>& names) {
  if (written.kind == ast::MessageKind::call || !written.result) return written;
  const ast::Type& result = *written.result;
  const std::string state = result.path.text();
  if (!result.arguments.empty() || result.optional ||
      std::ranges::find(names, state) == names.end())
    return written;
  diagnostics_
      .emit(Id::cast_with_reply, result.span,
            written.kind == ast::MessageKind::cast ? "cast" : "info", written.name.text,
            "return a value")
      .help("`" + state + "` is a state: write `to " + state + "`");
  if (written.targets.empty()) written.targets = result.path.parts;
  written.result.reset();
  return written;
}

std::optional<std::size_t> ModuleChecker::event(const ast::Message& written, model::Statem& made) {
  if (written.kind == ast::MessageKind::continue_ || written.every) {
    diagnostics_
        .emit(Id::statem_message, written.name.span, written.name.text, described(written.kind))
        .help(written.every ? "arm a `state_timeout` or a `timeout` instead"
                            : "insert an event from the handler with `.next_event(...)`");
    return std::nullopt;
  }
  if (is_removed(written, "message", made.removed)) return std::nullopt;
  const std::size_t errors = diagnostics_.error_count();
  model::Message checked = message(written, &made);
  refuse_annotations(
      written, checked,
      "delete it: a state machine may answer any call later, with `.reply(from, value)`");
  const std::string name = made.name + "." + checked.name;
  if (diagnostics_.error_count() != errors) wrong_events_.insert(name);
  const auto same = std::ranges::find(made.messages, checked.name, &model::Message::name);
  if (same == made.messages.end()) {
    made.messages.push_back(std::move(checked));
    return made.messages.size() - 1;
  }
  if (!same_signature(*same, checked) && !wrong_events_.contains(name)) {
    diagnostics_.emit(Id::event_differs, checked.span, checked.name)
        .label(same->span, "first here")
        .help(
            "one event is declared alike in all states, with its time-out, defaults and versions; "
            "only where it leads may differ");
  }
  return static_cast<std::size_t>(same - made.messages.begin());
}

void ModuleChecker::refuse_annotations(const ast::Message& written, const model::Message& made,
                                       const char* deferred_help) {
  for (const ast::Annotation& each : written.annotations) {
    if (each.name.text == "priority" && made.priority)
      diagnostics_
          .emit(Id::misplaced_option, each.span, "@priority(high)",
                "messages of servers and protocols")
          .help("delete it");
    else if (each.name.text == "blocking")
      diagnostics_.emit(Id::misplaced_option, each.span, "@blocking", "servers and protocols")
          .help("let a server do what blocks");
    else if (each.name.text == "deferred")
      diagnostics_.emit(Id::misplaced_option, each.span, "@deferred", "servers and protocols")
          .help(deferred_help);
  }
}

void ModuleChecker::postpone(const ast::State& written, model::State& state,
                             const model::Statem& made) {
  std::vector<std::string> events;
  for (const model::Message& each : made.messages) events.push_back(each.name);
  if (state.final) return;
  for (const ast::Name& each : written.postponed) {
    const auto found = std::ranges::find(events, each.text);
    if (found == events.end() && is_told_as_removed(each.text, each.span, made.removed)) continue;
    if (found == events.end()) {
      if (file_.lost.contains(each.text)) continue;
      diagnostics_.emit(Id::never_handled, each.span, made.name, each.text)
          .suggest(each.text, events)
          .members(events);
      continue;
    }
    const auto index = static_cast<std::size_t>(found - events.begin());
    const auto handled = std::ranges::find(state.events, index, &model::StateClause::message);
    if (handled != state.events.end()) {
      diagnostics_
          .emit(Id::handled_and_postponed, each.span, state.name.empty() ? "any" : state.name,
                each.text)
          .label(handled->span, "handled here")
          .help("delete one of them: an event that is postponed waits for another state");
    }
    if (std::ranges::find(state.postponed, index) != state.postponed.end())
      diagnostics_.emit(Id::repeated_part, each.span, "postpone " + each.text, state.name);
    else
      state.postponed.push_back(index);
  }
}

namespace {

/// Where a state leads: by its own clauses, and by those of `any` for what it does not say itself.
std::vector<std::size_t> ways_of(const model::State& state, const model::State& any) {
  std::vector<std::size_t> ways;
  const auto add = [&](const model::StateClause& each) {
    ways.insert(ways.end(), each.targets.begin(), each.targets.end());
  };
  std::ranges::for_each(state.events, add);
  std::ranges::for_each(state.timeouts, add);
  if (state.final) return ways;
  for (const model::StateClause& each : any.events) {
    const bool own = std::ranges::find(state.events, each.message, &model::StateClause::message) !=
                     state.events.end();
    const bool postponed =
        std::ranges::find(state.postponed, each.message) != state.postponed.end();
    if (!own && !postponed) add(each);
  }
  for (const model::StateClause& each : any.timeouts) {
    const bool own = std::ranges::find(state.timeouts, each.name, &model::StateClause::name) !=
                     state.timeouts.end();
    if (!own) add(each);
  }
  return ways;
}

}  // namespace

void ModuleChecker::check_ways(const model::Statem& made) {
  std::vector<bool> reached(made.states.size(), false);
  std::deque<std::size_t> open{made.first};
  reached[made.first] = true;
  while (!open.empty()) {
    const std::size_t at = open.front();
    open.pop_front();
    for (const std::size_t next : ways_of(made.states[at], made.any)) {
      if (reached[next]) continue;
      reached[next] = true;
      open.push_back(next);
    }
  }
  for (std::size_t i = 0; i < made.states.size(); ++i) {
    const model::State& state = made.states[i];
    if (!reached[i]) {
      diagnostics_.emit(Id::unreachable_state, state.span, state.name)
          .help("name it behind `to` somewhere, or delete it");
      continue;
    }
    const auto leads_away = [i](std::size_t next) { return next != i; };
    if (made.states.size() > 1 && !state.final &&
        std::ranges::none_of(ways_of(state, made.any), leads_away)) {
      diagnostics_.emit(Id::no_way_out, state.span, state.name)
          .help("make it `final state " + state.name + ";`, or say where it leads with `to`");
    }
  }
  for (std::size_t index = 0; index < made.messages.size(); ++index) {
    // Where the event comes to a handler at all: in a state that has one, or in `any`.
    const bool handled = std::ranges::any_of(made.states, [&](const model::State& state) {
      const bool here = std::ranges::find(state.events, index, &model::StateClause::message) !=
                        state.events.end();
      const bool in_any = std::ranges::find(made.any.events, index, &model::StateClause::message) !=
                          made.any.events.end();
      const bool postponed = std::ranges::find(state.postponed, index) != state.postponed.end();
      return here || (in_any && !postponed && !state.final);
    });
    if (!handled)
      diagnostics_.emit(Id::always_postponed, made.messages[index].span, made.messages[index].name);
  }
}

}  // namespace otpc::sema
