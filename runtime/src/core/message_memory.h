// The memory of messages, as far as the schedulers have to do with it.
#pragma once

namespace otp::detail {

/// Gives to the system what the calling thread has allocated, of messages and all else, and is free
/// again. Nobody else can. Takes milliseconds after a peak.
void give_memory_back() noexcept;

}  // namespace otp::detail
