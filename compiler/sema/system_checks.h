// Checks that look at a whole program: cycles, supervision trees, start order, configuration.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "diagnostics/engine.h"
#include "model/model.h"

namespace otpc::sema {

/// A struct or union that contains itself by value.
void check_recursive_values(const model::Program& program, diagnostics::Engine& diagnostics);
/// Synchronous call cycles, and time-outs that are shorter than what they wait for.
void check_calls(const model::Program& program, diagnostics::Engine& diagnostics);
/// Supervision cycles, start order, dependencies between siblings, restart storms, process names.
void check_trees(const model::Program& program, diagnostics::Engine& diagnostics);
/// Dependency cycles, what is used and started nowhere, and where `env.x` comes from; notes in each
/// supervisor whose configuration it needs.
void check_applications(model::Program& program, diagnostics::Engine& diagnostics);

/// Versions that refer to later ones, and what would have to leave its node and cannot.
void check_versions(const model::Program& program, diagnostics::Engine& diagnostics);
/// Doc comments, when that is asked for.
void check_docs(const model::Program& program, diagnostics::Engine& diagnostics);

/// As many steps of a circle as a reader takes in.
inline constexpr std::size_t drawn_at_most = 20;
/// "A -> B -> A"; of a long way only how it begins and ends.
std::string drawn(const std::vector<std::string>& names);

struct Drawing {
  std::string text;  ///< what a message has room for: "A -> ... -> A"
  std::string note;  ///< the rest; empty when there is none
};
Drawing draw(const std::vector<std::string>& names);

}  // namespace otpc::sema
