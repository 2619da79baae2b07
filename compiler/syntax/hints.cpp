#include "syntax/hints.h"

#include <llvm/ADT/StringExtras.h>
#include "OtpLexer.h"
#include "OtpParser.h"

namespace otpc::syntax {
namespace {

using diagnostics::FixLevel;
using grammar::OtpLexer;
using grammar::OtpParser;

bool touch(const antlr4::Token& one, const antlr4::Token& other) {
  return one.getStopIndex() + 1 == other.getStartIndex();
}

bool is_number(std::size_t type) {
  return type == OtpLexer::INTEGER || type == OtpLexer::FLOAT || type == OtpLexer::DURATION;
}

bool is_word(const antlr4::Token& token) {
  const std::string text = token.getText();
  return !text.empty() && (llvm::isAlpha(text.front()) || text.front() == '_');
}

class Slip {
 public:
  Slip(antlr4::Parser& parser, antlr4::Token& offending, const Places& places)
      : tokens_(*parser.getTokenStream()),
        expected_(parser.getExpectedTokens()),
        context_(parser.getContext()),
        offending_(offending),
        before_(parser.getTokenStream()->LT(-1)),
        next_(parser.getTokenStream()->LT(2)),
        places_(places) {}

  Hint hint() const {
    const std::size_t type = offending_.getType();
    if (is_value(type) && expects(OtpLexer::IDENTIFIER))
      return {"`" + offending_.getText() + "` is a value, and cannot be a name", {}};
    if (before_ == nullptr) return {};
    const std::size_t before = before_->getType();
    if (type == OtpLexer::SEMI && before == OtpLexer::RBRACE && !expects(OtpLexer::SEMI))
      return {"no `;` follows a `}`: delete it", fix(FixLevel::safe, offending_, ""), true};
    if (is_number(before) && touch(*before_, offending_)) return in_number();
    if (type == OtpLexer::GREATER && before == OtpLexer::EQUALS && touch(*before_, offending_))
      return arrow(*before_, offending_);
    if (type == OtpLexer::EQUALS && next_ != nullptr && next_->getType() == OtpLexer::GREATER &&
        touch(offending_, *next_))
      return arrow(offending_, *next_);
    if (type == OtpLexer::COLON && before == OtpLexer::RPAREN)
      return {"the result stands behind `->`", fix(FixLevel::maybe, offending_, " ->")};
    if (type == OtpLexer::ARROW && has_option())
      return {"`->` and the result stand before `throws`, `timeout` and `to`", {}};
    if (type == OtpLexer::DOT &&
        (inside<OtpParser::ImportDeclContext>() || inside<OtpParser::ModuleDeclContext>()))
      return {"the parts of a module's name are joined by `::`",
              fix(FixLevel::safe, offending_, "::")};
    if (type == OtpLexer::COMMA && expects(OtpLexer::SEMI))
      return {"what stands between `{` and `}` ends in `;`", fix(FixLevel::maybe, offending_, ";")};
    if (type == OtpLexer::SEMI && expects(OtpLexer::COMMA) &&
        inside<OtpParser::ImportDeclContext>())
      return {"the names of an import are separated by `,`", fix(FixLevel::maybe, offending_, ",")};
    if (type == OtpLexer::IDENTIFIER && offending_.getText() == "throw" && expects(OtpLexer::SEMI))
      return {"did you mean `throws`?", fix(FixLevel::maybe, offending_, "throws")};
    if (before == OtpLexer::STATE && expects(OtpLexer::LBRACE))
      return {"what a server keeps is written `state { name: type; }`", {}};
    if (type == OtpLexer::SEMI && expects(OtpLexer::ARROW) &&
        inside<OtpParser::StatemMemberContext>())
      return {"say in which state it begins: `init() -> state;`", {}};
    return {};
  }

 private:
  static bool is_value(std::size_t type) {
    return type == OtpLexer::TRUE || type == OtpLexer::FALSE || type == OtpLexer::NONE;
  }
  bool expects(std::size_t type) const {
    return expected_.contains(static_cast<std::ptrdiff_t>(type));
  }
  /// `throws`, `timeout` or `to` stands before it in its statement.
  bool has_option() const {
    for (std::size_t at = offending_.getTokenIndex(); at-- > 0;) {
      switch (tokens_.get(at)->getType()) {
        case OtpLexer::THROWS:
        case OtpLexer::TIMEOUT:
        case OtpLexer::TO:
          return true;
        case OtpLexer::SEMI:
        case OtpLexer::LBRACE:
        case OtpLexer::RBRACE:
          return false;
        default:
          break;
      }
    }
    return false;
  }
  template <class Context>
  bool inside() const {
    for (auto* each = context_; each != nullptr;
         each = dynamic_cast<antlr4::ParserRuleContext*>(each->parent)) {
      if (dynamic_cast<Context*>(each) != nullptr) return true;
    }
    return false;
  }

  diagnostics::Fix fix(FixLevel level, const antlr4::Token& token, std::string text) const {
    return {level, {{places_.span(token), std::move(text)}}};
  }
  Hint arrow(const antlr4::Token& first, const antlr4::Token& last) const {
    return {"the result stands behind `->`",
            {FixLevel::maybe, {{source::join(places_.span(first), places_.span(last)), "->"}}}};
  }

  /// Something stands at a number that is no part of it: `1h30min`, `5sec`, `1,000`, `36,6`.
  Hint in_number() const {
    if (is_number(offending_.getType()))
      return {"a duration has one unit: `90min`, not `1h30min`", {}};
    if (is_word(offending_)) return {"the units of a duration are ns, us, ms, s, min, h and d", {}};
    const bool digits_follow =
        next_ != nullptr && is_number(next_->getType()) && touch(offending_, *next_);
    if (offending_.getType() != OtpLexer::COMMA || !digits_follow) {
      return offending_.getType() == OtpLexer::COMMA && expects(OtpLexer::SEMI)
                 ? Hint{"what stands between `{` and `}` ends in `;`",
                        fix(FixLevel::maybe, offending_, ";")}
                 : Hint{};
    }
    const bool thousands = next_->getType() == OtpLexer::INTEGER && next_->getText().size() == 3;
    return thousands
               ? Hint{"digits are grouped with `_`: `1_000`", fix(FixLevel::maybe, offending_, "_")}
               : Hint{"a fraction stands behind a point: `36.6`",
                      fix(FixLevel::maybe, offending_, ".")};
  }

  antlr4::TokenStream& tokens_;
  const antlr4::misc::IntervalSet expected_;
  antlr4::ParserRuleContext* context_;
  antlr4::Token& offending_;
  antlr4::Token* before_;
  antlr4::Token* next_;
  const Places& places_;
};

}  // namespace

Hint hint(antlr4::Parser& parser, antlr4::Token& offending, const Places& places) {
  return Slip(parser, offending, places).hint();
}

}  // namespace otpc::syntax
