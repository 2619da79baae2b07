// Supervisors: child specs, a start function; dynamic ones: a typed start_child.
#include "lower/cpp_types.h"
#include "lower/names.h"
#include "lower/parts.h"

namespace otpc::lower {
namespace {

std::string shutdown_value(const model::Child& child) {
  if (child.shutdown_ns == 0) return "::otp::Shutdown::brutal_kill()";
  if (child.shutdown_ns == model::infinite) return "::otp::Shutdown::infinity()";
  return "::otp::Shutdown::after(" + cpp_duration(child.shutdown_ns) + ")";
}

Array lower_arguments(const std::vector<model::Argument>& given) {
  Array arguments;
  for (const model::Argument& argument : given) {
    const bool env = argument.value.kind == model::ValueKind::env;
    arguments.push_back(
        Object{{"name", cpp_name(argument.parameter->name)},
               {"value", env ? "otp_env." + cpp_name(argument.value.text)
                             : cpp_value(argument.value, argument.parameter->type)}});
  }
  return arguments;
}

std::string args_type(const model::Declaration& target) {
  return cpp_namespace(*target.module) + "::" + target.name + "Args";
}

/// Those that are started with an Args struct.
bool takes_args(const model::Declaration& target) {
  return target.kind == model::DeclarationKind::server ||
         target.kind == model::DeclarationKind::statem ||
         target.kind == model::DeclarationKind::task;
}

Object lower_child(const model::Child& child, const model::Supervisor& owner) {
  const auto* supervisor = dynamic_cast<const model::Supervisor*>(child.target);
  Array handlers;
  for (const model::Child::Handler& each : child.handlers) {
    handlers.push_back(Object{{"handler", qualified_name(*each.handler)},
                              {"args_type", args_type(*each.handler)},
                              {"arguments", lower_arguments(each.arguments)}});
  }
  const bool manager = child.target->kind == model::DeclarationKind::events;
  const bool with_args = takes_args(*child.target);
  // What has no client that is made of an address.
  const bool is_opaque = child.target->kind == model::DeclarationKind::task ||
                         child.target->kind == model::DeclarationKind::registry;
  return Object{
      {"id", cpp_string(child.id)},
      {"sup_name", cpp_name(owner)},
      {"sup_label", cpp_string(owner.module->name() + "." + owner.name)},
      {"target", qualified_name(*child.target)},
      {"args_type", args_type(*child.target)},
      {"client", is_opaque ? "::otp::ServerRef" : qualified_name(*child.target)},
      {"takes_args", with_args},
      {"is_manager", manager},
      {"is_agent", child.target->kind == model::DeclarationKind::agent},
      {"is_plain", !with_args && !manager && child.target->kind != model::DeclarationKind::agent},
      {"handlers", std::move(handlers)},
      {"arguments", lower_arguments(child.arguments)},
      {"number", owner.partition_number == nullptr ? "" : cpp_name(owner.partition_number->name)},
      {"number_type",
       owner.partition_number == nullptr ? "" : cpp_type(owner.partition_number->type)},
      {"has_number", owner.partition_number != nullptr},
      {"passes_env", supervisor != nullptr && supervisor->env != nullptr},
      {"restart", model::word(child.restart)},
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
  if (declaration.is_dynamic() && !declaration.children.empty()) {
    if (const auto* worker =
            dynamic_cast<const model::Worker*>(declaration.children.front().target)) {
      for (const model::Field& parameter : worker->parameters)
        all_defaults = all_defaults && parameter.fallback.has_value();
    }
  }
  const bool env = declaration.env != nullptr;
  return Object{
      {"doc", cpp_comment(declaration.doc, "")},
      {"name", cpp_name(declaration)},
      {"label", cpp_string(declaration.module->name() + "." + declaration.name)},
      {"raw", cpp_string(declaration.name)},
      {"supervisor", declaration.type == model::SupervisorKind::supervisor},
      {"dynamic", declaration.is_dynamic()},
      {"partition", declaration.type == model::SupervisorKind::partition},
      {"max_children",
       declaration.max_children ? std::to_string(*declaration.max_children) : "::std::nullopt"},
      {"backoff", declaration.backoff_ns
                      ? "::otp::Backoff{" + cpp_duration(declaration.backoff_ns->first) + ", " +
                            cpp_duration(declaration.backoff_ns->second) + "}"
                      : "::std::nullopt"},
      {"partitions", std::to_string(declaration.partitions)},
      {"keyed", declaration.partition_key.has_value()},
      {"key_type", declaration.partition_key ? cpp_type(*declaration.partition_key) : ""},
      {"key_name", cpp_name(declaration.partition_key_name, Place::message)},
      {"strategy", model::word(declaration.strategy)},
      {"intensity", std::to_string(declaration.intensity)},
      {"period", cpp_duration(declaration.period_ns)},
      {"auto_shutdown", model::word(declaration.auto_shutdown)},
      {"env", env},
      {"env_parameter", env ? "const " + env_type(*declaration.env) + "& otp_env, " : ""},
      {"env_alone", env ? "const " + env_type(*declaration.env) + "& otp_env" : ""},
      {"env_argument", env ? "otp_env" : ""},
      {"env_capture", env ? "otp_env" : ""},
      {"env_comma", env ? "otp_env, " : ""},
      {"env_unnamed", env ? "const " + env_type(*declaration.env) + "&, " : ""},
      {"args_default", all_defaults ? " = {}" : ""},
      {"children", std::move(children)}};
}

}  // namespace otpc::lower
