// Supervisors and their children.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Supervisor Builder::supervisor(Parser::SupervisorDeclContext& context) {
  ast::Supervisor result;
  result.name = name(context.name());
  result.kind = context.DYNAMIC() != nullptr     ? ast::SupervisorKind::dynamic
                : context.PARTITION() != nullptr ? ast::SupervisorKind::partition
                                                 : ast::SupervisorKind::supervisor;
  for (Parser::SupervisorMemberContext* member : context.supervisorMember())
    supervisor_member(*member, result);
  return result;
}

void Builder::supervisor_member(Parser::SupervisorMemberContext& context,
                                ast::Supervisor& supervisor) {
  const ast::Span where = span(context);
  const std::vector<Parser::ValueContext*> values = context.value();
  if (context.STRATEGY() != nullptr) {
    if (!supervisor.strategy.text.empty()) repeated(supervisor.name, "strategy", where);
    supervisor.strategy = name(context.name());
  } else if (context.INTENSITY() != nullptr) {
    if (supervisor.intensity) repeated(supervisor.name, "intensity", where);
    supervisor.intensity = values.empty() ? std::nullopt : optional_value(values[0]);
    supervisor.period = values.size() < 2 ? std::nullopt : optional_value(values[1]);
    supervisor.intensity_span = where;
  } else if (context.AUTO_SHUTDOWN() != nullptr) {
    const bool first = supervisor.auto_shutdown.text.empty();
    if (!first) repeated(supervisor.name, "auto_shutdown", where);
    // Of two the one that goes with significant children: it leaves nothing more to say.
    if (ast::Name said = name(context.name()); first || said.text != "never")
      supervisor.auto_shutdown = std::move(said);
  } else if (context.MAX_CHILDREN() != nullptr) {
    if (supervisor.max_children) repeated(supervisor.name, "max_children", where);
    supervisor.max_children_span = span(context.MAX_CHILDREN());
    supervisor.max_children = values.empty() ? std::nullopt : optional_value(values[0]);
  } else if (context.BACKOFF() != nullptr) {
    if (supervisor.backoff_min) repeated(supervisor.name, "backoff", where);
    supervisor.backoff_min = values.empty() ? std::nullopt : optional_value(values[0]);
    supervisor.backoff_max = values.size() < 2 ? std::nullopt : optional_value(values[1]);
    supervisor.backoff_span = where;
  } else if (auto* declared = context.childMember()) {
    ast::Child made = child(*declared);
    made.span = where;
    made.doc = doc_at(where);
    made.annotations = annotations(context.annotation());
    if (!made.target.parts.empty()) supervisor.children.push_back(std::move(made));
  }
}

std::vector<ast::Argument> Builder::arguments(Parser::ArgumentsContext* context) {
  std::vector<ast::Argument> result;
  if (context == nullptr) return result;
  for (Parser::ArgumentContext* argument : context->argument())
    result.push_back({name(argument->name()), value(argument->value())});
  return result;
}

ast::Child Builder::child(Parser::ChildMemberContext& context) {
  ast::Child result;
  const std::vector<Parser::NameContext*> names = context.name();
  if (context.COLON() != nullptr) {
    result.name = names.empty() ? ast::Name{} : name(names.front());
    result.target = path(context.path());
  } else {
    for (Parser::NameContext* each : names) {
      if (ast::Name part = name(each); !part.text.empty())
        result.target.parts.push_back(std::move(part));
    }
    if (!result.target.parts.empty())
      result.target.span =
          source::join(result.target.parts.front().span, result.target.parts.back().span);
  }
  result.arguments = arguments(context.arguments());
  const ast::Name& known_as = result.name.text.empty() && !result.target.parts.empty()
                                  ? result.target.parts.back()
                                  : result.name;
  const auto once = [&](bool was_said, std::string_view part, ast::Span where) {
    if (was_said) repeated(known_as, part, where);
  };
  for (Parser::ChildOptionContext* option : context.childOption()) {
    const ast::Span where = span(*option);
    if (option->RESTART() != nullptr) {
      once(!result.restart.text.empty(), "restart", where);
      result.restart = name(option->name());
    } else if (option->SHUTDOWN() != nullptr) {
      once(result.shutdown.has_value(), "shutdown", where);
      result.shutdown = optional_value(option->value());
    } else if (option->SIGNIFICANT() != nullptr) {
      once(static_cast<bool>(result.significant), "significant", where);
      result.significant = where;
    } else if (option->NAME() != nullptr) {
      once(result.registered.has_value(), "name", where);
      result.registered = optional_value(option->value());
    } else if (option->PARTITIONS() != nullptr) {
      once(static_cast<bool>(result.partitions_span), "partitions", where);
      result.partitions = optional_value(option->value());
      result.partitions_span = where;
    } else if (option->BY() != nullptr) {
      once(static_cast<bool>(result.by_span), "by", where);
      result.partition_key = name(option->name());
      result.by_span = where;
    } else if (option->HANDLERS() != nullptr) {
      once(static_cast<bool>(result.handlers_span), "handlers", where);
      // Each path may have arguments behind it: read in the order of the text.
      result.handlers_span = where;
      for (antlr4::tree::ParseTree* part : option->children) {
        if (auto* handler = dynamic_cast<Parser::PathContext*>(part))
          result.handlers.push_back({path(handler), {}, span(*handler)});
        else if (auto* given = dynamic_cast<Parser::ArgumentsContext*>(part);
                 given != nullptr && !result.handlers.empty())
          result.handlers.back().arguments = arguments(given);
      }
    }
  }
  return result;
}

}  // namespace otpc::syntax
