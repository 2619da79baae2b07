// Checks that look at a whole program: cycles, supervision trees, start order, configuration.
#pragma once

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

}  // namespace otpc::sema
