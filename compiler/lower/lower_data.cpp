// Constants, aliases, structs, enums, unions, errors.
#include <algorithm>

#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

/// Behind a name: ` [[deprecated("since version 3")]]`.
std::string attribute(const model::Life& life) {
  const std::string text = cpp_deprecated(life);
  return text.empty() ? text : " " + text.substr(0, text.size() - 1);
}

}  // namespace

Array lower_fields(const std::vector<model::Field>& fields, Place place) {
  Array result;
  result.reserve(fields.size());
  for (const model::Field& field : fields) {
    result.push_back(Object{{"doc", cpp_comment(field.doc, field.life, "  ")},
                            {"deprecated", cpp_deprecated(field.life)},
                            {"type", cpp_type(field.type)},
                            {"name", cpp_name(field.name, place)},
                            {"text", cpp_string(field.name)},
                            {"shown", !field.is_private},
                            {"init", cpp_initializer(field)}});
  }
  return result;
}

std::string own_type(const std::string& name, const std::vector<model::Field>& fields) {
  const bool hidden = std::ranges::any_of(
      fields, [&](const model::Field& each) { return cpp_name(each.name) == name; });
  return hidden ? "struct " + name : name;
}

Object lower_record(const std::string& name, const std::vector<model::Field>& fields) {
  return Object{{"name", name},
                {"self", own_type(name, fields)},
                {"doc", ""},
                {"deprecated", ""},
                {"fields", lower_fields(fields)}};
}

Parameters lower_parameters(const std::vector<model::Field>& fields, std::size_t without_default) {
  Parameters result;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const model::Field& field = fields[i];
    const std::string name = cpp_name(field.name, Place::message);
    const std::string declared = cpp_type(field.type) + " " + name;
    const bool none = field.fallback && field.fallback->kind == model::ValueKind::none;
    result.plain += declared + ", ";
    result.declared +=
        declared +
        (field.fallback && i >= without_default
             ? " = " + (none ? "::std::nullopt" : cpp_value(*field.fallback, field.type))
             : "") +
        ", ";
    result.forwarded += ", ::std::move(" + name + ")";
  }
  return result;
}

Object lower_struct(const model::Struct& declaration) {
  Object result = lower_record(cpp_name(declaration), declaration.fields);
  result["doc"] = cpp_comment(declaration.doc, declaration.life, "");
  result["deprecated"] = cpp_deprecated(declaration.life);
  return result;
}

Object lower_enum(const model::Enum& declaration) {
  Array members;
  members.reserve(declaration.members.size());
  for (const model::EnumMember& member : declaration.members) {
    members.push_back(Object{{"doc", cpp_comment(member.doc, member.life, "  ")},
                             {"attribute", attribute(member.life)},
                             {"name", cpp_name(member.name)},
                             {"otp_enum", cpp_name(declaration)},
                             {"text", cpp_string(member.name)}});
  }
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"deprecated", cpp_deprecated(declaration.life)},
                {"name", cpp_name(declaration)},
                {"open", declaration.open},
                {"members", std::move(members)}};
}

Object lower_union(const model::Union& declaration) {
  Array cases;
  cases.reserve(declaration.cases.size());
  std::string alternatives;
  for (const model::Case& each : declaration.cases) {
    const std::string name = cpp_name(each.name, Place::union_case);
    alternatives += (alternatives.empty() ? "" : ", ") + name;
    cases.push_back(Object{{"doc", cpp_comment(each.doc, each.life, "  ")},
                           {"deprecated", cpp_deprecated(each.life)},
                           {"name", name},
                           {"self", own_type(name, each.fields)},
                           {"otp_union", cpp_name(declaration)},
                           {"text", cpp_string(each.name)},
                           {"transient", each.transient},
                           {"fields", lower_fields(each.fields)}});
  }
  // An open one keeps what it does not know; its name gives way to a case of the schema.
  const bool taken = std::ranges::any_of(declaration.cases, [&](const model::Case& each) {
    return each.name == "Unknown" || declaration.name == "Unknown";
  });
  const std::string unknown = taken ? "Unknown_" : "Unknown";
  if (declaration.open) alternatives += ", " + unknown;
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"deprecated", cpp_deprecated(declaration.life)},
                {"name", cpp_name(declaration)},
                {"error", declaration.is_error},
                {"open", declaration.open},
                {"unknown", unknown},
                {"alternatives", alternatives},
                {"cases", std::move(cases)}};
}

Object lower_const(const model::Const& declaration) {
  const bool text = declaration.type.kind == model::TypeKind::string;
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"deprecated", cpp_deprecated(declaration.life)},
                {"name", cpp_name(declaration)},
                {"constexpr", text || declaration.type.is_integer() ||
                                  declaration.type.kind <= model::TypeKind::f64 ||
                                  declaration.value.kind == model::ValueKind::member ||
                                  declaration.value.kind == model::ValueKind::duration},
                {"type", text ? std::string("::std::string_view") : cpp_type(declaration.type)},
                {"value", text ? cpp_string(declaration.value.text)
                               : cpp_value(declaration.value, declaration.type)}};
}

Object lower_alias(const model::Alias& declaration) {
  return Object{{"doc", cpp_comment(declaration.doc, declaration.life, "")},
                {"attribute", attribute(declaration.life)},
                {"name", cpp_name(declaration)},
                {"type", cpp_type(declaration.type)}};
}

}  // namespace otpc::lower
