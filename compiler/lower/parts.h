// One function for each construct; each gives the JSON object that its template fragment prints.
#pragma once

#include <set>

#include <llvm/Support/JSON.h>

#include "lower/lower.h"
#include "lower/names.h"
#include "model/model.h"

namespace otpc::lower {

using llvm::json::Array;
using llvm::json::Object;

Object lower_struct(const model::Struct& declaration);
Object lower_enum(const model::Enum& declaration);
Object lower_union(const model::Union& declaration);
Object lower_const(const model::Const& declaration);
Object lower_alias(const model::Alias& declaration);
Object lower_protocol(const model::Protocol& declaration);
Object lower_server(const model::Server& declaration);
Object lower_statem(const model::Statem& declaration);
Object lower_events(const model::Events& declaration);
Object lower_handler(const model::Handler& declaration);
Object lower_topic(const model::Topic& declaration);
Object lower_task(const model::Task& declaration);
Object lower_agent(const model::Agent& declaration);
Object lower_registry(const model::Registry& declaration);
Object lower_supervisor(const model::Supervisor& declaration);
Object lower_application(const model::Application& declaration);

/// What clients see of a server or a machine, and what both have in their classes.
Object lower_client(const model::Server& declaration, bool machine);
/// One call of something that is no server.
Object lower_call(const model::Declaration& owner, const model::Message& message);
/// The C++ type that a call gives: its result, or a std::expected where it throws.
std::string result_type(const model::Message& message);

/// Fields as struct members: doc, type, name, init.
Array lower_fields(const std::vector<model::Field>& fields, Place place = Place::plain);
/// What is a plain struct, as its fragment prints it.
Object lower_record(const std::string& name, const std::vector<model::Field>& fields);
/// How a struct speaks of itself, where a field may have its name: `Line`, or `struct line`.
std::string own_type(const std::string& name, const std::vector<model::Field>& fields);
/// Parameters: "type name" lists with and without defaults, the names alone, moved.
struct Parameters {
  std::string declared;   ///< `::std::int64_t by = 1, ` with a comma behind each
  std::string plain;      ///< the same without defaults
  std::string forwarded;  ///< `, ::std::move(by)`
};
Parameters lower_parameters(const std::vector<model::Field>& fields,
                            std::size_t without_default = 0);
/// What must be known before the client of a server is, and may be known only after it, because it
/// holds a pid of it. Empty for what has no client.
std::set<Part> circle_of(const model::Declaration& client);
/// How many of its first parameters have no default in the client: one is of its circle.
std::size_t without_default(const std::set<Part>& circle, const model::Message& message);
/// The configuration struct of an application: `MisivaEnv`, qualified.
std::string env_type(const model::Application& application);

}  // namespace otpc::lower
