// Event managers and handlers, topics, tasks, agents, registries.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Events Builder::events(Parser::EventsDeclContext& context) {
  ast::Events result;
  result.name = name(context.name());
  for (Parser::EventMemberContext* member : context.eventMember()) {
    ast::Case made;
    made.annotations = annotations(member->annotation());
    made.name = name(member->name());
    made.span = span(*member);
    made.doc = doc_at(made.span);
    made.fields = parameters(member->parameters());
    if (!made.name.text.empty()) result.events.push_back(std::move(made));
  }
  return result;
}

ast::Handler Builder::handler(Parser::HandlerDeclContext& context) {
  ast::Handler result;
  result.name = name(context.name());
  result.manager = path(context.path());
  for (Parser::HandlerMemberContext* member : context.handlerMember()) {
    const ast::Span where = span(*member);
    if (auto* declared_init = member->initMember()) {
      ast::Init made = init(*declared_init, where);
      made.annotations = annotations(member->annotation());
      result.inits.push_back(std::move(made));
    } else if (member->ON() != nullptr) {
      for (Parser::NameContext* each : member->name()) {
        if (ast::Name event = name(each); !event.text.empty())
          result.on.push_back(std::move(event));
      }
    } else if (member->message() != nullptr) {
      ast::Message made = message(*member->message(), where, member->annotation());
      if (!made.name.text.empty()) result.messages.push_back(std::move(made));
    } else if (auto* flag = member->flagMember()) {
      (flag->TERMINATE() != nullptr ? result.terminate : result.trap_exit).push_back(where);
    }
  }
  return result;
}

ast::Topic Builder::topic(Parser::TopicDeclContext& context) {
  ast::Topic result;
  result.name = name(context.name());
  result.parameters = parameters(context.parameters());
  bool open = false;  // a topic of a later version may have more: nothing to say
  result.cases = cases(context.unionCase(), result.name, open);
  return result;
}

ast::Task Builder::task(Parser::TaskDeclContext& context) {
  ast::Task result;
  result.name = name(context.name());
  result.parameters = parameters(context.parameters());
  if (context.type() != nullptr) result.result = type(context.type());
  for (Parser::MessageOptionContext* option : context.messageOption())
    message_option(*option, result);
  return result;
}

ast::Agent Builder::agent(Parser::AgentDeclContext& context) {
  ast::Agent result;
  result.name = name(context.name());
  result.state = type(context.type());
  return result;
}

ast::Registry Builder::registry(Parser::RegistryDeclContext& context) {
  ast::Registry result;
  result.name = name(context.name());
  for (Parser::RegistryMemberContext* member : context.registryMember()) {
    const ast::Span where = span(*member);
    if (member->UNIQUE() != nullptr) {
      result.unique.push_back(where);
    } else if (member->DUPLICATE() != nullptr) {
      result.duplicate.push_back(where);
    } else if (member->KEY() != nullptr) {
      result.keys.push_back(type(member->type()));
    } else if (member->NAMES() != nullptr) {
      result.names.push_back(path(member->path()));
    } else if (member->PARTITIONS() != nullptr) {
      if (result.partitions) repeated(result.name, "partitions", where);
      result.partitions = optional_value(member->value());
    }
  }
  return result;
}

}  // namespace otpc::syntax
