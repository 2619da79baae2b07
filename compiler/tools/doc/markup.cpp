#include "tools/doc/markup.h"

#include <algorithm>

namespace otpc::tools {
namespace {

std::string escaped(const std::string& plain) {
  std::string result;
  for (const char each : plain) {
    if (each == '&')
      result += "&amp;";
    else if (each == '<')
      result += "&lt;";
    else if (each == '>')
      result += "&gt;";
    else if (each == '"')
      result += "&quot;";
    else
      result += each;
  }
  return result;
}

/// `name` in a comment becomes code.
std::string with_code(const std::string& line) {
  std::string result;
  bool open = false;
  for (const char each : escaped(line)) {
    if (each == '`') {
      result += open ? "</code>" : "<code>";
      open = !open;
    } else {
      result += each;
    }
  }
  return open ? result + "</code>" : result;
}

}  // namespace

std::string Markup::text(const std::string& plain) const {
  const std::string safe = escaped(plain);
  if (is_html_) return safe;
  std::string result;
  for (const char each : safe) {
    if (std::string_view("*_`|[]~\\").find(each) != std::string_view::npos) result += '\\';
    result += each;
  }
  return result;
}

std::string Markup::code(const std::string& plain) const {
  if (plain.empty()) return plain;
  // Between backquotes nothing is escaped, but a backquote ends it and a bar ends the cell.
  if (is_html_ || plain.find_first_of("`|") != std::string::npos)
    return "<code>" + text(plain) + "</code>";
  return "`" + plain + "`";
}

std::string Markup::link(const std::string& plain, const std::string& target) const {
  return is_html_ ? "<a href=\"" + escaped(target) + "\">" + escaped(plain) + "</a>"
                  : "[" + text(plain) + "](" + target + ")";
}

std::string Markup::paragraphs(const std::string& doc) const {
  if (!is_html_ || doc.empty()) return doc;
  std::string result = "<p>" + with_code(doc) + "</p>";
  for (std::size_t at = 0; (at = result.find("\n\n", at)) != std::string::npos;)
    result.replace(at, 2, "</p>\n<p>");
  return result;
}

std::string Markup::cell(const std::string& doc) const {
  std::string line = doc;
  std::ranges::replace(line, '\n', ' ');
  if (is_html_) return with_code(line);
  std::string result;
  for (const char each : line) result += each == '|' ? std::string("\\|") : std::string(1, each);
  return result;
}

}  // namespace otpc::tools
