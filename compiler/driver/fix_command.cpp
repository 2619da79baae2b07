// `otpc fix`: applies what is safe, looks again, until nothing is left to mend.
#include <algorithm>
#include <set>

#include "driver/commands.h"
#include "driver/files.h"
#include "tools/diff/diff.h"

namespace otpc::driver {
namespace {

using diagnostics::Edit;

/// A mend may uncover another; none may go on for ever.
constexpr int most_rounds = 20;

/// The edits by the place where they begin, of every safe mend that touches no other one and would
/// take no comment along.
std::vector<Edit> safe_edits(const diagnostics::Engine& engine, source::FileId file,
                             llvm::StringRef text) {
  const auto apart = [](const Edit& one, const Edit& other) {
    const bool same_place = one.span.begin == other.span.begin;
    return !same_place && (one.span.end <= other.span.begin || other.span.end <= one.span.begin);
  };
  std::vector<Edit> taken;
  for (const diagnostics::Diagnostic* each : engine.sorted()) {
    const auto fits = [&](const Edit& edit) {
      if (edit.span.file != file) return false;
      const llvm::StringRef deleted = text.slice(edit.span.begin, edit.span.end);
      return !deleted.contains("//") && !deleted.contains("/*") &&
             std::ranges::all_of(taken, [&](const Edit& other) { return apart(edit, other); });
    };
    const auto& edits = each->fix.edits;
    if (each->fix.level != diagnostics::FixLevel::safe || !std::ranges::all_of(edits, fits))
      continue;
    taken.insert(taken.end(), edits.begin(), edits.end());
  }
  std::ranges::sort(taken, {}, [](const Edit& edit) { return edit.span.begin; });
  // A name and the comma behind it go as one.
  std::vector<Edit> result;
  for (Edit& each : taken) {
    const bool touches = !result.empty() && result.back().span.end == each.span.begin &&
                         result.back().text.empty() && each.text.empty();
    if (touches)
      result.back().span.end = each.span.end;
    else
      result.push_back(std::move(each));
  }
  return result;
}

/// What is deleted takes the blanks and the line along that only it stood on.
source::Span widened(const Edit& edit, const std::string& text) {
  source::Span span = edit.span;
  if (!edit.text.empty()) return span;
  const auto blank = [&](std::uint32_t at) { return text[at] == ' ' || text[at] == '\t'; };
  std::uint32_t begin = span.begin;
  std::uint32_t end = span.end;
  while (begin > 0 && blank(begin - 1)) --begin;
  while (end < text.size() && blank(end)) ++end;
  const bool line_begins = begin == 0 || text[begin - 1] == '\n';
  if (end < text.size() && text[end] == '\r') ++end;
  const bool line_ends = end == text.size() || text[end] == '\n';
  if (line_begins && line_ends)
    return {span.file, begin,
            std::min<std::uint32_t>(end + 1, static_cast<std::uint32_t>(text.size()))};
  if (line_begins) {  // what follows keeps the indentation
    span.end = end;
  } else if (line_ends) {
    span.begin = begin;
  } else if (begin != span.begin) {
    span.end = end;
  }
  return span;
}

std::string applied(const std::string& text, const std::vector<Edit>& edits) {
  std::string result;
  std::uint32_t copied = 0;
  for (const Edit& each : edits) {
    const source::Span span = widened(each, text);
    const std::uint32_t begin = std::max(span.begin, copied);
    result += text.substr(copied, begin - copied) + each.text;
    copied = std::max(span.end, begin);
  }
  return result + text.substr(copied);
}

class Fixing {
 public:
  Fixing(const FixRequest& request, Streams streams) : request_(request), streams_(streams) {}

  Exit run() {
    Input input = request_;
    for (int round = 0;; ++round) {
      FrontEnd front_end(input, streams_);
      front_end.program();
      if (round == most_rounds || !mend(front_end, input)) {
        const Exit status = front_end.report();
        const Exit written = finish(input);
        return written == Exit::ok ? status : written;
      }
    }
  }

 private:
  /// One round; false when there was nothing to do.
  bool mend(FrontEnd& front_end, Input& input) {
    bool any = false;
    for (const LoadedFile* file : front_end.files()) {
      if (!file->requested) continue;
      const source::FileId id = file->ast->file;
      const std::string text(front_end.sources().text(id));
      before_.try_emplace(file->path, text);
      const std::vector<Edit> edits = safe_edits(front_end.diagnostics(), id, text);
      if (edits.empty()) continue;
      any = true;
      input.texts[file->path] = applied(text, edits);
    }
    return any;
  }

  Exit finish(const Input& input) {
    for (const auto& [path, text] : input.texts) {
      if (text == before_.at(path)) continue;
      if (request_.diff) {
        streams_.out << tools::unified_diff(path, before_.at(path), text);
        continue;
      }
      if (llvm::Expected<bool> written = write_if_changed(path, text); !written) {
        streams_.err << "otpc: cannot write `" << path
                     << "`: " << llvm::toString(written.takeError()) << '\n';
        return Exit::input_output;
      }
      streams_.err << "otpc: mended " << path << '\n';
    }
    return Exit::ok;
  }

  const FixRequest& request_;
  Streams streams_;
  std::map<std::string, std::string> before_;
};

}  // namespace

Exit fix(const FixRequest& request, Streams streams) { return Fixing(request, streams).run(); }

}  // namespace otpc::driver
