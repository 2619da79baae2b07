#include "syntax/word_habits.h"

#include <array>

namespace otpc::syntax {
namespace {

struct Habit {
  std::string_view word;
  const char* help;
  bool begins = false;  ///< means that only where a statement begins
};
constexpr bool begins = true;

/// What readers of Elixir, Erlang, protobuf and C++ write out of habit.
constexpr std::array habits{
    Habit{"def", "a message is declared with `call`, `cast` or `info`; its code is written in C++",
          begins},
    Habit{"defmodule", "a file begins with `module name;`", begins},
    Habit{"do", "a body stands between `{` and `}`"},
    Habit{"end", "a body is closed with `}`"},
    Habit{"use", "write `import other::module { Name };`; a server is `server Name { ... }`",
          begins},
    Habit{"handle_call", "write `call name(parameters) -> result;`", begins},
    Habit{"handle_cast", "write `cast name(parameters);`", begins},
    Habit{"handle_info", "write `info name(parameters);`", begins},
    Habit{"handle_continue", "write `continue name;`", begins},
    Habit{"gen_server", "a gen_server is declared with `server Name { ... }`", begins},
    Habit{"GenServer", "a GenServer is declared with `server Name { ... }`", begins},
    Habit{"message", "a record is declared with `struct Name { field: type; }`", begins},
    Habit{"service", "a service is declared with `server Name { ... }`", begins},
    Habit{"rpc", "write `call name(parameters) -> result;`", begins},
    Habit{"returns", "the result stands behind `->`"},
    Habit{"goto", "did you mean `to`?"},
    Habit{"repeated", "write `name: list<type>;`"},
    Habit{"required", "every field is required unless its type ends in `?`"},
    Habit{"optional", "an optional field has a type that ends in `?`"},
    Habit{"package", "a file begins with `module name;`", begins},
    Habit{"namespace", "a file begins with `module name;`, which becomes the namespace", begins},
    Habit{"using", "write `alias Name = type;`", begins},
    Habit{"typedef", "write `alias Name = type;`", begins},
    Habit{"class", "write `struct Name { field: type; }` or `server Name { ... }`", begins},
    Habit{"interface", "write `server Name { ... }`", begins},
    Habit{"void", "a call without a result has no `->`"},
    Habit{"int",
          "the integer types are i8 to i64 and u8 to u64; the name stands first: `count: i64`"},
    Habit{"include", "write `import other::module { Name };`", begins},
    Habit{"worker", "write `child name: Server(arguments);`", begins},
    Habit{"children", "write one `child name: Server(arguments);` for each", begins},
};

}  // namespace

const char* word_of_habit(std::string_view word, bool first) {
  for (const Habit& habit : habits) {
    if (habit.word == word && (first || !habit.begins)) return habit.help;
  }
  return "";
}

}  // namespace otpc::syntax
