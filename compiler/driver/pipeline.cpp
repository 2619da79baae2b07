#include "driver/pipeline.h"

#include <map>

#include <llvm/Support/Path.h>

#include "driver/external_back_end.h"
#include "driver/files.h"
#include "driver/internal_error.h"
#include "driver/version.h"
#include "lower/lower.h"
#include "render/render.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;

class Pipeline {
 public:
  Pipeline(const Request& request, Streams streams)
      : request_(request), front_end_(request, streams) {}

  Exit run() {
    const std::unique_ptr<model::Program> program = front_end_.program();
    if (program == nullptr || request_.out_dir.empty()) return front_end_.report();
    const std::vector<Output> outputs = in_phase("generating", [&] { return render(*program); });
    if (front_end_.diagnostics().has_errors()) return front_end_.report(failure_);
    write(outputs);
    return front_end_.report(Exit::input_output);
  }

 private:
  std::vector<Output> render(const model::Program& program) {
    if (!request_.plugin.empty()) {
      auto made = run_external_back_end(request_.plugin, program, front_end_);
      if (!made) failure_ = Exit::input_output;
      if (made) {
        for (Output& each : *made) add(each, each.path);
      }
      return std::move(outputs_);
    }
    for (std::size_t i = 0; i < program.modules.size(); ++i) {
      const LoadedFile& file = *front_end_.files()[i];
      headers_[program.modules[i].get()] = file.relative + ".h";
      if (file.requested) render(*program.modules[i], file);
    }
    return std::move(outputs_);
  }

  void render(const model::Module& module, const LoadedFile& file) {
    switch (request_.language) {
      case Language::cpp:
        return render_cpp(module, file);
      case Language::erlang:
        return render(lower::lower_erlang(module, version));
      case Language::elixir:
        return render(lower::lower_elixir(module, version));
    }
  }

  void render_cpp(const model::Module& module, const LoadedFile& file) {
    lower::Options options{file.relative + ".h", {}, version};
    for (const model::Module* import : module.imports) options.imports.push_back(headers_[import]);
    struct Kind {
      const char* suffix;
      std::string name;  // of its templates
      llvm::json::Array declarations;
    };
    std::vector<Kind> kinds{{".h", "header", {}}, {".cpp", "source", {}}};
    if (request_.test_doubles) kinds.push_back({".testing.h", "testing", {}});
    const std::vector<lower::Part> order = lower::cpp_order(module);
    for (Kind& kind : kinds) kind.declarations.reserve(order.size());
    for (const lower::Part& each : order) {
      const llvm::json::Value data(lower::lower_cpp(each));
      for (Kind& kind : kinds) {
        std::string text = render::render("each_" + kind.name, data);
        if (text.empty()) continue;
        text.pop_back();  // the file's template ends the line
        kind.declarations.push_back(std::move(text));
      }
    }
    llvm::json::Value data(lower::lower_cpp(module, order, options));
    for (Kind& kind : kinds) {
      (*data.getAsObject())["declarations"] = std::move(kind.declarations);
      const bool fresh =
          add({file.relative + kind.suffix, render::render("file_" + kind.name, data)}, file.path);
      if (!fresh) return;  // the other files differ from the first only in their ends
    }
  }

  void render(std::vector<lower::File> files) {
    for (lower::File& file : files) {
      const llvm::json::Value data(std::move(file.data));
      add({file.path, render::render(file.file_template, data)}, file.of);
    }
  }

  /// Below the output folder. False when another one is written there, perhaps with other case.
  bool add(Output output, const std::string& of) {
    llvm::SmallString<256> path(request_.out_dir);
    llvm::sys::path::append(path, output.path);
    const auto [other, fresh] = made_of_.emplace(llvm::StringRef(path).lower(), of);
    if (!fresh) {
      front_end_.diagnostics().emit(Id::same_output, {}, other->second, of, path.str());
      return false;
    }
    outputs_.push_back({path.str().str(), std::move(output.bytes)});
    return true;
  }

  void write(const std::vector<Output>& outputs) {
    std::vector<std::string> paths;
    for (const Output& output : outputs) {
      paths.push_back(output.path);
      if (!write_one(output.path, output.bytes)) return;
    }
    if (!request_.manifest.empty()) {
      const Manifest manifest(request_.manifest, request_.out_dir);
      if (llvm::Error failed = manifest.replace(paths))
        return cannot_write(request_.manifest, std::move(failed));
      // It alone is always as new as the run, and always made: Ninja refuses the rule of the last
      // run when that names a file that is made no more.
      paths = {request_.manifest};
    }
    if (request_.depfile.empty()) return;
    std::vector<std::string> inputs;
    for (const LoadedFile* file : front_end_.files()) {
      inputs.push_back(file->path);
      if (front_end_.contracts().find(*file) != nullptr)
        inputs.push_back(contract_path(file->path));
    }
    write_one(request_.depfile, depfile(paths, inputs));
  }

  bool write_one(const std::string& path, const std::string& bytes) {
    llvm::Expected<bool> result = write_if_changed(path, bytes);
    if (!result) cannot_write(path, result.takeError());
    return static_cast<bool>(result);
  }

  void cannot_write(const std::string& path, llvm::Error why) {
    front_end_.diagnostics()
        .emit(Id::cannot_write, {}, path, llvm::toString(std::move(why)))
        .help("choose a folder that may be written with --out-dir");
  }

  const Request& request_;
  FrontEnd front_end_;
  std::vector<Output> outputs_;
  Exit failure_ = Exit::diagnostics;
  std::map<const model::Module*, std::string> headers_;
  std::map<std::string, std::string> made_of_;  ///< what each path is written for
};

}  // namespace

Exit run(const Request& request, Streams streams) { return Pipeline(request, streams).run(); }

}  // namespace otpc::driver
