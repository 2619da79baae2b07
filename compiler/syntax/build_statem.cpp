// State machines.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Statem Builder::statem(Parser::StatemDeclContext& context) {
  ast::Statem result;
  result.name = name(context.name());
  if (Parser::PathContext* protocol = context.path(0)) {
    const ast::Path first = path(protocol);
    if (!first.parts.empty())
      diagnostics_
          .emit(diagnostics::Id::misplaced_option, first.span, ": " + first.text(), "servers")
          .help("a state machine declares its events in its states");
  }
  for (Parser::StatemMemberContext* member : context.statemMember()) statem_member(*member, result);
  return result;
}

void Builder::statem_member(Parser::StatemMemberContext& context, ast::Statem& statem) {
  const ast::Span where = span(context);
  shared_member(context.usesMember(), context.mailboxMember(), context.hibernateMember(),
                context.flagMember(), context.upgradeMember(), where, statem);
  if (context.INIT() != nullptr) {
    ast::Init made;
    made.span = where;
    made.doc = doc_at(where);
    made.annotations = annotations(context.annotation());
    made.parameters = parameters(context.parameters());
    made.throws = path(context.path());
    statem.inits.push_back(std::move(made));
    if (!context.name().empty()) statem.first = name(context.name().front());
  } else if (context.DATA() != nullptr) {
    if (statem.data) repeated(statem.name, "data", where);
    statem.data = fields(context.field());
  } else if (context.STATE() != nullptr) {
    ast::State made = state(context.stateClause(), where);
    made.final = context.FINAL() != nullptr;
    for (Parser::NameContext* each : context.name()) {
      if (ast::Name declared = name(each); !declared.text.empty())
        made.names.push_back(std::move(declared));
    }
    if (!made.names.empty()) statem.states.push_back(std::move(made));
  } else if (context.ANY() != nullptr) {
    statem.any.push_back(state(context.stateClause(), where));
  }
}

ast::State Builder::state(const std::vector<Parser::StateClauseContext*>& clauses,
                          ast::Span where) {
  ast::State result;
  result.span = where;
  result.doc = doc_at(where);
  for (Parser::StateClauseContext* clause : clauses) {
    const ast::Span at = span(*clause);
    // Words that were left out hang in the tree, too: a message is asked for first.
    if (clause->message() != nullptr) {
      ast::Message made = message(*clause->message(), at, clause->annotation());
      made.targets = targets(clause->targets());
      for (Parser::MessageOptionContext* option : clause->messageOption())
        message_option(*option, made);
      if (!made.name.text.empty()) result.events.push_back(std::move(made));
    } else if (clause->ENTER() != nullptr) {
      result.enter.push_back(at);
    } else if (clause->STATE_TIMEOUT() != nullptr || clause->TIMEOUT() != nullptr) {
      ast::Name declared = clause->name().empty() ? ast::Name{} : name(clause->name().front());
      const bool nameless = clause->TIMEOUT() != nullptr && declared.text.empty();
      if (nameless || clause->value() == nullptr) continue;
      result.timeouts.push_back(
          {std::move(declared), value(clause->value()), targets(clause->targets()), at});
    } else if (clause->POSTPONE() != nullptr) {
      for (Parser::NameContext* each : clause->name()) {
        if (ast::Name event = name(each); !event.text.empty())
          result.postponed.push_back(std::move(event));
      }
    }
  }
  return result;
}

std::vector<ast::Name> Builder::targets(Parser::TargetsContext* context) const {
  std::vector<ast::Name> result;
  if (context == nullptr) return result;
  for (Parser::NameContext* each : context->name()) {
    if (ast::Name target = name(each); !target.text.empty()) result.push_back(std::move(target));
  }
  return result;
}

}  // namespace otpc::syntax
