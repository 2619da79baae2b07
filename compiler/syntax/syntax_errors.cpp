#include "syntax/syntax_errors.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "OtpLexer.h"
#include "OtpParser.h"

#include "syntax/hints.h"

namespace otpc::syntax {
namespace {

using diagnostics::Id;
using grammar::OtpLexer;
using grammar::OtpParser;

struct Habit {
  std::string_view word;
  const char* help;
};

/// What readers of Elixir, Erlang, protobuf and C++ write out of habit.
constexpr std::array habits{
    Habit{"def", "a message is declared with `call`, `cast` or `info`; its code is written in C++"},
    Habit{"defmodule", "a file begins with `module name;`"},
    Habit{"do", "a body stands between `{` and `}`"},
    Habit{"end", "a body is closed with `}`"},
    Habit{"use", "write `import other::module { Name };`; a server is `server Name { ... }`"},
    Habit{"handle_call", "write `call name(parameters) -> result;`"},
    Habit{"handle_cast", "write `cast name(parameters);`"},
    Habit{"handle_info", "write `info name(parameters);`"},
    Habit{"handle_continue", "write `continue name;`"},
    Habit{"gen_server", "a gen_server is declared with `server Name { ... }`"},
    Habit{"GenServer", "a GenServer is declared with `server Name { ... }`"},
    Habit{"message", "a record is declared with `struct Name { field: type; }`"},
    Habit{"service", "a service is declared with `server Name { ... }`"},
    Habit{"rpc", "write `call name(parameters) -> result;`"},
    Habit{"returns", "the result stands behind `->`"},
    Habit{"repeated", "write `name: list<type>;`"},
    Habit{"required", "every field is required unless its type ends in `?`"},
    Habit{"optional", "an optional field has a type that ends in `?`"},
    Habit{"package", "a file begins with `module name;`"},
    Habit{"namespace", "a file begins with `module name;`, which becomes the namespace"},
    Habit{"class", "write `struct Name { field: type; }` or `server Name { ... }`"},
    Habit{"interface", "write `server Name { ... }`"},
    Habit{"void", "a call without a result has no `->`"},
    Habit{"int",
          "the integer types are i8 to i64 and u8 to u64; the name stands first: `count: i64`"},
    Habit{"include", "write `import other::module { Name };`"},
    Habit{"worker", "write `child name: Server(arguments);`"},
    Habit{"children", "write one `child name: Server(arguments);` for each"},
};

const char* habit_help(std::string_view word) {
  for (const Habit& habit : habits) {
    if (habit.word == word) return habit.help;
  }
  return "";
}

std::string quoted(const antlr4::Token& token) {
  if (token.getType() == antlr4::Token::EOF) return "the end of the declaration";
  const bool put_in = token.getStopIndex() + 1 == token.getStartIndex();
  if (put_in) return "the end of the line";
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

/// How a fixed token is written: `->`, `server`.
std::string literal_of(std::size_t type) {
  static const antlr4::dfa::Vocabulary vocabulary = [] {
    antlr4::ANTLRInputStream empty;
    return OtpLexer(&empty).getVocabulary();
  }();
  std::string text = vocabulary.getLiteralName(type);
  return text.size() > 2 ? text.substr(1, text.size() - 2) : std::string();
}

/// The words of the language that may stand instead of one that it does not know.
std::vector<std::string> possible_words(const antlr4::Token& token,
                                        const antlr4::misc::IntervalSet& expected) {
  if (token.getType() != OtpLexer::IDENTIFIER) return {};
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

}  // namespace

void SyntaxErrors::begin(const MendedTokens& mended) {
  only_first_ = !mended.balanced;
  for (const Mend& each : mended.mends) open_lines_.insert(each.open_line);
}

void SyntaxErrors::syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending,
                               std::size_t line, std::size_t, const std::string&,
                               std::exception_ptr) {
  // One mistake, one error: what follows at once, or on the same line, is the same mistake.
  const std::size_t index = offending->getTokenIndex();
  const std::size_t last_line = last_line_;
  if (reported_ && (only_first_ || line == last_line_ || index <= last_index_ + 1)) {
    last_index_ = index;
    return;
  }
  const bool closes_what_was_left = offending->getType() == OtpLexer::RBRACE &&
                                    std::ranges::any_of(open_lines_, [&](std::size_t open_line) {
                                      return told_lines_.contains(open_line);
                                    });
  if (closes_what_was_left) return;
  auto* parser = dynamic_cast<antlr4::Parser*>(recognizer);
  if (!reported_) only_first_ = is_before_body(*parser->getTokenStream(), index);
  reported_ = true;
  told_lines_.insert(line);
  last_line_ = line;
  last_index_ = index;

  antlr4::Token* const former = parser->getTokenStream()->LT(-1);
  for (const std::size_t bad : {line, former == nullptr ? line : former->getLine()}) {
    if (!bad_lines_.contains(bad)) continue;
    unclear_lines_.insert(bad);  // told already
    return;
  }
  const std::string expected = expectation(expected_tokens(*parser));
  antlr4::Token* before = parser->getTokenStream()->LT(-1);
  const bool semicolon =
      expected.find("`;`") != std::string::npos && before != nullptr &&
      (before->getLine() < offending->getLine() || offending->getType() == OtpLexer::RBRACE ||
       offending->getType() == antlr4::Token::EOF);
  if (semicolon && before->getLine() == last_line) return;
  if (semicolon) {
    diagnostics_.emit(Id::syntax, places_.behind(*before), "expected `;`")
        .help("end it with `;`")
        .fix(diagnostics::FixLevel::safe, places_.behind(*before), ";");
    last_line_ = before->getLine();
    told_lines_.insert(last_line_);
    return;
  }
  const Hint known = hint(*parser, *offending, places_);
  if (!known.clear) unclear_lines_.insert(line);
  const bool at_end = offending->getType() == antlr4::Token::EOF;
  const source::Span span =
      at_end && before != nullptr ? places_.behind(*before) : places_.span(*offending);
  const std::string message =
      expected.empty() ? "unexpected " + (at_end ? "end of the declaration" : quoted(*offending))
                       : "expected " + expected + ", found " + quoted(*offending);
  if (!known.help.empty()) {
    auto builder = diagnostics_.emit(Id::syntax, span, message).help(known.help);
    for (const diagnostics::Edit& each : known.fix.edits)
      builder.fix(known.fix.level, each.span, each.text);
    return;
  }
  std::string help = habit_help(offending->getText());
  const std::vector<std::string> words = possible_words(*offending, parser->getExpectedTokens());
  if (help.empty() && diagnostics::nearest(offending->getText(), words) != nullptr) {
    diagnostics_.emit(Id::syntax, span, message).suggest(offending->getText(), words);
    return;
  }
  if (help.empty() && before != nullptr) help = habit_help(before->getText());
  if (help.empty() && at_end && has_open_brace(*parser->getTokenStream(), index))
    help = "a `{` that is not closed with `}`, or a missing `;`";
  diagnostics_.emit(Id::syntax, span, message).help(help);
}

void SyntaxErrors::tell(const Mend& mend) {
  for (const std::size_t line : {mend.line, mend.open_line}) {
    if (told_lines_.contains(line) || bad_lines_.contains(line)) return;
  }
  told_lines_.insert(mend.line);
  auto builder = diagnostics_.emit(Id::syntax, mend.span, mend.message);
  if (mend.semicolon) {
    builder.help("end it with `;`").fix(diagnostics::FixLevel::safe, mend.span, ";");
    return;
  }
  misplaced_ = true;
  if (mend.open) builder.label(mend.open, "this one is not closed");
}

}  // namespace otpc::syntax
