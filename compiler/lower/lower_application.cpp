// Applications: a configuration struct and an ApplicationSpec.
#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

struct EnvKind {
  const char* type;    ///< of otp::EnvType
  const char* holder;  ///< the alternative of otp::EnvValue
};

EnvKind env_kind(const model::Type& type) {
  using enum model::TypeKind;
  if (type.kind == boolean) return {"boolean", "bool"};
  if (type.is_integer())
    return type.is_signed() ? EnvKind{"integer", "::std::int64_t"}
                            : EnvKind{"natural", "::std::uint64_t"};
  if (type.kind == f32 || type.kind == f64) return {"floating", "double"};
  if (type.kind == duration) return {"duration", "::otp::Duration"};
  return {"text", "::std::string"};
}

/// `::otp::EnvValue(::std::uint64_t(4U))`, or nothing.
std::string env_value(const std::optional<model::Value>& value, const model::Type& type) {
  if (!value) return "{}";
  return "::otp::EnvValue(" + std::string(env_kind(type).holder) + "(" + cpp_value(*value, type) +
         "))";
}

/// A key of a narrow integer type is checked to fit even where the schema gives no range.
std::string bound(const model::Field& key, bool upper) {
  const std::optional<model::Value>& given = upper ? key.max : key.min;
  if (given || !key.type.is_integer()) return env_value(given, key.type);
  const std::string limits =
      "::std::numeric_limits<" + cpp_type(key.type) + ">::" + (upper ? "max" : "min") + "()";
  return "::otp::EnvValue(" + std::string(env_kind(key.type).holder) + "(" + limits + "))";
}

}  // namespace

Object lower_application(const model::Application& declaration) {
  Array keys;
  for (const model::Field& key : declaration.env) {
    keys.push_back(Object{{"text", cpp_string(key.name)},
                          {"name", cpp_name(key.name)},
                          {"type", cpp_type(key.type)},
                          {"kind", env_kind(key.type).type},
                          {"fallback", env_value(key.fallback, key.type)},
                          {"min", bound(key, false)},
                          {"max", bound(key, true)},
                          {"doc", cpp_string(key.doc)}});
  }
  Array phases;
  for (const std::string& phase : declaration.start_phases)
    phases.push_back(Object{{"name", cpp_name(phase)}, {"text", cpp_string(phase)}});
  const std::string pascal = pascal_case(declaration.name);
  Array depends;
  for (const model::Application* needed : declaration.depends) {
    depends.push_back(cpp_namespace(*needed->module) + "::" + needed->name + "_application()");
  }
  const bool env = declaration.start != nullptr && declaration.start->env != nullptr;
  return Object{{"doc", cpp_comment(declaration.doc, "")},
                {"function", declaration.name + "_application"},
                {"text", cpp_string(declaration.name)},
                {"env", lower_record(pascal + "Env", declaration.env)},
                {"env_type", env_type(declaration)},
                {"keys", std::move(keys)},
                {"has_phases", !phases.empty()},
                {"phase_type", pascal + "Phase"},
                {"phase_function", declaration.name + "_start_phase"},
                {"phases", std::move(phases)},
                {"depends", std::move(depends)},
                {"start", declaration.start == nullptr ? "" : qualified_name(*declaration.start)},
                {"passes_env", env}};
}

}  // namespace otpc::lower
