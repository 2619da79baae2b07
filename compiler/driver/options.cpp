#include "driver/options.h"

#include <cstdlib>
#include <exception>

#include <llvm/Support/CommandLine.h>
#include <llvm/Support/Process.h>
#include <llvm/Support/raw_ostream.h>

#include "driver/version.h"

namespace otpc::driver {
namespace {

namespace cl = llvm::cl;

constexpr const char* overview =
    "otpc: compiles schemas of GenServers and supervision trees to C++\n\n"
    "  otpc gen --out-dir DIR [--depfile FILE] [--test-doubles] [-I DIR]... FILE.otp...\n"
    "  otpc check [-I DIR]... FILE.otp...\n\n"
    "  exit status: 0 ok, 1 the schema has errors, 2 wrong usage, 3 a file cannot be read or "
    "written";

/// Declared when they are needed, not as globals: a program that links the driver gets no options
/// from it.
struct CommandLine {
  cl::SubCommand gen{"gen", "Generate C++ from schemas"};
  cl::SubCommand check{"check", "Check schemas, write nothing"};
  cl::list<std::string> files{cl::Positional, cl::desc("<schema.otp>..."), cl::sub(gen),
                              cl::sub(check)};
  cl::list<std::string> import_dirs{
      "I",          cl::Prefix,    cl::desc("Look for imports here"), cl::value_desc("dir"),
      cl::sub(gen), cl::sub(check)};
  cl::opt<std::string> out_dir{"out-dir", cl::desc("Where the generated files go"),
                               cl::value_desc("dir"), cl::sub(gen)};
  cl::opt<std::string> depfile{"depfile", cl::desc("Write a Make rule of what was read"),
                               cl::value_desc("file"), cl::sub(gen)};
  cl::opt<bool> test_doubles{"test-doubles", cl::desc("Also fakes and proxies of the servers"),
                             cl::sub(gen)};
  cl::opt<std::string> format{"diagnostics", cl::desc("text or json"), cl::init("text"),
                              cl::sub(gen), cl::sub(check)};
  cl::opt<bool> werror{"Werror", cl::desc("Warnings are errors"), cl::sub(gen), cl::sub(check)};
};

int misused(const std::string& text) {
  llvm::errs() << "otpc: " << text << "\nTry `otpc --help`.\n";
  return static_cast<int>(Exit::usage);
}

bool use_colour() {
  return std::getenv("NO_COLOR") == nullptr && llvm::sys::Process::StandardErrIsDisplayed();
}

}  // namespace

int main(int argc, const char* const* argv) {
  CommandLine line;
  cl::SetVersionPrinter([](llvm::raw_ostream& out) { out << "otpc " << version << '\n'; });
  std::string complaint;
  llvm::raw_string_ostream complaints(complaint);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &complaints)) {
    llvm::errs() << complaint;
    return static_cast<int>(Exit::usage);
  }
  if (!line.gen && !line.check) return misused("say what to do: gen or check");
  if (line.files.empty()) return misused("name at least one schema file");
  if (line.gen && line.out_dir.empty())
    return misused("gen needs --out-dir: where the generated files go");
  if (line.format != "text" && line.format != "json")
    return misused("--diagnostics is `text` or `json`, not `" + line.format + "`");
  Request request;
  request.files.assign(line.files.begin(), line.files.end());
  request.import_dirs.assign(line.import_dirs.begin(), line.import_dirs.end());
  request.out_dir = line.out_dir;
  request.depfile = line.depfile;
  request.test_doubles = line.test_doubles;
  request.json = line.format == "json";
  request.colour = use_colour();
  request.warnings_are_errors = line.werror;
  try {
    return static_cast<int>(run(request, llvm::outs(), llvm::errs()));
  } catch (const std::exception& error) {
    llvm::errs() << "otpc " << version << ": internal error: " << error.what()
                 << "\nThis is a fault of otpc. Please report it with the schema that shows it: "
                 << request.files.front() << '\n';
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace otpc::driver
