// What only the rules of C++ names can tell of a schema.
#pragma once

#include "diagnostics/engine.h"
#include "model/model.h"

namespace otpc::lower {

/// Two names that become one: `class` and `class_`, the call `try_add` beside the call `add`.
void check_names(const model::Program& program, diagnostics::Engine& diagnostics);

}  // namespace otpc::lower
