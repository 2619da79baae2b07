#include <llvm/Support/Path.h>

#include "driver/commands.h"
#include "driver/files.h"
#include "render/render.h"

namespace otpc::driver {

Exit document(const DocRequest& request, Streams streams) {
  FrontEnd front_end(request, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  if (const Exit status = front_end.report(); program == nullptr) return status;
  std::vector<tools::DocModule> about;
  for (std::size_t i = 0; i < program->modules.size(); ++i) {
    const LoadedFile& file = *front_end.files()[i];
    if (file.requested) about.push_back({program->modules[i].get(), file.relative});
  }
  const char* file_template =
      request.format == tools::DocFormat::html ? "file_doc_html" : "file_doc_markdown";
  for (tools::DocPage& page : tools::pages_about(about, *program, request.format)) {
    llvm::SmallString<256> path(request.out_dir);
    llvm::sys::path::append(path, page.path);
    const std::string bytes =
        render::render(file_template, llvm::json::Value(std::move(page.data)));
    if (auto written = write_if_changed(path.str().str(), bytes); !written) {
      streams.err << "otpc: cannot write `" << path << "`: " << llvm::toString(written.takeError())
                  << '\n';
      return Exit::input_output;
    }
  }
  return Exit::ok;
}

}  // namespace otpc::driver
