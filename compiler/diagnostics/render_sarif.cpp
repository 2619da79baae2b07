// SARIF 2.1.0, as code hosts and editors read it.
#include <map>

#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/JSON.h>

#include "diagnostics/explain.h"
#include "diagnostics/render.h"

namespace otpc::diagnostics {
namespace {

using llvm::json::Array;
using llvm::json::Object;

constexpr const char* schema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

const char* level(Severity severity) { return severity == Severity::error ? "error" : "warning"; }

/// A path as the reference of a URI.
std::string uri(const std::string& path) {
  std::string text = llvm::StringRef(path).starts_with("/") ? "file://" : "";
  for (const char c : path) {
    const bool plain = llvm::isAlnum(c) || llvm::StringRef("/._-~").contains(c);
    text += plain ? std::string(1, c) : "%" + llvm::toHex(llvm::StringRef(&c, 1));
  }
  return text;
}

Object text_of(const std::string& text) { return Object{{"text", llvm::json::fixUTF8(text)}}; }

class SarifRenderer {
 public:
  explicit SarifRenderer(const source::SourceManager& sources) : sources_(sources) {}

  Object result(const Diagnostic& diagnostic) {
    const auto [rule, fresh] = rule_index_.try_emplace(diagnostic.id, rules_.size());
    if (fresh) rules_.push_back(rule_of(diagnostic.id));
    std::string message = diagnostic.message;
    for (const std::string& note : diagnostic.notes) message += "\nnote: " + note;
    for (const std::string& help : diagnostic.helps) message += "\nhelp: " + help;
    Object made{{"ruleId", code(diagnostic.id)},
                {"ruleIndex", rule->second},
                {"level", level(diagnostic.severity)},
                {"message", text_of(message)}};
    if (diagnostic.span)
      made["locations"] = Array{Object{{"physicalLocation", place(diagnostic.span)}}};
    Array related;
    for (const Label& label : diagnostic.labels) {
      related.push_back(
          Object{{"physicalLocation", place(label.span)}, {"message", text_of(label.text)}});
    }
    if (!related.empty()) made["relatedLocations"] = std::move(related);
    if (!diagnostic.fix.edits.empty()) made["fixes"] = Array{fix(diagnostic)};
    return made;
  }

  Array take_rules() { return std::move(rules_); }

 private:
  static Object rule_of(Id id) {
    return Object{{"id", code(id)},
                  {"name", entry(id).name},
                  {"shortDescription", text_of(general_message(entry(id)))},
                  {"help", text_of(explanation(entry(id)))},
                  {"defaultConfiguration", Object{{"level", level(entry(id).severity)}}}};
  }

  Object region(source::Span span) const {
    const source::Position begin = sources_.position(span.file, span.begin);
    const source::Position end = sources_.position(span.file, span.end);
    return Object{{"startLine", begin.line},
                  {"startColumn", begin.column},
                  {"endLine", end.line},
                  {"endColumn", end.column}};
  }

  Object artifact(source::Span span) const {
    return Object{{"uri", uri(sources_.path(span.file))}};
  }

  Object place(source::Span span) const {
    return Object{{"artifactLocation", artifact(span)}, {"region", region(span)}};
  }

  Object fix(const Diagnostic& diagnostic) const {
    Array replacements;
    for (const Edit& each : diagnostic.fix.edits) {
      replacements.push_back(
          Object{{"deletedRegion", region(each.span)}, {"insertedContent", text_of(each.text)}});
    }
    Object made{{"artifactChanges",
                 Array{Object{{"artifactLocation", artifact(diagnostic.fix.edits.front().span)},
                              {"replacements", std::move(replacements)}}}}};
    if (!diagnostic.helps.empty()) made["description"] = text_of(diagnostic.helps.front());
    return made;
  }

  const source::SourceManager& sources_;
  std::map<Id, std::size_t> rule_index_;
  Array rules_;
};

}  // namespace

void render_sarif(const Engine& engine, const source::SourceManager& sources,
                  llvm::StringRef version, llvm::raw_ostream& out) {
  SarifRenderer renderer(sources);
  Array results;
  for (const Diagnostic* each : engine.sorted()) results.push_back(renderer.result(*each));
  Object driver{{"name", "otpc"}, {"version", version}, {"rules", renderer.take_rules()}};
  Object run{{"tool", Object{{"driver", std::move(driver)}}},
             {"columnKind", "unicodeCodePoints"},
             {"results", std::move(results)}};
  Object log{{"$schema", schema}, {"version", "2.1.0"}, {"runs", Array{std::move(run)}}};
  out << llvm::formatv("{0:2}", llvm::json::Value(std::move(log))) << '\n';
}

}  // namespace otpc::diagnostics
