// Supervisors: child specs, a start function; dynamic ones: a typed start_child.
#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

const char* restart_name(model::Restart restart) {
  switch (restart) {
    case model::Restart::permanent:
      return "permanent";
    case model::Restart::transient:
      return "transient";
    case model::Restart::temporary:
      return "temporary";
  }
  return "";
}

const char* strategy_name(model::Strategy strategy) {
  switch (strategy) {
    case model::Strategy::one_for_one:
      return "one_for_one";
    case model::Strategy::one_for_all:
      return "one_for_all";
    case model::Strategy::rest_for_one:
      return "rest_for_one";
  }
  return "";
}

const char* auto_shutdown_name(model::AutoShutdown value) {
  switch (value) {
    case model::AutoShutdown::never:
      return "never";
    case model::AutoShutdown::any_significant:
      return "any_significant";
    case model::AutoShutdown::all_significant:
      return "all_significant";
  }
  return "";
}

std::string shutdown_value(const model::Child& child) {
  if (child.shutdown_ns == 0) return "::otp::Shutdown::brutal_kill()";
  if (child.shutdown_ns == model::infinite) return "::otp::Shutdown::infinity()";
  return "::otp::Shutdown::after(" + cpp_duration(child.shutdown_ns) + ")";
}

Object lower_child(const model::Child& child, const model::Supervisor& owner) {
  Array arguments;
  for (const model::Child::Argument& argument : child.arguments) {
    const bool env = argument.value.kind == model::ValueKind::env;
    arguments.push_back(
        Object{{"name", cpp_name(argument.parameter->name)},
               {"value", env ? "otp_env." + cpp_name(argument.value.text)
                             : cpp_value(argument.value, argument.parameter->type)}});
  }
  const auto* supervisor = dynamic_cast<const model::Supervisor*>(child.target);
  return Object{
      {"id", cpp_string(child.id)},
      {"sup_name", cpp_name(owner.name)},
      {"sup_label", cpp_string(owner.module->name() + "." + owner.name)},
      {"target", qualified_name(*child.target)},
      {"args_type", cpp_namespace(*child.target->module) + "::" + child.target->name + "Args"},
      {"is_server", supervisor == nullptr},
      {"arguments", std::move(arguments)},
      {"passes_env", supervisor != nullptr && supervisor->env != nullptr},
      {"restart", restart_name(child.restart)},
      {"shutdown", shutdown_value(child)},
      {"type", supervisor == nullptr ? "worker" : "supervisor"},
      {"significant", child.significant},
      {"registered",
       child.registered.empty() ? "{}" : "::otp::Name(" + cpp_string(child.registered) + ")"}};
}

}  // namespace

std::string env_type(const model::Application& application) {
  return cpp_namespace(*application.module) + "::" + pascal_case(application.name) + "Env";
}

Object lower_supervisor(const model::Supervisor& declaration) {
  Array children;
  for (const model::Child& child : declaration.children) {
    if (child.target != nullptr) children.push_back(lower_child(child, declaration));
  }
  bool all_defaults = true;
  if (declaration.dynamic && !declaration.children.empty()) {
    if (const auto* server =
            dynamic_cast<const model::Server*>(declaration.children.front().target)) {
      for (const model::Field& parameter : server->parameters)
        all_defaults = all_defaults && parameter.fallback.has_value();
    }
  }
  const bool env = declaration.env != nullptr;
  return Object{{"doc", cpp_comment(declaration.doc, "")},
                {"name", cpp_name(declaration.name)},
                {"label", cpp_string(declaration.module->name() + "." + declaration.name)},
                {"raw", cpp_string(declaration.name)},
                {"dynamic", declaration.dynamic},
                {"strategy", strategy_name(declaration.strategy)},
                {"intensity", static_cast<std::int64_t>(declaration.intensity)},
                {"period", cpp_duration(declaration.period_ns)},
                {"auto_shutdown", auto_shutdown_name(declaration.auto_shutdown)},
                {"env", env},
                {"env_parameter", env ? "const " + env_type(*declaration.env) + "& otp_env, " : ""},
                {"env_alone", env ? "const " + env_type(*declaration.env) + "& otp_env" : ""},
                {"env_argument", env ? "otp_env" : ""},
                {"env_capture", env ? "otp_env" : ""},
                {"args_default", all_defaults ? " = {}" : ""},
                {"children", std::move(children)}};
}

}  // namespace otpc::lower
