// Protocols, servers and their messages.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Protocol Builder::protocol(Parser::ProtocolDeclContext& context) {
  ast::Protocol result;
  result.name = name(context.name());
  for (Parser::ProtocolMemberContext* member : context.protocolMember()) {
    if (member->message() == nullptr) continue;
    ast::Message made = message(*member->message(), span(*member), member->annotation());
    if (!made.name.text.empty()) result.messages.push_back(std::move(made));
  }
  return result;
}

ast::Server Builder::server(Parser::ServerDeclContext& context) {
  ast::Server result;
  result.name = name(context.name());
  for (Parser::PathContext* protocol : context.path()) result.protocols.push_back(path(protocol));
  for (Parser::ServerMemberContext* member : context.serverMember()) server_member(*member, result);
  return result;
}

void Builder::server_member(Parser::ServerMemberContext& context, ast::Server& server) {
  const ast::Span where = span(context);
  shared_member(context.usesMember(), context.mailboxMember(), context.hibernateMember(),
                context.flagMember(), context.upgradeMember(), where, server);
  if (auto* declared_init = context.initMember()) {
    ast::Init made = init(*declared_init, where);
    made.annotations = annotations(context.annotation());
    server.inits.push_back(std::move(made));
  } else if (auto* state = context.stateMember()) {
    if (server.state) repeated(server.name, "state", where);
    server.state = fields(state->field());
  } else if (auto* declared = context.message()) {
    ast::Message made = message(*declared, where, context.annotation());
    if (!made.name.text.empty()) server.messages.push_back(std::move(made));
  }
}

void Builder::shared_member(Parser::UsesMemberContext* uses, Parser::MailboxMemberContext* mailbox,
                            Parser::HibernateMemberContext* hibernate,
                            Parser::FlagMemberContext* flag, Parser::UpgradeMemberContext* upgrade,
                            ast::Span where, ast::ServerBase& server) {
  if (uses != nullptr) {
    for (Parser::UsedServerContext* used : uses->usedServer())
      server.uses.push_back({path(used->path()), name(used->name()), span(*used)});
  } else if (mailbox != nullptr) {
    server.mailboxes.push_back({optional_value(mailbox->value()), name(mailbox->name()), where});
  } else if (hibernate != nullptr) {
    if (server.hibernate)
      repeated(server.name, "hibernate", where);
    else
      server.hibernate = hibernate->value() == nullptr ? ast::Value{} : value(hibernate->value());
  } else if (flag != nullptr) {
    (flag->TERMINATE() != nullptr ? server.terminate : server.trap_exit).push_back(where);
  } else if (upgrade != nullptr) {
    server.upgrades.push_back({optional_value(upgrade->value()), where});
  }
}

ast::Init Builder::init(Parser::InitMemberContext& context, ast::Span where) {
  ast::Init made;
  made.span = where;
  made.doc = doc_at(where);
  made.parameters = parameters(context.parameters());
  made.throws = path(context.path());
  return made;
}

ast::Message Builder::message(Parser::MessageContext& context, ast::Span where,
                              const std::vector<Parser::AnnotationContext*>& annotated) {
  ast::Message result = message(context);
  result.span = where;
  result.doc = doc_at(where);
  result.annotations = annotations(annotated);
  return result;
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
  for (Parser::MessageOptionContext* option : context.messageOption())
    message_option(*option, result);
  return result;
}

template <class Message>
void Builder::message_option(Parser::MessageOptionContext& option, Message& made) {
  if (option.THROWS() != nullptr) {
    if (!made.throws.parts.empty()) repeated(made.name, "throws", span(option));
    made.throws = path(option.path());
    return;
  }
  const bool is_timeout = option.TIMEOUT() != nullptr;
  std::optional<ast::Value>& slot = is_timeout ? made.timeout : made.every;
  if (slot) repeated(made.name, is_timeout ? "timeout" : "every", span(option));
  slot = optional_value(option.value());
  if (!is_timeout) made.every_span = span(option.EVERY());
}
template void Builder::message_option(Parser::MessageOptionContext&, ast::Message&);
template void Builder::message_option(Parser::MessageOptionContext&, ast::Task&);

}  // namespace otpc::syntax
