// The formatter keeps every word, and what it has formatted stays as it is.
#include "fuzz.h"
#include "syntax/lexemes.h"
#include "tools/format/format.h"

namespace otpc::fuzz {
namespace {

struct Formatted {
  std::string text;
  std::vector<std::string> words;  ///< without comments: their margins change
  std::size_t comments = 0;
  bool is_schema = false;
};

Formatted format(std::string_view text) {
  source::SourceManager sources;
  diagnostics::Engine diagnostics;
  const source::FileId id = sources.add("input.otp", text);
  const std::vector<syntax::Lexeme> lexemes = syntax::lexemes(sources, id, diagnostics);
  if (diagnostics.has_errors()) return {};
  Formatted result{tools::format(text, lexemes), {}, 0, true};
  for (const syntax::Lexeme& each : lexemes) {
    const bool comment = each.kind == syntax::LexemeKind::line_comment ||
                         each.kind == syntax::LexemeKind::block_comment ||
                         each.kind == syntax::LexemeKind::doc;
    if (comment)
      ++result.comments;
    else
      result.words.emplace_back(sources.text(each.span));
  }
  return result;
}

}  // namespace

void fuzz_one(std::string_view text) {
  const Formatted once = format(text);
  if (!once.is_schema) return;
  const Formatted twice = format(once.text);
  require(twice.is_schema, "what is formatted still follows the grammar");
  require(twice.words == once.words, "formatting keeps every word");
  require(twice.comments == once.comments, "formatting keeps every comment");
  require(twice.text == once.text, "formatting twice gives what formatting once gives");
}

}  // namespace otpc::fuzz
