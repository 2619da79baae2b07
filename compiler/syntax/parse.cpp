#include "syntax/parse.h"

#include <algorithm>
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
          if (!each.name.text.empty()) file.declarations.push_back(std::move(each));
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
    file.doc = doc;
    file.version = optional_value(module->value());
  } else if (auto* import = declaration.importDecl()) {
    ast::Import made{path(import->path()), {}, {}, where, annotations(declaration.annotation())};
    for (Parser::NameContext* each : import->name()) made.names.push_back(name(each));
    for (antlr4::tree::TerminalNode* each : import->COMMA()) made.commas.push_back(span(each));
    if (!made.module.parts.empty()) file.imports.push_back(std::move(made));
  } else if (auto* constant = declaration.constDecl()) {
    ast::Const made;
    made.name = name(constant->name());
    made.type = type(constant->type());
    made.value = value(constant->value());
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

/// Parses one slice, quickly if it is in order: SLL first, and with full LL and reports only when
/// that fails.
class SliceParser {
 public:
  SliceParser(Slice& slice, const TokenizedFile& tokens, diagnostics::Engine& diagnostics)
      : source_(std::move(slice.tokens)),
        stream_(&source_),
        parser_(&stream_),
        errors_(tokens, diagnostics) {
    parser_.removeErrorListeners();
  }

  Parser::TopLevelContext* parse() {
    auto* interpreter = parser_.getInterpreter<antlr4::atn::ParserATNSimulator>();
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
    Parser::TopLevelContext* tree = parser_.topLevel();
    if (parser_.getNumberOfSyntaxErrors() == 0) return tree;
    stream_.seek(0);
    parser_.reset();
    parser_.addErrorListener(&errors_);
    interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
    return parser_.topLevel();
  }

  bool failed() { return parser_.getNumberOfSyntaxErrors() != 0; }

 private:
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
    if (tree->declaration() == nullptr) continue;
    builder.add(*tree->declaration(), slice.doc, parser.failed(), *result);
    if (annotated) builder.add_allows(*tree->declaration(), *result);
  }
  result->incomplete = diagnostics.error_count() != errors_before;
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
