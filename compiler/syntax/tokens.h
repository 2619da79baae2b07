// Lexing, and cutting the tokens at top-level declarations.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "diagnostics/engine.h"
#include "source/source_manager.h"

namespace antlr4 {
class Token;
}

namespace otpc::syntax {

/// Where tokens stand: ANTLR counts code points, we count bytes.
class Places {
 public:
  Places(source::FileId file, std::string_view text);
  source::Span span(const antlr4::Token& token) const;
  /// Just behind the token.
  source::Span behind(const antlr4::Token& token) const;

 private:
  std::uint32_t byte(std::size_t code_point) const;

  source::FileId file_;
  std::uint32_t size_;
  std::vector<std::uint32_t> bytes_;  ///< by code point; empty when every character is one byte
};

/// One top-level declaration.
struct Slice {
  std::vector<std::unique_ptr<antlr4::Token>> tokens;  ///< without comments
  std::string doc;                                     ///< the `///` lines before it
};

struct TokenizedFile {
  std::set<std::size_t> bad_lines;  ///< with a character that is no token: told already
  bool cut_short = false;           ///< by a comment that is not closed
  /// The character stream and the lexer, which the tokens point into.
  std::vector<std::shared_ptr<void>> owners;
  Places places;
  std::vector<Slice> slices;
  /// Comments of all kinds with the type of their token.
  std::vector<std::pair<std::size_t, source::Span>> comments;
  /// The `///` lines, by the byte where the token after them begins.
  std::vector<std::pair<std::uint32_t, std::string>> docs;
  /// Those that describe nothing: a closing sign or the end comes behind them.
  std::vector<source::Span> idle_docs;
};

/// False, with a diagnostic, for what is not text that can be read at all.
bool check_text(const source::SourceManager& sources, source::FileId file,
                diagnostics::Engine& diagnostics);

/// How a fixed token is written: `->`, `server`; empty for what has no one spelling.
std::string literal_of(std::size_t type);

TokenizedFile tokenize(const source::SourceManager& sources, source::FileId file,
                       diagnostics::Engine& diagnostics);

}  // namespace otpc::syntax
