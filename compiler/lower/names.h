// Names of the schema as names of C++.
//
// One rule: a name that is a keyword or an alternative token of C++, a macro of the usual headers,
// or a name that the generated class owns, gets an underscore behind it: `class` -> `class_`, a
// call `stop` -> `stop_`.
#pragma once

#include <cstdint>
#include <string>

#include "model/model.h"

namespace otpc::lower {

/// Where a name is used: besides C++ itself, each place owns some names.
enum class Place : std::uint8_t { plain, message, union_case, top_namespace };

std::string cpp_name(const std::string& name, Place place = Place::plain);
/// `::shop::cart`
std::string cpp_namespace(const model::Module& module);
/// `::shop::cart::Line`
std::string qualified_name(const model::Declaration& declaration);
/// `push_worker` -> `PushWorker`
std::string pascal_case(const std::string& name);

}  // namespace otpc::lower
