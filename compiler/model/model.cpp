#include "model/model.h"

#include <utility>

namespace otpc::model {
namespace {

std::string joined(const std::vector<Type>& types) {
  std::string text;
  for (const Type& each : types) text += (text.empty() ? "" : ", ") + each.text();
  return text;
}

}  // namespace

const char* word(TypeKind kind) {
  switch (kind) {
    case TypeKind::invalid:
      return "?";
    case TypeKind::boolean:
      return "bool";
    case TypeKind::i8:
      return "i8";
    case TypeKind::i16:
      return "i16";
    case TypeKind::i32:
      return "i32";
    case TypeKind::i64:
      return "i64";
    case TypeKind::u8:
      return "u8";
    case TypeKind::u16:
      return "u16";
    case TypeKind::u32:
      return "u32";
    case TypeKind::u64:
      return "u64";
    case TypeKind::f32:
      return "f32";
    case TypeKind::f64:
      return "f64";
    case TypeKind::string:
      return "string";
    case TypeKind::bytes:
      return "bytes";
    case TypeKind::atom:
      return "atom";
    case TypeKind::duration:
      return "duration";
    case TypeKind::time:
      return "time";
    case TypeKind::ref:
      return "ref";
    case TypeKind::list:
      return "list";
    case TypeKind::map:
      return "map";
    case TypeKind::set:
      return "set";
    case TypeKind::array:
      return "array";
    case TypeKind::optional:
      return "optional";
    case TypeKind::tuple:
      return "tuple";
    case TypeKind::pid:
      return "pid";
    case TypeKind::user:
      return "user";
  }
  return "";
}
const char* word(Overflow overflow) {
  constexpr const char* words[] = {"reject", "drop_newest", "drop_oldest", "block"};
  return words[static_cast<std::size_t>(overflow)];
}
const char* word(Strategy strategy) {
  constexpr const char* words[] = {"one_for_one", "one_for_all", "rest_for_one"};
  return words[static_cast<std::size_t>(strategy)];
}
const char* word(AutoShutdown value) {
  constexpr const char* words[] = {"never", "any_significant", "all_significant"};
  return words[static_cast<std::size_t>(value)];
}
const char* word(Restart restart) {
  constexpr const char* words[] = {"permanent", "transient", "temporary"};
  return words[static_cast<std::size_t>(restart)];
}

std::string Declaration::qualified() const { return module->name() + "." + name; }

std::string Module::name() const {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : "::") + part;
  return text;
}

std::string Type::text() const {
  switch (kind) {
    case TypeKind::user:
      return user->name;
    case TypeKind::optional:
      return arguments.front().text() + "?";
    case TypeKind::tuple:
      return "(" + joined(arguments) + ")";
    case TypeKind::pid:
      return user == nullptr ? "pid" : "pid<" + user->name + ">";
    case TypeKind::array:
      return "array<" + arguments.front().text() + ", " + std::to_string(count) + ">";
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::set:
      return std::string(word(kind)) + "<" + joined(arguments) + ">";
    default:
      return word(kind);
  }
}

std::string duration_text(std::uint64_t nanoseconds) {
  if (nanoseconds == infinite) return "infinity";
  for (const auto& [unit, size] : {std::pair<const char*, std::uint64_t>{"h", 3'600'000'000'000},
                                   {"min", 60'000'000'000},
                                   {"s", 1'000'000'000},
                                   {"ms", 1'000'000},
                                   {"us", 1'000}}) {
    if (nanoseconds != 0 && nanoseconds % size == 0)
      return std::to_string(nanoseconds / size) + unit;
  }
  return std::to_string(nanoseconds) + "ns";
}

}  // namespace otpc::model
