// The life of one application: its master starts it, waits for its end, and clears up.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include <otp/application.h>

namespace otp::detail {

/// From a master to the controller: its application runs (the root, or none), or why not.
struct ApplicationBegun {
  std::string name;
  std::expected<std::optional<Pid>, ExitReason> result;
  bool exited = false;  ///< start did not return an error: it ended with exit `normal`
};
/// From a master to the controller: all of its application is gone.
struct ApplicationGone {
  std::string name;
  ExitReason reason;
  bool asked_for = false;
};
/// To a master.
struct StopMaster {};

/// Runs as a process of its own, linked to the controller, until the application is gone. It and
/// all that it and they start carry `number`, so that what is left behind can be found.
void run_application_master(Pid controller, const ApplicationSpec& spec, const Env& env,
                            std::uint8_t number);

}  // namespace otp::detail
