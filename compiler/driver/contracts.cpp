#include "driver/contracts.h"

#include <algorithm>
#include <map>
#include <utility>

#include <llvm/Support/FileSystem.h>

#include "driver/files.h"
#include "syntax/parse.h"
#include "tools/compat/compare.h"

namespace otpc::driver {
namespace {

using diagnostics::Id;

std::string shown(const tools::Place& place) {
  return place.file + ":" + std::to_string(place.line);
}

/// A server or a state machine, or null.
ast::ServerBase* process_of(ast::Declaration& declaration) {
  if (auto* server = std::get_if<ast::Server>(&declaration)) return server;
  return std::get_if<ast::Statem>(&declaration);
}

std::string wire_name(const ast::ServerBase& process) {
  for (const ast::Annotation& each : process.annotations) {
    if (each.name.text == "was" && each.arguments.size() == 1)
      return each.arguments.front().value.text;
  }
  return process.name.text;
}

std::pair<llvm::StringRef, llvm::StringRef> owner_and_name(llvm::StringRef part) {
  const auto [owner, name] = part.rsplit('.');
  return name.empty() ? std::pair(llvm::StringRef(), part) : std::pair(owner, name);
}

using Renames = std::map<const tools::Change*, const tools::Change*>;

/// For a part that is gone the one that has come, where nothing else of its kind has come or gone:
/// the same, perhaps, under another name.
Renames renames(const std::vector<tools::Change>& changes) {
  struct Moves {
    std::vector<const tools::Change*> gone;
    std::vector<const tools::Change*> fresh;
  };
  std::map<std::pair<std::string, std::string>, Moves> moves;  // by owner and kind
  for (const tools::Change& each : changes) {
    const std::string owner = owner_and_name(each.part).first.str();
    if (!each.goes.empty()) moves[{owner, each.goes}].gone.push_back(&each);
    if (!each.comes.empty()) moves[{owner, each.comes}].fresh.push_back(&each);
  }
  Renames result;
  for (const auto& [place, move] : moves) {
    if (move.gone.size() == 1 && move.fresh.size() == 1)
      result.emplace(move.gone.front(), move.fresh.front());
  }
  return result;
}

}  // namespace

std::string grown(const model::Module& module) {
  const std::uint64_t version = std::max<std::uint64_t>(module.version, 1);
  return "say `module " + module.name() + " version " + std::to_string(version + 1) +
         "`, and `upgrade from " + std::to_string(version) + ";` in the process";
}

std::size_t upgrade_gaps(const diagnostics::Engine& diagnostics) {
  return diagnostics.error_count(Id::upgrade_gap) + diagnostics.error_count(Id::unknown_old_state);
}

std::string contract_path(const std::string& schema) { return schema + ".lock"; }

void Contracts::read(const LoadedFile& file, bool anew) {
  const std::string path = contract_path(file.path);
  if (!llvm::sys::fs::exists(path)) return;
  llvm::Expected<std::string> text = read_file(path);
  llvm::Expected<tools::Contract> contract =
      text ? tools::read_contract(*text, path) : text.takeError();
  if (!contract) {
    const std::string why = llvm::toString(contract.takeError());
    if (!anew || !file.requested)
      diagnostics_.emit(Id::bad_contract, file.ast->module.span, path, why)
          .help(
              "take it from the history of the sources, or write it anew, without the states of "
              "earlier versions: `otpc compat --update --allow-breaking`");
    for (ast::Declaration& each : file.ast->declarations) {
      if (ast::ServerBase* process = process_of(each)) process->old_states_unclear = true;
    }
    return;
  }
  give_states(*contract, *file.ast);
  kept_.emplace(&file, *std::move(contract));
}

const tools::Contract* Contracts::find(const LoadedFile& file) const {
  const auto found = kept_.find(&file);
  return found == kept_.end() ? nullptr : &found->second;
}

void Contracts::give_states(const tools::Contract& contract, ast::File& file) {
  std::set<std::string> gone;  // with a state
  for (const tools::Part& part : contract.module.parts) {
    if (!tools::states_of(part).empty()) gone.insert(part.wire_name());
  }
  std::vector<ast::ServerBase*> unknown;
  for (ast::Declaration& declaration : file.declarations) {
    ast::ServerBase* process = process_of(declaration);
    if (process == nullptr) continue;
    const std::string name = wire_name(*process);
    gone.erase(name);
    const auto part = std::ranges::find(contract.module.parts, name,
                                        [](const auto& each) { return each.wire_name(); });
    if (part == contract.module.parts.end()) {
      unknown.push_back(process);
      continue;
    }
    for (const tools::Part* state : tools::states_of(*part)) {
      ast::OldState old;
      if (llvm::StringRef(state->name).getAsInteger(10, old.version) || old.version == 0) continue;
      old.fields = fields_of(*state, part->name);
      process->old_states.push_back(std::move(old));
    }
  }
  // One of them may be one that is gone, under another name: that is told, and what to do.
  for (ast::ServerBase* process : unknown) process->old_states_unclear = !gone.empty();
}

/// Types and values stand there as a schema writes them, so they are read as one.
std::vector<ast::Field> Contracts::fields_of(const tools::Part& state, const std::string& owner) {
  std::string text = "module state;\nstruct State {\n";
  for (const tools::Part& field : state.parts) {
    text += (field.has("private") ? "  @private " : "  ") + field.name + ": " + field.fact("type");
    if (field.has("default")) text += " = " + field.fact("default");
    text += ";\n";
  }
  const std::string path = state.place.file + ", " + owner + " in version " + state.name;
  const auto parsed = syntax::parse(sources_, sources_.add(path, text + "}\n"), diagnostics_);
  auto* structure = parsed->declarations.empty()
                        ? nullptr
                        : std::get_if<ast::Struct>(&parsed->declarations.front());
  return structure == nullptr ? std::vector<ast::Field>() : std::move(structure->fields);
}

std::set<std::string> Contracts::relied_on(const model::Module& module,
                                           const LoadedFile& file) const {
  std::set<std::string> modules;
  for (const tools::Part& each : tools::contract_of(module, sources_, file.path).module.parts) {
    if (each.kind == "import") modules.insert(each.fact("from"));
  }
  return modules;
}

void Contracts::check(const model::Module& module, const LoadedFile& file, bool locked,
                      const std::string& importer) {
  const source::Span top{file.ast->file, 0, 0};
  const tools::Contract* kept = find(file);
  const char* help = "run `otpc compat --update` when that is meant, and keep the file it writes";
  if (kept == nullptr) {
    if (locked)
      diagnostics_.emit(Id::contract_wanted, file.ast->module.span, module.name(), "is missing")
          .note(importer.empty() ? "" : "the contract of `" + importer + "` relies on it")
          .help(help);
    return;
  }
  const tools::Contract now = tools::contract_of(module, sources_, file.path);
  const auto changes = tools::compare(*kept, now);
  const Renames renamed = renames(changes);
  std::map<std::pair<std::string, std::uint32_t>, diagnostics::Builder> broken;
  for (const tools::Change& each : changes) {
    if (tools::row(each.id).wire) continue;
    const auto renaming = renamed.find(&each);
    const bool is_renamed = renaming != renamed.end();
    const tools::Change& at = is_renamed ? *renaming->second : each;
    const source::Span wanted = at.span ? at.span : file.ast->module.span;
    const source::Span span = wanted ? wanted : top;
    auto told = broken.find({at.part, span.begin});
    if (told == broken.end()) {
      auto builder = diagnostics_.emit(Id::breaking_change, span, at.part);
      builder.help(
          "keep what is promised, or break it on purpose: `otpc compat --update "
          "--allow-breaking`");
      told = broken.emplace(std::pair(at.part, span.begin), builder).first;
    }
    if (is_renamed) {
      const std::string name = owner_and_name(each.part).second.str();
      told->second.help("if it is `" + name + "` under another name, say `@was(\"" + name +
                        "\")` before it");
    }
    told->second
        .note((is_renamed ? "`" + each.part + "` " : "") + each.text +
              (each.id == tools::ChangeId::version_lowered
                   ? ": versions only grow ("
                   : ": processes of both versions cannot talk (") +
              tools::row(each.id).name + ")")
        .note("the contract stands in " + shown(each.before));
  }
  if (!broken.empty() || upgrade_gaps(diagnostics_) != 0 || (!importer.empty() && !locked) ||
      tools::print(tools::with_history(now, *kept)) == tools::print(*kept))
    return;
  auto builder = diagnostics_.emit(locked ? Id::contract_wanted : Id::stale_contract,
                                   file.ast->module.span, module.name(), "is not up to date");
  const auto rewritten =
      std::ranges::find(changes, tools::ChangeId::state_rewritten, &tools::Change::id);
  if (rewritten != changes.end()) {
    builder.note("`" + rewritten->part + "` " + rewritten->text)
        .help(grown(module) + ", then run `otpc compat --update`");
    return;
  }
  builder
      .note(changes.empty() ? "something that hurts nobody has changed"
                            : "`" + changes.front().part + "` " + changes.front().text)
      .help(help);
}

}  // namespace otpc::driver
