// Applications.
#include "syntax/build.h"

namespace otpc::syntax {

ast::Application Builder::application(Parser::ApplicationDeclContext& context) {
  ast::Application result;
  result.name = name(context.name());
  for (Parser::ApplicationMemberContext* member : context.applicationMember()) {
    if (member->ENV() != nullptr) {
      result.env_blocks.push_back(span(*member));
      for (Parser::FieldContext* each : member->field()) {
        ast::Field key = field(*each);
        if (!key.name.text.empty()) result.env.push_back(std::move(key));
      }
    } else if (member->DEPENDS() != nullptr) {
      for (Parser::PathContext* needed : member->path()) result.depends.push_back(path(needed));
    } else if (member->START() != nullptr) {
      if (!member->path().empty()) result.starts.push_back(path(member->path().front()));
    } else if (member->START_PHASES() != nullptr) {
      result.phase_lists.push_back(span(*member));
      for (Parser::NameContext* phase : member->name()) {
        if (ast::Name each = name(phase); !each.text.empty())
          result.start_phases.push_back(std::move(each));
      }
    }
  }
  return result;
}

}  // namespace otpc::syntax
