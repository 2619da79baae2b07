#include "tools/format/format.h"

#include <algorithm>
#include <utility>

#include "tools/format/layout.h"

namespace otpc::tools {
namespace {

using syntax::LexemeKind;

constexpr std::uint32_t step = 2;          // of a block
constexpr std::uint32_t continuation = 4;  // of a statement that goes on in the next line

class Printer {
 public:
  explicit Printer(const Layout& layout) : items_(layout) {}

  std::string print() {
    block(0, items_.size(), false);
    if (!out_.empty()) out_ += '\n';
    return std::move(out_);
  }

 private:
  std::uint32_t column() const { return static_cast<std::uint32_t>(column_); }

  void put(std::string_view text) {
    out_ += text;
    for (const char c : text) column_ += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  }

  void new_line(std::uint32_t indent, bool blank) {
    if (!out_.empty()) out_ += blank ? "\n\n" : "\n";
    out_.append(indent, ' ');
    column_ = indent;
    ++lines_;
  }

  /// Without the blanks at the ends of its lines.
  void comment(std::string_view text) {
    for (;;) {
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r'))
        line.remove_suffix(1);
      put(line);
      if (end == std::string_view::npos) return;
      text.remove_prefix(end + 1);
      out_ += '\n';
      column_ = 0;
      ++lines_;
    }
  }

  void item(std::uint32_t index) {
    if (items_[index].is_comment())
      comment(items_[index].text);
    else
      put(items_[index].text);
  }

  void flat(std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end; ++i) {
      if (i > begin && items_[i].space) put(" ");
      item(i);
    }
  }

  /// Statements and comments; `split`: each on a line of its own, wherever the author had it.
  void block(std::uint32_t begin, std::uint32_t end, bool split) {
    const bool outermost = begin == 0;
    bool fresh = true;       // nothing here yet but a comment on the line of the `{`
    bool after_doc = false;  // a doc comment and what it tells about belong together
    bool shared = true;      // the last statement left its line open for others
    for (std::uint32_t i = begin; i < end;) {
      const Item& first = items_[i];
      const bool blank = first.newlines == 2 && !fresh && !after_doc;
      if (first.is_comment()) {
        if (first.newlines == 0 && first.kind != LexemeKind::doc && !out_.empty()) {
          put(first.ends_line() ? "  " : " ");
        } else {
          new_line(indent_, blank);
          fresh = false;
        }
        const std::size_t before = lines_;
        comment(first.text);
        after_doc = first.kind == LexemeKind::doc;
        shared = !first.ends_line() && lines_ == before;
        ++i;
        continue;
      }
      const std::uint32_t stop = first.end;
      const bool may_be_flat = items_.may_be_flat(i, stop);
      const std::uint32_t width = items_.width(i, stop);
      const bool same_line = !fresh && first.newlines == 0 && !split && shared && may_be_flat &&
                             column() + 2 + width <= columns;
      if (same_line)
        put("  ");
      else
        new_line(indent_, blank);
      const std::size_t before = lines_;
      statement(i, stop, may_be_flat && column() + width <= columns);
      // Declarations of a file each have a line of their own.
      shared = lines_ == before && !outermost;
      fresh = after_doc = false;
      i = stop;
    }
  }

  void statement(std::uint32_t begin, std::uint32_t end, bool fits) {
    if (fits) return flat(begin, end);
    std::uint32_t brace = begin;
    while (brace < end && !(items_[brace].opens_block && !items_[brace].is_comment())) ++brace;
    head(begin, std::min(brace + 1, end));
    if (brace >= end) return;
    const std::uint32_t close = items_[brace].match;
    const bool one_line = !items_.has_newline(brace + 1, close + 1);
    if (close == brace + 1) return put("}");
    if (one_line && column() + 1 + items_.width(brace + 1, close + 1) <= columns) {
      put(" ");
      return flat(brace + 1, close + 1);
    }
    indent_ += step;
    block(brace + 1, close, one_line);
    indent_ -= step;
    new_line(indent_, false);
    put("}");
  }

  /// A statement up to its `;` or `{`, over as many lines as it takes.
  void head(std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t i = begin; i < end;) {
      std::uint32_t stop = i + 1;  // what holds together
      while (stop < end && items_[stop].line_break == Break::never) ++stop;
      const Item& first = items_[i];
      // A comment at the end of a line may be as long as it likes.
      const std::uint32_t width = items_.width(i, items_[stop - 1].ends_line() ? stop - 1 : stop);
      const bool too_long = column() + (first.space ? 1 : 0) + width > columns;
      if (i > begin) {
        if (first.line_break == Break::hard || too_long)
          new_line(indent_ + (first.after_annotation ? 0 : continuation), false);
        else if (first.space)
          put(first.ends_line() ? "  " : " ");
      }
      for (std::uint32_t k = i; k < stop; ++k) {
        if (k > i && items_[k].space) put(items_[k].ends_line() ? "  " : " ");
        item(k);
      }
      i = stop;
    }
  }

  const Layout& items_;
  std::string out_;
  std::uint32_t indent_ = 0;
  std::size_t column_ = 0;
  std::size_t lines_ = 0;  ///< begun
};

}  // namespace

std::string format(std::string_view text, const std::vector<syntax::Lexeme>& lexemes) {
  return Printer(Layout(text, lexemes)).print();
}

}  // namespace otpc::tools
