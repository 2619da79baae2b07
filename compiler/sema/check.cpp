#include "sema/check.h"

#include <deque>

#include "sema/module_checker.h"
#include "sema/system_checks.h"

namespace otpc::sema {

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
    checker.report_unused();
  }
  check_recursive_values(*program, diagnostics);
  check_calls(*program, diagnostics);
  check_trees(*program, diagnostics);
  check_applications(*program, diagnostics);
  return program;
}

}  // namespace otpc::sema
