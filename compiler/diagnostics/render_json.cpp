#include <llvm/Support/JSON.h>

#include "diagnostics/render.h"

namespace otpc::diagnostics {
namespace {

using llvm::json::Object;

void put_place(Object& object, source::Span span, const source::SourceManager& sources) {
  if (!span) return;
  const source::Position begin = sources.position(span.file, span.begin);
  const source::Position end = sources.position(span.file, span.end);
  object["file"] = llvm::json::fixUTF8(sources.path(span.file));
  object["line"] = begin.line;
  object["column"] = begin.column;
  object["endLine"] = end.line;
  object["endColumn"] = end.column;
}

Object to_json(const Diagnostic& diagnostic, const source::SourceManager& sources) {
  Object object{{"code", code(diagnostic.id)},
                {"severity", diagnostic.severity == Severity::error ? "error" : "warning"},
                {"message", llvm::json::fixUTF8(diagnostic.message)}};
  put_place(object, diagnostic.span, sources);
  llvm::json::Array labels;
  for (const Label& label : diagnostic.labels) {
    Object each{{"message", llvm::json::fixUTF8(label.text)}};
    put_place(each, label.span, sources);
    labels.push_back(std::move(each));
  }
  object["labels"] = std::move(labels);
  object["helps"] = llvm::json::Array(diagnostic.helps);
  object["notes"] = llvm::json::Array(diagnostic.notes);
  if (!diagnostic.fix.edits.empty()) {
    llvm::json::Array edits;
    for (const Edit& edit : diagnostic.fix.edits) {
      Object each{{"text", llvm::json::fixUTF8(edit.text)}};
      put_place(each, edit.span, sources);
      edits.push_back(std::move(each));
    }
    object["fix"] = Object{{"level", word(diagnostic.fix.level)}, {"edits", std::move(edits)}};
  }
  return object;
}

}  // namespace

void render_json(const Engine& engine, const source::SourceManager& sources,
                 llvm::raw_ostream& out) {
  llvm::json::Array all;
  for (const Diagnostic* each : engine.sorted()) all.push_back(to_json(*each, sources));
  out << llvm::formatv("{0:2}", llvm::json::Value(std::move(all))) << '\n';
}

}  // namespace otpc::diagnostics
