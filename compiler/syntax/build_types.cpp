// Names, types, values, fields.
#include <algorithm>
#include <charconv>

#include <llvm/ADT/APInt.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringRef.h>

#include "syntax/build.h"

namespace otpc::syntax {

using diagnostics::Id;

ast::Span Builder::span(const antlr4::ParserRuleContext& context) const {
  if (context.start == nullptr) return {};
  const ast::Span first = tokens_.places.span(*context.start);
  if (context.stop == nullptr) return first;
  const ast::Span last = tokens_.places.span(*context.stop);
  return last.end >= first.begin ? source::join(first, last) : first;
}

ast::Span Builder::span(antlr4::tree::TerminalNode* token) const {
  return token == nullptr ? ast::Span{} : tokens_.places.span(*token->getSymbol());
}

ast::Name Builder::name(Parser::NameContext* context) const {
  if (context == nullptr || context->exception != nullptr) return {};
  // The parser makes up a token where one is missing; it has no place in the text.
  if (context->start != nullptr && context->start->getTokenIndex() == INVALID_INDEX) return {};
  const ast::Span where = span(*context);
  const bool one_token = context->start != nullptr && context->start == context->stop;
  return {one_token ? std::string(sources_.text(where)) : context->getText(), where};
}

ast::Path Builder::path(Parser::PathContext* context) const {
  ast::Path result;
  if (context == nullptr) return result;
  for (Parser::NameContext* part : context->parts) {
    if (ast::Name each = name(part); !each.text.empty()) result.parts.push_back(std::move(each));
  }
  result.span = span(*context);
  return result;
}

ast::Type Builder::type(Parser::TypeContext* context) {
  ast::Type result;
  if (context == nullptr) return result;
  result.span = span(*context);
  result.path = path(context->named);
  result.tuple = context->tuple != nullptr;
  result.optional = !context->questions.empty();
  result.optional_twice = context->questions.size() > 1;
  for (Parser::TypeContext* part : context->items) result.arguments.push_back(type(part));
  for (Parser::TypeArgumentContext* argument : context->given) {
    if (argument->of != nullptr) {
      result.arguments.push_back(type(argument->of));
    } else if (argument->count != nullptr) {
      ast::Value count;
      count.span = span(*argument);
      number(*argument->count, count);
      result.count = std::move(count);
    }
  }
  return result;
}

namespace {

/// A number with each `_` between two digits.
std::string with_single_signs(std::string_view number) {
  const bool hexadecimal = number.starts_with("0x");
  const auto is_digit = [&](char c) {
    return hexadecimal ? llvm::isHexDigit(c) : llvm::isDigit(c);
  };
  std::string result;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] != '_') {
      result += number[i];
      continue;
    }
    const std::size_t next = std::min(number.find_first_not_of('_', i), number.size());
    const bool between = next < number.size() && is_digit(number[next]) && !result.empty() &&
                         is_digit(result.back());
    if (between) result += '_';
    i = next - 1;
  }
  return result;
}

/// `010` as `10`.
std::string without_zeros(const std::string& number) {
  std::size_t begin = std::min(number.find_first_not_of("0_"), number.size());
  if (begin > 0 && (begin == number.size() || !llvm::isDigit(number[begin]))) --begin;
  return number.substr(begin);
}

}  // namespace

/// What is wrong with how it is written does not change what it is read as.
void Builder::check_number(const antlr4::Token& token) const {
  const std::string text = token.getText();
  const std::string with_signs = with_single_signs(text);
  const std::string clean = without_zeros(with_signs);
  if (clean == text) return;
  const source::Span span = tokens_.places.span(token);
  if (clean != with_signs)
    diagnostics_.emit(Id::syntax, span, "unexpected zeros before a number")
        .help("there are no octal numbers: write `" + clean + "`")
        .fix(diagnostics::FixLevel::maybe, span, clean);
  else
    diagnostics_.emit(Id::syntax, span, "unexpected `_`: it stands between two digits of a number")
        .help("write `" + clean + "`")
        .fix(diagnostics::FixLevel::safe, span, clean);
  diagnostics_.shadow(span);
}

/// More make a number that nothing can hold: the time to convert one grows with its square.
constexpr std::size_t most_digits = 10'000;

/// 292 years.
constexpr std::uint64_t longest_duration_ns = 9'200'000'000'000'000'000;

void Builder::number(const antlr4::Token& token, ast::Value& value) const {
  check_number(token);
  std::string text = token.getText();
  std::erase(text, '_');
  llvm::StringRef digits(text);
  switch (token.getType()) {
    case Parser::INTEGER:
      value.kind = ast::ValueKind::integer;
      value.overflow = digits.consume_front("0x") ? digits.getAsInteger(16, value.magnitude)
                                                  : digits.getAsInteger(10, value.magnitude);
      if (value.overflow && digits.size() <= most_digits) {
        llvm::APInt whole;
        digits.getAsInteger(text.starts_with("0x") ? 16 : 10, whole);
        value.text = llvm::toString(whole, 10, false);
      }
      break;
    case Parser::FLOAT:
      value.kind = ast::ValueKind::floating;
      value.text = text;
      if (std::from_chars(text.data(), text.data() + text.size(), value.floating).ec !=
          std::errc{}) {
        value.overflow = true;
        digits.getAsDouble(value.floating);  // 0, or infinite
      }
      break;
    case Parser::DURATION: {
      value.kind = ast::ValueKind::duration;
      const std::size_t unit_at = digits.find_first_not_of("0123456789.");
      const llvm::StringRef unit = digits.substr(unit_at);
      const std::uint64_t size = unit == "ns"    ? 1
                                 : unit == "us"  ? 1'000
                                 : unit == "ms"  ? 1'000'000
                                 : unit == "s"   ? 1'000'000'000
                                 : unit == "min" ? 60'000'000'000
                                 : unit == "h"   ? 3'600'000'000'000
                                                 : 86'400'000'000'000;
      const auto [before, behind] = digits.take_front(unit_at).split('.');
      std::uint64_t whole = 0;
      value.overflow = before.getAsInteger(10, whole) || whole > longest_duration_ns / size;
      std::uint64_t fraction = 0;
      std::uint64_t place = size;  // what a digit behind the point is worth
      for (const char digit : behind.rtrim('0')) {
        value.inexact |= place % 10 != 0;
        place /= 10;
        fraction += static_cast<std::uint64_t>(digit - '0') * place;
      }
      value.magnitude = value.overflow ? 0 : whole * size + fraction;
      value.text = text;
      break;
    }
    default:
      break;
  }
}

ast::Value Builder::value(Parser::ValueContext* context) {
  ast::Value result;
  if (context == nullptr) return result;
  result.span = span(*context);
  result.negative = context->MINUS() != nullptr;
  for (auto* token : {context->INTEGER(), context->FLOAT(), context->DURATION()}) {
    if (token != nullptr) number(*token->getSymbol(), result);
  }
  if (context->STRING() != nullptr) {
    result.kind = ast::ValueKind::text;
    result.text = unescaped(context->STRING()->getText(), result.span);
  } else if (context->TRUE() != nullptr || context->FALSE() != nullptr) {
    result.kind = ast::ValueKind::boolean;
    result.boolean = context->TRUE() != nullptr;
  } else if (context->valuePath() != nullptr) {
    result.kind = ast::ValueKind::path;
    for (Parser::NameContext* part : context->valuePath()->name())
      result.path.parts.push_back(name(part));
    result.path.span = result.span;
  } else if (context->LBRACKET() != nullptr) {
    result.kind = ast::ValueKind::list;
    for (Parser::ValueContext* item : context->value()) result.items.push_back(value(item));
  }
  return result;
}

std::optional<ast::Value> Builder::optional_value(Parser::ValueContext* context) {
  if (context == nullptr || context->exception != nullptr) return std::nullopt;
  return value(context);
}

std::string Builder::unescaped(std::string_view literal, ast::Span span) {
  std::string text;
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    if (literal[i] != '\\') {
      text += literal[i];
      continue;
    }
    switch (literal[++i]) {
      case 'n':
        text += '\n';
        break;
      case 't':
        text += '\t';
        break;
      case 'r':
        text += '\r';
        break;
      case '0':
        text += '\0';
        break;
      case '"':
        text += '"';
        break;
      case '\\':
        text += '\\';
        break;
      default: {
        const std::size_t begin = i - 1;
        const auto continues = [](char byte) {
          return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
        };
        while (i + 2 < literal.size() && continues(literal[i + 1])) ++i;
        const auto offset = [&](std::size_t at) {
          return span.begin + static_cast<std::uint32_t>(at);
        };
        diagnostics_
            .emit(Id::bad_escape, {span.file, offset(begin), offset(i + 1)},
                  literal.substr(begin, i + 1 - begin))
            .help("the escape sequences are \\n, \\t, \\r, \\0, \\\" and \\\\");
      }
    }
  }
  return text;
}

ast::Field Builder::field(Parser::FieldContext& context) {
  ast::Field result;
  result.annotations = annotations(context.annotated);
  result.name = name(context.title);
  result.span = span(context);
  result.doc = doc_at(result.span);
  result.type = type(context.of);
  result.fallback = optional_value(context.fallback);
  std::optional<ast::Value> min = optional_value(context.min);
  std::optional<ast::Value> max = optional_value(context.max);
  if (min && max)
    result.range = {.word = span(context.IN()), .min = std::move(*min), .max = std::move(*max)};
  return result;
}

std::vector<ast::Field> Builder::fields(const std::vector<Parser::FieldContext*>& contexts) {
  std::vector<ast::Field> result;
  result.reserve(contexts.size());
  for (Parser::FieldContext* each : contexts) {
    ast::Field made = field(*each);
    if (made.range) {
      diagnostics_.emit(Id::misplaced_option, made.range->word, "in", "the keys of `env`")
          .help("check it where the value is used");
    }
    if (!made.name.text.empty()) result.push_back(std::move(made));
  }
  return result;
}

std::vector<ast::Field> Builder::parameters(Parser::ParametersContext* context) {
  return context == nullptr ? std::vector<ast::Field>() : fields(context->field());
}

std::string Builder::doc_at(ast::Span span) const {
  const auto found = std::ranges::lower_bound(tokens_.docs, span.begin, {},
                                              [](const auto& doc) { return doc.first; });
  return found != tokens_.docs.end() && found->first == span.begin ? found->second : std::string();
}

void Builder::repeated(const ast::Name& owner, std::string_view part, ast::Span span) {
  diagnostics_.emit(Id::repeated_part, span, part, owner.text).help("keep one of them");
}

}  // namespace otpc::syntax
