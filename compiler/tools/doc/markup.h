// The little that Markdown and HTML write differently inside a line.
#pragma once

#include <string>

#include "tools/doc/doc.h"

namespace otpc::tools {

class Markup {
 public:
  explicit Markup(DocFormat format) : is_html_(format == DocFormat::html) {}

  /// Plain text, in which nothing is a mark.
  std::string text(const std::string& plain) const;
  std::string code(const std::string& plain) const;
  std::string link(const std::string& plain, const std::string& target) const;
  /// A comment of the schema, which is Markdown: paragraphs of a page.
  std::string paragraphs(const std::string& doc) const;
  /// The same on one line, for a cell of a table.
  std::string cell(const std::string& doc) const;
  const char* suffix() const { return is_html_ ? ".html" : ".md"; }

 private:
  bool is_html_;
};

}  // namespace otpc::tools
