// The macros of the C library, which no name in C++ may be.
#pragma once

namespace otpc::lower {

/// Those of the headers that generated code includes and of the C headers of C++, with blanks
/// between them. Those that begin with an underscore or with `SYS_` are left out: they have a rule.
extern const char* const c_macros;

}  // namespace otpc::lower
