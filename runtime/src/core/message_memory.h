// The memory of messages, as far as the schedulers have to do with it.
#pragma once

namespace otp::detail {

/// Gives to the system what the calling thread has allocated, of messages and all else, and is free
/// again. Nobody else can. Takes milliseconds after a peak.
void give_memory_back() noexcept;

/// Takes in what other threads have freed of the calling thread's memory since the last time. Else
/// all of it would be when the thread next allocates afresh, one block after the other: half a
/// million of them hold it up for ten milliseconds.
void take_freed_memory_in() noexcept;

}  // namespace otp::detail
