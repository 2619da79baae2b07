#include "ast/ast.h"

namespace otpc::ast {

std::string Path::text() const {
  std::string text;
  for (const Name& part : parts) text += (text.empty() ? "" : "::") + part.text;
  return text;
}

const Decorated& decorated(const Declaration& declaration) {
  return std::visit([](const auto& each) -> const Decorated& { return each; }, declaration);
}

}  // namespace otpc::ast
