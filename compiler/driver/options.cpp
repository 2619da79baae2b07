#include "driver/options.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Process.h>
#include <llvm/Support/WithColor.h>
#include <llvm/Support/raw_ostream.h>

#include "diagnostics/engine.h"
#include "driver/commands.h"
#include "driver/pipeline.h"
#include "driver/version.h"
#include "tools/completion/completion.h"

namespace otpc::driver {
namespace {

namespace cl = llvm::cl;

constexpr const char* overview =
    "otpc: compiles schemas of GenServers and supervision trees to C++\n\n"
    "  exit status: 0 ok\n"
    "               1 the schema has errors; of `format --check`: a file would change;\n"
    "                 of `compat`: the versions cannot talk, or a contract is broken\n"
    "               2 wrong usage\n"
    "               3 a file cannot be read or written, or a program that otpc runs has\n"
    "                 failed: an external back end, Graphviz, git\n"
    "               70 a fault of otpc itself\n";

/// Declared when they are needed, not as globals: a program that links the driver gets no options
/// from it. What is said here is said once: usage, choices and completion are read from it. A
/// description with bars is the list of words that the option takes.
struct CommandLine {
  cl::SubCommand gen{"gen", "Generate C++, Erlang or Elixir from schemas"};
  cl::SubCommand check{"check", "Check schemas, write nothing"};
  cl::SubCommand explain{"explain", "Tell what a diagnostic means, or list them all"};
  cl::SubCommand format{"format",
                        "Bring schemas into the one style, in place; - is standard input"};
  cl::SubCommand fix{"fix", "Mend in the schemas, in place, what has one safe mend"};
  cl::SubCommand graph{"graph", "Draw supervision trees, calls or state machines"};
  cl::SubCommand ir{"ir", "Print the checked schemas as JSON, for other programs"};
  cl::SubCommand compat{"compat", "Tell whether two versions of a schema can talk to each other"};
  cl::SubCommand doc{"doc", "Write pages about schemas"};
  cl::SubCommand completion{"completion", "Print what a shell needs to complete command lines"};
  cl::SubCommand make{"new", "Write a project that builds"};

  cl::list<std::string> files{cl::Positional,  cl::desc("<schema.otp>..."),
                              cl::sub(gen),    cl::sub(check),
                              cl::sub(format), cl::sub(graph),
                              cl::sub(ir),     cl::sub(fix),
                              cl::sub(doc)};
  cl::opt<std::string> doc_format{"format", cl::desc("Of the pages"), cl::init("markdown"),
                                  cl::value_desc("markdown|html"), cl::sub(doc)};
  cl::list<std::string> versions{
      cl::Positional, cl::desc("<schema.otp, folder, contract or revision>..."), cl::sub(compat)};
  cl::opt<std::string> compat_format{"format", cl::desc("How to print what has changed"),
                                     cl::init("text"), cl::value_desc("text|json"),
                                     cl::sub(compat)};
  cl::opt<std::string> require{"require", cl::desc("What a change must not break"),
                               cl::init("wire"), cl::value_desc("wire|source"), cl::sub(compat)};
  cl::opt<bool> update{"update", cl::desc("Write the contract files of the schemas"),
                       cl::sub(compat)};
  cl::alias accept{"accept", cl::desc("The same as --update"), cl::aliasopt(update), cl::NotHidden};
  cl::opt<bool> allow_breaking{"allow-breaking", cl::desc("Also when promises are broken"),
                               cl::sub(compat)};
  cl::opt<bool> locked{"locked",
                       cl::desc("Each schema, and what its contract relies on, must have a "
                                "contract file that is up to date"),
                       cl::sub(gen), cl::sub(check)};
  cl::opt<std::string> code{cl::Positional, cl::desc("[OTPnnnn]"), cl::sub(explain)};
  cl::opt<std::string> shell{cl::Positional, cl::desc("<bash|zsh|fish>"), cl::sub(completion)};
  cl::opt<std::string> project{cl::Positional, cl::desc("<name>"), cl::sub(make)};
  cl::opt<bool> supervised{"sup", cl::desc("With a supervisor and an application"), cl::sub(make)};
  cl::list<std::string> import_dirs{"I",
                                    cl::Prefix,
                                    cl::desc("Look for imports here"),
                                    cl::value_desc("dir"),
                                    cl::sub(compat),
                                    cl::sub(doc),
                                    cl::sub(graph),
                                    cl::sub(ir),
                                    cl::sub(gen),
                                    cl::sub(check),
                                    cl::sub(fix)};
  cl::opt<std::string> out_dir{"out-dir", cl::desc("Where the files go"), cl::value_desc("dir"),
                               cl::sub(gen), cl::sub(doc)};
  cl::opt<std::string> language{"lang", cl::desc("What to generate; clients for Erlang and Elixir"),
                                cl::value_desc("cpp|erlang|elixir"), cl::init("cpp"), cl::sub(gen)};
  cl::opt<std::string> plugin{"plugin",
                              cl::desc("Let a program generate: schemas on standard input as "
                                       "`otpc ir` prints them"),
                              cl::value_desc("file"), cl::sub(gen)};
  cl::opt<std::string> depfile{"depfile", cl::desc("Write a Make rule of what was read"),
                               cl::value_desc("file"), cl::sub(gen)};
  cl::opt<std::string> manifest{"manifest",
                                cl::desc("Keep the names of what was made here, and remove what "
                                         "was made before and is no more"),
                                cl::value_desc("file"), cl::sub(gen)};
  cl::opt<bool> test_doubles{"test-doubles", cl::desc("Also fakes and proxies of the servers"),
                             cl::sub(gen)};
  cl::opt<std::string> diagnostics{"diagnostics",
                                   cl::desc("How to print what is wrong"),
                                   cl::value_desc("text|json|sarif"),
                                   cl::init("text"),
                                   cl::sub(gen),
                                   cl::sub(check),
                                   cl::sub(compat),
                                   cl::sub(format)};
  cl::opt<bool> check_only{"check", cl::desc("Change nothing, only say which files would change"),
                           cl::sub(format)};
  cl::opt<std::string> graph_kind{"kind", cl::desc("What to draw"), cl::init("supervision"),
                                  cl::value_desc("supervision|calls|statem"), cl::sub(graph)};
  cl::opt<std::string> graph_format{"format", cl::desc("How to write it; svg needs Graphviz"),
                                    cl::init("dot"), cl::value_desc("dot|mermaid|svg"),
                                    cl::sub(graph)};
  cl::opt<bool> diff{"diff", cl::desc("Change nothing, print what would change"), cl::sub(fix)};
  cl::alias dry_run{"dry-run", cl::desc("The same as --diff"), cl::aliasopt(diff)};
  cl::list<std::string> warnings{
      "W",
      cl::Prefix,
      cl::desc("Tell a warning or a group of them; -Wno-NAME: do not; -Werror, -Werror=NAME: "
               "take them for errors"),
      cl::value_desc("name"),
      cl::sub(gen),
      cl::sub(check),
      cl::sub(fix)};
};

/// `--color` is LLVM's own option.
bool use_colour() {
  const auto& options = cl::getRegisteredOptions();
  if (const auto found = options.find("color");
      found != options.end() && found->second->getNumOccurrences() != 0)
    return llvm::WithColor::defaultAutoDetectFunction()(llvm::errs());
  return std::getenv("NO_COLOR") == nullptr && llvm::sys::Process::StandardErrIsDisplayed();
}

std::vector<cl::SubCommand*> commands() {
  std::vector<cl::SubCommand*> found;
  for (cl::SubCommand* each : cl::getRegisteredSubcommands()) {
    if (!each->getName().empty()) found.push_back(each);
  }
  llvm::sort(found, [](auto* a, auto* b) { return a->getName() < b->getName(); });
  return found;
}

/// "check, explain or gen".
std::string command_names() {
  std::string text;
  for (const cl::SubCommand* each : commands()) {
    if (!text.empty()) text += each == commands().back() ? " or " : ", ";
    text += each->getName();
  }
  return text;
}

/// What an option or a positional argument takes, as `--help` shows it: "dir", "text|json".
llvm::StringRef taken_by(const cl::Option& option) {
  return option.isPositional() ? option.HelpStr.trim("<>[].") : option.ValueStr;
}

/// The words of an option that takes one of a list.
llvm::SmallVector<llvm::StringRef> choices(const cl::Option& option) {
  llvm::SmallVector<llvm::StringRef> words;
  taken_by(option).split(words, '|');
  return words;
}

tools::Completed completed(const cl::Option& option) {
  using Kind = tools::Completed::Kind;
  const llvm::StringRef taken = taken_by(option);
  tools::Completed result;
  if (taken.ends_with(".otp")) result.kind = Kind::schemas;
  if (taken == "file") result.kind = Kind::files;
  if (taken == "dir") result.kind = Kind::folders;
  if (taken.contains('|')) {
    result.kind = Kind::words;
    for (const llvm::StringRef word : choices(option)) result.words.push_back(word.str());
  }
  if (taken == "OTPnnnn") {
    result.kind = Kind::words;
    for (const auto& each : diagnostics::catalogue())
      result.words.push_back(diagnostics::code(each.id));
  }
  return result;
}

tools::Command described(const cl::SubCommand& command) {
  tools::Command result{command.getName().str(), command.getDescription().str(), {}, {}};
  for (const auto& [name, option] : command.OptionsMap) {
    // LLVM's own options but those that everybody expects stay untold.
    const bool ours = llvm::is_contained(option->Categories, &cl::getGeneralCategory()) &&
                      option->getOptionHiddenFlag() == cl::NotHidden;
    if (!ours && name != "help" && name != "version") continue;
    const bool takes_value = !option->ValueStr.empty();
    result.options.push_back({name.str(), option->HelpStr.str(), takes_value, completed(*option)});
  }
  llvm::sort(result.options, [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const cl::Option* each : command.PositionalOpts) result.argument = completed(*each);
  return result;
}

/// Which of its words was given to the option: their order is that of the values of E.
template <class E>
std::optional<E> chosen(const cl::opt<std::string>& option, Streams streams) {
  const auto words = choices(option);
  const auto* const found = llvm::find(words, option.getValue());
  if (found != words.end()) return static_cast<E>(found - words.begin());
  const std::vector<std::string> candidates(words.begin(), words.end());
  const std::string near = diagnostics::did_you_mean(option.getValue(), candidates);
  const std::string what = option.isPositional() ? "the argument" : "--" + option.ArgStr.str();
  misused(streams.err, what + " is one of " + taken_by(option).str() + ", not `" +
                           option.getValue() + "`" + (near.empty() ? "" : "; " + near));
  return std::nullopt;
}

/// Nothing when a word behind -W is not understood.
std::optional<Input> input_of(const CommandLine& line, Streams streams) {
  Input input;
  for (const std::string& word : line.warnings) {
    if (const std::string complaint = input.warnings.apply(word); !complaint.empty()) {
      misused(streams.err, "-W" + word + ": " + complaint);
      return std::nullopt;
    }
  }
  input.files.assign(line.files.begin(), line.files.end());
  input.import_dirs.assign(line.import_dirs.begin(), line.import_dirs.end());
  input.colour = use_colour();
  return input;
}

Exit run_pipeline(const CommandLine& line, Streams streams) {
  if (line.gen && line.out_dir.empty())
    return misused(streams.err, "gen needs --out-dir: where the generated files go");
  const auto rendering = chosen<Rendering>(line.diagnostics, streams);
  const auto input = input_of(line, streams);
  if (!rendering || !input) return Exit::usage;
  const auto language = chosen<Language>(line.language, streams);
  if (!language) return Exit::usage;
  if (line.language.getNumOccurrences() != 0 && !line.plugin.empty())
    return misused(streams.err, "--lang and --plugin exclude each other");
  if (line.test_doubles && (*language != Language::cpp || !line.plugin.empty()))
    return misused(streams.err, "--test-doubles is for C++");
  Request request{*input,    line.out_dir, line.depfile, line.manifest, line.test_doubles,
                  *language, line.plugin};
  request.rendering = *rendering;
  request.check_contracts = true;
  request.locked = line.locked;
  return run(request, streams);
}

Exit run_graph(const CommandLine& line, Streams streams) {
  const auto kind = chosen<tools::GraphKind>(line.graph_kind, streams);
  const auto format = chosen<GraphFormat>(line.graph_format, streams);
  const auto input = input_of(line, streams);
  if (!kind || !format || !input) return Exit::usage;
  return graph({*input, *kind, *format}, streams);
}

Exit run_doc(const CommandLine& line, Streams streams) {
  const auto format = chosen<tools::DocFormat>(line.doc_format, streams);
  const auto input = input_of(line, streams);
  if (!format || !input) return Exit::usage;
  if (line.out_dir.empty()) return misused(streams.err, "doc needs --out-dir: where the pages go");
  return document({*input, line.out_dir, *format}, streams);
}

Exit run_compat(const CommandLine& line, Streams streams) {
  enum class Format : std::uint8_t { text, json };
  const auto format = chosen<Format>(line.compat_format, streams);
  enum class Required : std::uint8_t { wire, source };
  const auto required = chosen<Required>(line.require, streams);
  const auto rendering = chosen<Rendering>(line.diagnostics, streams);
  auto input = input_of(line, streams);
  if (!format || !required || !rendering || !input) return Exit::usage;
  input->rendering = *rendering;
  input->warnings = diagnostics::WarningOptions::none();  // they are for `check` to tell
  CompatRequest request{
      *input, {}, *format == Format::json, *required == Required::source, line.allow_breaking};
  request.paths.assign(line.versions.begin(), line.versions.end());
  if (request.paths.empty())
    return misused(streams.err,
                   "name the old version and the new one, or one to be compared with "
                   "its contract file");
  if (line.update) return update_contracts(request, streams);
  if (request.paths.size() > 2) return misused(streams.err, "compat compares two versions");
  if (line.allow_breaking) return misused(streams.err, "--allow-breaking goes with --update");
  return compat(request, streams);
}

Exit run_completion(const CommandLine& line, Streams streams) {
  const auto shell = chosen<tools::Shell>(line.shell, streams);
  if (!shell) return Exit::usage;
  std::vector<tools::Command> table{described(cl::SubCommand::getTopLevel())};
  for (const cl::SubCommand* each : commands()) table.push_back(described(*each));
  streams.out << tools::completion(*shell, "otpc", table);
  return Exit::ok;
}

/// What was printed must have arrived, a full disk is told.
Exit printed(Exit status) {
  llvm::outs().flush();
  if (!llvm::outs().has_error()) return status;
  llvm::errs() << "otpc: cannot write the standard output: " << llvm::outs().error().message()
               << '\n';
  llvm::outs().clear_error();
  return Exit::input_output;
}

/// LLVM names the nearest option, however far it is.
std::string without_far_fetched(llvm::StringRef complaint) {
  const llvm::StringRef given = complaint.split("argument '").second.split("'").first;
  const auto [head, tail] = complaint.split("Did you mean '");
  const std::string suggested = tail.split("'").first.str();
  if (tail.empty() || !diagnostics::did_you_mean(given, {suggested}).empty())
    return complaint.str();
  return head.substr(0, head.rfind('\n') + 1).str() + tail.split('\n').second.str();
}

/// A file of arguments that is not there, which LLVM takes for an argument.
std::string missing_response_file(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const llvm::StringRef given = argv[i];
    if (given.size() > 1 && given.front() == '@' && !llvm::sys::fs::exists(given) &&
        !llvm::sys::fs::exists(given.drop_front()))
      return given.drop_front().str();
  }
  return {};
}

Exit dispatch(const CommandLine& line, Streams streams) {
  if (line.explain) return explain(line.code, streams);
  if (line.completion) return run_completion(line, streams);
  if (line.make) return new_project(line.project, line.supervised, streams);
  if (line.compat) return run_compat(line, streams);
  const bool takes_files =
      line.gen || line.check || line.format || line.graph || line.ir || line.fix || line.doc;
  if (!takes_files) return misused(streams.err, "say what to do: " + command_names());
  if (line.files.empty()) return misused(streams.err, "name at least one schema file");
  if (line.format) {
    const auto rendering = chosen<Rendering>(line.diagnostics, streams);
    if (!rendering) return Exit::usage;
    if (*rendering != Rendering::text && llvm::is_contained(line.files, "-"))
      return misused(streams.err,
                     "--diagnostics goes with files: what standard input becomes is "
                     "printed");
    return format(
        {{line.files.begin(), line.files.end()}, line.check_only, *rendering, use_colour()},
        streams);
  }
  if (line.fix) {
    const auto input = input_of(line, streams);
    return input ? fix({*input, line.diff}, streams) : Exit::usage;
  }
  if (line.doc) return run_doc(line, streams);
  if (line.graph) return run_graph(line, streams);
  if (line.ir) {
    const auto input = input_of(line, streams);
    return input ? intermediate_representation(*input, streams) : Exit::usage;
  }
  return run_pipeline(line, streams);
}

}  // namespace

int main(int argc, const char* const* argv) {
  CommandLine line;
  cl::SetVersionPrinter([](llvm::raw_ostream& out) {
    out << "otpc " << version << '\n';
    std::exit(static_cast<int>(printed(Exit::ok)));
  });
  if (const std::string missing = missing_response_file(argc, argv); !missing.empty()) {
    llvm::errs() << "otpc: cannot read the arguments in `" << missing
                 << "`: No such file or directory\n";
    return static_cast<int>(Exit::input_output);
  }
  std::string complaint;
  llvm::raw_string_ostream complaints(complaint);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &complaints)) {
    llvm::errs() << without_far_fetched(complaint);
    return static_cast<int>(Exit::usage);
  }
  try {
    return static_cast<int>(printed(dispatch(line, {llvm::outs(), llvm::errs()})));
  } catch (const std::exception& error) {
    llvm::errs()
        << "otpc " << version << ": internal error: " << error.what()
        << "\nThis is a fault of otpc. Please report it with the schemas and this line:\n ";
    for (int i = 0; i < argc; ++i) llvm::errs() << ' ' << argv[i];
    llvm::errs() << '\n';
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace otpc::driver
