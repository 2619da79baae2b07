#include "syntax/tokens.h"

#include <algorithm>
#include <utility>

#include <antlr4-runtime.h>
#include <llvm/Support/ConvertUTF.h>
#include "OtpLexer.h"
#include "syntax/member_words.h"

namespace otpc::syntax {
namespace {

using diagnostics::Id;
using grammar::OtpLexer;

constexpr std::size_t longest_line = 100'000;
constexpr int deepest_nesting = 100;

bool begins_declaration(std::size_t type) {
  switch (type) {
    case OtpLexer::MODULE:
    case OtpLexer::IMPORT:
    case OtpLexer::CONST:
    case OtpLexer::ALIAS:
    case OtpLexer::STRUCT:
    case OtpLexer::ENUM:
    case OtpLexer::UNION:
    case OtpLexer::ERROR:
    case OtpLexer::PROTOCOL:
    case OtpLexer::SERVER:
    case OtpLexer::STATEM:
    case OtpLexer::EVENTS:
    case OtpLexer::HANDLER:
    case OtpLexer::TOPIC:
    case OtpLexer::TASK:
    case OtpLexer::AGENT:
    case OtpLexer::REGISTRY:
    case OtpLexer::DYNAMIC:
    case OtpLexer::PARTITION:
    case OtpLexer::SUPERVISOR:
    case OtpLexer::APPLICATION:
    case OtpLexer::AT:
      return true;
    default:
      return false;
  }
}

/// Of declarations; an annotation may stand before one that has.
bool has_body(std::size_t type) {
  return type == OtpLexer::AT ||
         (type >= OtpLexer::STRUCT && type <= OtpLexer::APPLICATION && type != OtpLexer::TASK);
}

int nesting_change(std::size_t type) {
  switch (type) {
    case OtpLexer::LBRACE:
    case OtpLexer::LPAREN:
    case OtpLexer::LBRACKET:
    case OtpLexer::LESS:
      return 1;
    case OtpLexer::RBRACE:
    case OtpLexer::RPAREN:
    case OtpLexer::RBRACKET:
    case OtpLexer::GREATER:
      return -1;
    default:
      return 0;
  }
}

/// Of an INTEGER: not `0x` alone, nor `0x_`.
bool has_digits(std::string_view number) {
  return !number.starts_with("0x") || number.find_first_not_of('_', 2) != number.npos;
}

bool is_closing(std::size_t type) {
  return nesting_change(type) < 0 || type == OtpLexer::SEMI || type == OtpLexer::COMMA;
}

/// `'text'` and the like, read as if it stood in double quotes; false after a complaint.
void take_quoted(antlr4::Token& token, source::Span span, diagnostics::Engine& diagnostics) {
  std::string text = token.getText();
  const std::size_t quote = text.front() == '\'' ? 1 : 3;  // bytes
  text = '"' + text.substr(quote, text.size() - 2 * quote) + '"';
  diagnostics.emit(Id::unexpected_character, span, "`" + token.getText().substr(0, quote) + "`")
      .help("a text stands in double quotes: `" + text + "`")
      .fix(diagnostics::FixLevel::safe, span, text);
  diagnostics.shadow(span);  // where it is no value
  auto& writable = dynamic_cast<antlr4::WritableToken&>(token);
  writable.setType(OtpLexer::STRING);
  writable.setText(text);
}

/// A name with other letters than ASCII has, told where it stands first.
void take_foreign_word(antlr4::Token& token, source::Span span, std::set<std::string>& told,
                       diagnostics::Engine& diagnostics) {
  const std::string text = token.getText();
  if (told.insert(text).second) {
    const auto beyond = [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; };
    const auto first = std::ranges::find_if(text, beyond);
    const auto continues = [](char byte) {
      return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
    };
    const auto last = std::find_if_not(first + 1, text.end(), continues);
    diagnostics.emit(Id::unexpected_character, span, "`" + std::string(first, last) + "`")
        .help("names are made of the letters of ASCII, digits and `_`");
  }
  dynamic_cast<antlr4::WritableToken&>(token).setType(OtpLexer::IDENTIFIER);
}

std::string doc_text(std::string line) {
  line.erase(0, 3);
  if (line.starts_with(' ')) line.erase(0, 1);
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.pop_back();
  return line;
}

/// Walks the automaton that ANTLR builds while it reads. Each thread has its own: the one that
/// generated lexers share is behind a lock, which costs more than the step itself.
class Automaton final : public antlr4::atn::LexerATNSimulator {
 public:
  explicit Automaton(antlr4::Lexer& lexer) : Automaton(lexer, known(lexer.getATN())) {}

 protected:
  antlr4::dfa::DFAState* getExistingTargetState(antlr4::dfa::DFAState* state,
                                                std::size_t character) override {
    const auto edge = state->edges.find(character);  // there are none beyond ASCII
    return edge == state->edges.end() ? nullptr : edge->second;
  }

 private:
  struct Known {
    explicit Known(const antlr4::atn::ATN& atn) {
      modes.reserve(atn.getNumberOfDecisions());
      for (std::size_t i = 0; i < atn.getNumberOfDecisions(); ++i)
        modes.emplace_back(atn.getDecisionState(i), i);
    }
    std::vector<antlr4::dfa::DFA> modes;
    antlr4::atn::PredictionContextCache contexts;
  };
  static Known& known(const antlr4::atn::ATN& atn) {
    thread_local Known known(atn);
    return known;
  }

  Automaton(antlr4::Lexer& lexer, Known& known)
      : LexerATNSimulator(&lexer, lexer.getATN(), known.modes, known.contexts) {}
};

/// Goes past what SPACE would match and skip: every other token, without making one.
void skip_space(antlr4::CharStream& input, antlr4::atn::LexerATNSimulator& automaton) {
  for (;;) {
    switch (input.LA(1)) {
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        automaton.consume(&input);
        break;
      default:
        return;
    }
  }
}

bool is_foreign_comment(const antlr4::Token& token) {
  const std::string text = token.getText();
  return text == "%" || text == "#";
}

/// `% text` and `# text`, as comments are written elsewhere: told, and left out with its line.
void take_comment(const antlr4::Token& token, source::Span span, antlr4::CharStream& input,
                  antlr4::atn::LexerATNSimulator& automaton, diagnostics::Engine& diagnostics) {
  const std::string sign = token.getText();
  while (input.LA(1) == static_cast<unsigned char>(sign.front())) {
    automaton.consume(&input);
    ++span.end;
  }
  std::string line;
  while (input.LA(1) != '\n' && input.LA(1) != antlr4::IntStream::EOF) {
    if (line.size() < 7) line += static_cast<char>(input.LA(1));
    automaton.consume(&input);
  }
  auto builder = diagnostics.emit(Id::unexpected_character, {span.file, span.begin, span.begin + 1},
                                  "`" + sign + "`");
  if (line == "include")
    builder.help("write `import other::module { Name };`");
  else
    builder.help("a comment begins with `//`").fix(diagnostics::FixLevel::safe, span, "//");
}

/// Cuts while tokens come in. Behind an ending (`;`, `}`) at the outermost level a declaring word
/// begins a new piece, and so does any name at the very left of its line: a declaration whose word
/// is misspelled. So does a word of another kind there, unless the declaration before it may lack
/// its `{`: to that it belongs then, as does what else stands there. A declaring word at the very
/// left begins a new piece whatever braces are open: one is missing.
class Slicer {
 public:
  explicit Slicer(std::vector<Slice>& slices) : slices_(slices) {}

  void add(std::unique_ptr<antlr4::Token> token, std::string doc) {
    const std::size_t type = token->getType();
    const bool leftmost = token->getCharPositionInLine() == 0 && !after_prefix_;
    const bool declares = begins_declaration(type);
    const bool other = type == OtpLexer::IDENTIFIER || (whole_ && is_word(type));
    const bool begins = fresh_ ? declares || (leftmost && other) : declares && leftmost;
    if (begins || slices_.empty()) {
      slices_.push_back({{}, std::move(doc)});
      depth_ = 0;
      whole_ = !has_body(type);
    }
    fresh_ = false;
    after_prefix_ =
        type == OtpLexer::DYNAMIC || type == OtpLexer::PARTITION || after_annotation(type);
    if (type == OtpLexer::LBRACE) ++depth_;
    if (type == OtpLexer::RBRACE) depth_ = std::max(0, depth_ - 1);
    slices_.back().tokens.push_back(std::move(token));
    const bool is_import =
        slices_.back().tokens.front()->getType() == OtpLexer::IMPORT;  // goes on behind its braces
    if (depth_ > 0 || (type != OtpLexer::SEMI && (type != OtpLexer::RBRACE || is_import))) return;
    fresh_ = true;
    whole_ |= type == OtpLexer::RBRACE;
  }

  /// Annotations that stand before no declaration are those of a member whose `{` is missing.
  void finish() {
    std::vector<Slice> whole;
    for (Slice& slice : slices_) {
      if (!whole.empty() && is_annotated_member(slice)) {
        std::ranges::move(slice.tokens, std::back_inserter(whole.back().tokens));
      } else {
        whole.push_back(std::move(slice));
      }
    }
    slices_ = std::move(whole);
  }

 private:
  static bool is_annotated_member(const Slice& slice) {
    const auto& tokens = slice.tokens;
    const auto type = [&](std::size_t at) {
      return at < tokens.size() ? tokens[at]->getType() : 0;
    };
    if (type(0) != OtpLexer::AT || tokens.front()->getCharPositionInLine() == 0) return false;
    std::size_t at = 0;
    while (type(at) == OtpLexer::AT) {
      at += 2;  // and the name
      if (type(at) != OtpLexer::LPAREN) continue;
      while (at < tokens.size() && type(at) != OtpLexer::RPAREN) ++at;
      ++at;
    }
    return !begins_declaration(type(at));
  }

  /// `@added(3)` and a line break, then the declaration it belongs to.
  bool after_annotation(std::size_t type) {
    if (depth_ == 0 && type == OtpLexer::AT)
      annotated_ = true;
    else if (depth_ == 0 && begins_declaration(type))
      annotated_ = false;
    return annotated_;
  }

  std::vector<Slice>& slices_;
  int depth_ = 0;
  bool fresh_ = true;
  bool whole_ = false;  ///< no `{` is missing in what ends here
  bool after_prefix_ = false;
  bool annotated_ = false;
};

}  // namespace

Places::Places(source::FileId file, std::string_view text)
    : file_(file), size_(static_cast<std::uint32_t>(text.size())) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return;
  // ANTLR takes a byte order mark away before it counts.
  const std::uint32_t first = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  for (std::uint32_t i = first; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) bytes_.push_back(i);
  }
}

std::uint32_t Places::byte(std::size_t code_point) const {
  if (bytes_.empty()) return std::min(static_cast<std::uint32_t>(code_point), size_);
  return code_point < bytes_.size() ? bytes_[code_point] : size_;
}

source::Span Places::span(const antlr4::Token& token) const {
  if (token.getType() == antlr4::Token::EOF)
    return {file_, byte(token.getStartIndex()), byte(token.getStartIndex())};
  return {file_, byte(token.getStartIndex()), byte(token.getStopIndex() + 1)};
}

source::Span Places::behind(const antlr4::Token& token) const {
  const std::uint32_t end = span(token).end;
  return {file_, end, end};
}

bool check_text(const source::SourceManager& sources, source::FileId file,
                diagnostics::Engine& diagnostics) {
  const std::string_view text = sources.text(file);
  const auto bad_byte = [&](std::size_t at) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned char>(text[at]));
    const auto offset = static_cast<std::uint32_t>(at);
    diagnostics.emit(Id::not_utf8, {file, offset, offset + 1}, hex)
        .help("a schema is a text file in UTF-8; save it in that encoding, or name another file");
    return false;
  };
  const auto* begin = reinterpret_cast<const llvm::UTF8*>(text.data());
  const llvm::UTF8* at = begin;
  if (!llvm::isLegalUTF8String(&at, begin + text.size()))
    return bad_byte(static_cast<std::size_t>(at - begin));
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) return bad_byte(nul);
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    if (end - line > longest_line) {
      const auto offset = static_cast<std::uint32_t>(line);
      diagnostics.emit(Id::line_too_long, {file, offset, offset + 1}, end - line, longest_line)
          .help("break the line; if this is not a schema, name another file");
      return false;
    }
    line = end + 1;
  }
  return true;
}

std::string literal_of(std::size_t type) {
  static const antlr4::dfa::Vocabulary vocabulary = [] {
    antlr4::ANTLRInputStream empty;
    return OtpLexer(&empty).getVocabulary();
  }();
  const std::string text = vocabulary.getLiteralName(type);
  return text.size() > 2 ? text.substr(1, text.size() - 2) : std::string();
}

TokenizedFile tokenize(const source::SourceManager& sources, source::FileId file,
                       diagnostics::Engine& diagnostics) {
  const std::string_view text = sources.text(file);
  const auto input = std::make_shared<antlr4::ANTLRInputStream>(std::string(text));
  const auto owned_lexer = std::make_shared<OtpLexer>(input.get());
  OtpLexer& lexer = *owned_lexer;
  TokenizedFile result{{}, false, {input, owned_lexer}, Places(file, text), {}, {}, {}, {}};
  lexer.removeErrorListeners();
  auto* automaton = new Automaton(lexer);
  lexer.setInterpreter(automaton);  // and owns it
  Slicer slicer(result.slices);
  std::string doc;
  source::Span doc_at;
  int nesting = 0;
  std::size_t line_before = 0;
  std::size_t type_before = 0;
  std::size_t behind_unknown = INVALID_INDEX;
  std::set<std::string> foreign_words;
  for (;;) {
    skip_space(*input, *automaton);
    std::unique_ptr<antlr4::Token> token = lexer.nextToken();
    std::size_t type = token->getType();
    if (type == antlr4::Token::EOF) {
      if (!doc.empty()) result.idle_docs.push_back(doc_at);
      slicer.finish();
      return result;
    }
    if (token->getChannel() != antlr4::Token::DEFAULT_CHANNEL)
      result.comments.emplace_back(type, result.places.span(*token));
    if (token->getChannel() == OtpLexer::DOCS) {
      const source::Span place = result.places.span(*token);
      doc_at = doc.empty() ? place : source::join(doc_at, place);
      doc += (doc.empty() ? "" : "\n") + doc_text(token->getText());
      continue;
    }
    if (token->getChannel() != antlr4::Token::DEFAULT_CHANNEL) continue;
    const source::Span span = result.places.span(*token);
    const bool is_token = type != OtpLexer::UNKNOWN && type != OtpLexer::FOREIGN_WORD &&
                          type != OtpLexer::OPEN_STRING && type != OtpLexer::OPEN_COMMENT;
    const bool foreign_comment = type == OtpLexer::UNKNOWN && is_foreign_comment(*token) &&
                                 (token->getLine() > line_before || is_ending(type_before));
    if (foreign_comment) {
      take_comment(*token, span, *input, *automaton, diagnostics);
      continue;
    }
    if (!is_token) result.bad_lines.insert(token->getLine());
    line_before = token->getLine();
    type_before = type;
    if (type == OtpLexer::QUOTED) {
      take_quoted(*token, span, diagnostics);
      type = OtpLexer::STRING;
    }
    if (type == OtpLexer::FOREIGN_WORD) {
      take_foreign_word(*token, span, foreign_words, diagnostics);
      type = OtpLexer::IDENTIFIER;
    }
    if (type == OtpLexer::INTEGER && !has_digits(token->getText())) {
      diagnostics.emit(Id::syntax, span, "expected hexadecimal digits behind `0x`")
          .help("write such as `0x1F`");
      diagnostics.shadow(span);
    }
    if (type == OtpLexer::UNKNOWN) {
      const bool goes_on = token->getStartIndex() == behind_unknown;
      behind_unknown = token->getStopIndex() + 1;
      if (goes_on) continue;  // told already
      diagnostics.emit(Id::unexpected_character, span, "`" + token->getText() + "`")
          .help(token->getText() == "\\" ? "in a text a quotation mark is written `\\\"`" : "");
      continue;
    }
    if (type == OtpLexer::OPEN_STRING) {
      diagnostics.emit(Id::unterminated_string, span)
          .help("close it with `\"`")
          .fix(diagnostics::FixLevel::maybe, {file, span.end, span.end}, "\"");
      continue;
    }
    if (type == OtpLexer::OPEN_COMMENT) {
      result.cut_short = true;
      diagnostics.emit(Id::unterminated_comment, {file, span.begin, span.begin + 2})
          .help("close it with `*/`");
      continue;
    }
    nesting = std::max(0, nesting + nesting_change(type));
    if (nesting > deepest_nesting) {
      diagnostics.emit(Id::too_deep, span, deepest_nesting);
      result.slices.clear();
      return result;
    }
    if (!doc.empty() && is_closing(type)) {
      result.idle_docs.push_back(doc_at);
      doc.clear();
    }
    if (!doc.empty()) result.docs.emplace_back(span.begin, doc);
    slicer.add(std::move(token), std::exchange(doc, {}));
  }
}

}  // namespace otpc::syntax
