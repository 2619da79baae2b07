// The checking of one module; one file of this folder for each construct.
//
// Two passes: `declare` makes all declarations and the scope of names, `resolve` fills them in.
// Checks that look at the whole (call cycles, start order) come after and have headers of their
// own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "diagnostics/engine.h"
#include "model/model.h"

namespace otpc::sema {

using diagnostics::Id;

/// Whether a declaration is of a kind that may stand somewhere.
using Accepts = bool (*)(const model::Declaration&);
/// The structs, enums, unions, errors and aliases.
bool is_type(const model::Declaration& declaration);
constexpr std::size_t longest_atom = 255;  ///< characters, in Erlang

/// What was meant by a word that is no name.
struct Meant {
  std::string help;
  std::string text;      ///< to be written instead; empty when that alone would not do
  bool certain = false;  ///< whatever names there are that look like it
};

/// Helps with it, at the place of the diagnostic.
void tell_meant(diagnostics::Builder builder, const Meant& meant);

/// Finds the loaded module of an import.
using Modules = std::map<std::string, model::Module*, std::less<>>;

class ModuleChecker {
 public:
  ModuleChecker(const ast::File& file, model::Module& module, const Modules& modules,
                diagnostics::Engine& diagnostics)
      : file_(file), module_(module), modules_(modules), diagnostics_(diagnostics) {}

  void declare();
  void resolve();
  void report_unused_imports() const;
  /// Of the types and errors declared here, those that no module of the program refers to. `used`:
  /// what all modules found by name.
  void report_unused_types(const std::set<const model::Declaration*>& used) const;
  const std::set<const model::Declaration*>& used() const { return used_; }

 private:
  // resolve_names.cpp
  void declare_allows();
  void declare_module();
  void declare_imports();
  void declare_one(const ast::Declaration& declaration);
  template <class D>
  D* add(const ast::Decorated& written);
  /// What stands for that name, of whatever kind, or null after a diagnostic, which suggests only
  /// what `accepts`, or says what was `meant`.
  model::Declaration* find(const ast::Path& path, const char* wanted, Accepts accepts,
                           const Meant& meant = {});
  bool is_told_as_removed(const std::string& name, source::Span span,
                          const std::vector<model::Removed>& removed);
  /// Names what has no meaning here; and where it is declared, when an import is all that is
  /// missing.
  void report_unknown(const ast::Path& path, const char* wanted, Accepts accepts,
                      const Meant& meant);
  bool is_told_to_import(const std::string& name, diagnostics::Builder builder) const;
  void import_declaration(const ast::Import& import, const ast::Name& name,
                          model::Declaration& declaration);
  void report_not_exported(const ast::Import& import, const ast::Name& name,
                           const model::Module& module, const std::vector<std::string>& candidates);
  /// The declaration of that kind, or null after a diagnostic.
  template <class D>
  const D* find_as(const ast::Path& path, const char* wanted, const char* help = "");
  void check_generated_names();
  template <class Member>
  void check_duplicates(const std::vector<Member>& members, std::string_view owner);
  void tell_earlier(const std::string& name, std::string_view wanted, source::Span span);
  void check_reserved(const ast::Name& name);
  void check_annotations(const ast::Decorated& decorated,
                         const std::vector<std::string_view>& known);
  static bool has_annotation(const ast::Decorated& decorated, std::string_view name);

  // resolve_versions.cpp
  /// As check_annotations, for what has versions: @added, @deprecated and @was.
  model::Life life(const ast::Decorated& decorated, std::initializer_list<std::string_view> known);
  /// True for a member that is @removed: then it is noted, and nothing else of it counts.
  bool is_removed(const ast::Decorated& decorated, const char* what,
                  std::vector<model::Removed>& removed);
  /// A name that was removed does not come back, `use:` names a neighbour, and no two members have
  /// one name on the wire.
  template <class Member>
  void check_life(const std::vector<Member>& members, const std::vector<model::Removed>& removed,
                  const std::string& owner);
  void check_life();
  bool tells_itself(const model::Life& life, const std::string& name);
  void check_revived(const std::string& wire_name, source::Span span,
                     const std::vector<model::Removed>& removed);
  /// The version that an annotation of that part says: `@added(3)`; 0 after a complaint.
  std::uint64_t version_of(const ast::Annotation& annotation, const ast::Decorated& decorated);
  /// Of the module: 1 unless said.
  std::uint64_t version_now() const { return std::max<std::uint64_t>(module_.version, 1); }
  static constexpr std::uint64_t highest_version = 1'000'000;
  /// The text that is the only argument of an annotation.
  void check_order(const ast::Annotation& later, std::uint64_t version,
                   const ast::Annotation* earlier, std::uint64_t before);
  std::string text_of(const ast::Annotation& annotation, const char* example);
  /// Nothing is older than what it stands in.
  void check_ages();

  // resolve_types.cpp
  model::Type type(const ast::Type& written);
  model::Type written_type(const ast::Type& written);
  model::Type named_type(const ast::Type& written);
  model::Type container_type(const ast::Type& written, std::string_view name);
  model::Type pid_type(const ast::Type& written);
  model::Type declared_type(const ast::Type& written, const std::string& name);
  bool takes(const ast::Type& written, std::size_t types, bool count, const char* text);
  static bool can_be_key(const model::Type& type);
  void tell_bad_key(source::Span span, const model::Type& type);

  // resolve_values.cpp
  std::optional<model::Value> value(const ast::Value& written, const model::Type& type);
  bool is_told_owner(const ast::Name& owner, const model::Type& type);
  std::optional<model::Value> path_value(const ast::Value& written, const model::Type& type);
  std::optional<model::Value> floating_value(const ast::Value& written, const model::Type& type);
  /// `constant`: which is written, or null.
  std::optional<model::Value> integer_value(const ast::Value& written, const model::Type& type,
                                            const model::Const* constant = nullptr);
  void tell_range(const ast::Value& written, const model::Const* constant, const std::string& what,
                  const std::string& bounds);
  static void label_constant(diagnostics::Builder builder, const model::Const* constant);
  /// The integer constant that is written; null for anything else.
  const model::Const* integer_constant(const ast::Value& written) const;
  /// A whole number from `min` to `max`, written or a constant; tells nothing of what is none but a
  /// name that is wrong.
  std::optional<std::uint64_t> number(const ast::Value& written, std::uint64_t min,
                                      std::uint64_t max);
  /// Whether what `number` did not take is a name that is told as such.
  bool is_told(const ast::Value& written) const {
    return written.kind == ast::ValueKind::path && integer_constant(written) == nullptr;
  }
  void mismatch(const ast::Value& written, const model::Type& type);
  /// Tells of what `number` did not take.
  void bad_number(const ast::Value& written, const char* what, const std::string& bounds);
  /// Names the parameter that a wrong value is for.
  void label_parameter(diagnostics::Builder builder) const;
  std::optional<std::uint64_t> duration(const ast::Value& written, bool infinity_allowed);
  /// `is_kept`: of a state or data, where `@private` says something.
  model::Field field(const ast::Field& written, bool is_kept);
  std::vector<model::Field> fields(const std::vector<ast::Field>& written, std::string_view owner,
                                   bool trailing_defaults,
                                   std::vector<model::Removed>* removed = nullptr);

  // One file for each construct: check_data.cpp, check_server.cpp...
  void check(const ast::Const& written, model::Const& made);
  void check(const ast::Alias& written, model::Alias& made);
  std::string elixir_module(const ast::Annotation& written);
  void check(const ast::Struct& written, model::Struct& made);
  void check(const ast::Enum& written, model::Enum& made);
  void check(const ast::Union& written, model::Union& made);
  void check(const ast::Protocol& written, model::Protocol& made);
  void check(const ast::Server& written, model::Server& made);
  void check(const ast::Statem& written, model::Statem& made);
  void check(const ast::Events& written, model::Events& made);
  void check(const ast::Handler& written, model::Handler& made);
  void check(const ast::Topic& written, model::Topic& made);
  void check(const ast::Task& written, model::Task& made);
  void check(const ast::Agent& written, model::Agent& made);
  void check(const ast::Registry& written, model::Registry& made);
  void check(const ast::Supervisor& written, model::Supervisor& made);
  void check(const ast::Application& written, model::Application& made);
  // check_data.cpp
  bool is_too_deep(const model::Declaration& made);
  std::vector<model::Case> cases(const std::vector<ast::Case>& written, const std::string& owner,
                                 std::initializer_list<std::string_view> annotations,
                                 const char* what, std::vector<model::Removed>& removed);
  // check_server.cpp
  void check_shared(const ast::ServerBase& written, model::Server& made);
  /// `example` is what an `init` looks like there.
  void check_init(const std::vector<ast::Init>& written, const std::string& example,
                  model::Declaration& owner, std::vector<model::Field>& parameters,
                  const model::Union*& throws);
  void check_flag(const std::vector<ast::Span>& written, const char* flag, const std::string& owner,
                  bool& made);
  void check_mailbox(const ast::ServerBase& written, model::Server& made);
  void check_uses(const ast::Uses& written, model::Server& made);
  /// `state` is what a server or a machine declares to keep now.
  void check_upgrades(const ast::ServerBase& written,
                      const std::optional<std::vector<model::Field>>& state, model::Server& made);
  /// `said`: the versions that it has an upgrade from so far.
  void check_upgrade(const ast::Upgrade& written, const ast::ServerBase& owner, bool has_state,
                     std::map<std::uint64_t, source::Span>& said, model::Server& made);
  void take_topic(const ast::Uses& written, model::Server& made);
  void take_protocol(const ast::Path& written, model::Server& made);
  void add_message(model::Message message, model::Server& made);
  void tell_inherited_twice(const model::Message& message, const model::Message& other,
                            const model::Server& made);
  model::Message message(const ast::Message& written, const model::Server* server);
  void check_message(const ast::Message& written, model::Message& made);
  std::string option_of(const ast::Annotation& written, const std::vector<std::string>& words);
  bool check_priority(const ast::Annotation& written, const ast::Message& message);
  const model::Union* thrown(const ast::Path& written);
  /// The time-out of a call or a task (`kind`); a warning when it is infinite.
  std::uint64_t timeout(const ast::Value& written, const char* kind, const std::string& owner);
  // check_statem.cpp
  /// Of a message of what is no server: the annotations that are for servers and protocols.
  void refuse_annotations(const ast::Message& written, const model::Message& made,
                          const char* deferred_help);
  std::vector<std::string> state_names(const ast::Statem& written);
  model::State state(const ast::State& written, const std::string& name, source::Span name_span,
                     const std::vector<std::string>& names, model::Statem& made);
  ast::Message with_target(ast::Message written, const std::vector<std::string>& names);
  std::vector<std::size_t> targets(const std::vector<ast::Name>& written,
                                   const std::vector<std::string>& names,
                                   const model::Statem& made);
  std::optional<std::size_t> event(const ast::Message& written, model::Statem& made);
  void postpone(const ast::State& written, model::State& state, const model::Statem& made);
  void check_final(const ast::State& written, const std::string& name);
  void check_ways(const model::Statem& made);
  // check_supervisor.cpp
  void check_child(const ast::Child& written, model::Supervisor& supervisor);
  void child_arguments(const ast::Child& written, model::Supervisor& supervisor,
                       model::Child& made);
  std::vector<model::Argument> arguments(const std::vector<ast::Argument>& written,
                                         const std::vector<model::Field>& parameters,
                                         const model::Declaration& target, const std::string& id);
  void check_missing(const std::vector<model::Argument>& given,
                     const std::vector<model::Field>& parameters, const model::Field* not_needed,
                     const model::Declaration& target, const std::string& id, source::Span span);
  void child_options(const ast::Child& written, const model::Supervisor& supervisor,
                     model::Child& made);
  /// Whether a supervisor ends by `auto_shutdown`; unclear when that is told to be wrong.
  enum class OwnEnd : std::uint8_t { never, normal, unclear };
  OwnEnd own_end(const model::Declaration& supervisor) const;
  /// False: what is written means nothing.
  bool child_restart(const ast::Child& written, model::Child& made);
  void child_shutdown(const ast::Child& written, model::Child& made);
  void child_significance(const ast::Child& written, const model::Supervisor& supervisor,
                          bool restart_known, model::Child& made);
  void child_name(const ast::Child& written, const model::Supervisor& supervisor,
                  model::Child& made);
  void child_handlers(const ast::Child& written, const model::Supervisor& supervisor,
                      model::Child& made);
  void check_intensity(const ast::Supervisor& written, model::Supervisor& made);
  void check_limits(const ast::Supervisor& written, model::Supervisor& made);
  void check_partition_number(const ast::Child& written, const model::Supervisor& made);
  void check_partition_key(const ast::Name& key, const model::Server& server,
                           const model::Supervisor& made);
  void check_partitions(const ast::Supervisor& written, model::Supervisor& made);
  void report_bad_option(source::Span span, const char* option, const std::string& given,
                         const std::vector<std::string>& words);
  /// Sets an enum by the index of the written word among `words`. False when it is none of them,
  /// which is told; nothing is done when none was written.
  template <class E>
  bool set_option(E& into, const char* option, const ast::Name& written,
                  const std::vector<std::string>& words) {
    if (written.text.empty()) return true;
    const auto found = std::ranges::find(words, written.text);
    if (found == words.end()) {
      report_bad_option(written.span, option, written.text, words);
      return false;
    }
    into = static_cast<E>(found - words.begin());
    return true;
  }
  void check_depends(const ast::Application& written, model::Application& made);

  const ast::File& file_;
  model::Module& module_;
  const Modules& modules_;
  diagnostics::Engine& diagnostics_;
  std::map<std::string, model::Declaration*, std::less<>> scope_;
  std::map<std::string, const model::Declaration*> by_lower_name_;  ///< those declared here
  std::map<const model::Declaration*, const ast::Declaration*> written_;
  std::set<const model::Declaration*> used_;
  const model::Declaration* current_ = nullptr;                ///< what is being resolved
  std::map<std::string, source::Span, std::less<>> imported_;  ///< name -> where it is imported
  std::set<std::string, std::less<>> missing_;  ///< names whose import failed: said once
  bool version_unclear_ = file_.version_unclear;
  /// What says a version, and of what.
  struct Age {
    source::Span span;
    ast::Name name;
    std::string word;
    source::Span said;
    std::uint64_t version = 0;
  };
  std::vector<Age> ages_;
  std::set<std::string> doubled_;       ///< names of two things
  std::set<std::string> wrong_events_;  ///< of state machines: `Door.open`
  std::vector<std::string> unclear_;    ///< those asked of a module that has errors itself
  /// What was told of an unknown name, and what was looked for.
  std::map<std::string, std::pair<diagnostics::Builder, std::string>, std::less<>> told_;
  std::size_t nameless_ = 0;                ///< declarations that may be what an unknown name means
  const model::Field* given_to_ = nullptr;  ///< whose argument is being checked
  std::set<const model::Declaration*> resolved_;
  std::vector<const model::Declaration*> resolving_;  ///< aliases and constants under way
};

/// Deletes one name with its comma, or the whole import when no name of it is needed.
void delete_import(const ast::Import& import, std::size_t index, bool all,
                   diagnostics::Builder builder);
/// Lists for did-you-mean.
std::vector<std::string> names_of(
    const std::map<std::string, model::Declaration*, std::less<>>& scope, Accepts accepts);
/// The largest value of an integer type.
std::uint64_t highest(const model::Type& type);
/// "`5`", "a list of 2"...: the value in a sentence.
std::string shown(const ast::Value& value);
/// "a struct", "a server"...
const char* described(const model::Declaration& declaration);
/// "the struct", "the server"...
std::string definite(const model::Declaration& declaration);
using model::duration_text;

}  // namespace otpc::sema
