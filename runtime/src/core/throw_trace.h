// Where the exception that is being handled was thrown.
#pragma once

#include <vector>

namespace otp::detail {

/// The return addresses at the latest throw on this thread's current process; empty when none were
/// kept.
std::vector<void*> last_throw_frames();

/// The notes of whoever runs on this thread now. They belong to the stack, not to the thread:
/// whoever switches stacks keeps the pointer with the one it leaves. Null until something is thrown
/// there.
[[gnu::noinline]] void*& throw_notes() noexcept;
void free_throw_notes(void* notes) noexcept;

}  // namespace otp::detail
