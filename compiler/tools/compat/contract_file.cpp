// Contract files: a line for each part.
#include <algorithm>

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "tools/compat/contract.h"

namespace otpc::tools {
namespace {

constexpr const char* header = "# Kept by `otpc compat --update`: do not edit. Format 1.\n";

void print(const Part& part, std::size_t depth, llvm::raw_ostream& out) {
  out.indent(static_cast<unsigned>(2 * depth)) << part.kind << ' ' << part.name;
  llvm::json::Object facts;
  for (const auto& [key, value] : part.facts) facts[key] = value;
  if (!facts.empty()) out << ' ' << llvm::json::Value(std::move(facts));
  out << '\n';
  for (const Part& each : part.parts) print(each, depth + 1, out);
}

llvm::Error wrong(std::uint32_t line, const char* what) {
  return llvm::createStringError(std::errc::invalid_argument, "is wrong in line %u: %s", line,
                                 what);
}

/// A line without its indentation.
llvm::Expected<Part> read_part(llvm::StringRef line, const Place& place) {
  const auto [kind, rest] = line.split(' ');
  const auto [name, facts] = rest.split(' ');
  Part part{kind.str(), name.str(), {}, {}, place, {}};
  if (kind.empty() || name.empty()) return wrong(place.line, "a kind and a name are wanted");
  // Older files say so of a module that says no version.
  if (part.kind == "state" && part.name == "0") part.name = "1";
  if (facts.empty()) return part;
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(facts);
  if (!parsed) {
    llvm::consumeError(parsed.takeError());
    return wrong(place.line, "what follows the name is no JSON");
  }
  const llvm::json::Object* object = parsed->getAsObject();
  if (object == nullptr) return wrong(place.line, "what follows the name is no JSON object");
  for (const auto& [key, value] : *object) {
    const auto text = value.getAsString();
    if (!text) return wrong(place.line, "a fact is no text");
    part.facts[key.str()] = text->str();
  }
  return part;
}

}  // namespace

const std::string& Part::fact(const std::string& key) const {
  static const std::string none;
  const auto found = facts.find(key);
  return found == facts.end() ? none : found->second;
}

const std::string& Part::wire_name() const { return has("was") ? fact("was") : name; }

std::uint64_t Contract::version() const {
  std::uint64_t version = 0;
  llvm::StringRef(module.fact("version")).getAsInteger(10, version);
  return version;
}

std::string print(const Contract& contract) {
  std::string text = header;
  llvm::raw_string_ostream out(text);
  print(contract.module, 0, out);
  return text;
}

llvm::Expected<Contract> read_contract(const std::string& text, const std::string& path) {
  llvm::StringRef rest = text;
  if (!rest.consume_front(header)) return wrong(1, "it does not begin as contract files do");
  Contract contract;
  std::vector<Part*> open;  // the way from the module to the last part
  for (std::uint32_t number = 2; !rest.empty(); ++number) {
    auto [line, below] = rest.split('\n');
    rest = below;
    const std::size_t blanks = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t depth = blanks / 2;
    const bool begins = number == 2;
    if (blanks % 2 != 0 || begins != (depth == 0) || depth > open.size())
      return wrong(number, "the indentation");
    llvm::Expected<Part> part =
        read_part(line.drop_front(blanks), {path, number, static_cast<std::uint32_t>(blanks + 1)});
    if (!part) return part.takeError();
    open.resize(depth);
    if (begins) {
      contract.module = *std::move(part);
      open.push_back(&contract.module);
    } else {
      open.push_back(&open.back()->parts.emplace_back(*std::move(part)));
    }
  }
  if (contract.module.kind != "module") return wrong(2, "a module is wanted");
  return contract;
}

std::vector<const Part*> states_of(const Part& server) {
  std::vector<const Part*> states;
  for (const Part& each : server.parts) {
    if (each.kind == "state") states.push_back(&each);
  }
  std::ranges::sort(states, {}, [](const Part* each) {
    std::uint64_t version = 0;
    llvm::StringRef(each->name).getAsInteger(10, version);
    return version;
  });
  return states;
}

Contract with_history(Contract contract, const Contract& kept) {
  for (Part& server : contract.module.parts) {
    const auto same = std::ranges::find_if(kept.module.parts, [&](const Part& each) {
      return each.kind == server.kind && each.wire_name() == server.wire_name();
    });
    if (same == kept.module.parts.end()) continue;
    for (const Part* state : states_of(*same)) {
      const bool is_now = std::ranges::any_of(server.parts, [&](const Part& each) {
        return each.kind == "state" && each.name == state->name;
      });
      if (!is_now) server.parts.push_back(*state);
    }
  }
  return contract;
}

}  // namespace otpc::tools
