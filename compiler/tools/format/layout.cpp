#include "tools/format/layout.h"

#include <algorithm>
#include <initializer_list>

namespace otpc::tools {
namespace {

using syntax::LexemeKind;

constexpr std::uint32_t too_wide = 10 * columns;

bool is_one_of(const Item& item, std::initializer_list<std::string_view> signs) {
  return std::ranges::find(signs, item.text) != signs.end();
}

bool is_word(const Item& item) {
  return item.kind == LexemeKind::name || item.kind == LexemeKind::keyword;
}

/// A word, a number, a text, or what ends a type or a list.
bool ends_operand(const Item& item) {
  return is_word(item) || item.kind == LexemeKind::literal || is_one_of(item, {")", "]", ">", "?"});
}

std::uint32_t columns_of(std::string_view text) {
  if (text.find('\n') != std::string_view::npos) return too_wide;
  return static_cast<std::uint32_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Where in its statement an item stands.
struct Place {
  std::uint32_t depth = 0;     ///< of braces of statements around it
  std::uint32_t brackets = 0;  ///< open in this statement
  std::uint32_t angles = 0;    ///< open in this statement
  std::string_view first;      ///< word of the statement, behind its annotations
  std::string_view outer;      ///< first word of the statement around this one
  bool behind_first = false;   ///< the item before is that word
  bool statement_has_block = false;
};

bool space_between(const Item& before, const Item& item, const Place& place) {
  if (before.is_comment()) return !is_one_of(item, {",", ";", ")", "]", ">"});
  if (item.is_comment()) return !is_one_of(before, {"(", "[", "<"});
  if (before.is("{") && item.is("}")) return false;
  if (is_one_of(before, {"(", "[", "<", "@", "::", ".", "-"})) return false;
  if (is_one_of(item, {")", "]", ">", ",", ";", "::", ".", "?", "<"})) return false;
  if (item.is("..") && ends_operand(before)) return false;
  if (before.is("..") && !item.is("}")) return false;
  // `server Cart : Sized {`, but `qty: u32`
  if (item.is(":")) return place.depth == 0 && place.brackets == 0 && place.statement_has_block;
  if (item.is("(") && is_word(before)) {
    // `uses Payment (call)` and `key (i64, string)`, but `add(line: Line)`
    if (place.brackets != 0) return false;
    if (place.first == "uses") return !place.behind_first;
    return place.first == "key" && place.outer == "registry" && place.behind_first;
  }
  return !(item.is("(") && ends_operand(before));
}

/// Whether a long statement may go on in the next line before this item.
bool may_break(const Item& before, const Item& item, const Place& place) {
  if (is_one_of(item, {",", ";", ")", "]", ">", "{"})) return false;
  if (before.is(",")) return place.angles == 0;
  if (place.brackets != 0 || place.angles != 0) return false;
  if (is_one_of(before, {"|", "="}) || item.is("->")) return true;
  // `... throws PushError timeout 60s`: before the words that begin a further part
  return item.kind == LexemeKind::keyword && before.kind != LexemeKind::keyword &&
         ends_operand(before) && !place.behind_first;
}

/// Goes from item to item, knows what statement it is in, and says where that begins and ends.
class StatementWalk {
 public:
  explicit StatementWalk(std::vector<Item>& items) : items_(items) {}

  void walk() {
    for (std::uint32_t i = 0; i < items_.size(); ++i) step(i);
    end_statement();
  }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Annotations {
    enum { none, at, name, arguments } part = at;
    std::uint32_t depth = 0;
  };

  void step(std::uint32_t i) {
    Item& item = items_[i];
    const Item* before = i == 0 ? nullptr : &items_[i - 1];
    if (item.is("}") && !item.is_comment() && place_.depth > 0 && place_.brackets == 0) {
      end_statement();
      --place_.depth;
      outer_.pop_back();
      item.space = before != nullptr && space_between(*before, item, place_);
      last_ = i;
      return;
    }
    const bool begins = start_ == none && !item.is_comment();
    if (begins) begin_statement(i);
    item.space = before != nullptr && space_between(*before, item, place_);
    if (start_ == none) return;
    item.after_annotation = place_.first.empty();
    if (!begins) item.line_break = break_between(*before, item);
    if (item.is_comment()) return;
    annotated_ = false;
    place_.behind_first = false;
    if (place_.first.empty()) read_annotation(i);
    count_brackets(item);
    last_ = i;
    if (item.is("{") && item.opens_block) {
      // The statement goes on to its `}`, which its own statements come before.
      items_[start_].end = item.match + 1;
      start_ = none;
      ++place_.depth;
      outer_.push_back(place_.first);
    } else if (item.is(";") && place_.brackets == 0) {
      end_statement();
    }
  }

  void begin_statement(std::uint32_t i) {
    start_ = i;
    place_.first = {};
    place_.outer = outer_.empty() ? std::string_view() : outer_.back();
    place_.brackets = place_.angles = 0;
    place_.statement_has_block = place_.depth == 0 && has_block(i);
    annotations_ = {};
    annotated_ = false;
  }

  void end_statement() {
    if (start_ != none) items_[start_].end = last_ + 1;
    start_ = none;
  }

  bool has_block(std::uint32_t i) const {
    for (; i < items_.size() && !items_[i].is(";"); ++i) {
      if (!items_[i].is_comment() && items_[i].opens_block) return true;
    }
    return false;
  }

  /// Inside a statement.
  Break break_between(const Item& before, const Item& item) const {
    const bool behind_comment = before.ends_line() || (before.is_comment() && item.newlines != 0);
    const bool own_line = item.is_comment() && (item.newlines != 0 || item.kind == LexemeKind::doc);
    if (behind_comment || own_line || (annotated_ && item.newlines != 0)) return Break::hard;
    const bool allowed = !before.is_comment() && may_break(before, item, place_);
    return allowed ? Break::allowed : item.line_break;
  }

  /// `@name` or `@name(...)`, any number of them, then the statement's first word.
  void read_annotation(std::uint32_t i) {
    const Item& item = items_[i];
    if (annotations_.part == Annotations::arguments) {
      if (item.is("(")) ++annotations_.depth;
      if (item.is(")") && --annotations_.depth == 0) annotations_.part = Annotations::none;
      annotated_ = annotations_.part == Annotations::none;
    } else if (item.is("@")) {
      annotations_.part = Annotations::name;
    } else if (annotations_.part == Annotations::name) {
      const bool arguments = i + 1 < items_.size() && items_[i + 1].is("(");
      annotations_ = {arguments ? Annotations::arguments : Annotations::none, 0};
      annotated_ = !arguments;
    } else {
      place_.first = item.text;
      place_.behind_first = true;
    }
  }

  void count_brackets(const Item& item) {
    if (is_one_of(item, {"(", "["}) || (item.is("{") && !item.opens_block)) ++place_.brackets;
    if (is_one_of(item, {")", "]", "}"}) && place_.brackets > 0) --place_.brackets;
    if (item.is("<")) ++place_.angles;
    if (item.is(">") && place_.angles > 0) --place_.angles;
  }

  std::vector<Item>& items_;
  Place place_;
  std::vector<std::string_view> outer_;
  std::uint32_t start_ = none;  ///< of the open statement
  std::uint32_t last_ = 0;      ///< item that is no comment
  bool annotated_ = false;      ///< the item before ends an annotation of the statement
  Annotations annotations_;
};

}  // namespace

Layout::Layout(std::string_view text, const std::vector<syntax::Lexeme>& lexemes) {
  read(text, lexemes);
  match_braces();
  find_statements();
  sum();
}

void Layout::read(std::string_view text, const std::vector<syntax::Lexeme>& lexemes) {
  items_.reserve(lexemes.size());
  std::uint32_t end = 0;
  for (const syntax::Lexeme& lexeme : lexemes) {
    Item& item = items_.emplace_back();
    item.kind = lexeme.kind;
    item.text = text.substr(lexeme.span.begin, lexeme.span.end - lexeme.span.begin);
    const auto newlines = std::ranges::count(text.substr(end, lexeme.span.begin - end), '\n');
    item.newlines = static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(newlines, 2));
    end = lexeme.span.end;
  }
}

void Layout::match_braces() {
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < size(); ++i) {
    if (items_[i].is_comment()) continue;
    if (items_[i].is("{")) open.push_back(i);
    if (!items_[i].is("}") || open.empty()) continue;
    items_[open.back()].match = i;
    // `import shop::money { Money };` is one statement; a block has no semicolon behind it.
    std::uint32_t next = i + 1;
    while (next < size() && items_[next].is_comment()) ++next;
    items_[open.back()].opens_block = next >= size() || !items_[next].is(";");
    open.pop_back();
  }
}

void Layout::find_statements() { StatementWalk(items_).walk(); }

void Layout::sum() {
  sums_.reserve(items_.size() + 1);
  Sums sums;
  sums_.push_back(sums);
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Item& item = items_[i];
    sums.width += columns_of(item.text) + (item.space ? 1 : 0);
    const bool within = item.text.find('\n') != std::string_view::npos;
    sums.newlines += item.newlines != 0 || within ? 1 : 0;
    sums.hard += item.line_break == Break::hard || item.ends_line() || within ? 1 : 0;
    sums_.push_back(sums);
  }
  // A second round, because a block's own sums have to stand first.
  std::uint32_t broken = 0;
  for (std::uint32_t i = 0; i < size(); ++i) {
    const Item& item = items_[i];
    if (item.opens_block && item.match > i + 1 && has_newline(i + 1, item.match + 1)) ++broken;
    sums_[i + 1].broken_blocks = broken;
  }
}

std::uint32_t Layout::width(std::uint32_t begin, std::uint32_t end) const {
  if (begin >= end) return 0;
  return sums_[end].width - sums_[begin].width - (items_[begin].space ? 1 : 0);
}

bool Layout::has_newline(std::uint32_t begin, std::uint32_t end) const {
  return sums_[end].newlines != sums_[begin].newlines;
}

bool Layout::may_be_flat(std::uint32_t begin, std::uint32_t end) const {
  return sums_[end].hard == sums_[begin].hard &&
         sums_[end].broken_blocks == sums_[begin].broken_blocks;
}

}  // namespace otpc::tools
