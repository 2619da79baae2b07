// What the fuzzers share. Each defines fuzz_one(); libFuzzer calls it with what mutator.cpp makes
// of the corpus. A fault ends the process: a sanitizer's report, an exception that nobody catches,
// or require().
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "model/model.h"
#include "source/source_manager.h"

namespace otpc::fuzz {

/// One input: the whole of what a fuzzer tries.
void fuzz_one(std::string_view text);

/// What must hold for every input.
void require(bool holds, std::string_view what);

/// A line of an input that begins another file: several modules in one input import each other.
inline constexpr std::string_view next_file = "//// next file\n";
std::vector<std::string_view> files_of(std::string_view text);

/// The files of an input as otpc reads and checks them, importers behind what they import.
struct Checked {
  explicit Checked(std::string_view text);
  /// Null when there are errors.
  std::unique_ptr<model::Program> program;
  source::SourceManager sources;
  diagnostics::Engine diagnostics;
  std::vector<std::unique_ptr<ast::File>> files;

  /// Diagnostics can be printed, and as valid JSON.
  void require_printable() const;
};

}  // namespace otpc::fuzz
