// Annotations, and the `@allow`s among them.
#include "syntax/build.h"

namespace otpc::syntax {
namespace {

/// Whether what it stands before has annotations that mean something, besides `@allow`.
bool takes_annotations(antlr4::tree::ParseTree* owner) {
  if (auto* server = dynamic_cast<Parser::ServerMemberContext*>(owner))
    return server->message() != nullptr || server->initMember() != nullptr;
  if (auto* statem = dynamic_cast<Parser::StatemMemberContext*>(owner))
    return statem->INIT() != nullptr;
  if (auto* clause = dynamic_cast<Parser::StateClauseContext*>(owner))
    return clause->message() != nullptr;
  if (auto* handler = dynamic_cast<Parser::HandlerMemberContext*>(owner))
    return handler->message() != nullptr || handler->initMember() != nullptr;
  if (auto* supervisor = dynamic_cast<Parser::SupervisorMemberContext*>(owner))
    return supervisor->childMember() != nullptr;
  return true;
}

}  // namespace

ast::Annotation Builder::annotation(Parser::AnnotationContext& context) {
  ast::Annotation result{name(context.name()), {}, span(context)};
  if (context.arguments() == nullptr) return result;
  for (Parser::ArgumentContext* argument : context.arguments()->argument())
    result.arguments.push_back({name(argument->name()), value(argument->value())});
  return result;
}

std::vector<ast::Annotation> Builder::annotations(
    const std::vector<Parser::AnnotationContext*>& contexts) {
  std::vector<ast::Annotation> result;
  for (Parser::AnnotationContext* context : contexts) {
    // One without a name is told by the parser.
    if (ast::Annotation made = annotation(*context); !made.name.text.empty())
      result.push_back(std::move(made));
  }
  return result;
}

void Builder::add_allows(antlr4::tree::ParseTree& tree, ast::File& file) {
  for (antlr4::tree::ParseTree* child : tree.children) {
    auto* context = dynamic_cast<Parser::AnnotationContext*>(child);
    if (context == nullptr) {
      add_allows(*child, file);
      continue;
    }
    ast::Annotation made = annotation(*context);
    if (made.name.text.empty()) continue;
    if (made.name.text == "allow") {
      auto* declaration = dynamic_cast<Parser::DeclarationContext*>(&tree);
      const bool whole_file = declaration != nullptr && declaration->moduleDecl() != nullptr;
      const auto size = static_cast<std::uint32_t>(sources_.text(file.file).size());
      const ast::Span covers = whole_file ? ast::Span{file.file, 0, size}
                                          : span(dynamic_cast<antlr4::ParserRuleContext&>(tree));
      file.allows.push_back({std::move(made), covers});
    } else if (!takes_annotations(&tree)) {
      diagnostics_.emit(diagnostics::Id::unknown_annotation, made.name.span, made.name.text)
          .help(ast::place_of_annotation(made.name.text));
    }
  }
}

}  // namespace otpc::syntax
