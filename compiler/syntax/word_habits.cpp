#include "syntax/word_habits.h"

#include <array>

namespace otpc::syntax {
namespace {

struct Habit {
  std::string_view word;
  const char* help;
};

/// What readers of Elixir, Erlang, protobuf and C++ write out of habit.
constexpr std::array habits{
    Habit{"def", "a message is declared with `call`, `cast` or `info`; its code is written in C++"},
    Habit{"defmodule", "a file begins with `module name;`"},
    Habit{"do", "a body stands between `{` and `}`"},
    Habit{"end", "a body is closed with `}`"},
    Habit{"use", "write `import other::module { Name };`; a server is `server Name { ... }`"},
    Habit{"handle_call", "write `call name(parameters) -> result;`"},
    Habit{"handle_cast", "write `cast name(parameters);`"},
    Habit{"handle_info", "write `info name(parameters);`"},
    Habit{"handle_continue", "write `continue name;`"},
    Habit{"gen_server", "a gen_server is declared with `server Name { ... }`"},
    Habit{"GenServer", "a GenServer is declared with `server Name { ... }`"},
    Habit{"message", "a record is declared with `struct Name { field: type; }`"},
    Habit{"service", "a service is declared with `server Name { ... }`"},
    Habit{"rpc", "write `call name(parameters) -> result;`"},
    Habit{"returns", "the result stands behind `->`"},
    Habit{"goto", "did you mean `to`?"},
    Habit{"repeated", "write `name: list<type>;`"},
    Habit{"required", "every field is required unless its type ends in `?`"},
    Habit{"optional", "an optional field has a type that ends in `?`"},
    Habit{"package", "a file begins with `module name;`"},
    Habit{"namespace", "a file begins with `module name;`, which becomes the namespace"},
    Habit{"using", "write `alias Name = type;`"},
    Habit{"typedef", "write `alias Name = type;`"},
    Habit{"class", "write `struct Name { field: type; }` or `server Name { ... }`"},
    Habit{"interface", "write `server Name { ... }`"},
    Habit{"void", "a call without a result has no `->`"},
    Habit{"int",
          "the integer types are i8 to i64 and u8 to u64; the name stands first: `count: i64`"},
    Habit{"include", "write `import other::module { Name };`"},
    Habit{"worker", "write `child name: Server(arguments);`"},
    Habit{"children", "write one `child name: Server(arguments);` for each"},
};

}  // namespace

const char* word_of_habit(std::string_view word) {
  for (const Habit& habit : habits) {
    if (habit.word == word) return habit.help;
  }
  return "";
}

}  // namespace otpc::syntax
