// Where the exception that is being handled was thrown.
#pragma once

#include <vector>

namespace otp::detail {

/// The return addresses at the latest throw on this thread's current process; empty when none were kept.
std::vector<void*> last_throw_frames();

}  // namespace otp::detail
