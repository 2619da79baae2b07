// Types and constants of the schema as C++ writes them.
#pragma once

#include <string>

#include "model/model.h"

namespace otpc::lower {

std::string cpp_type(const model::Type& type);
/// An initialiser of exactly this type: `5`, `::std::string("text")`, `::shop::Reason::checkout`.
std::string cpp_value(const model::Value& value, const model::Type& type);
/// What a field without a default begins as: `{}`.
std::string cpp_initializer(const model::Field& field);
/// A text as a C++ string literal, with its quotes.
std::string cpp_string(const std::string& text);
/// `::std::chrono::nanoseconds{5000000000}`
std::string cpp_duration(std::uint64_t nanoseconds);
/// Lines of a doc comment, each with its slashes; nothing for an empty text.
std::string cpp_comment(const std::string& doc, const std::string& indent);
/// The same of a part that has versions, which are told.
std::string cpp_comment(const std::string& doc, const model::Life& life, const std::string& indent);
/// `[[deprecated("since version 3: use add")]] `, with the blank; nothing for what is not.
std::string cpp_deprecated(const model::Life& life);

}  // namespace otpc::lower
