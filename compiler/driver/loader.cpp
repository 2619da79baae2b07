#include "driver/loader.h"

#include <algorithm>

#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>

#include "diagnostics/drawing.h"
#include "driver/files.h"
#include "syntax/parse.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;
namespace fs = llvm::sys::fs;

std::string real_path(const std::string& path) {
  llvm::SmallString<256> real;
  return fs::real_path(path, real) ? path : real.str().str();
}

std::string joined(const std::string& dir, const std::string& relative) {
  llvm::SmallString<256> path(dir);
  llvm::sys::path::append(path, relative);
  return llvm::sys::path::remove_leading_dotslash(path.str()).str();
}

/// shop/cart.otp
std::string file_of(const ast::Path& module) {
  std::string file;
  for (const ast::Name& part : module.parts) file += (file.empty() ? "" : "/") + part.text;
  return file + ".otp";
}

/// The folder from which the file is that of its module: `src` for src/shop/cart.otp, when it says
/// that it is shop::cart. Empty when it is called otherwise.
std::string root_of(llvm::StringRef path, const ast::Path& module) {
  const std::string file = file_of(module);
  if (path == file) return ".";
  return path.consume_back(file) && path.consume_back("/") ? path.str() : std::string();
}

/// Of `import other::Money;` the module may be `other`.
bool tell_braces(const ast::Import& import, const std::vector<std::string>& dirs,
                 diagnostics::Builder builder) {
  if (!import.names.empty() || import.module.parts.size() < 2) return false;
  ast::Path module = import.module;
  const std::string name = module.parts.back().text;
  module.parts.pop_back();
  const bool is_there = std::ranges::any_of(
      dirs, [&](const std::string& dir) { return fs::exists(joined(dir, file_of(module))); });
  const bool is_type = name.front() >= 'A' && name.front() <= 'Z';
  if (!is_there && !is_type) return false;
  const std::string text = module.text() + " { " + name + " }";
  builder.help("what a module declares stands in braces: `import " + text + ";`")
      .fix(diagnostics::FixLevel::maybe, import.module.span, text);
  return true;
}

/// The modules that are there and are called as this one but for one part of the name.
std::vector<std::string> modules_near(const ast::Path& module,
                                      const std::vector<std::string>& dirs) {
  std::vector<std::string> found;
  for (const std::string& dir : dirs) {
    for (std::size_t at = 0; at < module.parts.size(); ++at) {
      std::string folder = dir;
      for (std::size_t i = 0; i < at; ++i) folder = joined(folder, module.parts[i].text);
      const bool is_file = at + 1 == module.parts.size();
      std::error_code failed;
      for (fs::directory_iterator each(folder, failed), end; each != end && !failed;
           each.increment(failed)) {
        const llvm::StringRef name = llvm::sys::path::filename(each->path());
        if (is_file && !name.ends_with(".otp")) continue;
        ast::Path other = module;
        other.parts[at].text = (is_file ? name.drop_back(4) : name).str();
        if (is_file || fs::exists(joined(dir, file_of(other)))) found.push_back(other.text());
      }
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

Loader::Loader(std::vector<std::string> import_dirs,
               const std::map<std::string, std::string>& texts, source::SourceManager& sources,
               diagnostics::Engine& diagnostics)
    : texts_(texts), sources_(sources), diagnostics_(diagnostics) {
  for (std::string& dir : import_dirs) {
    if (fs::is_directory(dir)) import_dirs_.push_back(std::move(dir));
  }
}

llvm::Expected<std::string> Loader::text_of(const std::string& path) const {
  const auto found = texts_.find(path);
  return found == texts_.end() ? read_file(path) : llvm::Expected<std::string>(found->second);
}

std::string Loader::relative_path(const std::string& path) const {
  const std::string real = real_path(path);
  for (const std::string& dir : import_dirs_) {
    const std::string folder = real_path(dir) + "/";
    if (llvm::StringRef(real).starts_with(folder)) return real.substr(folder.size());
  }
  return llvm::sys::path::filename(path).str();
}

bool Loader::load(const std::string& path) {
  // A schema outside of all import folders makes its own folder one.
  const std::string relative = relative_path(path);
  if (relative == llvm::sys::path::filename(path)) {
    const std::string folder = llvm::sys::path::parent_path(path).str();
    const std::string own = folder.empty() ? "." : folder;
    if (std::ranges::find(import_dirs_, own) == import_dirs_.end()) import_dirs_.push_back(own);
  }
  LoadedFile* file = load_file(path, relative, {});
  if (file == nullptr) return false;
  file->requested = true;
  check_single(*file);
  return true;
}

LoadedFile* Loader::load_file(const std::string& path, const std::string& relative,
                              source::Span wanted_at) {
  const std::string real = real_path(path);
  if (const auto found = by_real_path_.find(real); found != by_real_path_.end()) {
    const auto begin = std::ranges::find(loading_, found->second);
    if (begin != loading_.end()) {
      std::vector<std::string> names;
      for (auto each = begin; each != loading_.end(); ++each)
        names.push_back((*each)->ast->module.text());
      names.push_back(names.front());
      const diagnostics::Drawing drawing = diagnostics::draw(names);
      diagnostics_.emit(Id::import_cycle, wanted_at, drawing.text)
          .note(drawing.note)
          .help(begin + 1 == loading_.end()
                    ? "a module sees what it declares itself: delete the import"
                    : "move what both need into a module of its own");
    }
    return found->second;
  }
  llvm::Expected<std::string> text = text_of(path);
  if (!text) {
    input_failed_ = true;
    diagnostics_.emit(Id::cannot_read, wanted_at, path, llvm::toString(text.takeError()))
        .help("name a schema file that exists and may be read");
    return nullptr;
  }
  LoadedFile& file = files_.emplace_back();
  file.path = path;
  file.relative = relative;
  by_real_path_.emplace(real, &file);
  file.ast = syntax::parse(sources_, sources_.add(path, *text), diagnostics_);
  loading_.push_back(&file);
  for (const ast::Import& import : file.ast->imports) load_import(import, file);
  loading_.pop_back();
  ordered_.push_back(&file);
  return &file;
}

/// What two files of one name declare are two things.
void Loader::check_single(const LoadedFile& file) {
  const ast::Path& module = file.ast->module;
  if (module.parts.empty()) return;
  const auto [other, fresh] = by_module_.emplace(module.text(), &file);
  if (fresh || other->second == &file) return;
  diagnostics_.emit(Id::module_twice, module.span, module.text())
      .label(other->second->ast->module.span, "the other")
      .help("give one of them another name, or leave one of the files out");
}

void Loader::load_import(const ast::Import& import, const LoadedFile& importer) {
  const std::string relative = file_of(import.module);
  std::vector<std::string> dirs = import_dirs_;
  const std::string beside = llvm::sys::path::parent_path(importer.path).str();
  const std::string own = beside.empty() ? "." : beside;
  if (std::ranges::find(dirs, own) == dirs.end()) dirs.push_back(own);
  for (const std::string& dir : dirs) {
    const std::string path = joined(dir, relative);
    if (!fs::exists(path)) continue;
    const LoadedFile* file = load_file(path, relative, import.module.span);
    const bool named = file != nullptr && !file->ast->module.parts.empty();
    if (named && file->ast->module.text() != import.module.text()) {
      diagnostics_
          .emit(Id::module_path, import.module.span, import.module.text(), file->ast->module.text())
          .note("it is " + path);
    } else if (named) {
      check_single(*file);
    }
    return;
  }
  auto builder = diagnostics_.emit(Id::unknown_import, import.module.span, import.module.text());
  std::string searched;
  for (const std::string& dir : dirs)
    searched += (searched.empty() ? "" : ", ") + joined(dir, relative);
  builder.note("looked for " + searched);
  if (tell_braces(import, dirs, builder)) return;
  // Who names a schema of the module a::b by its path most likely wants the folder above `a`.
  const std::string root = root_of(importer.path, importer.ast->module);
  if (!root.empty() && fs::exists(joined(root, relative))) {
    builder.help("add the folder that `" + importer.ast->module.text() + "` is in with `-I " +
                 root + "`");
    return;
  }
  const std::vector<std::string> near = modules_near(import.module, dirs);
  if (diagnostics::nearest(import.module.text(), near) != nullptr)
    builder.suggest(import.module.text(), near);
  else
    builder.help("correct the name, or add its folder with -I");
}

}  // namespace otpc::driver
