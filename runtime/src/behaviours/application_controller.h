// What run_application needs of the application controller besides its public operations.
#pragma once

#include <string>

#include <otp/application.h>

namespace otp::detail {

/// To the owner: the program has to end, because this application has.
struct ApplicationEnded {
  std::string name;
  ExitReason reason;
  bool had_started = true;
};

/// `owner` gets ApplicationEnded from now on. Process only.
void own_applications(Pid owner);

}  // namespace otp::detail
