#include "syntax/slice_parser.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "OtpLexer.h"
#include "syntax/member_words.h"

namespace otpc::syntax {
namespace {

/// Where a name is missing before `;` or a brace, that sign ends the part: it is not taken for a
/// slip of the finger and left out. What stands between braces that do not belong there is left out
/// as a whole, and so is what cannot begin a member, or comes behind one before its `;`: the next
/// member is read again.
class KeepEndings final : public antlr4::DefaultErrorStrategy {
 public:
  KeepEndings(bool balanced, std::set<std::string>& lost) : balanced_(balanced), lost_(lost) {}

  void sync(antlr4::Parser* parser) override {
    if (!balanced_ || !is_between_members(parser)) return DefaultErrorStrategy::sync(parser);
    const antlr4::misc::IntervalSet expected = expected_here(parser);
    for (;;) {
      const std::size_t next = parser->getTokenStream()->LA(1);
      if (next == antlr4::Token::EOF || is_in(expected, next)) return;
      if (is_ending(parser->getTokenStream()->LA(-1))) reportMatch(parser);  // another mistake
      reportUnwantedToken(parser);
      const std::size_t behind = parser->getTokenStream()->LA(2);
      const bool alone = next == grammar::OtpLexer::SEMI ||
                         (behind != grammar::OtpLexer::RBRACE && is_in(expected, behind));
      const std::size_t begin = parser->getTokenStream()->index();
      if (alone || leave_out_statement(parser)) parser->consume();
      if (!alone) note_lost(*parser->getTokenStream(), begin);
    }
  }

  /// What comes behind a mistake in a message is no clause of its own: `goto idle timeout 2s;`.
  void recover(antlr4::Parser* parser, std::exception_ptr error) override {
    if (balanced_ && is_in_clause(*parser->getContext())) leave_out_statement(parser);
    DefaultErrorStrategy::recover(parser, std::move(error));
  }

  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    const bool ends_member = balanced_ && state(parser)->transitions[0]->label().contains(
                                              static_cast<std::ptrdiff_t>(grammar::OtpLexer::SEMI));
    if (!ends_member) return DefaultErrorStrategy::recoverInline(parser);
    try {
      return DefaultErrorStrategy::recoverInline(parser);
    } catch (const antlr4::InputMismatchException& mismatch) {
      reportError(parser, mismatch);
      if (!leave_out_statement(parser)) return getMissingSymbol(parser);
      antlr4::Token* const matched = parser->getCurrentToken();
      parser->consume();
      return matched;
    }
  }

 protected:
  antlr4::Token* singleTokenDeletion(antlr4::Parser* parser) override {
    switch (parser->getTokenStream()->LA(1)) {
      case grammar::OtpLexer::LBRACE:
        return block_deletion(parser);
      case grammar::OtpLexer::SEMI:
      case grammar::OtpLexer::RBRACE:
      case grammar::OtpLexer::ARROW:
        return nullptr;
      default:
        return DefaultErrorStrategy::singleTokenDeletion(parser);
    }
  }

  /// `state n: u32;` in a server: what follows is no field of it.
  bool singleTokenInsertion(antlr4::Parser* parser) override {
    return dynamic_cast<grammar::OtpParser::StateMemberContext*>(parser->getContext()) == nullptr &&
           DefaultErrorStrategy::singleTokenInsertion(parser);
  }

  void consumeUntil(antlr4::Parser* parser, const antlr4::misc::IntervalSet& set) override {
    for (;;) {
      const std::size_t next = parser->getTokenStream()->LA(1);
      if (next == antlr4::Token::EOF || set.contains(next)) return;
      if (balanced_ && next == grammar::OtpLexer::LBRACE)
        consume_block(parser);
      else
        parser->consume();
    }
  }

 private:
  static bool is_in(const antlr4::misc::IntervalSet& set, std::size_t type) {
    return set.contains(static_cast<std::ptrdiff_t>(type));
  }
  static antlr4::atn::ATNState* state(antlr4::Parser* parser) {
    const auto& atn = parser->getInterpreter<antlr4::atn::ATNSimulator>()->atn;
    return atn.states[parser->getState()];
  }
  static antlr4::misc::IntervalSet expected_here(antlr4::Parser* parser) {
    return parser->getATN().nextTokens(state(parser));
  }
  static bool is_in_clause(const antlr4::ParserRuleContext& context) {
    switch (context.getRuleIndex()) {
      case grammar::OtpParser::RuleMessage:
      case grammar::OtpParser::RuleMessageOption:
      case grammar::OtpParser::RuleTargets:
      case grammar::OtpParser::RuleStateClause:
        return true;
      default:
        return false;
    }
  }
  /// In a loop that a `}` ends: of what is listed with commas `import` alone is such.
  static bool is_between_members(antlr4::Parser* parser) {
    const std::size_t kind = state(parser)->getStateType();
    if (kind != antlr4::atn::ATNState::STAR_LOOP_ENTRY &&
        kind != antlr4::atn::ATNState::STAR_LOOP_BACK)
      return false;
    const antlr4::misc::IntervalSet expected = expected_here(parser);
    return is_in(expected, grammar::OtpLexer::RBRACE) && !is_in(expected, grammar::OtpLexer::COMMA);
  }

  /// What a member that was left out may have declared: what stands behind its word, or where that
  /// should be, or is a message in it.
  void note_lost(antlr4::TokenStream& tokens, std::size_t begin) {
    for (std::size_t at = begin; at < tokens.index(); ++at) {
      const std::size_t before = at == begin ? 0 : tokens.get(at - 1)->getType();
      const bool named = at <= begin + 1 || before == grammar::OtpLexer::CALL ||
                         before == grammar::OtpLexer::CAST || before == grammar::OtpLexer::INFO;
      if (named && tokens.get(at)->getType() == grammar::OtpLexer::IDENTIFIER)
        lost_.insert(tokens.get(at)->getText());
    }
  }

  /// Up to its `;`, or past the block that it ends in; whether a `;` comes now.
  static bool leave_out_statement(antlr4::Parser* parser) {
    for (;;) {
      switch (parser->getTokenStream()->LA(1)) {
        case grammar::OtpLexer::SEMI:
          return true;
        case grammar::OtpLexer::LBRACE:
          consume_block(parser);
          return false;
        case grammar::OtpLexer::RBRACE:
        case antlr4::Token::EOF:
          return false;
        default:
          parser->consume();
      }
    }
  }

  static void consume_block(antlr4::Parser* parser) {
    int depth = 0;
    do {
      const std::size_t next = parser->getTokenStream()->LA(1);
      if (next == antlr4::Token::EOF) return;
      depth += next == grammar::OtpLexer::LBRACE ? 1 : next == grammar::OtpLexer::RBRACE ? -1 : 0;
      parser->consume();
    } while (depth > 0);
  }

  /// What comes behind the block, when that is what was wanted before it.
  antlr4::Token* block_deletion(antlr4::Parser* parser) {
    if (!balanced_) return nullptr;
    const antlr4::misc::IntervalSet expected = getExpectedTokens(parser);
    const auto& atn = parser->getInterpreter<antlr4::atn::ATNSimulator>()->atn;
    antlr4::atn::ATNState* const behind_missing =
        atn.states[parser->getState()]->transitions[0]->target;
    // Only a word is missing before this block.
    if (atn.nextTokens(behind_missing, parser->getContext())
            .contains(static_cast<std::ptrdiff_t>(grammar::OtpLexer::LBRACE)))
      return nullptr;
    reportUnwantedToken(parser);
    consume_block(parser);
    if (!expected.contains(static_cast<std::ptrdiff_t>(parser->getTokenStream()->LA(1))))
      return nullptr;
    antlr4::Token* const matched = parser->getCurrentToken();
    reportMatch(parser);
    return matched;
  }

  bool balanced_;
  std::set<std::string>& lost_;
};

}  // namespace

SliceParser::SliceParser(Slice& slice, const TokenizedFile& tokens,
                         diagnostics::Engine& diagnostics)
    : places_(tokens.places),
      source_(std::move(slice.tokens)),
      stream_(&source_),
      parser_(&stream_),
      errors_(tokens, diagnostics) {
  parser_.removeErrorListeners();
}

grammar::OtpParser::TopLevelContext* SliceParser::parse() {
  auto* interpreter = parser_.getInterpreter<antlr4::atn::ParserATNSimulator>();
  interpreter->setPredictionMode(antlr4::atn::PredictionMode::SLL);
  parser_.setErrorHandler(std::make_shared<antlr4::BailErrorStrategy>());
  try {
    return parser_.topLevel();
  } catch (const antlr4::ParseCancellationException&) {
    parser_.reset();  // and the stream with it
  }
  stream_.fill();
  MendedTokens mended = mend(stream_.getTokens(), places_);
  mended_source_.emplace(std::move(mended.tokens));
  mended_stream_.emplace(&*mended_source_);
  mended_stream_->fill();  // what helps looks ahead
  parser_.setTokenStream(&*mended_stream_);
  parser_.setErrorHandler(std::make_shared<KeepEndings>(mended.balanced, left_out_));
  parser_.addErrorListener(&errors_);
  errors_.begin(mended);
  interpreter->setPredictionMode(antlr4::atn::PredictionMode::LL);
  grammar::OtpParser::TopLevelContext* const tree = parser_.topLevel();
  for (const Mend& each : mended.mends) errors_.tell(each);
  return tree;
}

std::vector<source::Span> SliceParser::unclear() {
  std::vector<source::Span> result;
  if (errors_.unclear_pieces().empty()) return result;
  std::vector<antlr4::Token*> all = mended_stream_->getTokens();
  std::erase_if(all, [](const auto* token) { return token->getType() == antlr4::Token::EOF; });
  const auto piece_of = [&](const antlr4::Token* token) { return errors_.pieces().at(*token); };
  for (const Piece& piece : errors_.unclear_pieces()) {
    source::Span span;
    bool ended = false;
    for (auto token = std::ranges::lower_bound(all, piece, {}, piece_of); token != all.end();
         ++token) {
      const source::Span place = places_.span(**token);
      const std::size_t type = (*token)->getType();
      const bool past = piece_of(*token) > piece && !errors_.all_unclear();
      if (past && ended) break;
      span = span ? source::join(span, place) : place;
      ended = type == grammar::OtpLexer::SEMI || type == grammar::OtpLexer::LBRACE ||
              type == grammar::OtpLexer::RBRACE;
    }
    if (span) result.push_back(span);
  }
  return result;
}

void SliceParser::collect_lost(grammar::OtpParser::DeclarationContext* declaration, bool has_name,
                               std::set<std::string>& lost) {
  lost.insert(left_out_.begin(), left_out_.end());
  // In `const u8 max = 5;` the name is not where it is looked for.
  const bool known = has_name && declaration->start != nullptr && declaration->stop != nullptr &&
                     declaration->constDecl() == nullptr;
  std::size_t before = grammar::OtpLexer::SEMI;
  for (const antlr4::Token* token : mended_stream_->getTokens()) {
    const std::size_t index = token->getTokenIndex();
    const bool inside = known && index >= declaration->start->getTokenIndex() &&
                        index < declaration->stop->getTokenIndex();
    // `final statte paid;`
    const bool unclear = inside && declaration->statemDecl() != nullptr &&
                         (is_word(before) || is_ending(before)) &&
                         errors_.unclear_pieces().contains(errors_.pieces().at(*token));
    before = token->getType();
    if (before == grammar::OtpLexer::IDENTIFIER && (!inside || unclear))
      lost.insert(token->getText());
  }
}

}  // namespace otpc::syntax
