// The catalogue for people: a page about each number, with a schema that fails and one that passes.
#pragma once

#include <string>

#include <llvm/ADT/StringRef.h>

#include "diagnostics/engine.h"

namespace otpc::diagnostics {

/// The entry of "OTP0306"; "otp0306", "306" and "call_cycle" are understood too. Null for what is
/// none of the catalogue.
const Entry* find_entry(llvm::StringRef written);

/// The message with "..." where the names of a real mistake would stand.
std::string general_message(const Entry& entry);

/// The whole page, in Markdown: heading, what it means and why, schemas.
std::string explanation(const Entry& entry);

/// A line for each number: code, severity, message, and the name of a warning.
std::string explanation_index();

}  // namespace otpc::diagnostics
