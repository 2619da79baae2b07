// Walking supervision trees.
#pragma once

#include <set>
#include <vector>

#include "model/model.h"

namespace otpc::sema {

template <class D>
std::vector<const D*> all_of(const model::Program& program) {
  std::vector<const D*> found;
  for (const auto& module : program.modules) {
    for (const auto& declaration : module->declarations) {
      if (const auto* each = dynamic_cast<const D*>(declaration.get())) found.push_back(each);
    }
  }
  return found;
}

/// The worker that this child is, or those that run below it. Safe on cyclic trees.
std::set<const model::Worker*> workers_below(const model::Declaration* target);
/// The supervisor and all supervisors below it.
std::set<const model::Supervisor*> supervisors_below(const model::Supervisor& root);
/// How many processes of this server the program has: 0, 1, or 2 for many.
int population(const model::Program& program, const model::Server& server);

}  // namespace otpc::sema
