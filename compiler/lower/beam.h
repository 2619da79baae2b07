// What Erlang and Elixir have in common: the modules that a schema becomes, the order and shape of
// their functions, requests as the wire has them. How a name, a type or a text is written is the
// language's own (lower_erlang.cpp, lower_elixir.cpp).
//
// The wire is that of OTP: a call is `gen_server:call(Server, {add, Line})`, without parameters
// `gen_server:call(Server, size)`; structs are maps, enums atoms, unions atoms or `{tag, Map}`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lower/beam_names.h"
#include "lower/lower.h"
#include "lower/parts.h"

namespace otpc::lower {

class Beam {
 public:
  explicit Beam(std::string generator_version) : generator_version_(std::move(generator_version)) {}
  virtual ~Beam() = default;

  /// A module of types and constants, and one for each construct that has clients.
  std::vector<File> files(const model::Module& module);

 protected:
  /// What a comment stands before.
  enum class Documented : std::uint8_t { module, type, function };

  virtual std::string language() const = 0;
  virtual std::string atom(const std::string& name) const = 0;
  virtual std::string text(const std::string& utf8) const = 0;
  /// As attributes of a module have it.
  virtual std::string literal(const std::string& plain) const = 0;
  virtual std::string variable(const std::string& name) const = 0;
  virtual std::string remote_type(const model::Module& module, const std::string& name) const = 0;
  virtual std::string string_type() const = 0;
  virtual std::string map_type(const std::string& key, const std::string& value) const = 0;
  /// The keys of a map that stands for a struct.
  virtual std::string key_type(const std::string& key, bool required,
                               const std::string& value) const = 0;
  virtual std::string map_of_keys(const std::string& keys) const = 0;
  /// What is accepted for an absent value, and the value that is given.
  virtual std::string none_type() const = 0;
  virtual std::string none() const = 0;
  virtual std::string module_name(const model::Module& module) const = 0;
  virtual std::string module_name(const model::Declaration& declaration) const = 0;
  virtual std::string path(const model::Module& module) const = 0;
  virtual std::string path(const model::Declaration& declaration) const = 0;
  virtual std::string comment(const std::string& doc, Documented what) const = 0;

  static std::vector<std::string> lines(const std::string& doc);

 private:
  /// A function of a client module: its parameters, and how it is called with fewer of them.
  struct Function {
    std::string name;
    const std::vector<model::Field>& parameters;
    const char* subject;  ///< its first parameter, which the schema does not have; or null
  };

  File file(const model::Declaration& declaration, const char* kind, Object data);
  std::optional<File> types(const model::Module& module);
  std::optional<File> client(const model::Declaration& declaration);
  File messages_client(const model::Declaration& declaration,
                       const std::vector<model::Message>& messages, const model::Server* server);
  File events_client(const model::Events& declaration);
  File handler_client(const model::Handler& declaration);
  File topic_client(const model::Topic& declaration);
  File task_client(const model::Task& declaration);

  Object function(const Function& function);
  Array constants(const model::Module& module);

  std::string type(const model::Type& type);
  std::string user_type(const model::Declaration& declaration);
  /// Whether a value of the type can look like an absent one.
  static bool may_look_absent(const model::Type& type);
  std::string struct_type(const model::Struct& declaration);
  std::string items_type(const std::vector<model::Field>& fields);
  std::string fields_type(const std::vector<model::Field>& fields, const model::Module& of,
                          const std::string& elixir_struct = {});
  std::string choice_type(const model::Union& declaration);
  std::string deprecated(const model::Life& life) const;
  std::string enum_type(const model::Enum& declaration);
  std::string result_type(const std::optional<model::Type>& result, const model::Union* throws);
  std::string value(const model::Value& value, const model::Type& type);
  std::string default_value(const model::Field& field);
  std::string request(const std::string& name, const std::string& arguments) const;
  std::string timeout(std::uint64_t nanoseconds) const;
  std::string type_name(const model::Declaration& declaration);

  std::string generator_version_;
  const model::Module* inside_ = nullptr;  ///< whose types are its own just now
  std::map<const model::Module*, std::map<const model::Declaration*, std::string>> type_names_;
};

}  // namespace otpc::lower
