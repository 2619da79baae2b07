#include <algorithm>

#include "diagnostics/render.h"
#include "driver/commands.h"
#include "driver/files.h"
#include "driver/version.h"
#include "syntax/lexemes.h"
#include "tools/format/format.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;

/// One file after the other: they have nothing to do with each other, and as text each is told, and
/// freed, before the next.
class Formatting {
 public:
  Formatting(const FormatRequest& request, Streams streams)
      : request_(request), streams_(streams) {}

  Exit files() {
    Exit worst = Exit::ok;
    source::SourceManager sources;
    diagnostics::Engine diagnostics;
    for (const std::string& path : request_.files) {
      worst = std::max(worst, request_.rendering == Rendering::text
                                  ? file(path)
                                  : format(path, sources, diagnostics));
    }
    if (request_.rendering == Rendering::json)
      diagnostics::render_json(diagnostics, sources, streams_.out);
    else if (request_.rendering == Rendering::sarif)
      diagnostics::render_sarif(diagnostics, sources, version, streams_.out);
    return worst;
  }

 private:
  Exit file(const std::string& path) {
    source::SourceManager sources;
    diagnostics::Engine diagnostics;
    const Exit status = format(path, sources, diagnostics);
    diagnostics::render_text(diagnostics, sources, streams_.err, request_.colour);
    return status;
  }

  Exit format(const std::string& path, source::SourceManager& sources,
              diagnostics::Engine& diagnostics) {
    const bool standard = path == "-";
    llvm::Expected<std::string> text = standard ? read_stdin() : read_file(path);
    if (!text) {
      diagnostics.emit(Id::cannot_read, {}, path, llvm::toString(text.takeError()))
          .help("name a schema file that exists and may be read, or `-` for standard input");
      return Exit::input_output;
    }
    const source::FileId id = sources.add(standard ? "<stdin>" : path, *text);
    const std::size_t errors_before = diagnostics.error_count();
    const std::vector<syntax::Lexeme> lexemes = syntax::lexemes(sources, id, diagnostics);
    if (diagnostics.error_count() != errors_before) return Exit::diagnostics;
    const std::string formatted = tools::format(*text, lexemes);
    if (request_.check) {
      if (formatted == *text) return Exit::ok;
      streams_.err << "otpc: " << sources.path(id) << " is not formatted; `otpc format " << path
                   << "` mends it\n";
      return Exit::diagnostics;
    }
    if (standard) {
      streams_.out << formatted;
      return Exit::ok;
    }
    if (llvm::Expected<bool> written = write_if_changed(path, formatted); !written) {
      diagnostics.emit(Id::cannot_write, {}, path, llvm::toString(written.takeError()));
      return Exit::input_output;
    }
    return Exit::ok;
  }

  const FormatRequest& request_;
  Streams streams_;
};

}  // namespace

Exit format(const FormatRequest& request, Streams streams) {
  return Formatting(request, streams).files();
}

}  // namespace otpc::driver
