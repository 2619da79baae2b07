#include "syntax/hints.h"

#include <algorithm>
#include <array>

#include <llvm/ADT/StringExtras.h>
#include "OtpLexer.h"
#include "OtpParser.h"

#include "ast/ast.h"
#include "syntax/member_words.h"
#include "syntax/word_habits.h"

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

bool is_unit(const std::string& word) {
  constexpr std::array<std::string_view, 7> units{"ns", "us", "ms", "s", "min", "h", "d"};
  return std::ranges::find(units, word) != units.end();
}

/// Names a type, as far as that can be seen: `u8`, `Line`.
bool is_type(const antlr4::Token& token) {
  const std::string text = token.getText();
  return llvm::isUpper(text.front()) || ast::is_built_in_type(text);
}

/// A value or a name stands right behind this word of the language.
bool has_operand(std::size_t type) {
  switch (type) {
    case OtpLexer::VERSION:
    case OtpLexer::THROWS:
    case OtpLexer::LIMIT:
    case OtpLexer::OVERFLOW:
    case OtpLexer::AFTER:
    case OtpLexer::EVERY:
    case OtpLexer::TIMEOUT:
    case OtpLexer::STATE_TIMEOUT:
    case OtpLexer::KEY:
    case OtpLexer::NAMES:
    case OtpLexer::DEPENDS:
    case OtpLexer::START:
      return true;
    default:
      return type >= OtpLexer::STRATEGY && type <= OtpLexer::BACKOFF;
  }
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
    if (before_ == nullptr) return before_declaration();
    const std::size_t before = before_->getType();
    if (type == OtpLexer::SEMI && before == OtpLexer::RBRACE && !expects(OtpLexer::SEMI))
      return {"no `;` follows a `}`: delete it", fix(FixLevel::safe, offending_, ""), true};
    if (is_number(before) && touch(*before_, offending_)) return in_number();
    if (is_number(before) && before != OtpLexer::DURATION) {
      if (is_unit(offending_.getText())) return apart_from_unit();
      if (type == OtpLexer::STAR || type == OtpLexer::MINUS)
        return {"a value is written out, and never computed", {}};
      if (type == OtpLexer::IDENTIFIER && expects(OtpLexer::SEMI))
        return {"a duration is one word, and its units are ns, us, ms, s, min, h and d: `" +
                    before_->getText() + "s`",
                {}};
    }
    if (Hint known = in_field(); !known.help.empty()) return known;
    if (Hint known = in_list(); !known.help.empty()) return known;
    if (Hint known = between_items(); !known.help.empty()) return known;
    if (Hint known = behind_annotation(); !known.help.empty()) return known;
    if ((type == OtpLexer::COLON || type == OtpLexer::EQUALS) && has_operand(before) &&
        expects(OtpLexer::IDENTIFIER)) {
      return {
          "no `" + offending_.getText() + "` stands behind `" + before_->getText() + "`: delete it",
          without_sign()};
    }
    if (expects(OtpLexer::GREATER) &&
        (type == OtpLexer::ARROW || (type == OtpLexer::EQUALS && next_is(OtpLexer::GREATER))))
      return in_map();
    if (type == OtpLexer::LBRACE && expects(OtpLexer::STRING)) {
      return next_is(OtpLexer::RBRACE)
                 ? Hint{"an empty list, set or map is `[]`", fix_to(offending_, *next_, "[]")}
                 : Hint{"structs, unions and maps with something in them cannot be written here",
                        {}};
    }
    if (type == OtpLexer::EQUALS && inside<OtpParser::EnumDeclContext>() &&
        next_is(OtpLexer::INTEGER))
      return {
          "a member of an enum has no number: delete it",
          {FixLevel::maybe, {{source::join(places_.behind(*before_), places_.span(*next_)), ""}}}};
    if (type == OtpLexer::VERSION && inside<OtpParser::ModuleDeclContext>())
      return {"`version` stands before `none`", {}};
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
    return in_process();
  }

 private:
  /// In a server or a state machine.
  Hint in_process() const {
    const std::size_t type = offending_.getType();
    const std::size_t before = before_->getType();
    if (before == OtpLexer::STATE && expects(OtpLexer::LBRACE))
      return {"what a server keeps is written `state { name: type; }`", {}};
    if (type == OtpLexer::THROWS && inside<OtpParser::StatemMemberContext>())
      return {"`throws` stands before the state: `init() throws Error -> state;`", {}};
    if (before == OtpLexer::TO && is_behind_timeout(before_->getTokenIndex()))
      return {"how long it takes stands before `to`: `5s to " + offending_.getText() + "`", {}};
    if (type == OtpLexer::ON && inside<OtpParser::ServerDeclContext>())
      return {"a server hears a topic with `uses Name (topic);`", {}};
    const bool message = type >= OtpLexer::CALL && type <= OtpLexer::INFO;
    if (message && context_->getRuleIndex() == OtpParser::RuleStatemDecl)
      return {"what a state machine hears stands in a state, or in `any { ... }`", {}};
    if (type == OtpLexer::ON && inside<OtpParser::StatemDeclContext>())
      return {"`on enter;` stands in a state", {}};
    if (type == OtpLexer::LPAREN && expects(OtpLexer::LBRACE)) return in_parentheses();
    if (type == OtpLexer::SEMI && expects(OtpLexer::ARROW) &&
        inside<OtpParser::StatemMemberContext>())
      return {"say in which state it begins: `init() -> state;`", {}};
    return {};
  }

  static bool is_value(std::size_t type) {
    return type == OtpLexer::TRUE || type == OtpLexer::FALSE || type == OtpLexer::NONE;
  }
  bool next_is(std::size_t type) const { return next_ != nullptr && next_->getType() == type; }
  std::size_t type_at(std::size_t at) const {
    return at < tokens_.size() ? tokens_.get(at)->getType() : antlr4::Token::EOF;
  }
  bool expects(std::size_t type) const {
    return expected_.contains(static_cast<std::ptrdiff_t>(type));
  }
  /// `state_timeout to`, `timeout remind to`
  bool is_behind_timeout(std::size_t at) const {
    return (at >= 1 && type_at(at - 1) == OtpLexer::STATE_TIMEOUT) ||
           (at >= 2 && type_at(at - 2) == OtpLexer::TIMEOUT);
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
  diagnostics::Fix fix_to(const antlr4::Token& first, const antlr4::Token& last,
                          std::string text) const {
    return {FixLevel::maybe,
            {{source::join(places_.span(first), places_.span(last)), std::move(text)}}};
  }
  /// `strategy = name`, `strategy: name`
  diagnostics::Fix without_sign() const {
    const source::Span sign = source::join(places_.behind(*before_), places_.span(offending_));
    const bool joined = next_ != nullptr && touch(offending_, *next_);
    return {FixLevel::safe, {{sign, joined ? " " : ""}}};
  }
  /// As it stands in the file.
  static std::string text(const antlr4::Token& first, const antlr4::Token& last) {
    return first.getInputStream()->getText(
        antlr4::misc::Interval(first.getStartIndex(), last.getStopIndex()));
  }
  Hint arrow(const antlr4::Token& first, const antlr4::Token& last) const {
    return {"the result stands behind `->`",
            {FixLevel::maybe, {{source::join(places_.span(first), places_.span(last)), "->"}}}};
  }

  /// `def server Cart`, `public struct Line`
  Hint before_declaration() const {
    const antlr4::Token* const name = tokens_.LT(3);
    const bool declares = next_ != nullptr && next_->getType() >= OtpLexer::CONST &&
                          next_->getType() <= OtpLexer::APPLICATION && name != nullptr &&
                          is_word(*name);
    const std::vector<std::string> prefixes{"dynamic", "partition"};
    const std::string given = offending_.getText();
    if (!declares || !is_word(offending_) || diagnostics::nearest(given, prefixes) != nullptr)
      return {};
    source::Span prefix = places_.span(offending_);
    prefix.end = places_.span(*next_).begin;
    return {"no `" + given + "` stands before `" + next_->getText() + "`: delete it",
            {FixLevel::maybe, {{prefix, ""}}},
            true};
  }

  /// `server Cart(limit: u32)`, `server Cart (`
  Hint in_parentheses() const {
    const std::size_t at = offending_.getTokenIndex();
    const bool starts = type_at(at - 2) == OtpLexer::SERVER || type_at(at - 2) == OtpLexer::STATEM;
    return starts && type_at(at + 2) == OtpLexer::COLON
               ? Hint{"what it is started with stands behind `init`, which is a part of it", {}}
               : Hint{"the parts of a declaration stand between `{` and `}`", {}};
  }

  /// `5 s`
  Hint apart_from_unit() const {
    const std::string whole = before_->getText() + offending_.getText();
    return {"a number and its unit are one word: `" + whole + "`",
            fix_to(*before_, offending_, whole)};
  }

  /// `map<u8 => u8>`
  Hint in_map() const {
    const antlr4::Token& last = offending_.getType() == OtpLexer::ARROW ? offending_ : *next_;
    const bool apart = !touch(*before_, offending_);
    const antlr4::Token& first = apart ? *before_ : offending_;
    return {"a map is written `map<key, value>`",
            fix_to(first, last, apart ? before_->getText() + "," : ", ")};
  }

  /// The last token of the type that begins there; `nowhere` when it is none.
  std::size_t end_of_type(std::size_t at) const {
    int depth = 0;
    for (std::size_t end = at;; ++end) {
      switch (type_at(end)) {
        case OtpLexer::LESS:
        case OtpLexer::LPAREN:
          ++depth;
          break;
        case OtpLexer::GREATER:
          --depth;
          break;
        case OtpLexer::RPAREN:
        case OtpLexer::COMMA:
          if (depth == 0) return end == at ? nowhere : end - 1;
          depth -= type_at(end) == OtpLexer::RPAREN ? 1 : 0;
          break;
        case OtpLexer::SEMI:
        case OtpLexer::EQUALS:
        case OtpLexer::RBRACE:
          return end == at || depth != 0 ? nowhere : end - 1;
        case OtpLexer::COLON:
        case OtpLexer::LBRACE:
        case OtpLexer::AT:
        case antlr4::Token::EOF:
          return nowhere;
        default:
          break;
      }
    }
  }

  Hint in_field() const {
    const std::size_t at = offending_.getTokenIndex();
    if (offending_.getType() == OtpLexer::QUESTION) {
      // `name?: u8`, `name: ?u8`
      const bool behind_name = expects(OtpLexer::COLON) && next_is(OtpLexer::COLON);
      const bool before_type = expects(OtpLexer::LPAREN) && expects(OtpLexer::IDENTIFIER);
      if (!behind_name && !before_type) return {};
      const std::size_t first = at + (behind_name ? 2 : 1);
      const std::size_t last = end_of_type(first);
      if (last == nowhere) return {};
      const antlr4::Token& end = *tokens_.get(last);
      const std::string absent = text(*tokens_.get(first), end) + "?";
      return {"what may be absent has a type that ends in `?`: `" +
                  (behind_name ? before_->getText() + ": " : "") + absent + "`",
              {FixLevel::maybe, {{places_.span(offending_), ""}, {places_.behind(end), "?"}}},
              true};
    }
    const bool constant = inside<OtpParser::ConstDeclContext>();
    if (!expects(OtpLexer::COLON) || (!constant && !inside<OtpParser::FieldContext>())) return {};
    return name_behind_type(constant ? "const " : "");
  }

  /// No word stands right behind another.
  bool is_one_type(std::size_t first, std::size_t last) const {
    for (std::size_t at = first; at < last; ++at) {
      if (is_word(*tokens_.get(at)) && is_word(*tokens_.get(at + 1))) return false;
    }
    return type_at(last) != OtpLexer::COLONS;
  }

  /// `u32 count`, as in C++, and `count u32`.
  Hint name_behind_type(const std::string& word) const {
    const std::size_t first = before_->getTokenIndex();
    const std::size_t last = end_of_type(first);
    const bool begins = first == 0 || is_ending(type_at(first - 1));
    const bool wrong_word = *word_of_habit(before_->getText(), begins) != '\0';
    if (wrong_word || last == nowhere || last == first ||
        offending_.getLine() != before_->getLine())
      return {};
    const antlr4::Token& end = *tokens_.get(last);
    const bool named = !is_type(*before_) || (ast::is_built_in_type(offending_.getText()) &&
                                              !ast::is_built_in_type(before_->getText()));
    if (named && is_type(offending_) && is_one_type(first + 1, last)) {
      return {"a `:` stands before the type: `" + word + before_->getText() + ": " +
                  text(offending_, end) + "`",
              {FixLevel::maybe, {{places_.behind(*before_), ":"}}},
              true};
    }
    if (!is_word(end) || !is_one_type(first, last - 1)) return {};
    const std::string turned = end.getText() + ": " + text(*before_, *tokens_.get(last - 1));
    return {"the name stands first: `" + word + turned + "`", fix_to(*before_, end, turned)};
  }

  /// What is listed where one stands, or without the brackets: `throws E, F`, `depends [logger]`.
  Hint in_list() const {
    const std::size_t given = offending_.getType();
    const std::size_t before = before_->getType();
    if (given == OtpLexer::LBRACKET && before == OtpLexer::DEPENDS) return in_brackets();
    if (given != OtpLexer::COMMA && given != OtpLexer::BAR) return {};
    if (is_thrown()) return {"one kind of error is thrown: make one `error` of both", {}};
    if (given == OtpLexer::BAR || !inside<OtpParser::ChildMemberContext>() ||
        !expects(OtpLexer::SEMI) || next_ == nullptr)
      return {};
    if (next_->getType() < OtpLexer::RESTART || next_->getType() > OtpLexer::BY)
      return {"write one `child` for each", {}};
    return {"no `,` stands between the options of a child: delete it",
            fix(FixLevel::safe, offending_, ""), true};
  }
  /// `(1 use: y)`, `(1, use y)`, `(a: u8 b: u8)`, `[1 2]`
  Hint between_items() const {
    const bool list = expects(OtpLexer::RBRACKET);
    const bool field = inside<OtpParser::FieldContext>() && !list;
    const bool item = is_word(offending_) || is_number(offending_.getType()) ||
                      offending_.getType() == OtpLexer::STRING;
    if (!item || !expects(OtpLexer::COMMA) || (!list && !expects(OtpLexer::RPAREN)) ||
        (field && !next_is(OtpLexer::COLON)))
      return {};
    if (inside<OtpParser::ParametersContext>() && !next_is(OtpLexer::COLON))
      return {"a default stands behind a `=`: `= " + offending_.getText() + "`",
              {FixLevel::maybe, {{places_.behind(*before_), " ="}}}};
    const std::size_t sign = type_at(before_->getTokenIndex() - 1);
    const bool names = inside<OtpParser::ArgumentsContext>() && is_word(*before_) && !list &&
                       (sign == OtpLexer::LPAREN || sign == OtpLexer::COMMA) &&
                       !next_is(OtpLexer::COLON);
    if (names)
      return {"a `:` stands behind the name: `" + before_->getText() + ": " + offending_.getText() +
                  "`",
              {FixLevel::maybe, {{places_.behind(*before_), ":"}}}};
    return {"a `,` is missing before `" + offending_.getText() + "`",
            {FixLevel::maybe, {{places_.behind(*before_), ","}}}};
  }
  /// `@deprecated 2 call get();`
  Hint behind_annotation() const {
    const std::size_t at = before_->getTokenIndex();
    if (at == 0 || type_at(at - 1) != OtpLexer::AT || next_ == nullptr ||
        !begins_members(next_->getType()))
      return {};
    const std::string given = offending_.getText();
    return {"what an annotation says stands in parentheses: `@" + before_->getText() + "(" + given +
                ")`",
            fix_to(offending_, offending_, "(" + given + ")")};
  }
  Hint in_brackets() const {
    const std::size_t first = offending_.getTokenIndex() + 1;
    std::size_t last = first;
    while (type_at(last) != OtpLexer::RBRACKET && type_at(last) != OtpLexer::SEMI &&
           type_at(last) != antlr4::Token::EOF)
      ++last;
    if (last == first || type_at(last) != OtpLexer::RBRACKET)
      return {"the names stand without brackets", {}};
    const antlr4::Token& closing = *tokens_.get(last);
    return {"the names stand without brackets: `depends " +
                text(*tokens_.get(first), *tokens_.get(last - 1)) + ";`",
            {FixLevel::maybe, {{places_.span(offending_), ""}, {places_.span(closing), ""}}}};
  }
  /// A path behind `throws` stands before it.
  bool is_thrown() const {
    std::size_t at = offending_.getTokenIndex();
    while (at > 1 && is_word(*tokens_.get(at - 1)) && type_at(at - 2) == OtpLexer::COLONS) at -= 2;
    return at > 1 && is_word(*tokens_.get(at - 1)) && type_at(at - 2) == OtpLexer::THROWS;
  }

  /// Something stands at a number that is no part of it: `1h30min`, `5sec`, `1,000`, `36,6`.
  Hint in_number() const {
    if (is_number(offending_.getType()))
      return {"a duration has one unit: `90min`, not `1h30min`", {}};
    if (Hint base = in_base(); !base.help.empty()) return base;
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

  /// `0X1F`, `0b101`, `0o17`, `0xfg`
  Hint in_base() const {
    const std::string number = before_->getText();
    const std::string rest = offending_.getText();
    if (number.starts_with("0x") && is_word(offending_)) {
      const auto wrong = std::ranges::find_if_not(rest, llvm::isHexDigit);
      return {"`" + std::string(wrong, wrong + 1) + "` is no hexadecimal digit", {}};
    }
    const char letter = llvm::toLower(rest.front());
    if (number != "0" || !std::string_view("xbo").contains(letter)) return {};
    if (letter == 'x') return {"a number in base 16 is written `0x1F`", {}};
    const std::string none =
        letter == 'b' ? "there are no binary numbers" : "there are no octal numbers";
    std::uint64_t value = 0;
    if (llvm::StringRef(rest).drop_front().getAsInteger(letter == 'b' ? 2 : 8, value))
      return {none, {}};
    const std::string decimal = std::to_string(value);
    return {none + ": write `" + decimal + "` or `0x" + llvm::utohexstr(value) + "`",
            fix_to(*before_, offending_, decimal)};
  }

  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

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
