// The parser of one top-level declaration.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <antlr4-runtime.h>
#include "OtpParser.h"

#include "syntax/mend.h"
#include "syntax/syntax_errors.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

/// Parses one slice, quickly if it is in order: SLL first, which gives up at the first error. Only
/// when that fails lines and braces are mended, and it is parsed with full LL, reports and
/// recovery.
class SliceParser {
 public:
  SliceParser(Slice& slice, const TokenizedFile& tokens, diagnostics::Engine& diagnostics);

  grammar::OtpParser::TopLevelContext* parse();

  /// More than a missing `;`, which leaves nothing open.
  bool is_unclear() const { return errors_.is_unclear(); }
  /// Where the errors leave open what is meant: from the piece of one to the end of its statement,
  /// or to the end of all when braces do not match.
  std::vector<source::Span> unclear();
  /// Words that stand outside of the declaration that was understood, or in one without a name, and
  /// what members that were left out, or states that are unclear, may have declared.
  void collect_lost(grammar::OtpParser::DeclarationContext* declaration, bool has_name,
                    std::set<std::string>& lost);

 private:
  const Places& places_;
  antlr4::ListTokenSource source_;
  antlr4::CommonTokenStream stream_;
  grammar::OtpParser parser_;
  SyntaxErrors errors_;
  std::set<std::string> left_out_;  ///< names in members that were not understood
  std::optional<antlr4::ListTokenSource> mended_source_;  ///< what is read with recovery
  std::optional<antlr4::CommonTokenStream> mended_stream_;
};

}  // namespace otpc::syntax
