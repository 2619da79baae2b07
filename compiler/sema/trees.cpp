#include "sema/trees.h"

namespace otpc::sema {
namespace {

void walk(const model::Declaration* target, std::set<const model::Worker*>& workers,
          std::set<const model::Supervisor*>& supervisors) {
  if (const auto* worker = dynamic_cast<const model::Worker*>(target)) workers.insert(worker);
  const auto* supervisor = dynamic_cast<const model::Supervisor*>(target);
  if (supervisor == nullptr || !supervisors.insert(supervisor).second) return;
  for (const model::Child& child : supervisor->children) walk(child.target, workers, supervisors);
}

}  // namespace

std::set<const model::Worker*> workers_below(const model::Declaration* target) {
  std::set<const model::Worker*> workers;
  std::set<const model::Supervisor*> supervisors;
  walk(target, workers, supervisors);
  return workers;
}

std::set<const model::Supervisor*> supervisors_below(const model::Supervisor& root) {
  std::set<const model::Worker*> workers;
  std::set<const model::Supervisor*> supervisors;
  walk(&root, workers, supervisors);
  return supervisors;
}

int population(const model::Program& program, const model::Server& server) {
  int count = 0;
  for (const model::Supervisor* supervisor : all_of<model::Supervisor>(program)) {
    for (const model::Child& child : supervisor->children) {
      if (child.target == &server)
        count += supervisor->type == model::SupervisorKind::supervisor ? 1 : 2;
    }
  }
  return count;
}

}  // namespace otpc::sema
