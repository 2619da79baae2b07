#include "lower/cpp_types.h"

#include <cmath>
#include <cstdio>

#include <llvm/ADT/StringRef.h>

#include "lower/names.h"

namespace otpc::lower {

using model::Type;
using model::TypeKind;

namespace {

std::string joined_types(const Type& type) {
  std::string text;
  for (const Type& each : type.arguments) text += (text.empty() ? "" : ", ") + cpp_type(each);
  return text;
}

std::string cpp_integer(const model::Value& value, const Type& type) {
  // The smallest i64 has no literal of its own.
  if (value.negative && value.magnitude == std::uint64_t{1} << 63)
    return "(-9223372036854775807 - 1)";
  const std::string digits = (value.negative ? "-" : "") + std::to_string(value.magnitude);
  if (type.kind == TypeKind::i64) return digits + "LL";
  return type.kind == TypeKind::u64 || type.kind == TypeKind::u32
             ? digits + (type.kind == TypeKind::u64 ? "ULL" : "U")
             : digits;
}

std::string cpp_floating(double value, TypeKind kind) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", value);
  std::string result(text);
  if (result.find_first_of(".en") == std::string::npos) result += ".0";
  return kind == TypeKind::f32 ? result + "F" : result;
}

}  // namespace

std::string cpp_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean:
      return "bool";
    case TypeKind::i8:
      return "::std::int8_t";
    case TypeKind::i16:
      return "::std::int16_t";
    case TypeKind::i32:
      return "::std::int32_t";
    case TypeKind::i64:
      return "::std::int64_t";
    case TypeKind::u8:
      return "::std::uint8_t";
    case TypeKind::u16:
      return "::std::uint16_t";
    case TypeKind::u32:
      return "::std::uint32_t";
    case TypeKind::u64:
      return "::std::uint64_t";
    case TypeKind::f32:
      return "float";
    case TypeKind::f64:
      return "double";
    case TypeKind::string:
      return "::std::string";
    case TypeKind::bytes:
      return "::std::vector<::std::byte>";
    case TypeKind::atom:
      return "::otp::Name";
    case TypeKind::duration:
      return "::std::chrono::nanoseconds";
    case TypeKind::time:
      return "::std::chrono::system_clock::time_point";
    case TypeKind::ref:
      return "::otp::Ref";
    case TypeKind::bigint:
      return "::otp::BigInt";
    case TypeKind::term:
      return "::otp::Term";
    case TypeKind::opaque:
      return "::otp::Opaque";
    case TypeKind::list:
      return "::std::vector<" + joined_types(type) + ">";
    case TypeKind::map:
      return "::std::map<" + joined_types(type) + ">";
    case TypeKind::set:
      return "::std::set<" + joined_types(type) + ">";
    case TypeKind::array:
      return "::std::array<" + joined_types(type) + ", " + std::to_string(type.count) + ">";
    case TypeKind::optional:
      return "::std::optional<" + joined_types(type) + ">";
    case TypeKind::tuple:
      return "::std::tuple<" + joined_types(type) + ">";
    case TypeKind::pid:
      return type.user == nullptr ? "::otp::Pid" : qualified_name(*type.user);
    case TypeKind::user:
      return qualified_name(*type.user);
    case TypeKind::invalid:
      break;
  }
  return "void";
}

std::string cpp_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\%03o",
                    byte);  // exactly three digits: what follows stays apart
      result += escape;
    } else if (c == '?') {
      result += "\\?";  // no trigraphs
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string cpp_duration(std::uint64_t nanoseconds) {
  return "::std::chrono::nanoseconds{" + std::to_string(nanoseconds) + "}";
}

std::string cpp_value(const model::Value& value, const Type& type) {
  if (type.kind == TypeKind::optional) {
    return value.kind == model::ValueKind::none ? "::std::nullopt"
                                                : cpp_value(value, type.arguments.front());
  }
  switch (value.kind) {
    case model::ValueKind::integer:
      return type.kind == TypeKind::bigint ? "::otp::BigInt(\"" + value.digits() + "\")"
                                           : cpp_integer(value, type);
    case model::ValueKind::floating:
      return cpp_floating(value.floating, type.kind);
    case model::ValueKind::boolean:
      return value.boolean ? "true" : "false";
    case model::ValueKind::duration:
      return cpp_duration(value.magnitude);
    case model::ValueKind::member:
      return qualified_name(*value.user) + "::" + cpp_name(value.text);
    case model::ValueKind::text:
      if (type.kind == TypeKind::bytes) {
        std::string bytes;
        for (const char c : value.text) {
          bytes += bytes.empty() ? "" : ", ";
          bytes += "::std::byte{" + std::to_string(static_cast<unsigned char>(c)) + "}";
        }
        return cpp_type(type) + "{" + bytes + "}";
      }
      if (type.kind == TypeKind::atom) return "::otp::Name(" + cpp_string(value.text) + ")";
      return "::std::string(" + cpp_string(value.text) + ", " + std::to_string(value.text.size()) +
             ")";
    case model::ValueKind::list: {
      std::string items;
      for (const model::Value& item : value.items)
        items += (items.empty() ? "" : ", ") + cpp_value(item, type.arguments.front());
      return cpp_type(type) + "{" + items + "}";
    }
    case model::ValueKind::none:
    case model::ValueKind::env:
      break;
  }
  return "{}";
}

std::string cpp_initializer(const model::Field& field) {
  if (!field.fallback || field.fallback->kind == model::ValueKind::none) return "{}";
  return " = " + cpp_value(*field.fallback, field.type);
}

std::string cpp_comment(const std::string& doc, const std::string& indent) {
  if (doc.empty()) return {};
  std::string text;
  std::size_t begin = 0;
  while (begin <= doc.size()) {
    const std::size_t end = std::min(doc.find('\n', begin), doc.size());
    std::string line = doc.substr(begin, end - begin);
    // A line that ends in a backslash, or what once was one, would swallow the next one.
    const llvm::StringRef end_of_line = llvm::StringRef(line).rtrim();
    if (end_of_line.ends_with("\\"))
      line = end_of_line.drop_back().str() + "&#92;";
    else if (end_of_line.ends_with("?\?/"))
      line = end_of_line.drop_back().str() + "&#47;";
    text += indent + (line.empty() ? "///" : "/// " + line) + "\n";
    begin = end + 1;
  }
  return text;
}

std::string cpp_comment(const std::string& doc, const model::Life& life,
                        const std::string& indent) {
  return cpp_comment(model::told(doc, life), indent);
}

std::string cpp_deprecated(const model::Life& life) {
  if (life.deprecated == 0) return {};
  const std::string since = "since version " + std::to_string(life.deprecated);
  const std::string use = life.use_instead.empty() ? "" : ": use " + life.use_instead;
  return "[[deprecated(" + cpp_string(since + use) + ")]] ";
}

}  // namespace otpc::lower
