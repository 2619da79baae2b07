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
enum class Place : std::uint8_t {
  plain,
  declaration,
  message,           ///< of a server or protocol; a parameter too
  machine,           ///< the event of a machine, in its client
  one_handler,       ///< the same, where it is a type in the class too
  handler_of_state,  ///< `idle_pay`
  event,             ///< of an event manager
  handler_call,
  union_case,
  topic_case,
  topic_key,
  top_namespace
};

std::string cpp_name(const std::string& name, Place place = Place::plain);
std::string cpp_name(const model::Declaration& declaration);
/// As the client of its owner and the class that serves it call it.
std::string cpp_name(const model::Message& message, const model::Declaration& owner);
/// What is sent: `Cart_add`.
std::string cpp_message_type(const model::Message& message, const model::Declaration& owner);
/// `::shop::cart`
std::string cpp_namespace(const model::Module& module);
/// `::shop::cart::Line`
std::string qualified_name(const model::Declaration& declaration);
/// `push_worker` -> `PushWorker`
std::string pascal_case(const std::string& name);

}  // namespace otpc::lower
