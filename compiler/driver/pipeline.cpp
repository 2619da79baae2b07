#include "driver/pipeline.h"

#include <map>

#include <llvm/Support/Path.h>

#include "driver/files.h"
#include "driver/internal_error.h"
#include "driver/version.h"
#include "lower/lower.h"
#include "render/render.h"
#include "sema/check.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;

struct Output {
  std::string path;
  std::string bytes;
};

class Pipeline {
 public:
  Pipeline(const Request& request, Streams streams)
      : request_(request), front_end_(request, streams) {}

  Exit run() {
    const std::unique_ptr<model::Program> program = front_end_.program();
    if (program == nullptr || request_.out_dir.empty()) return front_end_.report();
    sema::check_generatable(*program, front_end_.diagnostics());
    if (front_end_.diagnostics().has_errors()) return front_end_.report();
    const std::vector<Output> outputs = in_phase("generating", [&] { return render(*program); });
    if (front_end_.diagnostics().has_errors()) return front_end_.report();
    write(outputs);
    return front_end_.report(Exit::input_output);
  }

 private:
  std::vector<Output> render(const model::Program& program) {
    std::vector<Output> outputs;
    std::map<const model::Module*, std::string> headers;
    std::map<std::string, const LoadedFile*> written;
    for (std::size_t i = 0; i < program.modules.size(); ++i) {
      const model::Module& module = *program.modules[i];
      const LoadedFile& file = *front_end_.files()[i];
      headers[&module] = file.relative + ".h";
      if (!file.requested) continue;
      lower::Options options{file.relative + ".h", {}, version};
      for (const model::Module* import : module.imports) options.imports.push_back(headers[import]);
      llvm::SmallString<256> base(request_.out_dir);
      llvm::sys::path::append(base, file.relative);
      const auto [other, fresh] = written.emplace(llvm::StringRef(base).lower(), &file);
      if (!fresh)
        front_end_.diagnostics().emit(Id::same_output, {}, other->second->path, file.path,
                                      base.str());
      const llvm::json::Value data(lower::lower_cpp(module, options));
      outputs.push_back({base.str().str() + ".h", render::render("file_header", data)});
      outputs.push_back({base.str().str() + ".cpp", render::render("file_source", data)});
      if (request_.test_doubles)
        outputs.push_back({base.str().str() + ".testing.h", render::render("file_testing", data)});
    }
    return outputs;
  }

  void write(const std::vector<Output>& outputs) {
    std::vector<std::string> paths;
    for (const Output& output : outputs) {
      paths.push_back(output.path);
      if (!write_one(output.path, output.bytes)) return;
    }
    if (request_.depfile.empty()) return;
    std::vector<std::string> inputs;
    for (const LoadedFile* file : front_end_.files()) inputs.push_back(file->path);
    write_one(request_.depfile, depfile(paths, inputs));
  }

  bool write_one(const std::string& path, const std::string& bytes) {
    llvm::Expected<bool> result = write_if_changed(path, bytes);
    if (result) return true;
    front_end_.diagnostics()
        .emit(Id::cannot_write, {}, path, llvm::toString(result.takeError()))
        .help("choose a folder that may be written with --out-dir");
    return false;
  }

  const Request& request_;
  FrontEnd front_end_;
};

}  // namespace

Exit run(const Request& request, Streams streams) { return Pipeline(request, streams).run(); }

}  // namespace otpc::driver
