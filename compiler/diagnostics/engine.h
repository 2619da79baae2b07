// Collects what is wrong with a schema. Nothing here stops at the first error.
//
//   diagnostics.emit(Id::unknown_name, span, "type", name)
//       .help("did you mean `Money`?")
//       .label(other, "declared here");
//
// A step of the compiler succeeds when it added no errors.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
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

/// How far a mend may be trusted.
enum class FixLevel : std::uint8_t {
  safe,        ///< means what the author meant: `otpc fix` applies it
  maybe,       ///< likely, but the author has to say so
  placeholder  ///< has a gap that the author fills
};
const char* word(FixLevel level);

struct Edit {
  source::Span span;
  std::string text;
};
/// Edits that belong together, in the order of the text, none touching another.
struct Fix {
  FixLevel level = FixLevel::maybe;
  std::vector<Edit> edits;
};

struct Diagnostic {
  Id id;
  Severity severity;
  source::Span span;  ///< of no file for trouble with the file itself
  std::string message;
  std::vector<Label> labels;
  std::vector<std::string> helps;
  std::vector<std::string> notes;
  Fix fix;  ///< without edits: none is known
};

/// Adds to the diagnostic just emitted. Empty texts add nothing.
class Builder {
 public:
  explicit Builder(Diagnostic& diagnostic) : diagnostic_(diagnostic) {}
  Builder& label(source::Span span, std::string text);
  Builder& help(std::string text);
  Builder& note(std::string text);
  /// Replaces the span by the text, together with the edits given before.
  Builder& fix(FixLevel level, source::Span span, std::string text);
  /// "did you mean `Money`?", and the mend at the place of the diagnostic; safe when only the case
  /// of letters differs.
  Builder& suggest(llvm::StringRef given, llvm::ArrayRef<std::string> candidates);
  /// The same is wrong at a place before: tells it there.
  void move_to(source::Span span);
  source::Span span() const { return diagnostic_.span; }
  /// "it has `a`, `b` and `c`": what there is instead; of many only the first.
  Builder& members(llvm::ArrayRef<std::string> names);

 private:
  Diagnostic& diagnostic_;
};

/// Which warnings are told, and as what. Later words win over earlier ones.
class WarningOptions {
 public:
  WarningOptions();
  /// No warning at all: for commands that ask something else of a schema.
  static WarningOptions none();

  /// What stands behind -W: "unused", "no-unused-import", "error", "error=OTP0107",
  /// "no-error=calls". The complaint is empty when it is understood.
  std::string apply(llvm::StringRef word);

  bool enabled(Id id) const { return enabled_.at(id); }
  Severity severity(Id id) const;

 private:
  std::map<Id, bool> enabled_;
  std::map<Id, bool> as_error_;  ///< those that were named
  bool all_are_errors_ = false;
};

/// The warnings that a code, an id (`unused_import`, `unused-import`) or a group names; none when
/// the word names no warning.
std::vector<Id> warnings_named(llvm::StringRef word);
/// The code of the error that a code or an id names; empty when the word names none.
std::string error_named(llvm::StringRef word);
/// Every word that names warnings, codes left out.
std::vector<std::string> warning_words();

/// `@allow(...)`: these warnings are wanted here.
struct Allowance {
  source::Span covers;
  source::Span annotation;
  source::Span place;  ///< of the word
  source::Span part;   ///< the word with a comma: what goes when others stay
  std::string word;
  std::vector<Id> ids;
  bool used = false;
};

class Engine {
 public:
  template <class... Args>
  Builder emit(Id id, source::Span span, const Args&... args) {
    return add(id, span, llvm::formatv(false, entry(id).message, args...).str());
  }

  std::size_t error_count() const { return errors_; }
  std::size_t error_count(Id id) const;
  std::size_t warning_count() const { return diagnostics_.size() - errors_; }
  bool has_errors() const { return errors_ != 0; }
  /// Errors by their nature, not warnings taken for errors: what follows from them is not told.
  bool is_wrong() const { return is_wrong_; }
  /// What such an error kept from being understood may be all that uses something.
  bool may_hide_uses() const { return may_hide_uses_; }
  /// Whether such an error was told there.
  bool is_wrong_in(source::Span span) const;
  void set_warnings(WarningOptions options) { warnings_ = std::move(options); }
  bool enabled(Id id) const { return warnings_.enabled(id); }
  /// Whether an `@allow` covers it, which is not idle then.
  bool is_allowed(Id id, source::Span span);
  /// Warnings that are emitted from now on.
  void allow(Allowance allowance) { allowances_.push_back(std::move(allowance)); }
  /// What follows here from a mistake that was told: nothing more is told of this place.
  void shadow(source::Span span) { shadows_.push_back(span); }
  /// Tells the allowances that nothing needed. Only to be asked once every check has run.
  void report_unused_allowances();
  /// Forgets what was emitted of this file: something else is wrong with it as a whole.
  void forget(source::FileId file);
  /// In the order of the sources.
  std::vector<const Diagnostic*> sorted() const;

 private:
  Builder add(Id id, source::Span span, std::string message);
  void report_unused_allowances(bool of_allows);
  bool is_shadowed(source::Span span) const;

  /// Where, and what.
  using Told = std::tuple<source::FileId, std::uint32_t, std::uint32_t, Id, std::string>;

  std::deque<Diagnostic> diagnostics_;
  std::deque<Diagnostic> silent_;  ///< not told: their builders write somewhere
  std::set<Told> told_;            ///< what would be told again is not
  std::vector<Allowance> allowances_;
  std::vector<source::Span> shadows_;
  std::size_t errors_ = 0;
  bool is_wrong_ = false;
  bool may_hide_uses_ = false;
  WarningOptions warnings_;
};

/// "`a`, `b` or `c`".
std::string listed(llvm::ArrayRef<std::string> words, const char* last);
/// The nearest of the candidates, or null when none is near.
const std::string* nearest(llvm::StringRef given, llvm::ArrayRef<std::string> candidates);
/// "did you mean `Money`?" for the nearest of the candidates, or nothing when none is near.
std::string did_you_mean(llvm::StringRef given, llvm::ArrayRef<std::string> candidates);

}  // namespace otpc::diagnostics
