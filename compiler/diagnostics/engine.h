// Collects what is wrong with a schema. Nothing here stops at the first error.
//
//   diagnostics.emit(Id::unknown_name, span, "type", name).help("did you mean
//   `Money`?").label(other, "declared here");
//
// A step of the compiler succeeds when it added no errors.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Support/FormatVariadic.h>

#include "source/source_manager.h"

namespace otpc::diagnostics {

enum class Severity : std::uint8_t { error, warning };

enum class Id : std::uint16_t {
#define OTP_DIAGNOSTIC(number, id, severity, message) id = number,
#include "diagnostics/diagnostics.def"
#undef OTP_DIAGNOSTIC
};

struct Entry {
  Id id;
  const char* name;
  Severity severity;
  const char* message;
};
/// The whole catalogue, in the order of numbers.
llvm::ArrayRef<Entry> catalogue();
const Entry& entry(Id id);
/// "OTP0102".
std::string code(Id id);

struct Label {
  source::Span span;
  std::string text;
};

struct Diagnostic {
  Id id;
  Severity severity;
  source::Span span;  ///< of no file for trouble with the file itself
  std::string message;
  std::vector<Label> labels;
  std::vector<std::string> helps;
  std::vector<std::string> notes;
};

/// Adds to the diagnostic just emitted. Empty texts add nothing.
class Builder {
 public:
  explicit Builder(Diagnostic& diagnostic) : diagnostic_(diagnostic) {}
  Builder& label(source::Span span, std::string text);
  Builder& help(std::string text);
  Builder& note(std::string text);

 private:
  Diagnostic& diagnostic_;
};

class Engine {
 public:
  template <class... Args>
  Builder emit(Id id, source::Span span, const Args&... args) {
    return add(id, span, llvm::formatv(false, entry(id).message, args...).str());
  }

  std::size_t error_count() const { return errors_; }
  std::size_t warning_count() const { return diagnostics_.size() - errors_; }
  bool has_errors() const { return errors_ != 0; }
  void warnings_are_errors(bool on) { warnings_are_errors_ = on; }
  /// In the order of the sources.
  std::vector<const Diagnostic*> sorted() const;

 private:
  Builder add(Id id, source::Span span, std::string message);

  std::deque<Diagnostic> diagnostics_;
  std::size_t errors_ = 0;
  bool warnings_are_errors_ = false;
};

/// "did you mean `Money`?" for the nearest of the candidates, or nothing when none is near.
std::string did_you_mean(llvm::StringRef given, llvm::ArrayRef<std::string> candidates);

}  // namespace otpc::diagnostics
