#include "syntax/mend.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

#include <antlr4-runtime.h>
#include <llvm/ADT/StringRef.h>
#include "OtpLexer.h"

#include "syntax/member_words.h"

namespace otpc::syntax {
namespace {

using antlr4::Token;
using grammar::OtpLexer;

/// Behind such a sign something has to come.
bool wants_more(std::size_t type) {
  switch (type) {
    case OtpLexer::LPAREN:
    case OtpLexer::LBRACKET:
    case OtpLexer::LESS:
    case OtpLexer::COMMA:
    case OtpLexer::COLONS:
    case OtpLexer::COLON:
    case OtpLexer::EQUALS:
    case OtpLexer::ARROW:
    case OtpLexer::DOT:
    case OtpLexer::BAR:
      return true;
    default:
      return false;
  }
}

bool is_brace(std::size_t type) { return type == OtpLexer::LBRACE || type == OtpLexer::RBRACE; }

/// More braces are no slip of the finger, and for each the tokens may be gone through.
constexpr int mended_at_most = 10;

/// The tokens of a slice, and what is to be changed in them.
class Mender {
 public:
  Mender(const std::vector<Token*>& tokens, const Places& places)
      : places_(places), pieces_(tokens) {
    for (Token* token : tokens) {
      if (token->getType() == Token::EOF) continue;
      tokens_.push_back(token);
      types_.push_back(token->getType());
      const std::size_t at = tokens_.size() - 1;
      line_begins_.push_back(is_first_of_line(at) ? at : line_begins_.back());
    }
    const auto words = member_words(type(behind_annotations(0)));
    is_tree_ = std::ranges::find(words, OtpLexer::CHILD) != words.end();
  }

  MendedTokens mended() {
    MendedTokens result{{}, {}, pieces_};
    result.balanced = mend_braces();
    if (result.balanced && changes_.empty()) {
      mend_kind();
      mend_members();
    }
    mend_words();
    if (type(0) != OtpLexer::IMPORT) mend_lines();
    std::ranges::stable_sort(changes_, {}, [](const Change& each) {  // `;` before `}`
      return std::pair(each.index, each.type != OtpLexer::SEMI);
    });
    auto change = changes_.begin();
    for (std::size_t i = 0; i <= tokens_.size(); ++i) {
      bool dropped = false;
      std::size_t other_type = 0;
      for (; change != changes_.end() && change->index == i; ++change) {
        dropped |= change->type == 0;
        if (change->replaces)
          other_type = change->type;
        else if (change->type != 0)
          result.tokens.push_back(made_up(change->type, *tokens_[i - 1]));
        result.mends.push_back(std::move(change->mend));
      }
      if (i == tokens_.size() || dropped) continue;
      auto token = std::make_unique<antlr4::CommonToken>(tokens_[i]);
      if (other_type != 0) token->setType(other_type);
      result.tokens.push_back(std::move(token));
    }
    if (!result.tokens.empty()) return result;
    // Nothing but braces too many: without them there is nothing to parse, which tells them.
    result.mends.clear();
    for (Token* token : tokens_)
      result.tokens.push_back(std::make_unique<antlr4::CommonToken>(token));
    return result;
  }

 private:
  struct Change {
    std::size_t index = 0;  ///< of the token before which it is put in, or that is another one
    std::size_t type = 0;   ///< 0: left out
    Mend mend;
    bool replaces = false;  ///< the token is read as this type
  };
  enum class Block : std::uint8_t { other, fields, clauses };
  struct Open {
    std::size_t index = 0;   ///< of the `{`
    std::size_t column = 0;  ///< where its line begins
    Block block = Block::other;
  };

  std::size_t type(std::size_t at) const { return at < types_.size() ? types_[at] : Token::EOF; }
  std::size_t column(std::size_t at) const { return tokens_[at]->getCharPositionInLine(); }
  bool is_first_of_line(std::size_t at) const {
    return at == 0 || tokens_[at - 1]->getLine() < tokens_[at]->getLine();
  }
  std::size_t line_begin(std::size_t at) const { return line_begins_[at]; }

  /// Has no text: where a line ends.
  static std::unique_ptr<Token> made_up(std::size_t type, const Token& before) {
    auto token = std::make_unique<antlr4::CommonToken>(
        std::pair(before.getTokenSource(), before.getInputStream()), type, Token::DEFAULT_CHANNEL,
        before.getStopIndex() + 1, before.getStopIndex());
    token->setLine(before.getLine());
    token->setCharPositionInLine(before.getCharPositionInLine() + 1);
    return token;
  }

  Mend missing(std::size_t index, const char* message) const {
    const Token& before = *tokens_[index - 1];
    Mend mend;
    mend.piece = pieces_.at(before);
    mend.span = places_.behind(before);
    mend.message = message;
    return mend;
  }

  /// True when braces match now: each that is missing or too many is found by the indentation.
  bool mend_braces() {
    int depth = 0;
    bool closes_too_much = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (type(i) == OtpLexer::LBRACE) ++depth;
      if (type(i) == OtpLexer::RBRACE) --depth;
      closes_too_much |= depth < 0;
    }
    if (depth == 0) return !closes_too_much;
    if (std::abs(depth) > mended_at_most || tokens_.size() == 1) return false;
    if (depth > 0)
      close_open_blocks(static_cast<std::size_t>(depth));
    else
      open_closed_blocks();
    if (changes_.size() == static_cast<std::size_t>(std::abs(depth))) return true;
    changes_.clear();
    return false;
  }

  void close(const Open& open, std::size_t before) {
    Change change{before, OtpLexer::RBRACE, missing(before, "expected `}`")};
    change.mend.open = places_.span(*tokens_[open.index]);
    change.mend.open_piece = pieces_.at(*tokens_[open.index]);
    changes_.push_back(std::move(change));
  }

  /// What stands in the block that opens here inside of a declaration.
  Block block_at(std::size_t opening) const {
    std::size_t begin = opening;
    while (begin > 0 && !is_ending(type(begin - 1))) --begin;
    begin = behind_annotations(begin);
    const bool at_once = begin + 1 == opening;
    switch (type(begin)) {
      case OtpLexer::FINAL:
      case OtpLexer::STATE:
        return at_once ? Block::fields : Block::clauses;
      case OtpLexer::ANY:
        return Block::clauses;
      case OtpLexer::DATA:
      case OtpLexer::ENV:
        return at_once ? Block::fields : Block::other;
      default:
        return Block::other;
    }
  }

  /// What begins here, behind an ending, belongs to the declaration and not to that block.
  bool is_outside(std::size_t at, Block block) const {
    if (block == Block::other || !is_ending(type(at - 1))) return false;
    at = behind_annotations(at);
    if (!begins_members(type(at)) || type(at + 1) == OtpLexer::COLON) return false;
    if (block == Block::fields) return true;
    switch (type(at)) {
      case OtpLexer::STATE:
      case OtpLexer::FINAL:
      case OtpLexer::ANY:
      case OtpLexer::DATA:
      case OtpLexer::INIT:
      case OtpLexer::USES:
        return true;
      default:
        return false;
    }
  }

  /// A line that stands no deeper than the one that opened a block is not in it; nor is what a
  /// block of its kind never has.
  void close_open_blocks(std::size_t missing_braces) {
    for (std::size_t i = 1; i < tokens_.size() && changes_.size() < missing_braces; ++i) {
      if (type(i) == OtpLexer::LBRACE && is_ending(type(i - 1)))
        read_as(i, 0, "unexpected `{`", "no block begins here: delete it", "");
    }
    if (changes_.size() == missing_braces) return;
    std::vector<Open> open;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const bool closes = type(i) == OtpLexer::RBRACE;
      while (is_first_of_line(i) && open.size() > 1 &&
             column(i) + (closes ? 1 : 0) <= open.back().column) {
        close(open.back(), i);
        open.pop_back();
      }
      if (open.size() > 1 && changes_.size() < missing_braces && is_outside(i, open.back().block)) {
        close(open.back(), i);
        open.pop_back();
      }
      if (type(i) == OtpLexer::LBRACE)
        open.push_back({i, column(line_begin(i)), open.size() == 1 ? block_at(i) : Block::other});
      if (closes && !open.empty()) open.pop_back();
    }
    if (open.size() == 1) close(open.front(), tokens_.size());
  }

  void open_closed_blocks() {
    std::vector<Open> open;
    bool any = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!any && i > 0 && is_first_of_line(i) && column(i) > column(0) &&
          !wants_more(type(i - 1)) && begins_member(i, false)) {
        changes_.push_back({i, OtpLexer::LBRACE, missing(i, "expected `{`")});
        open.push_back({i, column(0), Block::other});
        any = true;
      }
      if (type(i) == OtpLexer::LBRACE) {
        open.push_back({i, column(line_begin(i)), Block::other});
        any = true;
      }
      if (type(i) != OtpLexer::RBRACE) continue;
      const bool last = i + 1 == tokens_.size();
      const bool outermost = is_first_of_line(i) && column(i) <= column(0);
      if (open.size() == 1 && outermost && goes_on_behind(i)) {
        read_as(i, 0, "unexpected `}`", "what follows belongs to this declaration: delete it", "");
        continue;
      }
      if (open.empty() || (open.size() == 1 && !last && !outermost))
        open_or_leave_out(i);
      else
        open.pop_back();
    }
  }

  /// A member that stands deeper than the declaration follows this `}`.
  bool goes_on_behind(std::size_t closing) const {
    std::size_t next = closing + 1;
    while (type(next) == OtpLexer::RBRACE) ++next;
    return next < tokens_.size() && is_first_of_line(next) && column(next) > column(0) &&
           begins_member(next, false);
  }

  /// Behind `@private`, `@deprecated(3)`.
  std::size_t behind_annotations(std::size_t at) const {
    while (type(at) == OtpLexer::AT) {
      at += 2;  // and the name
      if (type(at) != OtpLexer::LPAREN) continue;
      while (at < tokens_.size() && type(at) != OtpLexer::RPAREN && !is_ending(type(at))) ++at;
      if (type(at) == OtpLexer::RPAREN) ++at;
    }
    return at;
  }

  /// The token is read as another one, or left out when that is 0.
  void read_as(std::size_t index, std::size_t other, std::string message, std::string help,
               std::string replacement) {
    const Token& token = *tokens_[index];
    Mend mend;
    mend.piece = pieces_.at(token);
    mend.span = places_.span(token);
    mend.message = std::move(message);
    mend.help = std::move(help);
    mend.replaced = mend.span;
    mend.replacement = std::move(replacement);
    if (other != 0) types_[index] = other;
    changes_.push_back({index, other, std::move(mend), other != 0});
  }

  /// A server whose members are states is a state machine, and one without states, but with
  /// messages, is a server. Braces match.
  void mend_kind() {
    const std::size_t head = behind_annotations(0);
    const bool server = type(head) == OtpLexer::SERVER;
    if (!server && type(head) != OtpLexer::STATEM) return;
    int depth = 0;
    bool has_states = false;
    bool has_messages = false;
    for (std::size_t i = head; i < tokens_.size(); ++i) {
      if (depth == 1 && is_ending(type(i - 1))) {
        const std::size_t member = behind_annotations(i);
        has_states |= begins_state(member);
        has_messages |= type(member) >= OtpLexer::CALL && type(member) <= OtpLexer::INFO &&
                        is_word(type(member + 1));
      }
      if (is_brace(type(i))) depth += type(i) == OtpLexer::LBRACE ? 1 : -1;
    }
    const std::string name = tokens_.size() > head + 1 ? tokens_[head + 1]->getText() : "";
    if (server && has_states && !has_messages)
      read_as(head, OtpLexer::STATEM, "expected `statem`, found `server`",
              "a server has no states: did you mean `statem " + name + "`?", "statem");
    if (!server && has_messages && !has_states)
      read_as(head, OtpLexer::SERVER, "expected `server`, found `statem`",
              "messages stand in states: did you mean `server " + name + "`?", "server");
  }

  /// `state idle`, and not `state {` or `state n: u8;`
  bool begins_state(std::size_t at) const {
    if (type(at) == OtpLexer::ANY) return type(at + 1) == OtpLexer::LBRACE;
    if (type(at) == OtpLexer::FINAL) ++at;
    return type(at) == OtpLexer::STATE && is_word(type(at + 1)) && type(at + 2) != OtpLexer::COLON;
  }

  /// The words that the members begin with: one that is none of them, but near to one, is read as
  /// that. Braces match.
  void mend_members() {
    const std::size_t head = behind_annotations(0);
    std::vector<std::span<const std::size_t>> open;  // of each block the words of its members
    std::size_t first = head;                        // of the member
    for (std::size_t i = head; i < tokens_.size(); ++i) {
      if (i > head && is_ending(type(i - 1))) {
        first = behind_annotations(i);
        if (!open.empty()) mend_member(first, open.back(), type(head) == OtpLexer::SERVER);
      }
      if (type(i) == OtpLexer::LBRACE) {
        const bool clauses = open.size() == 1 && type(head) == OtpLexer::STATEM &&
                             (type(first) == OtpLexer::STATE || type(first) == OtpLexer::FINAL ||
                              type(first) == OtpLexer::ANY);
        open.push_back(open.empty() ? member_words(type(head))
                       : clauses    ? clause_words()
                                    : std::span<const std::size_t>());
      }
      if (type(i) == OtpLexer::RBRACE && !open.empty()) open.pop_back();
    }
  }

  void mend_member(std::size_t at, std::span<const std::size_t> known, bool server) {
    if (!is_word(type(at)) || std::ranges::find(known, type(at)) != known.end()) return;
    std::vector<std::string> words;
    for (const std::size_t each : known) {
      if (fits_behind(each, type(at + 1), server)) words.push_back(literal_of(each));
    }
    const std::string given = tokens_[at]->getText();
    const std::string* const meant = diagnostics::nearest(given, words);
    if (meant == nullptr) return;
    const auto other = std::ranges::find(known, *meant, literal_of);
    read_as(at, *other, "unexpected `" + given + "`", "did you mean `" + *meant + "`?", *meant);
    if (llvm::StringRef(given).equals_insensitive(*meant))
      changes_.back().mend.level = diagnostics::FixLevel::safe;
  }

  /// A word of a relative: `data` in a server, `state` in a state machine, `enum class`.
  void mend_words() {
    const std::size_t head = behind_annotations(0);
    const bool before_supervisor =
        type(head) == OtpLexer::DYNAMIC || type(head) == OtpLexer::PARTITION;
    if (before_supervisor && type(head + 1) == OtpLexer::IDENTIFIER && is_word(type(head + 2))) {
      read_as(head + 1, OtpLexer::SUPERVISOR,
              "expected `supervisor`, found `" + tokens_[head + 1]->getText() + "`",
              "write `" + tokens_[head]->getText() + " supervisor`", "supervisor");
      return;
    }
    if (type(head) == OtpLexer::ENUM && is_word(type(head + 1)) && is_word(type(head + 2))) {
      const std::string word = tokens_[head + 1]->getText();
      if (word != "class" && word != "struct") return;
      read_as(head + 1, 0, "unexpected `" + word + "`",
              "write `enum " + tokens_[head + 2]->getText() + " { ... }`", "");
      // Up to the name, and the space with it.
      changes_.back().mend.replaced.end = places_.span(*tokens_[head + 2]).begin;
      return;
    }
    const bool server = type(head) == OtpLexer::SERVER;
    if (!server && type(head) != OtpLexer::STATEM) return;
    int depth = 0;
    for (std::size_t i = head; i < tokens_.size(); ++i) {
      if (type(i) == OtpLexer::LBRACE) ++depth;
      if (type(i) == OtpLexer::RBRACE) --depth;
      const bool block = depth == 1 && type(i + 1) == OtpLexer::LBRACE;
      if (server && block && type(i) == OtpLexer::DATA) {
        read_as(i, OtpLexer::STATE, "expected `state`, found `data`",
                "what a server keeps is written `state { name: type; }`", "state");
      } else if (!server && block && type(i) == OtpLexer::STATE && has_field(i + 2)) {
        read_as(i, OtpLexer::DATA, "expected `data`, found `state`",
                "what a state machine keeps is written `data { name: type; }`", "data");
      } else if (!server && depth == 2 && type(i) == OtpLexer::TO && !is_ending(type(i - 1))) {
        i = join_targets(i + 1) - 1;
      } else if (!server && depth == 1 && type(i) == OtpLexer::STATE) {
        separate_states(i + 1);
      }
    }
  }

  /// `state idle busy;`
  void separate_states(std::size_t at) {
    for (; is_word(type(at)); ++at) {
      if (type(at + 1) == OtpLexer::COMMA) ++at;
      const std::size_t behind = type(at + 2);
      const bool another = is_word(type(at)) && is_word(type(at + 1)) &&
                           (behind == OtpLexer::SEMI || behind == OtpLexer::COMMA);
      if (!another) continue;
      Mend mend = missing(at + 1, "expected `,`");
      mend.help = "states of one kind are separated: `" + tokens_[at]->getText() + ", " +
                  tokens_[at + 1]->getText() + "`";
      mend.replaced = mend.span;
      mend.replacement = ",";
      changes_.push_back({at + 1, OtpLexer::COMMA, std::move(mend)});
    }
  }

  bool has_field(std::size_t at) const {
    at = behind_annotations(at);
    return is_word(type(at)) && type(at + 1) == OtpLexer::COLON;
  }

  /// `to idle, busy`: joined as if by `|`. Where they end.
  std::size_t join_targets(std::size_t at) {
    for (; is_word(type(at)) && is_word(type(at + 2)); at += 2) {
      if (type(at + 1) == OtpLexer::COMMA)
        read_as(at + 1, OtpLexer::BAR, "expected `|`, found `,`",
                "states to choose from are joined by `|`: `" + tokens_[at]->getText() + " | " +
                    tokens_[at + 2]->getText() + "`",
                " |");
      else if (type(at + 1) != OtpLexer::BAR)
        break;
    }
    return at;
  }

  /// Behind `state`, `state idle, busy`, `data`, `env`, `any`; 0 when that is not what begins
  /// there.
  std::size_t behind_head(std::size_t at) const {
    if (type(at) == OtpLexer::FINAL) ++at;
    if (type(at) == OtpLexer::DATA || type(at) == OtpLexer::ENV || type(at) == OtpLexer::ANY)
      return at + 1;
    if (type(at) != OtpLexer::STATE) return 0;
    if (type(at + 2) == OtpLexer::COLON) return at + 1;  // the fields of a server
    at += 2;
    while (type(at) == OtpLexer::COMMA) at += 2;
    return at;
  }

  /// The `}` at this place closes nothing: what stands before it in its line, or the line above
  /// that stands as deep, lacks a `{`, or it is one too many.
  void open_or_leave_out(std::size_t closing) {
    for (std::size_t i = closing; i > 0 && !is_brace(type(i - 1)); --i) {
      if (i > 1 && !is_ending(type(i - 2)) && !is_first_of_line(i - 1)) continue;
      const std::size_t behind_word = behind_head(behind_annotations(i - 1));
      if (behind_word == 0 || behind_word >= closing || is_ending(type(behind_word))) continue;
      changes_.push_back({behind_word, OtpLexer::LBRACE, missing(behind_word, "expected `{`")});
      return;
    }
    for (std::size_t i = closing; is_first_of_line(closing) && i-- > 1;) {
      if (!is_first_of_line(i) || column(i) > column(closing)) continue;
      std::size_t behind = i + 1;
      while (!is_first_of_line(behind)) ++behind;
      if (column(i) < column(closing) || is_ending(type(behind - 1))) break;
      changes_.push_back({behind, OtpLexer::LBRACE, missing(behind, "expected `{`")});
      return;
    }
    std::size_t behind = closing;
    while (type(behind) == OtpLexer::RBRACE) ++behind;
    const bool opened = std::ranges::find(types_, OtpLexer::LBRACE) != types_.end();
    if (opened && behind == tokens_.size()) {  // nothing stands elsewhere for it
      read_as(closing, 0, "unexpected `}`", "it closes nothing: delete it", "");
      return;
    }
    const Token& token = *tokens_[closing];
    Mend mend;
    mend.piece = pieces_.at(token);
    mend.span = places_.span(token);
    mend.message = "unexpected `}`";
    changes_.push_back({closing, 0, std::move(mend)});
  }

  bool begins_member(std::size_t at, bool in_the_middle) const {
    const std::size_t next = type(at + 1);
    if (type(at) == OtpLexer::RBRACE || type(at) == OtpLexer::AT || begins_members(type(at)))
      return true;
    if (type(at) == OtpLexer::RANGE) return !in_the_middle;
    if (!is_word(type(at))) return false;
    const bool ends =
        next == OtpLexer::LPAREN || next == OtpLexer::SEMI || next == OtpLexer::RBRACE;
    const bool field = next == OtpLexer::COLON && !is_tree_;  // there it is `restart: permanent`
    return field || (!in_the_middle && ends);
  }

  void end_member(std::size_t before) {
    Mend end = missing(before, "expected `;`");
    end.semicolon = true;
    changes_.push_back({before, OtpLexer::SEMI, std::move(end)});
  }

  /// A `}` ends the member before it too; a line that stands no deeper than the member above it,
  /// and begins like one, is another one.
  void mend_lines() {
    std::size_t member = 0;
    bool annotated = false;
    for (std::size_t i = 1; i < tokens_.size(); ++i) {
      const std::size_t before = type(i - 1);
      if (is_ending(before) || (before == OtpLexer::RANGE && i - 1 == member)) {
        member = i;
        annotated = type(i) == OtpLexer::AT;
        continue;
      }
      if (type(i) == OtpLexer::RBRACE && before != OtpLexer::RANGE && !wants_more(before)) {
        end_member(i);
        continue;
      }
      if (!is_first_of_line(i)) continue;
      if (annotated && type(line_begin(i - 1)) == OtpLexer::AT) continue;
      const bool as_deep = column(i) <= column(line_begin(member));
      if (member == 0 || !as_deep || !begins_member(i, wants_more(before))) continue;
      end_member(i);
      member = i;
      annotated = type(i) == OtpLexer::AT;
    }
  }

  const Places& places_;
  const Pieces pieces_;
  std::vector<Token*> tokens_;
  std::vector<std::size_t> types_;        ///< of the tokens, as they are read
  std::vector<std::size_t> line_begins_;  ///< for each token the first of its line
  std::vector<Change> changes_;
  bool is_tree_ = false;  ///< a supervisor: without fields
};

/// The `)` of the `(` at that place, when it stands in the same line with no brace between them;
/// else the place itself.
std::size_t end_of_parentheses(const std::vector<Token*>& tokens, std::size_t opening) {
  int depth = 0;
  for (std::size_t at = opening; at < tokens.size(); ++at) {
    const std::size_t type = tokens[at]->getType();
    if (is_brace(type) || tokens[at]->getLine() != tokens[opening]->getLine()) break;
    depth += type == OtpLexer::LPAREN ? 1 : type == OtpLexer::RPAREN ? -1 : 0;
    if (depth == 0) return at;
  }
  return opening;
}

}  // namespace

Pieces::Pieces(const std::vector<Token*>& tokens) {
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at]->getType() == OtpLexer::LPAREN) at = end_of_parentheses(tokens, at);
    const bool opens_nothing =
        tokens[at]->getType() == OtpLexer::LBRACE && at > 0 && is_ending(tokens[at - 1]->getType());
    const bool goes_on =
        opens_nothing || (at + 1 < tokens.size() && tokens[at + 1]->getType() == OtpLexer::SEMI);
    if (is_ending(tokens[at]->getType()) && !goes_on) ends_.push_back(tokens[at]->getStopIndex());
  }
}

Piece Pieces::at(const Token& token) const {
  // What is put in has no text: it belongs to what stands before it.
  const std::size_t place = std::min(token.getStartIndex(), token.getStopIndex());
  const auto behind = std::ranges::lower_bound(ends_, place);
  return {token.getLine(), static_cast<std::size_t>(behind - ends_.begin())};
}

MendedTokens mend(const std::vector<Token*>& tokens, const Places& places) {
  return Mender(tokens, places).mended();
}

}  // namespace otpc::syntax
