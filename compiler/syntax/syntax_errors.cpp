#include "syntax/syntax_errors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <llvm/ADT/StringExtras.h>
#include "OtpLexer.h"
#include "OtpParser.h"

#include "syntax/hints.h"
#include "syntax/member_words.h"
#include "syntax/word_habits.h"

namespace otpc::syntax {
namespace {

using diagnostics::Id;
using grammar::OtpLexer;
using grammar::OtpParser;

/// By the mender: it has no text.
bool is_put_in(const antlr4::Token& token) {
  return token.getStopIndex() + 1 == token.getStartIndex();
}

std::string quoted(const antlr4::Token& token) {
  if (token.getType() == antlr4::Token::EOF) return "the end of the declaration";
  if (is_put_in(token)) return "the end of the line";
  std::string text = token.getText();
  if (text.size() > 30) text = text.substr(0, 27) + "...";
  return "`" + text + "`";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

/// The words of the language that may stand instead of one that it does not know.
std::vector<std::string> possible_words(const antlr4::Token& token,
                                        const antlr4::misc::IntervalSet& expected) {
  const std::size_t given = token.getType();
  const bool word_of_language = given >= OtpLexer::MODULE && given <= OtpLexer::START_PHASES;
  if (given != OtpLexer::IDENTIFIER && !word_of_language) return {};
  std::vector<std::string> words;
  // Where a declaration may end, another one may begin.
  if (expected.contains(static_cast<std::ptrdiff_t>(antlr4::Token::EOF))) {
    for (std::size_t type = OtpLexer::MODULE; type <= OtpLexer::APPLICATION; ++type)
      words.push_back(literal_of(type));
  }
  for (const std::ptrdiff_t each : expected.toList()) {
    const std::string word = each < 0 ? "" : literal_of(static_cast<std::size_t>(each));
    if (!word.empty() && word.front() >= 'a' && word.front() <= 'z') words.push_back(word);
  }
  return words;
}

/// The expected tokens in the words of the language; empty when they are too many to tell.
std::string expectation(const antlr4::misc::IntervalSet& expected) {
  std::vector<std::string> words;
  const bool name = expected.contains(static_cast<std::ptrdiff_t>(OtpLexer::IDENTIFIER));
  const bool number = expected.contains(static_cast<std::ptrdiff_t>(OtpLexer::INTEGER));
  const bool value = number && expected.contains(static_cast<std::ptrdiff_t>(OtpLexer::STRING));
  if (value)
    words.emplace_back("a value");
  else if (name)
    words.emplace_back("a name");
  else if (number)
    words.emplace_back("a number");
  for (const std::ptrdiff_t token : expected.toList()) {
    const auto type = static_cast<std::size_t>(token);
    const bool word = type >= OtpLexer::MODULE && type <= OtpLexer::START_PHASES;
    const bool literal = type >= OtpLexer::TRUE && type <= OtpLexer::IDENTIFIER;
    const bool part_of_value = value && (type == OtpLexer::MINUS || type == OtpLexer::LBRACKET);
    if ((word && name) || literal || part_of_value || token < 0) continue;
    std::string text = literal_of(type);
    if (!text.empty()) words.push_back("`" + text + "`");
  }
  return words.size() <= 5 ? joined(words) : std::string();
}

/// What may come; without `every`, which the grammar takes for all messages, where it is only told
/// that it does not belong there.
antlr4::misc::IntervalSet expected_tokens(antlr4::Parser& parser) {
  antlr4::misc::IntervalSet expected = parser.getExpectedTokens();
  antlr4::ParserRuleContext* context = parser.getContext();
  if (dynamic_cast<OtpParser::MessageOptionContext*>(context) != nullptr)
    context = dynamic_cast<antlr4::ParserRuleContext*>(context->parent);
  auto* message = dynamic_cast<OtpParser::MessageContext*>(context);
  const bool timed = message != nullptr && message->INFO() != nullptr;
  if (!timed) expected.remove(static_cast<std::size_t>(OtpLexer::EVERY));
  return expected;
}

/// With the options of a message: behind a word that is none of them the parser has left it.
antlr4::misc::IntervalSet possible_here(antlr4::Parser& parser) {
  antlr4::misc::IntervalSet expected = parser.getExpectedTokens();
  antlr4::TokenStream& tokens = *parser.getTokenStream();
  if (!expected.contains(static_cast<std::ptrdiff_t>(OtpLexer::SEMI))) return expected;
  for (std::size_t at = tokens.index(); at-- > 0;) {
    switch (tokens.get(at)->getType()) {
      case OtpLexer::SEMI:
      case OtpLexer::LBRACE:
      case OtpLexer::RBRACE:
        return expected;
      case OtpLexer::INFO:
        expected.add(static_cast<std::ptrdiff_t>(OtpLexer::EVERY));
        [[fallthrough]];
      case OtpLexer::CALL:
      case OtpLexer::CAST:
      case OtpLexer::TASK:
        expected.add(static_cast<std::ptrdiff_t>(OtpLexer::TIMEOUT));
        [[fallthrough]];
      case OtpLexer::INIT:
        expected.add(static_cast<std::ptrdiff_t>(OtpLexer::THROWS));
        return expected;
      default:
        break;
    }
  }
  return expected;
}

/// Behind `child Cart` one of many words may come.
bool is_child_option(antlr4::Parser& parser, const antlr4::misc::IntervalSet& expected) {
  return dynamic_cast<OtpParser::ChildMemberContext*>(parser.getContext()) != nullptr &&
         expected.contains(static_cast<std::ptrdiff_t>(OtpLexer::RESTART));
}

/// `child Cart cart;`
bool is_name_behind(antlr4::TokenStream& tokens) {
  return tokens.LA(-2) == OtpLexer::CHILD && tokens.LA(1) == OtpLexer::IDENTIFIER &&
         tokens.LA(2) == OtpLexer::SEMI;
}

/// Servers are written large.
std::string name_and_server(const antlr4::Token& one, const antlr4::Token& other) {
  const bool named_first = !llvm::isUpper(one.getText().front());
  return (named_first ? one : other).getText() + ": " + (named_first ? other : one).getText();
}

/// More `{` than `}` stand before that token.
bool has_open_brace(antlr4::TokenStream& tokens, std::size_t index) {
  int depth = 0;
  for (std::size_t at = 0; at < index; ++at) {
    const std::size_t type = tokens.get(at)->getType();
    depth += type == OtpLexer::LBRACE ? 1 : type == OtpLexer::RBRACE ? -1 : 0;
  }
  return depth > 0;
}

/// Behind an error in `server Cart : Sized {` the parser does not know what it reads.
bool is_before_body(antlr4::TokenStream& tokens, std::size_t index) {
  for (std::size_t at = 0; at < index; ++at) {
    const std::size_t type = tokens.get(at)->getType();
    if (type == OtpLexer::LBRACE) return false;
  }
  return true;
}

/// In a line of its own, and deeper than the statement before it.
bool is_deeper(antlr4::TokenStream& tokens, std::size_t index) {
  std::size_t begin = index;
  while (begin > 0 && !is_ending(tokens.get(begin - 1)->getType())) --begin;
  while (begin > 0 && tokens.get(begin - 1)->getLine() == tokens.get(begin)->getLine()) --begin;
  return tokens.get(begin)->getCharPositionInLine() < tokens.get(index)->getCharPositionInLine();
}

const char* habit_at(antlr4::TokenStream& tokens, std::size_t index) {
  const bool first = index == 0 || is_ending(tokens.get(index - 1)->getType());
  return word_of_habit(tokens.get(index)->getText(), first);
}

/// A line below a statement that was meant to go on with it, and not to begin another one.
bool goes_on(antlr4::Parser& parser, const antlr4::Token& first) {
  if (!is_word(first.getType())) return false;
  const std::vector<std::string> words = possible_words(first, possible_here(parser));
  if (diagnostics::nearest(first.getText(), words) != nullptr) return true;
  const std::size_t next = parser.getTokenStream()->LA(2);
  return !begins_members(first.getType()) && next != OtpLexer::COLON && next != OtpLexer::LPAREN &&
         is_deeper(*parser.getTokenStream(), first.getTokenIndex());
}

}  // namespace

void SyntaxErrors::begin(const MendedTokens& mended) {
  only_first_ = !mended.balanced;
  pieces_ = mended.pieces;
  for (const Mend& each : mended.mends) {
    open_.insert(each.open_piece);
    if (each.help.empty()) continue;
    tell(each);  // what the parser says of that piece follows from it
    reread_.insert(each.piece);
  }
}

void SyntaxErrors::syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending,
                               std::size_t, std::size_t, const std::string&, std::exception_ptr) {
  // One mistake, one error: what follows at once, or in the same piece, is the same mistake.
  const std::size_t index = offending->getTokenIndex();
  const Piece piece = pieces_->at(*offending);
  if (reported_ && (only_first_ || told_.contains(piece) || index <= last_index_ + 1)) {
    last_index_ = index;
    return;
  }
  const bool closes_what_was_left =
      offending->getType() == OtpLexer::RBRACE &&
      std::ranges::any_of(open_, [&](const Piece& open) { return told_.contains(open); });
  if (closes_what_was_left) return;
  if (reread_.contains(piece)) {
    unclear_.insert(piece);
    last_index_ = index;
    return;
  }
  auto* parser = dynamic_cast<antlr4::Parser*>(recognizer);
  if (!reported_) only_first_ = is_before_body(*parser->getTokenStream(), index);
  reported_ = true;
  last_index_ = index;

  antlr4::Token* const former = parser->getTokenStream()->LT(-1);
  for (const Piece& bad : {piece, former == nullptr ? piece : pieces_->at(*former)}) {
    if (!bad_lines_.contains(bad.line)) continue;
    told_.insert(piece);
    unclear_.insert(bad);  // told already
    return;
  }
  const antlr4::misc::IntervalSet possible = expected_tokens(*parser);
  const bool option = is_child_option(*parser, possible);
  const std::string expected = option ? "`;` or an option of the child" : expectation(possible);
  antlr4::Token* before = parser->getTokenStream()->LT(-1);
  const bool semicolon =
      possible.contains(static_cast<std::ptrdiff_t>(OtpLexer::SEMI)) && before != nullptr &&
      ((before->getLine() < offending->getLine() && !goes_on(*parser, *offending)) ||
       offending->getType() == OtpLexer::RBRACE || offending->getType() == antlr4::Token::EOF);
  if (semicolon && !told_.insert(pieces_->at(*before)).second) return;
  if (semicolon) {
    diagnostics_.emit(Id::syntax, places_.behind(*before), "expected `;`")
        .help("end it with `;`")
        .fix(diagnostics::FixLevel::safe, places_.behind(*before), ";");
    return;
  }
  told_.insert(piece);
  const Hint known = hint(*parser, *offending, places_);
  take_followers(*parser->getTokenStream(), index, known.clear);
  if (!known.clear) unclear_.insert(piece);
  if (known.clear && index == 0) only_first_ = false;  // a word too many before the declaration
  const bool at_end = offending->getType() == antlr4::Token::EOF;
  const source::Span span =
      at_end && before != nullptr ? places_.behind(*before) : places_.span(*offending);
  const std::string message = !expected.empty()
                                  ? "expected " + expected + ", found " + quoted(*offending)
                              : at_end                ? "unexpected end of the declaration"
                              : is_put_in(*offending) ? "unexpected end of the line"
                                                      : "unexpected " + quoted(*offending);
  if (!known.help.empty()) {
    auto builder = diagnostics_.emit(Id::syntax, span, message).help(known.help);
    for (const diagnostics::Edit& each : known.fix.edits)
      builder.fix(known.fix.level, each.span, each.text);
    return;
  }
  std::string help = habit_at(*parser->getTokenStream(), index);
  const std::vector<std::string> words = possible_words(*offending, possible_here(*parser));
  if (help.empty() && diagnostics::nearest(offending->getText(), words) != nullptr) {
    diagnostics_.emit(Id::syntax, span, message).suggest(offending->getText(), words);
    return;
  }
  if (help.empty() && before != nullptr) help = habit_at(*parser->getTokenStream(), index - 1);
  if (help.empty() && at_end && has_open_brace(*parser->getTokenStream(), index))
    help = "a `{` that is not closed with `}`, or a missing `;`";
  if (help.empty() && option && is_name_behind(*parser->getTokenStream()))
    help = "a name of its own stands first: `child " + name_and_server(*before, *offending) + "`";
  if (help.empty() && option)
    help =
        "the options are `restart`, `shutdown`, `significant`, `name`, `partitions`, `by` and "
        "`handlers`";
  diagnostics_.emit(Id::syntax, span, message).help(help);
}

void SyntaxErrors::take_followers(antlr4::TokenStream& tokens, std::size_t index, bool clear) {
  const std::size_t line = tokens.get(index)->getLine();
  const auto type = [&](std::size_t at) {
    const bool in_line = at < tokens.size() && tokens.get(at)->getLine() == line;
    return in_line ? tokens.get(at)->getType() : antlr4::Token::EOF;
  };
  const auto take = [&](std::size_t at) {
    if (type(at) == antlr4::Token::EOF) return;
    told_.insert(pieces_->at(*tokens.get(at)));
    if (!clear) unclear_.insert(pieces_->at(*tokens.get(at)));
  };
  // `call get() } -> u8;`: no `;` is missing before that brace.
  if (index > 1 && type(index - 1) == OtpLexer::RBRACE && is_put_in(*tokens.get(index - 2)))
    take(index - 2);
  std::size_t end = is_ending(type(index)) ? index : index + 1;
  if (end > index && type(end) == OtpLexer::SEMI && is_put_in(*tokens.get(end))) ++end;
  const bool word_alone = type(end) == OtpLexer::SEMI && begins_members(type(index));
  if (end == index || type(end) == OtpLexer::RBRACE || word_alone) take(end + 1);
  while (type(index) != antlr4::Token::EOF && !is_ending(type(index))) ++index;
  for (int depth = 0; type(index) != antlr4::Token::EOF; ++index) {
    depth += type(index) == OtpLexer::LBRACE ? 1 : type(index) == OtpLexer::RBRACE ? -1 : 0;
    if (depth > 0 || type(index) == OtpLexer::RBRACE) take(index);
    if (depth <= 0) return;
  }
}

void SyntaxErrors::tell(const Mend& mend) {
  for (const Piece& piece : {mend.piece, mend.open_piece}) {
    const auto in_line = told_.lower_bound({piece.line, 0});
    const bool told = mend.semicolon && !only_first_
                          ? told_.contains(piece)
                          : in_line != told_.end() && in_line->line == piece.line;
    if (told || bad_lines_.contains(piece.line)) return;
  }
  told_.insert(mend.piece);
  auto builder = diagnostics_.emit(Id::syntax, mend.span, mend.message);
  if (mend.semicolon) {
    builder.help("end it with `;`").fix(diagnostics::FixLevel::safe, mend.span, ";");
    return;
  }
  if (!mend.help.empty()) {
    builder.help(mend.help).fix(mend.level, mend.replaced, mend.replacement);
    return;
  }
  misplaced_ = true;
  if (mend.open) builder.label(mend.open, "this one is not closed");
}

}  // namespace otpc::syntax
