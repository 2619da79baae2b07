// Structs, enums, unions, errors.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Const Builder::constant(Parser::ConstDeclContext& context) {
  ast::Const made;
  made.name = name(context.name());
  made.type = type(context.type());
  made.value = optional_value(context.value());
  return made;
}

ast::Alias Builder::alias(Parser::AliasDeclContext& context) {
  ast::Alias made;
  made.name = name(context.name());
  made.type = type(context.type());
  return made;
}

ast::Struct Builder::struct_(Parser::StructDeclContext& context) {
  ast::Struct result;
  result.name = name(context.name());
  result.fields = fields(context.field());
  return result;
}

ast::Enum Builder::enum_(Parser::EnumDeclContext& context) {
  ast::Enum result;
  result.name = name(context.name());
  for (Parser::EnumMemberContext* member : context.enumMember()) {
    if (member->RANGE() != nullptr) {
      if (result.open) repeated(result.name, "..", span(*member));
      result.open = true;
      continue;
    }
    ast::EnumMember made;
    made.annotations = annotations(member->annotated);
    made.name = name(member->title);
    made.span = span(*member);
    made.doc = doc_at(made.span);
    if (!made.name.text.empty()) result.members.push_back(std::move(made));
  }
  return result;
}

ast::Union Builder::union_(Parser::UnionDeclContext& context) {
  ast::Union result;
  result.name = name(context.name());
  result.is_error = context.ERROR() != nullptr;
  result.cases = cases(context.unionCase(), result.name, result.open);
  return result;
}

std::vector<ast::Case> Builder::cases(const std::vector<Parser::UnionCaseContext*>& contexts,
                                      const ast::Name& owner, bool& open) {
  std::vector<ast::Case> result;
  for (Parser::UnionCaseContext* each : contexts) {
    if (each->RANGE() != nullptr) {
      if (open) repeated(owner, "..", span(*each));
      open = true;
      continue;
    }
    ast::Case made;
    made.annotations = annotations(each->annotation());
    made.name = name(each->name());
    made.span = span(*each);
    made.doc = doc_at(made.span);
    made.fields = parameters(each->parameters());
    if (!made.name.text.empty()) result.push_back(std::move(made));
  }
  return result;
}

}  // namespace otpc::syntax
