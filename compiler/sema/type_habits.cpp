#include "sema/type_habits.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace otpc::sema {
namespace {

struct Habit {
  std::string_view type;
  const char* help;
};

constexpr const char* no_result = "a call without a result has no `->`";
constexpr const char* integers = "the integer types are i8 to i64 and u8 to u64, and `bigint`";
constexpr const char* floats = "the floating-point types are `f32` and `f64`";
constexpr const char* texts = "a text is a `string`";
constexpr const char* octets = "bytes are `bytes`";
constexpr const char* lists = "a list is written `list<type>`";
constexpr const char* maps = "a map is written `map<key, value>`";
constexpr const char* optionals = "what may be absent has a type that ends in `?`";
constexpr const char* truths = "true or false is a `bool`";
constexpr const char* terms = "any Erlang term is a `term`";
constexpr const char* times = "a point in time is a `time`";
constexpr const char* tuples = "a tuple is written `(A, B)`";

/// The types of C++, Elixir, Erlang and protobuf that readers write out of habit.
constexpr std::array habits{
    Habit{"void", no_result},    Habit{"unit", no_result},       Habit{"int", integers},
    Habit{"integer", integers},  Habit{"uint", integers},        Habit{"long", integers},
    Habit{"short", integers},    Habit{"unsigned", integers},    Habit{"size_t", integers},
    Habit{"int8", integers},     Habit{"int16", integers},       Habit{"int32", integers},
    Habit{"int64", integers},    Habit{"uint8", integers},       Habit{"uint16", integers},
    Habit{"uint32", integers},   Habit{"uint64", integers},      Habit{"int8_t", integers},
    Habit{"int16_t", integers},  Habit{"int32_t", integers},     Habit{"int64_t", integers},
    Habit{"uint8_t", integers},  Habit{"uint16_t", integers},    Habit{"uint32_t", integers},
    Habit{"uint64_t", integers}, Habit{"pos_integer", integers}, Habit{"non_neg_integer", integers},
    Habit{"float", floats},      Habit{"double", floats},        Habit{"number", floats},
    Habit{"str", texts},         Habit{"text", texts},           Habit{"string_view", texts},
    Habit{"char", texts},        Habit{"binary", octets},        Habit{"byte", octets},
    Habit{"vector", lists},      Habit{"deque", lists},          Habit{"repeated", lists},
    Habit{"dict", maps},         Habit{"unordered_map", maps},   Habit{"optional", optionals},
    Habit{"maybe", optionals},   Habit{"boolean", truths},       Habit{"tuple", tuples},
    Habit{"pair", tuples},       Habit{"ok", no_result},         Habit{"nil", optionals},
    Habit{"null", optionals},    Habit{"i128", integers},        Habit{"u128", integers},
    Habit{"any", terms},         Habit{"timestamp", times},      Habit{"datetime", times},
    Habit{"date", times},
};

}  // namespace

const char* type_of_habit(llvm::StringRef name) {
  name.consume_front("std::");
  if (name == "string") return texts;
  if (name == "map") return maps;
  const auto found = std::ranges::find(habits, std::string_view(name), &Habit::type);
  return found == habits.end() ? "" : found->help;
}

llvm::StringRef value_of_habit(llvm::StringRef name) {
  const std::string word = name.lower();
  for (const llvm::StringRef truth : {"true", "false"}) {
    if (word == truth) return truth;
  }
  const std::array absent{"null", "undefined", "nil", "none", "nullptr", "nullopt", "nothing"};
  return std::ranges::find(absent, word) == absent.end() ? "" : "none";
}

bool is_infinity_of_habit(llvm::StringRef name) {
  const std::array words{"infinite", "infinity", "inf", "forever", "endless", "unlimited"};
  return std::ranges::find(words, name.lower()) != words.end();
}

}  // namespace otpc::sema
