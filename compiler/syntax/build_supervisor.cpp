// Supervisors and their children.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Declaration Builder::supervisor(Parser::SupervisorDeclContext& context) {
  if (context.PARTITION() != nullptr) {
    return unsupported("a partition supervisor", context.name(), span(context));
  }
  ast::Supervisor result;
  result.name = name(context.name());
  result.dynamic = context.DYNAMIC() != nullptr;
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
    if (!supervisor.auto_shutdown.text.empty()) repeated(supervisor.name, "auto_shutdown", where);
    supervisor.auto_shutdown = name(context.name());
  } else if (context.MAX_CHILDREN() != nullptr) {
    supervisor.unsupported.push_back(unsupported("`max_children`", nullptr, where));
  } else if (context.BACKOFF() != nullptr) {
    supervisor.unsupported.push_back(unsupported("`backoff`", nullptr, where));
  } else if (auto* declared = context.childMember()) {
    ast::Child made = child(*declared, supervisor);
    made.span = where;
    made.doc = doc_at(where);
    made.annotations = annotations(context.annotation());
    if (!made.target.parts.empty()) supervisor.children.push_back(std::move(made));
  }
}

ast::Child Builder::child(Parser::ChildMemberContext& context, ast::Supervisor& supervisor) {
  ast::Child result;
  result.name = name(context.name());
  result.target = path(context.path());
  if (context.arguments() != nullptr) {
    for (Parser::ArgumentContext* argument : context.arguments()->argument()) {
      result.arguments.push_back({name(argument->name()), value(argument->value())});
    }
  }
  for (Parser::ChildOptionContext* option : context.childOption()) {
    const ast::Span where = span(*option);
    if (option->RESTART() != nullptr) {
      result.restart = name(option->name());
    } else if (option->SHUTDOWN() != nullptr) {
      result.shutdown = optional_value(option->value());
    } else if (option->SIGNIFICANT() != nullptr) {
      result.significant = where;
    } else if (option->NAME() != nullptr) {
      result.registered = optional_value(option->value());
    } else if (option->HANDLERS() != nullptr) {
      supervisor.unsupported.push_back(unsupported("`handlers`", nullptr, where));
    } else if (option->PARTITIONS() != nullptr) {
      supervisor.unsupported.push_back(unsupported("`partitions`", nullptr, where));
    }
  }
  return result;
}

}  // namespace otpc::syntax
