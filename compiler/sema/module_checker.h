// The checking of one module; one file of this folder for each construct.
//
// Two passes: `declare` makes all declarations and the scope of names, `resolve` fills them in.
// Checks that look at the whole (call cycles, start order) come after and have headers of their
// own.
#pragma once

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

/// Finds the loaded module of an import.
using Modules = std::map<std::string, model::Module*, std::less<>>;

class ModuleChecker {
 public:
  ModuleChecker(const ast::File& file, model::Module& module, const Modules& modules,
                diagnostics::Engine& diagnostics)
      : file_(file), module_(module), modules_(modules), diagnostics_(diagnostics) {}

  void declare();
  void resolve();
  void report_unused() const;

 private:
  // resolve_names.cpp
  void declare_imports();
  void declare_one(const ast::Declaration& declaration);
  template <class D>
  D* add(const ast::Decorated& written);
  model::Declaration* find(const ast::Path& path, const char* wanted);
  /// The declaration of that kind, or null after a diagnostic.
  template <class D>
  const D* find_as(const ast::Path& path, const char* wanted);
  template <class Member>
  void check_duplicates(const std::vector<Member>& members, std::string_view owner);
  void check_reserved(const ast::Name& name);
  void check_annotations(const ast::Decorated& decorated,
                         std::initializer_list<std::string_view> known);
  static bool has_annotation(const ast::Decorated& decorated, std::string_view name);

  // resolve_types.cpp
  model::Type type(const ast::Type& written);
  model::Type named_type(const ast::Type& written);
  bool takes(const ast::Type& written, std::size_t types, bool count, const char* text);
  static bool can_be_key(const model::Type& type);

  // resolve_values.cpp
  std::optional<model::Value> value(const ast::Value& written, const model::Type& type);
  std::optional<model::Value> path_value(const ast::Value& written, const model::Type& type);
  std::optional<model::Value> integer_value(const ast::Value& written, const model::Type& type);
  void mismatch(const ast::Value& written, const model::Type& type);
  std::optional<std::uint64_t> duration(const ast::Value& written, bool infinity_allowed);
  model::Field field(const ast::Field& written);
  std::vector<model::Field> fields(const std::vector<ast::Field>& written, std::string_view owner,
                                   bool trailing_defaults);

  // check_data.cpp, check_server.cpp, check_supervisor.cpp, check_application.cpp
  void check(const ast::Const& written, model::Const& made);
  void check(const ast::Alias& written, model::Alias& made);
  void check(const ast::Struct& written, model::Struct& made);
  void check(const ast::Enum& written, model::Enum& made);
  void check(const ast::Union& written, model::Union& made);
  void check(const ast::Server& written, model::Server& made);
  void check(const ast::Supervisor& written, model::Supervisor& made);
  void check(const ast::Application& written, model::Application& made);
  model::Message message(const ast::Message& written, const model::Server& server);
  void check_message(const ast::Message& written, model::Message& made);
  const model::Union* thrown(const ast::Path& written);
  void check_child(const ast::Child& written, model::Supervisor& supervisor);
  void child_arguments(const ast::Child& written, model::Child& made);
  void child_options(const ast::Child& written, const model::Supervisor& supervisor,
                     model::Child& made);
  void check_depends(const ast::Application& written, model::Application& made);

  const ast::File& file_;
  model::Module& module_;
  const Modules& modules_;
  diagnostics::Engine& diagnostics_;
  std::map<std::string, model::Declaration*, std::less<>> scope_;
  std::map<const model::Declaration*, const ast::Declaration*> written_;
  std::set<const model::Declaration*> used_;
  std::map<std::string, source::Span, std::less<>> imported_;  ///< name -> where it is imported
  std::set<std::string, std::less<>> missing_;  ///< names whose import failed: said once
  std::set<const model::Declaration*> resolved_;
  std::vector<const model::Declaration*> resolving_;  ///< aliases and constants under way
};

/// Lists for did-you-mean.
std::vector<std::string> names_of(
    const std::map<std::string, model::Declaration*, std::less<>>& scope);
/// "the struct", "a server"...
const char* described(model::DeclarationKind kind);
/// 5s, 250ms, 1min: as a schema writes it.
std::string duration_text(std::uint64_t nanoseconds);

}  // namespace otpc::sema
