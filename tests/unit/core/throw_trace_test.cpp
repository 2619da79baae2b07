#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "../program_size.h"

namespace otp {
namespace {

void throw_on_threads(int count) {
  for (int i = 0; i < count; ++i) {
    std::thread([] {
      try {
        throw std::runtime_error("noted");
      } catch (const std::runtime_error&) {
      }
    }).join();
  }
}

TEST(ThrowTrace, leaves_nothing_of_a_thread_that_has_ended) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  throw_on_threads(1);  // a leak is the sanitizer's to tell
#else
  throw_on_threads(1'000);
  const long before = resident();
  throw_on_threads(20'000);
  constexpr long of_each = 100;  // bytes: what is noted of a throw takes more
  EXPECT_LE(resident(), before + 20'000 * of_each);
#endif
}

}  // namespace
}  // namespace otp
