// Support for generated supervisors.
#pragma once

#include <utility>

#include <otp/supervisor.h>

namespace otp::gen {

/// The result of a typed start function as a supervisor wants it.
template <class Client>
std::expected<Pid, StartError> started(std::expected<Client, StartError> result) {
  if (!result) return std::unexpected(std::move(result).error());
  return result->address();
}

template <class S>
std::expected<S, StartError> start_supervisor(SupervisorSpec spec, const StartOptions& options) {
  return detail::as_client<S>(otp::start_supervisor(std::move(spec), options));
}

template <class S>
std::expected<S, StartError> start_dynamic_supervisor(DynamicSupervisorSpec spec,
                                                      const StartOptions& options) {
  return detail::as_client<S>(otp::start_dynamic_supervisor(std::move(spec), options));
}

template <class Client>
std::expected<Client, StartError> start_dynamic_child(const DynamicSupervisorRef& supervisor,
                                                      ChildSpec spec) {
  auto result = supervisor.start_child(std::move(spec));
  if (!result) return std::unexpected(std::move(result).error());
  return Client(*result);
}

}  // namespace otp::gen
