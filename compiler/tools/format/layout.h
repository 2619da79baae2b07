// What the formatter knows of a text before it prints any of it: for each word, sign and comment,
// what may stand before it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "syntax/lexemes.h"

namespace otpc::tools {

inline constexpr std::uint32_t columns = 100;

/// What must or may happen before an item inside its statement.
enum class Break : std::uint8_t { never, allowed, hard };

struct Item {
  std::string_view text;
  syntax::LexemeKind kind = syntax::LexemeKind::name;
  Break line_break = Break::never;
  bool space = false;             ///< a blank before it, when it stands behind another on its line
  bool opens_block = false;       ///< `{` of statements, not of a list of names
  bool after_annotation = false;  ///< a break before it is not indented further
  std::uint8_t newlines = 0;      ///< before it in the text: 0, 1, or 2 for blank lines
  std::uint32_t match = 0;        ///< `{`: its `}`
  std::uint32_t end = 0;          ///< of the statement that begins here: one behind its last item
  bool is(std::string_view sign) const { return text == sign; }
  bool is_comment() const { return kind >= syntax::LexemeKind::line_comment; }
  /// Nothing can stand behind it on its line.
  bool ends_line() const {
    return kind == syntax::LexemeKind::line_comment || kind == syntax::LexemeKind::doc;
  }
};

/// The items of a text with sums over them, so that "does this fit" is answered at once.
class Layout {
 public:
  Layout(std::string_view text, const std::vector<syntax::Lexeme>& lexemes);

  std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size()); }
  const Item& operator[](std::uint32_t index) const { return items_[index]; }

  /// Columns of the items [begin, end) on one line.
  std::uint32_t width(std::uint32_t begin, std::uint32_t end) const;
  /// Whether the author has a line break before any of [begin, end).
  bool has_newline(std::uint32_t begin, std::uint32_t end) const;
  /// Whether the statement [begin, end) may stand on one line if it fits.
  bool may_be_flat(std::uint32_t begin, std::uint32_t end) const;

 private:
  void read(std::string_view text, const std::vector<syntax::Lexeme>& lexemes);
  void match_braces();
  void find_statements();
  void sum();

  struct Sums {
    std::uint32_t width = 0;
    std::uint32_t newlines = 0;
    std::uint32_t hard = 0;
    std::uint32_t broken_blocks = 0;
  };
  std::vector<Item> items_;
  std::vector<Sums> sums_;  ///< over all items before
};

}  // namespace otpc::tools
