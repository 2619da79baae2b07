#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/JSON.h>
#include <llvm/Support/Path.h>

#include "driver/commands.h"
#include "driver/files.h"
#include "driver/version.h"
#include "lower/names.h"
#include "render/render.h"

namespace otpc::driver {
namespace {

/// What a folder, a module, a namespace and a target of CMake can all be called, near to `written`.
std::string project_name(llvm::StringRef written) {
  std::string name;
  for (const char c : written) {
    const bool begins_word = llvm::isUpper(c) && !name.empty() && llvm::isLower(name.back());
    if (begins_word) name += '_';
    name += llvm::isAlnum(c) ? llvm::toLower(c) : '_';
  }
  if (name.empty() || !llvm::isAlpha(name.front())) name = "my_" + name;
  constexpr std::array<std::string_view, 11> taken{
      "all",  "clean",   "edit_cache",     "help",          "install", "main",
      "none", "package", "package_source", "rebuild_cache", "test"};  // by CMake, by otpc
  const bool reserved = std::ranges::find(taken, name) != taken.end() || name.starts_with("otp_") ||
                        lower::cpp_name(name, lower::Place::top_namespace) != name;
  return reserved ? "my_" + name : name;
}

bool is_occupied(const std::string& path) {
  if (!llvm::sys::fs::exists(path)) return false;
  std::error_code failed;
  const llvm::sys::fs::directory_iterator first(path, failed);
  return failed || first != llvm::sys::fs::directory_iterator();
}

}  // namespace

Exit new_project(const std::string& path, bool supervised, Streams streams) {
  const std::string name = llvm::sys::path::filename(path).str();
  if (path.empty()) return misused(streams.err, "say what the new project is called");
  if (const std::string proper = project_name(name); proper != name) {
    return misused(streams.err, "`" + name + "` cannot be a project, a C++ namespace and a target" +
                                    " of CMake at once; take `" + proper + "`, for example");
  }
  if (supervised && name == "logger") {
    return misused(streams.err, "`" + name +
                                    "` is reserved: it is the application that is built in; take "
                                    "`my_" +
                                    name + "`, for example");
  }
  if (is_occupied(path)) {
    streams.err << "otpc: there is something in `" << path
                << "` already\nTake another name, or an empty folder.\n";
    return Exit::input_output;
  }
  const llvm::json::Value data = llvm::json::Object{
      {"name", name},
      {"sup", supervised},
      {"version", llvm::StringRef(version).rsplit('.').first.str()},
  };
  const std::pair<std::string, const char*> files[] = {
      {"CMakeLists.txt", "project_cmake"}, {name + ".otp", "project_schema"},
      {name + ".cpp", "project_server"},   {"main.cpp", "project_main"},
      {"test.cpp", "project_test"},        {"README.md", "project_readme"},
      {".gitignore", "project_gitignore"},
  };
  for (const auto& [file, file_template] : files) {
    llvm::SmallString<256> full(path);
    llvm::sys::path::append(full, file);
    const std::string bytes = render::render(file_template, data);
    if (llvm::Expected<bool> written = write_if_changed(full.str().str(), bytes); !written) {
      streams.err << "otpc: cannot write `" << full << "`: " << llvm::toString(written.takeError())
                  << '\n';
      return Exit::input_output;
    }
    streams.out << "wrote " << full << '\n';
  }
  streams.out << "\nBuild and test it:\n  cmake -S " << path << " -B " << path
              << "/build && cmake --build " << path << "/build && ctest --test-dir " << path
              << "/build\n";
  return Exit::ok;
}

}  // namespace otpc::driver
