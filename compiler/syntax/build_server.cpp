// Servers and their messages.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Server Builder::server(Parser::ServerDeclContext& context) {
  ast::Server result;
  result.name = name(context.name());
  for (Parser::PathContext* protocol : context.path()) result.protocols.push_back(path(protocol));
  for (Parser::ServerMemberContext* member : context.serverMember()) server_member(*member, result);
  return result;
}

void Builder::server_member(Parser::ServerMemberContext& context, ast::Server& server) {
  const ast::Span where = span(context);
  if (auto* uses = context.usesMember()) {
    for (Parser::UsedServerContext* used : uses->usedServer()) {
      server.uses.push_back({path(used->path()), name(used->name()), span(*used)});
    }
  } else if (auto* init = context.initMember()) {
    ast::Init made;
    made.span = where;
    made.doc = doc_at(where);
    made.annotations = annotations(context.annotation());
    made.parameters = parameters(init->parameters());
    made.throws = path(init->path());
    server.inits.push_back(std::move(made));
  } else if (auto* state = context.stateMember()) {
    if (server.state) repeated(server.name, "state", where);
    server.state = fields(state->field());
  } else if (auto* hibernate = context.hibernateMember()) {
    server.hibernate = hibernate->value() == nullptr ? ast::Value{} : value(hibernate->value());
  } else if (auto* flag = context.flagMember()) {
    (flag->TERMINATE() != nullptr ? server.terminate : server.trap_exit).push_back(where);
  } else if (context.mailboxMember() != nullptr) {
    server.unsupported.push_back(unsupported("`mailbox`", nullptr, where));
  } else if (context.upgradeMember() != nullptr) {
    server.unsupported.push_back(unsupported("`upgrade`", nullptr, where));
  } else if (auto* declared = context.message()) {
    ast::Message made = message(*declared);
    made.span = where;
    made.doc = doc_at(where);
    made.annotations = annotations(context.annotation());
    if (!made.name.text.empty()) server.messages.push_back(std::move(made));
  }
}

ast::Message Builder::message(Parser::MessageContext& context) {
  ast::Message result;
  result.kind = context.CALL() != nullptr   ? ast::MessageKind::call
                : context.CAST() != nullptr ? ast::MessageKind::cast
                : context.INFO() != nullptr ? ast::MessageKind::info
                                            : ast::MessageKind::continue_;
  result.name = name(context.name());
  result.parameters = parameters(context.parameters());
  if (context.type() != nullptr) result.result = type(context.type());
  for (Parser::MessageOptionContext* option : context.messageOption()) {
    if (option->THROWS() != nullptr) {
      if (!result.throws.parts.empty()) repeated(result.name, "throws", span(*option));
      result.throws = path(option->path());
    } else {
      std::optional<ast::Value>& slot =
          option->TIMEOUT() != nullptr ? result.timeout : result.every;
      if (slot)
        repeated(result.name, option->TIMEOUT() != nullptr ? "timeout" : "every", span(*option));
      slot = optional_value(option->value());
    }
  }
  return result;
}

}  // namespace otpc::syntax
