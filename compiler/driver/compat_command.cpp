// `otpc compat`: what a schema promises now against what it promised before.
#include <optional>

#include <llvm/ADT/SmallString.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/Program.h>

#include "driver/commands.h"
#include "driver/files.h"
#include "tools/compat/contract.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;
using tools::Contract;

/// The file as it was at a revision; nothing when it was not there.
std::optional<std::string> at_revision(const std::string& revision, const std::string& path) {
  const auto git = llvm::sys::findProgramByName("git");
  llvm::SmallString<128> output;
  if (!git || llvm::sys::fs::createTemporaryFile("otpc", "otp", output)) return std::nullopt;
  const llvm::FileRemover remover(output);
  const std::string folder = llvm::sys::path::parent_path(path).str();
  const std::string what = revision + ":./" + llvm::sys::path::filename(path).str();
  const std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), output.str(),
                                                      llvm::StringRef()};
  const int status = llvm::sys::ExecuteAndWait(
      *git, {*git, "-C", folder.empty() ? "." : folder, "show", "--end-of-options", what},
      std::nullopt, redirects, 60);
  llvm::Expected<std::string> text = read_file(output.str().str());
  if (text && status == 0) return *text;
  if (!text) llvm::consumeError(text.takeError());
  return std::nullopt;
}

bool is_lock(llvm::StringRef path) { return path.ends_with(".lock"); }

class Compatibility {
 public:
  Compatibility(const CompatRequest& request, Streams streams)
      : request_(request), streams_(streams), after_(request, streams) {}

  Exit run() {
    const std::optional<Contract> now = promised_now();
    if (!now) return after_.report();
    if (request_.accept) return accept(*now);
    if (const std::optional<Contract> before = promised_before())
      tools::compare(*before, *now, after_.diagnostics());
    const Exit status = after_.report();
    return failed_ ? Exit::input_output : status;
  }

 private:
  std::optional<Contract> promised_now() {
    if (is_lock(path())) return read_lock(path());
    return contract(after_);
  }

  std::optional<Contract> promised_before() {
    const std::string& before = request_.before;
    if (before.empty() || is_lock(before)) return read_lock(before.empty() ? lock() : before);
    Input input = request_;
    input.rendering = Rendering::text;
    if (llvm::sys::fs::exists(before)) {
      input.files = {before};
    } else {
      for (const LoadedFile* file : after_.files()) {
        if (const auto text = at_revision(before, file->path)) input.texts[file->path] = *text;
      }
      if (!input.texts.contains(path())) {
        complain(Id::cannot_read, before,
                 "it is no file, and git has no such revision of " + path());
        return std::nullopt;
      }
    }
    FrontEnd front_end(input, streams_);
    std::optional<Contract> result = contract(front_end);
    if (!result) {
      front_end.report();
      complain(Id::cannot_read, before, "it has errors of its own");
    }
    return result;
  }

  static std::optional<Contract> contract(FrontEnd& front_end) {
    const std::unique_ptr<model::Program> program = front_end.program();
    if (program == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < program->modules.size(); ++i) {
      if (front_end.files()[i]->requested) return tools::contract_of(*program->modules[i]);
    }
    return std::nullopt;
  }

  std::optional<Contract> read_lock(const std::string& file) {
    llvm::Expected<std::string> text = read_file(file);
    if (!text) {
      complain(Id::cannot_read, file, llvm::toString(text.takeError()))
          .help("`otpc compat --accept " + path() + "` writes it");
      return std::nullopt;
    }
    llvm::Expected<Contract> result = tools::from_text(*text);
    if (result) return *result;
    after_.diagnostics()
        .emit(Id::bad_contract, {}, file, llvm::toString(result.takeError()))
        .help("`otpc compat --accept " + path() + "` writes it anew");
    return std::nullopt;
  }

  Exit accept(const Contract& now) {
    if (llvm::Expected<bool> written = write_if_changed(lock(), tools::to_text(now)); !written)
      complain(Id::cannot_write, lock(), llvm::toString(written.takeError()));
    const Exit status = after_.report();
    return failed_ ? Exit::input_output : status;
  }

  diagnostics::Builder complain(Id id, const std::string& file, const std::string& why) {
    failed_ = true;
    return after_.diagnostics().emit(id, {}, file, why);
  }

  const std::string& path() const { return request_.files.front(); }
  std::string lock() const { return path() + ".lock"; }

  const CompatRequest& request_;
  Streams streams_;
  FrontEnd after_;
  bool failed_ = false;
};

}  // namespace

Exit compat(const CompatRequest& request, Streams streams) {
  return Compatibility(request, streams).run();
}

}  // namespace otpc::driver
