#include "syntax/parse.h"

#include <algorithm>
#include <set>
#include <utility>

#include <antlr4-runtime.h>
#include <llvm/ADT/StringExtras.h>
#include "OtpLexer.h"
#include "OtpParser.h"

#include "syntax/build.h"
#include "syntax/lexemes.h"
#include "syntax/syntax_errors.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

using diagnostics::Id;

void Builder::add(Parser::DeclarationContext& declaration, const std::string& doc, bool broken,
                  ast::File& file) {
  const ast::Span where = span(declaration);
  const auto keep = [&](ast::Declaration made) {
    std::visit(
        [&](auto& each) {
          each.doc = doc;
          each.span = where;
          each.broken = broken;
          each.annotations = annotations(declaration.annotation());
          if (each.name.text.empty())
            ++file.nameless;
          else
            file.declarations.push_back(std::move(each));
        },
        made);
  };
  if (auto* module = declaration.moduleDecl()) {
    if (!file.module.parts.empty() || !file.declarations.empty() || !file.imports.empty()) {
      diagnostics_.emit(Id::misplaced_module, where);
      return;
    }
    file.module = path(module->path());
    file.annotations = annotations(declaration.annotation());
    file.version_unclear = broken;
    file.doc = doc;
    file.version = optional_value(module->value());
  } else if (auto* import = declaration.importDecl()) {
    ast::Import made{path(import->path()), {}, {}, where, annotations(declaration.annotation())};
    for (Parser::NameContext* each : import->name()) {
      if (ast::Name imported = name(each); !imported.text.empty())
        made.names.push_back(std::move(imported));
    }
    for (antlr4::tree::TerminalNode* each : import->COMMA()) made.commas.push_back(span(each));
    if (broken) ++file.nameless;
    if (!made.module.parts.empty()) file.imports.push_back(std::move(made));
  } else if (auto* constant = declaration.constDecl()) {
    ast::Const made;
    made.name = name(constant->name());
    made.type = type(constant->type());
    made.value = optional_value(constant->value());
    keep(std::move(made));
  } else if (auto* alias = declaration.aliasDecl()) {
    ast::Alias made;
    made.name = name(alias->name());
    made.type = type(alias->type());
    keep(std::move(made));
  } else if (auto* structure = declaration.structDecl()) {
    keep(struct_(*structure));
  } else if (auto* enumeration = declaration.enumDecl()) {
    keep(enum_(*enumeration));
  } else if (auto* choice = declaration.unionDecl()) {
    keep(union_(*choice));
  } else if (auto* server_decl = declaration.serverDecl()) {
    keep(server(*server_decl));
  } else if (auto* supervisor_decl = declaration.supervisorDecl()) {
    keep(supervisor(*supervisor_decl));
  } else if (auto* application_decl = declaration.applicationDecl()) {
    keep(application(*application_decl));
  } else if (auto* protocol_decl = declaration.protocolDecl()) {
    keep(protocol(*protocol_decl));
  } else if (auto* statem_decl = declaration.statemDecl()) {
    keep(statem(*statem_decl));
  } else if (auto* events_decl = declaration.eventsDecl()) {
    keep(events(*events_decl));
  } else if (auto* handler_decl = declaration.handlerDecl()) {
    keep(handler(*handler_decl));
  } else if (auto* topic_decl = declaration.topicDecl()) {
    keep(topic(*topic_decl));
  } else if (auto* task_decl = declaration.taskDecl()) {
    keep(task(*task_decl));
  } else if (auto* agent_decl = declaration.agentDecl()) {
    keep(agent(*agent_decl));
  } else if (auto* registry_decl = declaration.registryDecl()) {
    keep(registry(*registry_decl));
  }
}

namespace {

/// Where a name is missing before `;` or a brace, that sign ends the part: it is not taken for a
/// slip of the finger and left out.
class KeepEndings final : public antlr4::DefaultErrorStrategy {
 protected:
  antlr4::Token* singleTokenDeletion(antlr4::Parser* parser) override {
    const std::size_t next = parser->getTokenStream()->LA(1);
    const bool ends = next == grammar::OtpLexer::SEMI || next == grammar::OtpLexer::LBRACE ||
                      next == grammar::OtpLexer::RBRACE;
    return ends ? nullptr : DefaultErrorStrategy::singleTokenDeletion(parser);
  }
};

/// Parses one slice, quickly if it is in order: SLL first, which gives up at the first error, and
/// with full LL, reports and recovery only when that fails.
class SliceParser {
 public:
  SliceParser(Slice& slice, const TokenizedFile& tokens, diagnostics::Engine& diagnostics)
      : SliceParser(slice, is_balanced(slice), tokens, diagnostics) {}

  SliceParser(Slice& slice, bool balanced, const TokenizedFile& tokens,
              diagnostics::Engine& diagnostics)
      : places_(tokens.places),
        source_(std::move(slice.tokens)),
        stream_(&source_),
        parser_(&stream_),
        errors_(tokens, !balanced, diagnostics) {
    parser_.removeErrorListeners();
  }

  Parser::TopLevelContext* parse() {
    auto* interpreter = parser_.getInterpreter<antlr4::atn::ParserATNSimulator>();
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
    parser_.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
    try {
      return parser_.topLevel();
    } catch (const antlr4::ParseCancellationException&) {
      parser_.reset();  // and the stream with it
    }
    parser_.setErrorHandler(std::make_shared<KeepEndings>());
    parser_.addErrorListener(&errors_);
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
    return parser_.topLevel();
  }

  /// More than a missing `;`, which leaves nothing open.
  bool is_unclear() const { return errors_.all_unclear() || !errors_.unclear_lines().empty(); }

  /// Where the errors leave open what is meant: from the line of one to the end of its statement,
  /// or to the end of all when braces do not match.
  std::vector<source::Span> unclear() {
    std::vector<source::Span> result;
    if (errors_.unclear_lines().empty()) return result;
    const std::vector<antlr4::Token*> all = stream_.getTokens();
    for (const std::size_t line : errors_.unclear_lines()) {
      source::Span span;
      bool ended = false;
      for (const antlr4::Token* token : all) {
        if (token->getLine() < line || token->getType() == antlr4::Token::EOF) continue;
        const source::Span place = places_.span(*token);
        const std::size_t type = token->getType();
        const bool past = token->getLine() > line && !errors_.all_unclear();
        if (past && ended) break;
        span = span ? source::join(span, place) : place;
        ended = type == grammar::OtpLexer::SEMI || type == grammar::OtpLexer::LBRACE ||
                type == grammar::OtpLexer::RBRACE;
      }
      if (span) result.push_back(span);
    }
    return result;
  }

  /// Words that stand outside of the declaration that was understood, or in one without a name.
  void collect_lost(const Parser::DeclarationContext* declaration, bool has_name,
                    std::set<std::string>& lost) {
    const bool known = has_name && declaration->start != nullptr && declaration->stop != nullptr;
    for (const antlr4::Token* token : stream_.getTokens()) {
      const std::size_t index = token->getTokenIndex();
      const bool inside = known && index >= declaration->start->getTokenIndex() &&
                          index < declaration->stop->getTokenIndex();
      if (token->getType() == grammar::OtpLexer::IDENTIFIER && !inside)
        lost.insert(token->getText());
    }
  }

 private:
  static bool is_balanced(const Slice& slice) {
    int depth = 0;
    for (const auto& token : slice.tokens) {
      if (token->getType() == grammar::OtpLexer::LBRACE) ++depth;
      if (token->getType() == grammar::OtpLexer::RBRACE && --depth < 0) return false;
    }
    return depth == 0;
  }

  const Places& places_;
  antlr4::ListTokenSource source_;
  antlr4::CommonTokenStream stream_;
  Parser parser_;
  SyntaxErrors errors_;
};

/// The number of `@language(2) module ...`, when it is beyond what is known.
const antlr4::Token* newer_language(const TokenizedFile& tokens) {
  using grammar::OtpLexer;
  if (tokens.slices.empty()) return nullptr;
  const auto& first = tokens.slices.front().tokens;
  for (std::size_t i = 0; i + 3 < first.size() && first[i]->getType() != OtpLexer::MODULE; ++i) {
    std::uint64_t stated = 0;
    const bool says = first[i]->getType() == OtpLexer::AT &&
                      first[i + 1]->getText() == "language" &&
                      first[i + 3]->getType() == OtpLexer::INTEGER;
    if (says && (llvm::StringRef(first[i + 3]->getText()).getAsInteger(10, stated) ||
                 stated > language_version))
      return first[i + 3].get();
  }
  return nullptr;
}

LexemeKind kind_of(std::size_t type, const antlr4::dfa::Vocabulary& vocabulary) {
  using grammar::OtpLexer;
  switch (type) {
    case OtpLexer::DOC:
      return LexemeKind::doc;
    case OtpLexer::LINE_COMMENT:
      return LexemeKind::line_comment;
    case OtpLexer::BLOCK_COMMENT:
      return LexemeKind::block_comment;
    case OtpLexer::DURATION:
    case OtpLexer::FLOAT:
    case OtpLexer::INTEGER:
    case OtpLexer::STRING:
      return LexemeKind::literal;
    case OtpLexer::IDENTIFIER:
      return LexemeKind::name;
    default: {
      const std::string literal = vocabulary.getLiteralName(type);  // 'server', '::'
      return literal.size() > 1 && llvm::isAlpha(literal[1]) ? LexemeKind::keyword
                                                             : LexemeKind::sign;
    }
  }
}

}  // namespace

std::vector<Lexeme> lexemes(const source::SourceManager& sources, source::FileId file,
                            diagnostics::Engine& diagnostics) {
  std::vector<Lexeme> result;
  if (!check_text(sources, file, diagnostics)) return result;
  TokenizedFile tokens = tokenize(sources, file, diagnostics);
  std::vector<LexemeKind> kinds;
  const auto& vocabulary = grammar::OtpLexer(nullptr).getVocabulary();
  for (std::size_t type = 0; type <= vocabulary.getMaxTokenType(); ++type)
    kinds.push_back(kind_of(type, vocabulary));
  auto comment = tokens.comments.begin();
  const auto add_comments_before = [&](std::uint32_t end) {
    for (; comment != tokens.comments.end() && comment->second.begin < end; ++comment)
      result.push_back({kinds[comment->first], comment->second});
  };
  for (Slice& slice : tokens.slices) {
    for (const auto& token : slice.tokens) {
      const source::Span span = tokens.places.span(*token);
      add_comments_before(span.begin);
      result.push_back({kinds[token->getType()], span});
    }
    SliceParser(slice, tokens, diagnostics).parse();
  }
  add_comments_before(UINT32_MAX);
  return result;
}

std::unique_ptr<ast::File> parse(const source::SourceManager& sources, source::FileId file,
                                 diagnostics::Engine& diagnostics) {
  auto result = std::make_unique<ast::File>();
  result->file = file;
  result->incomplete = true;
  if (!check_text(sources, file, diagnostics)) return result;
  const std::size_t errors_before = diagnostics.error_count();
  TokenizedFile tokens = tokenize(sources, file, diagnostics);
  if (const antlr4::Token* newer = newer_language(tokens)) {
    diagnostics.forget(file);  // characters that only the newer language has
    diagnostics
        .emit(Id::newer_language, tokens.places.span(*newer), newer->getText(), language_version)
        .help("compile it with a newer otpc");
    diagnostics::Engine unheard;
    SliceParser parser(tokens.slices.front(), tokens, unheard);
    Parser::TopLevelContext* tree = parser.parse();
    if (tree->declaration() != nullptr)
      Builder(sources, tokens, unheard).add(*tree->declaration(), {}, true, *result);
    return result;
  }
  Builder builder(sources, tokens, diagnostics);
  for (Slice& slice : tokens.slices) {
    const bool annotated = std::ranges::any_of(
        slice.tokens, [](const auto& token) { return token->getType() == grammar::OtpLexer::AT; });
    SliceParser parser(slice, tokens, diagnostics);
    Parser::TopLevelContext* tree = parser.parse();
    for (const source::Span unclear : parser.unclear()) diagnostics.shadow(unclear);
    const std::size_t before = result->declarations.size() + result->imports.size();
    if (tree->declaration() != nullptr)
      builder.add(*tree->declaration(), slice.doc, parser.is_unclear(), *result);
    if (parser.is_unclear()) {
      const bool named = result->declarations.size() + result->imports.size() > before;
      parser.collect_lost(tree->declaration(), named, result->lost);
    }
    if (tree->declaration() == nullptr) continue;
    if (annotated) builder.add_allows(*tree->declaration(), *result);
  }
  result->incomplete = diagnostics.error_count() != errors_before;
  result->version_unclear |= result->module.parts.empty();
  if (result->incomplete) return result;
  const source::Span top{file, 0, 0};
  if (tokens.slices.empty()) {
    diagnostics.emit(Id::empty_file, top).help("begin with `module name;`");
  } else if (result->module.parts.empty()) {
    diagnostics.emit(Id::no_module, top).help("begin with `module name;`");
  }
  return result;
}

}  // namespace otpc::syntax
