// Parse tree to ast, one function per production, one file per construct.
//
// A production with an error in it may lack any part; the functions take null contexts and give
// empty values.
#pragma once

#include "OtpParser.h"

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

using Parser = grammar::OtpParser;

class Builder {
 public:
  Builder(const source::SourceManager& sources, const TokenizedFile& tokens,
          diagnostics::Engine& diagnostics)
      : sources_(sources), tokens_(tokens), diagnostics_(diagnostics) {}

  /// Adds what one slice declares to the file.
  void add(Parser::DeclarationContext& declaration, const std::string& doc, bool broken,
           ast::File& file);
  /// Adds the `@allow`s at and below this to the file; refuses annotations that nobody would read.
  void add_allows(antlr4::tree::ParseTree& tree, ast::File& file);

 private:
  // parse.cpp
  void add_module(Parser::DeclarationContext& declaration, Parser::ModuleDeclContext& module,
                  const std::string& doc, bool broken, ast::File& file);
  void add_import(Parser::DeclarationContext& declaration, Parser::ImportDeclContext& import,
                  bool broken, ast::File& file);
  /// Without what all declarations have; nothing for what is no declaration.
  std::optional<ast::Declaration> declared(Parser::DeclarationContext& context);

  // build_types.cpp
  ast::Span span(const antlr4::ParserRuleContext& context) const;
  ast::Span span(antlr4::tree::TerminalNode* token) const;
  ast::Name name(Parser::NameContext* context) const;
  ast::Path path(Parser::PathContext* context) const;
  ast::Type type(Parser::TypeContext* context);
  ast::Value value(Parser::ValueContext* context);
  std::optional<ast::Value> optional_value(Parser::ValueContext* context);
  ast::Field field(Parser::FieldContext& context);
  /// Of anything but `env`: without ranges.
  std::vector<ast::Field> fields(const std::vector<Parser::FieldContext*>& contexts);
  std::vector<ast::Field> parameters(Parser::ParametersContext* context);
  ast::Annotation annotation(Parser::AnnotationContext& context);
  std::vector<ast::Annotation> annotations(const std::vector<Parser::AnnotationContext*>& contexts);
  std::string unescaped(std::string_view literal, ast::Span span);
  void number(const antlr4::Token& token, ast::Value& value) const;
  void check_number(const antlr4::Token& token) const;
  /// Doc comment of a member, found by where it begins.
  std::string doc_at(ast::Span span) const;
  source::Span doc_before(source::Span span) const;

  // build_data.cpp
  ast::Const constant(Parser::ConstDeclContext& context);
  ast::Alias alias(Parser::AliasDeclContext& context);
  ast::Struct struct_(Parser::StructDeclContext& context);
  ast::Enum enum_(Parser::EnumDeclContext& context);
  ast::Union union_(Parser::UnionDeclContext& context);
  /// The cases of a union, an error or a topic; `open` when one of them is `..`.
  std::vector<ast::Case> cases(const std::vector<Parser::UnionCaseContext*>& contexts,
                               const ast::Name& owner, bool& open);

  // build_server.cpp
  ast::Protocol protocol(Parser::ProtocolDeclContext& context);
  ast::Server server(Parser::ServerDeclContext& context);
  void server_member(Parser::ServerMemberContext& context, ast::Server& server);
  /// Those that servers and state machines share; each may be null.
  void shared_member(Parser::UsesMemberContext* uses, Parser::MailboxMemberContext* mailbox,
                     Parser::HibernateMemberContext* hibernate, Parser::FlagMemberContext* flag,
                     Parser::UpgradeMemberContext* upgrade, ast::Span where,
                     ast::ServerBase& server);
  ast::Init init(Parser::InitMemberContext& context, ast::Span where);
  ast::Message message(Parser::MessageContext& context);
  ast::Message message(Parser::MessageContext& context, ast::Span where,
                       const std::vector<Parser::AnnotationContext*>& annotated);
  /// Of a message or a task.
  template <class Message>
  void message_option(Parser::MessageOptionContext& option, Message& made);

  // build_statem.cpp
  ast::Statem statem(Parser::StatemDeclContext& context);
  void statem_member(Parser::StatemMemberContext& context, ast::Statem& statem);
  ast::State state(const std::vector<Parser::StateClauseContext*>& clauses, ast::Span where);
  std::vector<ast::Name> targets(Parser::TargetsContext* context) const;

  // build_workers.cpp
  ast::Events events(Parser::EventsDeclContext& context);
  ast::Handler handler(Parser::HandlerDeclContext& context);
  ast::Topic topic(Parser::TopicDeclContext& context);
  ast::Task task(Parser::TaskDeclContext& context);
  ast::Agent agent(Parser::AgentDeclContext& context);
  ast::Registry registry(Parser::RegistryDeclContext& context);

  // build_supervisor.cpp
  ast::Supervisor supervisor(Parser::SupervisorDeclContext& context);
  void supervisor_member(Parser::SupervisorMemberContext& context, ast::Supervisor& supervisor);
  ast::Child child(Parser::ChildMemberContext& context);
  std::vector<ast::Argument> arguments(Parser::ArgumentsContext* context);

  // build_application.cpp
  ast::Application application(Parser::ApplicationDeclContext& context);

  void repeated(const ast::Name& owner, std::string_view part, ast::Span span);

  const source::SourceManager& sources_;
  const TokenizedFile& tokens_;
  diagnostics::Engine& diagnostics_;
};

}  // namespace otpc::syntax
