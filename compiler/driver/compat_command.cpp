#include <algorithm>
#include <optional>

#include <llvm/ADT/SmallString.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/Program.h>

#include "driver/commands.h"
#include "driver/contracts.h"
#include "driver/files.h"
#include "tools/compat/compare.h"

namespace otpc::driver {
namespace {

namespace fs = llvm::sys::fs;

/// The schemas of a folder and of those in it, in the order of their names.
std::vector<std::string> schemas_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator each(folder, failed), end; each != end && !failed;
       each.increment(failed)) {
    if (llvm::StringRef(each->path()).ends_with(".otp")) found.push_back(each->path());
  }
  std::ranges::sort(found);
  return found;
}

Input input_at(const CompatRequest& request, const std::string& path) {
  Input input = request;
  input.files = {path};
  if (!fs::is_directory(path)) return input;
  input.files = schemas_in(path);
  // Before the others: a version imports from itself.
  input.import_dirs.insert(input.import_dirs.begin(), path);
  return input;
}

/// The file as it was at a revision; nothing when it was not there.
std::optional<std::string> at_revision(const std::string& revision, const std::string& path) {
  const auto git = llvm::sys::findProgramByName("git");
  llvm::SmallString<128> output;
  if (!git || fs::createTemporaryFile("otpc", "otp", output)) return std::nullopt;
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

/// The contracts at a path, or the exit status after a complaint.
using Found = std::variant<std::vector<tools::Contract>, Exit>;

Found contracts_of(const Input& input, Streams streams) {
  FrontEnd front_end(input, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  if (program == nullptr) return front_end.report();
  std::vector<tools::Contract> contracts;
  for (std::size_t i = 0; i < program->modules.size(); ++i) {
    const LoadedFile& file = *front_end.files()[i];
    if (file.requested)
      contracts.push_back(tools::contract_of(*program->modules[i], front_end.sources(), file.path));
  }
  return contracts;
}

Exit no_schema_in(const std::string& folder, Streams streams) {
  streams.err << "otpc: no schema in the folder `" << folder << "`\n";
  return Exit::input_output;
}

Found contract_in(const std::string& path, Streams streams) {
  llvm::Expected<std::string> text = read_file(path);
  llvm::Expected<tools::Contract> contract =
      text ? tools::read_contract(*text, path) : text.takeError();
  if (contract) return std::vector{*std::move(contract)};
  streams.err << "otpc: `" << path << "`: " << llvm::toString(contract.takeError()) << '\n';
  return Exit::input_output;
}

Found contracts_at(const CompatRequest& request, const std::string& path, Streams streams) {
  if (llvm::StringRef(path).ends_with(".lock")) return contract_in(path, streams);
  const Input input = input_at(request, path);
  return input.files.empty() ? no_schema_in(path, streams) : contracts_of(input, streams);
}

/// What the contract files beside the schemas at a path say.
Found contracts_beside(const CompatRequest& request, const std::string& path, Streams streams) {
  std::vector<tools::Contract> contracts;
  const Input input = input_at(request, path);
  if (input.files.empty()) return no_schema_in(path, streams);
  for (const std::string& file : input.files) {
    const std::string kept = contract_path(file);
    if (!fs::exists(kept)) {
      if (fs::exists(file))
        streams.err << "otpc: there is no `" << kept << "`; `otpc compat --update " << file
                    << "` writes it\n";
      else
        streams.err << "otpc: cannot read `" << file << "`: No such file or directory\n";
      return Exit::input_output;
    }
    auto found = contract_in(kept, streams);
    if (std::holds_alternative<Exit>(found)) return found;
    contracts.push_back(std::get<0>(found).front());
  }
  return contracts;
}

/// What the schemas at a path promised at a revision, with what they imported then.
Found contracts_before(const CompatRequest& request, const std::string& revision,
                       const std::string& path, Streams streams) {
  Input input = input_at(request, path);
  FrontEnd now(input, streams);
  if (now.program() == nullptr) return now.report();
  for (const LoadedFile* file : now.files()) {
    const std::optional<std::string> text = at_revision(revision, file->path);
    if (text)
      input.texts[file->path] = *text;
    else
      std::erase(input.files, file->path);
  }
  if (!input.files.empty()) return contracts_of(input, streams);
  streams.err << "otpc: `" << revision << "` is no file, and git has no such revision of `" << path
              << "`\n";
  return Exit::input_output;
}

Exit verdict(const CompatRequest& request, const std::vector<tools::Change>& changes) {
  const bool breaks = std::ranges::any_of(changes, [&](const tools::Change& each) {
    const tools::ChangeRow& kind = tools::row(each.id);
    return !kind.wire || (request.source_too && !kind.source);
  });
  return breaks ? Exit::diagnostics : Exit::ok;
}

}  // namespace

Exit compat(const CompatRequest& request, Streams streams) {
  const std::string& now = request.paths.back();
  const std::string& before = request.paths.front();
  auto old_contracts = request.paths.size() == 1 ? contracts_beside(request, now, streams)
                       : fs::exists(before)      ? contracts_at(request, before, streams)
                                                 : contracts_before(request, before, now, streams);
  if (const Exit* failed = std::get_if<Exit>(&old_contracts)) return *failed;
  auto new_contracts = contracts_at(request, now, streams);
  if (const Exit* failed = std::get_if<Exit>(&new_contracts)) return *failed;
  const auto changes = tools::compare(std::get<0>(old_contracts), std::get<0>(new_contracts));
  streams.out << (request.as_json ? tools::to_json(changes) : tools::to_text(changes));
  return verdict(request, changes);
}

Exit update_contracts(const CompatRequest& request, Streams streams) {
  Input input = request;
  input.contracts_anew = request.breaking_allowed;
  for (const std::string& path : request.paths) {
    const Input one = input_at(request, path);
    if (one.files.empty()) return no_schema_in(path, streams);
    input.files.insert(input.files.end(), one.files.begin(), one.files.end());
    input.import_dirs = one.import_dirs;
  }
  FrontEnd front_end(input, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  if (program == nullptr) return front_end.report();
  Exit status = Exit::ok;
  for (std::size_t i = 0; i < program->modules.size(); ++i) {
    const LoadedFile& file = *front_end.files()[i];
    if (!file.requested) continue;
    tools::Contract contract =
        tools::contract_of(*program->modules[i], front_end.sources(), file.path);
    if (const tools::Contract* kept = front_end.contracts().find(file)) {
      const auto changes = tools::compare(*kept, contract);
      const bool loses = std::ranges::any_of(changes, [](const tools::Change& each) {
        return each.id == tools::ChangeId::state_rewritten;
      });
      if (!request.breaking_allowed && (loses || verdict(request, changes) != Exit::ok)) {
        streams.err << tools::to_text(changes) << "otpc: `" << contract_path(file.path)
                    << "` stays as it is; --allow-breaking breaks it on purpose\n";
        if (loses)
          streams.err << "otpc: what a version kept would be lost: " << grown(*program->modules[i])
                      << '\n';
        status = Exit::diagnostics;
        continue;
      }
      contract = tools::with_history(std::move(contract), *kept);
    }
    const std::string path = contract_path(file.path);
    if (auto written = write_if_changed(path, tools::print(contract)); !written) {
      streams.err << "otpc: cannot write `" << path << "`: " << llvm::toString(written.takeError())
                  << '\n';
      return Exit::input_output;
    }
  }
  return status;
}

}  // namespace otpc::driver
