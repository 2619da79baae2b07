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
#include "syntax/slice_parser.h"
#include "syntax/tokens.h"

namespace otpc::syntax {

using diagnostics::Id;

void Builder::add(Parser::DeclarationContext& declaration, const std::string& doc, bool broken,
                  ast::File& file) {
  if (auto* module = declaration.moduleDecl()) {
    add_module(declaration, *module, doc, broken, file);
  } else if (auto* import = declaration.importDecl()) {
    add_import(declaration, *import, broken, file);
    if (!doc.empty()) file.idle_docs.push_back(doc_before(span(declaration)));
  } else if (auto made = declared(declaration)) {
    std::visit(
        [&](auto& each) {
          each.doc = doc;
          each.span = span(declaration);
          each.broken = broken;
          each.annotations = annotations(declaration.annotation());
          if (each.name.text.empty())
            ++file.nameless;
          else
            file.declarations.push_back(std::move(each));
        },
        *made);
  }
}

/// The last of the `///` lines before it.
source::Span Builder::doc_before(source::Span span) const {
  source::Span last = span;
  for (const auto& [type, place] : tokens_.comments) {
    if (place.begin >= span.begin) break;
    if (type == grammar::OtpLexer::DOC) last = place;
  }
  return last;
}

void Builder::add_module(Parser::DeclarationContext& declaration, Parser::ModuleDeclContext& module,
                         const std::string& doc, bool broken, ast::File& file) {
  if (!file.module.parts.empty() || !file.declarations.empty() || !file.imports.empty()) {
    diagnostics_.emit(Id::misplaced_module, span(declaration))
        .help(file.module.parts.empty() ? "move it up, before all others"
                                        : "a file is one module: this is another file's");
    if (!file.module.parts.empty()) return;
  }
  file.module = path(module.path());
  file.annotations = annotations(declaration.annotation());
  file.version_unclear = broken;
  file.doc = doc;
  file.version = optional_value(module.value());
  file.none = name(module.absent);
}

void Builder::add_import(Parser::DeclarationContext& declaration, Parser::ImportDeclContext& import,
                         bool broken, ast::File& file) {
  ast::Import made{
      path(import.path()), {}, {}, span(declaration), annotations(declaration.annotation())};
  for (Parser::NameContext* each : import.name()) {
    if (ast::Name imported = name(each); !imported.text.empty())
      made.names.push_back(std::move(imported));
  }
  for (antlr4::tree::TerminalNode* each : import.COMMA()) made.commas.push_back(span(each));
  if (broken) ++file.nameless;
  if (!made.module.parts.empty()) file.imports.push_back(std::move(made));
}

std::optional<ast::Declaration> Builder::declared(Parser::DeclarationContext& context) {
  if (auto* each = context.constDecl()) return constant(*each);
  if (auto* each = context.aliasDecl()) return alias(*each);
  if (auto* each = context.structDecl()) return struct_(*each);
  if (auto* each = context.enumDecl()) return enum_(*each);
  if (auto* each = context.unionDecl()) return union_(*each);
  if (auto* each = context.serverDecl()) return server(*each);
  if (auto* each = context.supervisorDecl()) return supervisor(*each);
  if (auto* each = context.applicationDecl()) return application(*each);
  if (auto* each = context.protocolDecl()) return protocol(*each);
  if (auto* each = context.statemDecl()) return statem(*each);
  if (auto* each = context.eventsDecl()) return events(*each);
  if (auto* each = context.handlerDecl()) return handler(*each);
  if (auto* each = context.topicDecl()) return topic(*each);
  if (auto* each = context.taskDecl()) return task(*each);
  if (auto* each = context.agentDecl()) return agent(*each);
  if (auto* each = context.registryDecl()) return registry(*each);
  return std::nullopt;
}

namespace {

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
    case OtpLexer::QUOTED:
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

namespace {

/// Whether this may say what is started: a supervisor or an application, what is imported for one,
/// or one that was taken for a part of something else because its own word is misspelled.
bool may_start(const Slice& slice) {
  using grammar::OtpLexer;
  constexpr std::size_t words[] = {OtpLexer::SUPERVISOR, OtpLexer::APPLICATION, OtpLexer::IMPORT,
                                   OtpLexer::CHILD, OtpLexer::START};
  return std::ranges::any_of(slice.tokens, [&](const auto& token) {
    return std::ranges::find(words, token->getType()) != std::end(words);
  });
}

/// Whether it has one of the lines.
bool is_any_bad(const Slice& slice, const std::set<std::size_t>& bad_lines) {
  const auto bad = bad_lines.lower_bound(slice.tokens.front()->getLine());
  return bad != bad_lines.end() && *bad <= slice.tokens.back()->getLine();
}

}  // namespace

std::unique_ptr<ast::File> parse(const source::SourceManager& sources, source::FileId file,
                                 diagnostics::Engine& diagnostics) {
  auto result = std::make_unique<ast::File>();
  result->file = file;
  result->incomplete = true;
  result->starts_unclear = true;
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
  result->starts_unclear = tokens.cut_short;
  result->idle_docs = tokens.idle_docs;
  const source::Span first = tokens.slices.empty()
                                 ? source::Span{}
                                 : tokens.places.span(*tokens.slices.front().tokens.front());
  Builder builder(sources, tokens, diagnostics);
  for (Slice& slice : tokens.slices) {
    const bool annotated = std::ranges::any_of(
        slice.tokens, [](const auto& token) { return token->getType() == grammar::OtpLexer::AT; });
    const bool starts = may_start(slice);
    const bool has_bad_line = is_any_bad(slice, tokens.bad_lines);
    SliceParser parser(slice, tokens, diagnostics);
    Parser::TopLevelContext* tree = parser.parse();
    for (const source::Span unclear : parser.unclear()) diagnostics.shadow(unclear);
    const std::size_t before = result->declarations.size();
    const std::size_t nameless_before = result->nameless;
    if (tree->declaration() != nullptr)
      builder.add(*tree->declaration(), slice.doc, parser.is_unclear(), *result);
    if (parser.is_unclear()) {
      const bool named = result->declarations.size() > before;
      parser.collect_lost(tree->declaration(), named, result->lost);
    }
    if (parser.is_unclear() || has_bad_line)
      result->starts_unclear |=
          starts || tree->declaration() == nullptr || result->nameless != nameless_before;
    if (tree->declaration() == nullptr) continue;
    if (annotated) builder.add_allows(*tree->declaration(), *result);
  }
  result->incomplete = diagnostics.error_count() != errors_before;
  result->version_unclear |= result->module.parts.empty();
  if (result->incomplete) return result;
  if (tokens.slices.empty()) {
    diagnostics.emit(Id::empty_file, {file, 0, 0}).help("begin with `module name;`");
  } else if (result->module.parts.empty()) {
    diagnostics.emit(Id::no_module, first).help("begin with `module name;`");
  }
  return result;
}

}  // namespace otpc::syntax
