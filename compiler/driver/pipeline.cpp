#include "driver/pipeline.h"

#include <map>

#include <llvm/Support/Path.h>

#include "diagnostics/render.h"
#include "driver/files.h"
#include "driver/loader.h"
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
  Pipeline(const Request& request, llvm::raw_ostream& out, llvm::raw_ostream& err)
      : request_(request),
        out_(out),
        err_(err),
        loader_(request.import_dirs, sources_, diagnostics_) {
    diagnostics_.warnings_are_errors(request.warnings_are_errors);
  }

  Exit run() {
    for (const std::string& file : request_.files) loader_.load(file);
    const std::unique_ptr<model::Program> program = check();
    if (diagnostics_.has_errors())
      return report(loader_.input_failed() ? Exit::input_output : Exit::diagnostics);
    if (request_.out_dir.empty()) return report(Exit::ok);
    const std::vector<Output> outputs = render(*program);
    if (diagnostics_.has_errors()) return report(Exit::diagnostics);
    return report(write(outputs) ? Exit::ok : Exit::input_output);
  }

 private:
  std::unique_ptr<model::Program> check() {
    std::vector<const ast::File*> files;
    for (const LoadedFile* file : loader_.ordered()) files.push_back(file->ast.get());
    return sema::check(files, diagnostics_);
  }

  std::vector<Output> render(const model::Program& program) {
    std::vector<Output> outputs;
    std::map<const model::Module*, std::string> headers;
    std::map<std::string, const LoadedFile*> written;
    for (std::size_t i = 0; i < program.modules.size(); ++i) {
      const model::Module& module = *program.modules[i];
      const LoadedFile& file = *loader_.ordered()[i];
      headers[&module] = file.relative + ".h";
      if (!file.requested) continue;
      lower::Options options{file.relative + ".h", {}, version};
      for (const model::Module* import : module.imports) options.imports.push_back(headers[import]);
      llvm::SmallString<256> base(request_.out_dir);
      llvm::sys::path::append(base, file.relative);
      const auto [other, fresh] = written.emplace(llvm::StringRef(base).lower(), &file);
      if (!fresh)
        diagnostics_.emit(Id::same_output, {}, other->second->path, file.path, base.str());
      const llvm::json::Value data(lower::lower_cpp(module, options));
      outputs.push_back({base.str().str() + ".h", render::render("file_header", data)});
      outputs.push_back({base.str().str() + ".cpp", render::render("file_source", data)});
      if (request_.test_doubles)
        outputs.push_back({base.str().str() + ".testing.h", render::render("file_testing", data)});
    }
    return outputs;
  }

  bool write(const std::vector<Output>& outputs) {
    std::vector<std::string> paths;
    for (const Output& output : outputs) {
      paths.push_back(output.path);
      if (!write_one(output.path, output.bytes)) return false;
    }
    if (request_.depfile.empty()) return true;
    std::vector<std::string> inputs;
    for (const LoadedFile* file : loader_.ordered()) inputs.push_back(file->path);
    return write_one(request_.depfile, depfile(paths, inputs));
  }

  bool write_one(const std::string& path, const std::string& bytes) {
    llvm::Expected<bool> result = write_if_changed(path, bytes);
    if (result) return true;
    diagnostics_.emit(Id::cannot_write, {}, path, llvm::toString(result.takeError()))
        .help("choose a folder that may be written with --out-dir");
    return false;
  }

  Exit report(Exit status) {
    if (request_.json)
      diagnostics::render_json(diagnostics_, sources_, out_);
    else
      diagnostics::render_text(diagnostics_, sources_, err_, request_.colour);
    return status;
  }

  const Request& request_;
  llvm::raw_ostream& out_;
  llvm::raw_ostream& err_;
  source::SourceManager sources_;
  diagnostics::Engine diagnostics_;
  Loader loader_;
};

}  // namespace

Exit run(const Request& request, llvm::raw_ostream& out, llvm::raw_ostream& err) {
  return Pipeline(request, out, err).run();
}

}  // namespace otpc::driver
