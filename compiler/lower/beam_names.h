// Names of the schema as names of Erlang and Elixir.
//
// Atoms on the wire are spelled as the schema spells them. What is only a name in the code becomes
// what is usual there: functions, types and variables of Elixir in snake_case, variables of Erlang
// and modules of Elixir in PascalCase. One rule for what is taken, as in C++: a word of either
// language, a name of its libraries or one that stands there already gets an underscore behind it.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace otpc::lower {

enum class BeamPlace : std::uint8_t { function, type };

/// `CartError` -> `cart_error`; `end` -> `end_`; as a type also `list` -> `list_`.
std::string beam_name(const std::string& name, BeamPlace place = BeamPlace::function);
/// `sku_list` -> `SkuList`: a variable of Erlang, a part of a module's name in Elixir.
std::string beam_pascal(const std::string& name);
/// Letters, digits and underscores: an atom that Elixir writes without quotes.
bool is_word(const std::string& name);
/// Whether it is a module of Erlang's kernel and stdlib, or begins modules of Elixir's.
bool is_erlang_module(const std::string& name);
bool is_elixir_module(const std::string& first_part);

/// The names of one scope.
class BeamScope {
 public:
  BeamScope(std::initializer_list<const char*> owned) { taken_.insert(owned.begin(), owned.end()); }
  /// The name, or the first of `name_`, `name__`... that is free.
  std::string take(std::string name) {
    while (!taken_.insert(name).second) name += '_';
    return name;
  }

 private:
  std::set<std::string> taken_;
};

}  // namespace otpc::lower
