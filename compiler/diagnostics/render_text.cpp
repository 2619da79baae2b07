#include <algorithm>

#include <llvm/Support/JSON.h>
#include <llvm/Support/Unicode.h>

#include "diagnostics/render.h"

namespace otpc::diagnostics {
namespace {

constexpr std::size_t tab_width = 4;
constexpr std::size_t widest_line = 200;

class TextRenderer {
 public:
  TextRenderer(const source::SourceManager& sources, llvm::raw_ostream& out, bool colour)
      : sources_(sources), out_(out), colour_(colour) {}

  void render(const Diagnostic& diagnostic) {
    const bool is_error = diagnostic.severity == Severity::error;
    painted(is_error ? "\x1b[1;31m" : "\x1b[1;33m",
            (is_error ? "error[" : "warning[") + code(diagnostic.id) + "]");
    painted("\x1b[1m", ": " + diagnostic.message);
    out_ << '\n';
    gutter_ = 1;
    note_width(diagnostic.span);
    for (const Label& label : diagnostic.labels) note_width(label.span);
    if (diagnostic.span) snippet(diagnostic.span, "-->", "", '^');
    for (const Label& label : diagnostic.labels) {
      if (label.span != diagnostic.span) snippet(label.span, "::>", label.text, '-');
    }
    for (const std::string& note : diagnostic.notes) trailer("note", note);
    for (const std::string& help : diagnostic.helps) trailer("help", help);
    out_ << '\n';
  }

 private:
  void painted(const char* colour, const std::string& text) {
    if (colour_)
      out_ << colour << text << "\x1b[0m";
    else
      out_ << text;
  }

  void note_width(source::Span span) {
    if (!span) return;
    gutter_ =
        std::max(gutter_, std::to_string(sources_.position(span.file, span.begin).line).size());
  }

  void trailer(const char* kind, const std::string& text) {
    out_ << std::string(gutter_ + 1, ' ') << "= ";
    painted("\x1b[1m", kind);
    out_ << ": " << text << '\n';
  }

  void snippet(source::Span span, const char* arrow, const std::string& text, char mark) {
    const source::Position at = sources_.position(span.file, span.begin);
    const std::string margin(gutter_ + 1, ' ');
    out_ << std::string(gutter_, ' ') << arrow << ' ' << sources_.path(span.file) << ':' << at.line
         << ':' << at.column << '\n';
    std::uint32_t line_begin = 0;
    const std::string_view line = sources_.line(span.file, span.begin, line_begin);
    const std::size_t first = std::min<std::size_t>(span.begin - line_begin, line.size());
    const std::size_t last = std::clamp<std::size_t>(span.end - line_begin, first, line.size());
    // Of a very long line only the neighbourhood is shown.
    const std::size_t from = first > widest_line / 2 ? first - widest_line / 2 : 0;
    const std::string_view shown = line.substr(from, widest_line);
    const std::string number = std::to_string(at.line);
    out_ << margin << "|\n"
         << std::string(gutter_ - number.size(), ' ') << number << " | " << (from > 0 ? "..." : "")
         << expanded(shown) << '\n';
    const std::size_t indent = columns(line.substr(from, first - from)) + (from > 0 ? 3 : 0);
    const std::size_t width =
        std::max<std::size_t>(1, columns(line.substr(first, std::min(last - first, widest_line))));
    out_ << margin << "| " << std::string(indent, ' ');
    painted(mark == '^' ? "\x1b[1;31m" : "\x1b[1;34m",
            std::string(width, mark) + (text.empty() ? "" : " " + text));
    out_ << '\n';
  }

  static std::string expanded(std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '\t')
        result += std::string(tab_width, ' ');
      else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
        result += '?';
      else
        result += c;
    }
    return llvm::json::isUTF8(result) ? result : llvm::json::fixUTF8(result);
  }

  /// On the terminal: tabs are expanded, wide characters count two.
  static std::size_t columns(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
      const std::size_t tab = text.find('\t');
      const std::string part = expanded(text.substr(0, tab));
      const int part_width = llvm::sys::unicode::columnWidthUTF8(part);
      width += part_width < 0 ? part.size() : static_cast<std::size_t>(part_width);
      if (tab == std::string_view::npos) break;
      width += tab_width;
      text.remove_prefix(tab + 1);
    }
    return width;
  }

  const source::SourceManager& sources_;
  llvm::raw_ostream& out_;
  bool colour_;
  std::size_t gutter_ = 1;
};

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

void render_text(const Engine& engine, const source::SourceManager& sources, llvm::raw_ostream& out,
                 bool colour) {
  TextRenderer renderer(sources, out, colour);
  const std::vector<const Diagnostic*> all = engine.sorted();
  const std::size_t shown = std::min(all.size(), shown_at_most);
  for (std::size_t i = 0; i < shown; ++i) renderer.render(*all[i]);
  if (all.empty()) return;
  std::string totals = counted(engine.error_count(), "error");
  if (engine.warning_count() != 0) totals += ", " + counted(engine.warning_count(), "warning");
  if (shown < all.size()) totals += " (the first " + std::to_string(shown) + " are shown)";
  out << totals << '\n';
}

}  // namespace otpc::diagnostics
