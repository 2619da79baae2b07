// What goes wrong in otpc itself, with what it was doing.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace otpc::driver {

struct InternalError : std::runtime_error {
  using runtime_error::runtime_error;
};

/// The result of `work`; an exception leaves as an InternalError that names the phase: "checking".
template <class Work>
auto in_phase(const char* phase, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const InternalError&) {
    throw;
  } catch (const std::exception& error) {
    throw InternalError(std::string("while ") + phase + ": " + error.what());
  }
}

}  // namespace otpc::driver
