#include "ast/ast.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace otpc::ast {
namespace {

struct Place {
  std::string_view annotation;
  const char* before;
};

constexpr std::array places{
    Place{"language", "`module`"},
    Place{"added", "a declaration, a message, a field or another member"},
    Place{"deprecated", "a declaration, a message, a field or another member"},
    Place{"removed", "a declaration, a message, a field or another member; not a parameter"},
    Place{"was", "a declaration, a message, a field or another member"},
    Place{"deferred", "a `call` of a server or protocol"},
    Place{"blocking", "a `call` of a server or protocol"},
    Place{"priority", "a `call`, `cast` or `info` of a server or protocol"},
    Place{"private", "a field of `state` or `data`"},
    Place{"transient", "a case of an error"},
    Place{"skip_expired", "a `server`"},
    Place{"callback_mode", "a `statem`"},
    Place{"record", "a `struct`"},
    Place{"json_keys", "a `struct`"},
    Place{"elixir", "a `struct`"},
    Place{"flat", "a `union` or `error`"},
};

constexpr std::array<std::string_view, 25> types{
    "bool", "i8",    "i16",    "i32",   "i64",    "u8",       "u16",   "u32",  "u64",
    "f32",  "f64",   "string", "bytes", "atom",   "duration", "time",  "list", "map",
    "set",  "array", "pid",    "ref",   "bigint", "term",     "opaque"};

}  // namespace

std::span<const std::string_view> built_in_types() noexcept { return types; }

bool is_built_in_type(std::string_view name) noexcept {
  return std::ranges::find(types, name) != types.end();
}

std::string place_of_annotation(std::string_view name) {
  const auto* const found = std::ranges::find(places, name, &Place::annotation);
  if (found == std::end(places)) return {};
  return "`@" + std::string(name) + "` stands before " + found->before;
}

std::string Path::text() const {
  std::string text;
  for (const Name& part : parts) text += (text.empty() ? "" : "::") + part.text;
  return text;
}

const Decorated& decorated(const Declaration& declaration) {
  return std::visit([](const auto& each) -> const Decorated& { return each; }, declaration);
}

}  // namespace otpc::ast
