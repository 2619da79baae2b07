#include "sema/check.h"

#include <deque>

#include "sema/module_checker.h"
#include "sema/system_checks.h"

namespace otpc::sema {

namespace {

void report_unused(const model::Program& program, const std::deque<ModuleChecker>& checkers) {
  std::set<const model::Declaration*> used;
  for (const ModuleChecker& each : checkers) {
    each.report_unused_imports();
    used.insert(each.used().begin(), each.used().end());
  }
  // What a module that is imported declares may be there for importers that are not read now.
  std::set<const model::Module*> imported;
  for (const auto& module : program.modules)
    imported.insert(module->imports.begin(), module->imports.end());
  for (std::size_t i = 0; i < checkers.size(); ++i) {
    if (!imported.contains(program.modules[i].get())) checkers[i].report_unused_types(used);
  }
}

}  // namespace

std::unique_ptr<model::Program> check(const std::vector<const ast::File*>& files,
                                      diagnostics::Engine& diagnostics) {
  auto program = std::make_unique<model::Program>();
  Modules modules;
  std::deque<ModuleChecker> checkers;
  for (const ast::File* file : files) {
    model::Module& module = *program->modules.emplace_back(std::make_unique<model::Module>());
    ModuleChecker& checker = checkers.emplace_back(*file, module, modules, diagnostics);
    checker.declare();
    if (!file->module.parts.empty()) modules.emplace(file->module.text(), &module);
    checker.resolve();
  }
  // A name that is misspelled would be told a second time as one that nobody uses.
  if (!diagnostics.may_hide_uses()) report_unused(*program, checkers);
  check_recursive_values(*program, diagnostics);
  check_calls(*program, diagnostics);
  check_trees(*program, diagnostics);
  check_applications(*program, diagnostics);
  check_versions(*program, diagnostics);
  check_docs(*program, diagnostics);
  // Some checks are left out when there are errors: who knows what they would have told.
  if (!diagnostics.is_wrong()) diagnostics.report_unused_allowances();
  return program;
}

}  // namespace otpc::sema
