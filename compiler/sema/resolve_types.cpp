#include <array>

#include "sema/module_checker.h"

namespace otpc::sema {
namespace {

using model::DeclarationKind;
using model::Type;
using model::TypeKind;

struct Simple {
  std::string_view name;
  TypeKind kind;
};
constexpr std::array simple_types{
    Simple{"bool", TypeKind::boolean},      Simple{"i8", TypeKind::i8},
    Simple{"i16", TypeKind::i16},           Simple{"i32", TypeKind::i32},
    Simple{"i64", TypeKind::i64},           Simple{"u8", TypeKind::u8},
    Simple{"u16", TypeKind::u16},           Simple{"u32", TypeKind::u32},
    Simple{"u64", TypeKind::u64},           Simple{"f32", TypeKind::f32},
    Simple{"f64", TypeKind::f64},           Simple{"string", TypeKind::string},
    Simple{"bytes", TypeKind::bytes},       Simple{"atom", TypeKind::atom},
    Simple{"duration", TypeKind::duration}, Simple{"time", TypeKind::time},
    Simple{"ref", TypeKind::ref},           Simple{"bigint", TypeKind::bigint},
    Simple{"term", TypeKind::term},         Simple{"opaque", TypeKind::opaque},
};

/// Aliases of aliases: a few lines may mean a type that no memory holds.
constexpr std::size_t parts_at_most = 1000;

std::size_t parts_of(const Type& type) {
  std::size_t count = 1;
  for (const Type& each : type.arguments) count += parts_of(each);
  return count;
}

}  // namespace

Type ModuleChecker::type(const ast::Type& written) {
  Type result = written_type(written);
  if (parts_of(result) <= parts_at_most) return result;
  diagnostics_.emit(Id::type_too_large, written.span, parts_at_most)
      .help("make a struct of some of its parts");
  return {};
}

Type ModuleChecker::written_type(const ast::Type& written) {
  Type result;
  if (written.tuple) {
    result.kind = TypeKind::tuple;
    for (const ast::Type& part : written.arguments) result.arguments.push_back(type(part));
  } else {
    result = named_type(written);
  }
  if (!written.optional || result.kind == TypeKind::invalid) return result;
  if (written.optional_twice || result.kind == TypeKind::optional) {
    diagnostics_.emit(Id::nested_optional, written.span, result.text())
        .help("one `?` is enough")
        .fix(diagnostics::FixLevel::safe,
             {written.span.file, written.span.end - 1, written.span.end}, "");
    if (result.kind == TypeKind::optional) return result;
  }
  Type optional;
  optional.kind = TypeKind::optional;
  optional.arguments.push_back(std::move(result));
  return optional;
}

bool ModuleChecker::takes(const ast::Type& written, std::size_t types, bool count,
                          const char* text) {
  if (written.arguments.size() == types && written.count.has_value() == count) return true;
  auto builder =
      diagnostics_.emit(Id::wrong_type_arguments, written.span, written.path.text(), text);
  if (count && !written.count && written.arguments.size() == types + 1)
    builder.help("the size is a written number, no constant");
  return false;
}

bool ModuleChecker::can_be_key(const Type& type) {
  switch (type.kind) {
    case TypeKind::f32:
    case TypeKind::f64:
    case TypeKind::map:
    case TypeKind::set:
    case TypeKind::pid:
    case TypeKind::term:
    case TypeKind::opaque:
      return false;
    case TypeKind::user:
      return type.user->kind == DeclarationKind::enumeration;
    case TypeKind::list:
    case TypeKind::array:
    case TypeKind::optional:
    case TypeKind::tuple:
      for (const Type& part : type.arguments) {
        if (!can_be_key(part)) return false;
      }
      return true;
    default:
      return true;
  }
}

void ModuleChecker::tell_bad_key(source::Span span, const Type& type) {
  const bool has_parts = type.kind == TypeKind::user;
  const bool number = type.kind == TypeKind::f32 || type.kind == TypeKind::f64;
  diagnostics_.emit(Id::bad_map_key, span, type.text())
      .help(has_parts ? "take what tells one from another, such as an id of type `u64`"
            : number  ? "take a whole number: thousandths, cents"
                      : "a key is a bool, an integer, a string, bytes, an atom, an enum, a time "
                        "or a duration, or a list, tuple or optional of these");
}

Type ModuleChecker::named_type(const ast::Type& written) {
  if (written.path.parts.empty()) return {};
  const std::string name = written.path.text();
  Type result;
  for (const Simple& simple : simple_types) {
    if (name != simple.name || scope_.contains(name)) continue;
    if (takes(written, 0, false, "no type arguments")) result.kind = simple.kind;
    return result;
  }
  if (name == "list" || name == "set" || name == "map" || name == "array")
    return container_type(written, name);
  if (name == "pid") return pid_type(written);
  return declared_type(written, name);
}

Type ModuleChecker::container_type(const ast::Type& written, std::string_view name) {
  Type result;
  const bool fits = name == "map" ? takes(written, 2, false, "two types: `map<string, u32>`")
                    : name == "array"
                        ? takes(written, 1, true, "a type and a size: `array<u8, 16>`")
                        : takes(written, 1, false, "one type: `list<string>`");
  if (!fits) return result;
  if (written.count && written.count->span.begin < written.arguments.front().span.begin) {
    diagnostics_.emit(Id::wrong_type_arguments, written.span, name,
                      "a type and then a size: `array<u8, 16>`");
    return result;
  }
  for (const ast::Type& part : written.arguments) result.arguments.push_back(type(part));
  result.kind = name == "list"  ? TypeKind::list
                : name == "set" ? TypeKind::set
                : name == "map" ? TypeKind::map
                                : TypeKind::array;
  if (result.kind == TypeKind::array) {
    result.count = written.count->magnitude;
    if (result.count == 0 || result.count > 1'000'000 || written.count->overflow) {
      diagnostics_.emit(Id::value_range, written.count->span, "the size", "array", "1 to 1000000");
      result.count = 1;
    }
  }
  const bool keyed = result.kind == TypeKind::map || result.kind == TypeKind::set;
  if (keyed && !can_be_key(result.arguments.front())) {
    tell_bad_key(written.arguments.front().span, result.arguments.front());
  }
  return result;
}

Type ModuleChecker::pid_type(const ast::Type& written) {
  Type result;
  if (written.arguments.empty() && !written.count) {
    result.kind = TypeKind::pid;
    return result;
  }
  if (!takes(written, 1, false, "one server: `pid<Cart>`")) return result;
  if (const auto* server = find_as<model::Server>(written.arguments.front().path, "server")) {
    result.kind = TypeKind::pid;
    result.user = server;
  }
  return result;
}

Type ModuleChecker::declared_type(const ast::Type& written, const std::string& name) {
  Type result;
  if (name == "down" && !scope_.contains(name) && !missing_.contains(name)) {
    diagnostics_.emit(Id::unknown_name, written.path.span, "type", name)
        .help("only `info down(...)` has a parameter of type `down<Server>`");
    return result;
  }
  model::Declaration* found = find(written.path, "type", is_type);
  if (found == nullptr) return result;
  if (!takes(written, 0, false, "no type arguments")) return result;
  if (found->kind == DeclarationKind::alias) {
    auto& alias = static_cast<model::Alias&>(*found);
    if (found->module == &module_) check(std::get<ast::Alias>(*written_.at(found)), alias);
    return alias.type;
  }
  if (!is_type(*found)) {
    auto builder =
        diagnostics_.emit(Id::wrong_kind, written.span, name, described(*found), "a type");
    if (dynamic_cast<const model::Server*>(found) != nullptr)
      builder.help("the pid of such a server is a `pid<" + name + ">`");
    return result;
  }
  result.kind = TypeKind::user;
  result.user = found;
  return result;
}

template <class D>
const D* ModuleChecker::find_as(const ast::Path& path, const char* wanted, const char* help) {
  model::Declaration* found = find(path, wanted, [](const model::Declaration& each) {
    return dynamic_cast<const D*>(&each) != nullptr;
  });
  if (found == nullptr) return nullptr;
  const auto* result = dynamic_cast<const D*>(found);
  if (result == nullptr) {
    diagnostics_.emit(Id::wrong_kind, path.span, path.text(), described(*found), described(D()))
        .label(found->span, "declared here")
        .help(help);
  }
  return result;
}
template const model::Server* ModuleChecker::find_as(const ast::Path&, const char*, const char*);
template const model::Protocol* ModuleChecker::find_as(const ast::Path&, const char*, const char*);
template const model::Topic* ModuleChecker::find_as(const ast::Path&, const char*, const char*);
template const model::Events* ModuleChecker::find_as(const ast::Path&, const char*, const char*);
template const model::Handler* ModuleChecker::find_as(const ast::Path&, const char*, const char*);
template const model::Supervisor* ModuleChecker::find_as(const ast::Path&, const char*,
                                                         const char*);

}  // namespace otpc::sema
