#include "driver/options.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/Process.h>
#include <llvm/Support/raw_ostream.h>

#include "driver/commands.h"
#include "driver/version.h"

namespace otpc::driver {
namespace {

namespace cl = llvm::cl;

constexpr const char* overview =
    "otpc: compiles schemas of GenServers and supervision trees to C++\n\n"
    "  otpc gen --out-dir DIR [--depfile FILE] [-I DIR]... FILE.otp...\n"
    "  otpc check [-I DIR]... FILE.otp...\n"
    "  otpc explain [OTPnnnn]\n"
    "  otpc format [--check] FILE.otp...|-\n\n"
    "  exit status: 0 ok, 1 the schema has errors, 2 wrong usage, 3 a file cannot be read or "
    "written";

constexpr const char* no_files = "name at least one schema file";

/// Declared when they are needed, not as globals: a program that links the driver gets no options
/// from it. A `value_desc` with bars is the list of words that the option takes.
struct CommandLine {
  cl::SubCommand gen{"gen", "Generate C++ from schemas"};
  cl::SubCommand check{"check", "Check schemas, write nothing"};
  cl::SubCommand explain{"explain", "Tell what a diagnostic means, or list them all"};
  cl::SubCommand format{"format", "Bring schemas into the one style"};

  cl::list<std::string> files{cl::Positional, cl::desc("<schema.otp>..."), cl::sub(gen),
                              cl::sub(check), cl::sub(format)};
  cl::opt<std::string> code{cl::Positional, cl::desc("[OTPnnnn]"), cl::sub(explain)};
  cl::list<std::string> import_dirs{
      "I",          cl::Prefix,    cl::desc("Look for imports here"), cl::value_desc("dir"),
      cl::sub(gen), cl::sub(check)};
  cl::opt<std::string> out_dir{"out-dir", cl::desc("Where the generated files go"),
                               cl::value_desc("dir"), cl::sub(gen)};
  cl::opt<std::string> depfile{"depfile", cl::desc("Write a Make rule of what was read"),
                               cl::value_desc("file"), cl::sub(gen)};
  cl::opt<std::string> diagnostics{"diagnostics",
                                   cl::desc("How to print what is wrong"),
                                   cl::value_desc("text|json"),
                                   cl::init("text"),
                                   cl::sub(gen),
                                   cl::sub(check)};
  cl::opt<bool> check_only{"check", cl::desc("Change nothing, only say which files would change"),
                           cl::sub(format)};
  cl::opt<bool> werror{"Werror", cl::desc("Warnings are errors"), cl::sub(gen), cl::sub(check)};
};

bool use_colour() {
  return std::getenv("NO_COLOR") == nullptr && llvm::sys::Process::StandardErrIsDisplayed();
}

/// "check, explain or gen".
std::string command_names() {
  std::vector<std::string> names;
  for (const cl::SubCommand* each : cl::getRegisteredSubcommands()) {
    if (!each->getName().empty()) names.push_back(each->getName().str());
  }
  std::ranges::sort(names);
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : &name == &names.back() ? " or " : ", ") + name;
  return text;
}

/// Nothing, or what is wrong with the word given to an option that takes one of a list.
std::string wrong_choice(const cl::opt<std::string>& option) {
  llvm::SmallVector<llvm::StringRef> choices;
  option.ValueStr.split(choices, '|');
  if (choices.size() < 2 || llvm::is_contained(choices, option)) return {};
  return ("--" + option.ArgStr + " is one of " + option.ValueStr + ", not `" + option.getValue() +
          "`")
      .str();
}

Exit run_pipeline(const CommandLine& line, Streams streams) {
  if (line.files.empty()) return misused(streams.err, no_files);
  if (line.gen && line.out_dir.empty())
    return misused(streams.err, "gen needs --out-dir: where the generated files go");
  if (const std::string wrong = wrong_choice(line.diagnostics); !wrong.empty())
    return misused(streams.err, wrong);
  Request request;
  request.files.assign(line.files.begin(), line.files.end());
  request.import_dirs.assign(line.import_dirs.begin(), line.import_dirs.end());
  request.out_dir = line.out_dir;
  request.depfile = line.depfile;
  request.json = line.diagnostics == "json";
  request.colour = use_colour();
  request.warnings_are_errors = line.werror;
  return run(request, streams.out, streams.err);
}

Exit dispatch(const CommandLine& line, Streams streams) {
  if (line.gen || line.check) return run_pipeline(line, streams);
  if (line.format) {
    if (line.files.empty()) return misused(streams.err, no_files);
    FormatRequest request{{line.files.begin(), line.files.end()}, line.check_only, use_colour()};
    return format(request, streams);
  }
  if (line.explain) return explain(line.code, streams);
  return misused(streams.err, "say what to do: " + command_names());
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
  try {
    return static_cast<int>(dispatch(line, {llvm::outs(), llvm::errs()}));
  } catch (const std::exception& error) {
    llvm::errs() << "otpc " << version << ": internal error: " << error.what()
                 << "\nThis is a fault of otpc. Please report it with the schema that shows it";
    if (!line.files.empty()) llvm::errs() << ": " << line.files.front();
    llvm::errs() << '\n';
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace otpc::driver
