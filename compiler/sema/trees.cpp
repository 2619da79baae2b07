#include "sema/trees.h"

namespace otpc::sema {
namespace {

void walk(const model::Declaration* target, std::set<const model::Server*>& servers,
          std::set<const model::Supervisor*>& supervisors) {
  if (const auto* server = dynamic_cast<const model::Server*>(target)) servers.insert(server);
  const auto* supervisor = dynamic_cast<const model::Supervisor*>(target);
  if (supervisor == nullptr || !supervisors.insert(supervisor).second) return;
  for (const model::Child& child : supervisor->children) walk(child.target, servers, supervisors);
}

}  // namespace

std::set<const model::Server*> servers_below(const model::Declaration* target) {
  std::set<const model::Server*> servers;
  std::set<const model::Supervisor*> supervisors;
  walk(target, servers, supervisors);
  return servers;
}

std::set<const model::Supervisor*> supervisors_below(const model::Supervisor& root) {
  std::set<const model::Server*> servers;
  std::set<const model::Supervisor*> supervisors;
  walk(&root, servers, supervisors);
  return supervisors;
}

int population(const model::Program& program, const model::Server& server) {
  int count = 0;
  for (const model::Supervisor* supervisor : all_of<model::Supervisor>(program)) {
    for (const model::Child& child : supervisor->children) {
      if (child.target == &server) count += supervisor->dynamic ? 2 : 1;
    }
  }
  return count;
}

}  // namespace otpc::sema
