#include "model/model.h"

#include <cstdio>
#include <string_view>
#include <utility>

namespace otpc::model {
namespace {

std::string joined(const std::vector<Type>& types) {
  std::string text;
  for (const Type& each : types) text += (text.empty() ? "" : ", ") + each.text();
  return text;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char each : text) {
    const std::size_t known = std::string_view("\n\t\r\0\"\\", 6).find(each);
    result += known == std::string_view::npos ? std::string(1, each)
                                              : std::string{'\\', "ntr0\"\\"[known]};
  }
  return result + "\"";
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
    case TypeKind::bigint:
      return "bigint";
    case TypeKind::term:
      return "term";
    case TypeKind::opaque:
      return "opaque";
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
const char* word(None none) {
  constexpr const char* words[] = {"omit", "undefined", "nil"};
  return words[static_cast<std::size_t>(none)];
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

std::string Declaration::wire_qualified() const { return module->name() + "." + wire_name(); }

std::string Value::digits() const {
  return (negative ? "-" : "") + (text.empty() ? std::to_string(magnitude) : text);
}

std::string Value::written() const {
  switch (kind) {
    case ValueKind::integer:
      return digits();
    case ValueKind::floating: {
      char buffer[64];
      std::snprintf(buffer, sizeof buffer, "%.17g", floating);
      const std::string shown(buffer);
      return shown.find_first_of(".en") == std::string::npos ? shown + ".0" : shown;
    }
    case ValueKind::boolean:
      return boolean ? "true" : "false";
    case ValueKind::text:
      return quoted(text);
    case ValueKind::duration:
      return duration_text(magnitude);
    case ValueKind::member:
      return text;
    case ValueKind::list: {
      std::string list;
      for (const Value& each : items) list += (list.empty() ? "" : ", ") + each.written();
      return "[" + list + "]";
    }
    case ValueKind::env:
      return "env." + text;
    case ValueKind::none:
      break;
  }
  return "none";
}

std::string told(const std::string& doc, const Life& life) {
  std::string text = doc;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : "\n") + line; };
  if (life.added > 1) add("Since version " + std::to_string(life.added) + ".");
  if (life.deprecated != 0) {
    add("Deprecated since version " + std::to_string(life.deprecated) +
        (life.use_instead.empty() ? "." : ": use `" + life.use_instead + "`."));
  }
  return text;
}

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
