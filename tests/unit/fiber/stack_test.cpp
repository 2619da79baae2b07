// Stacks: what is mapped, what is usable, and what happens where a fault is no overflow.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/stack_overflow.h"
#include "fiber/stack_pool.h"

#include "../program_size.h"

namespace otp::detail {
namespace {

using boost::context::stack_context;

std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

TEST(StackPool, gives_all_that_was_asked_for_above_the_guard) {
  for (const std::size_t bytes : {page_size() / 4, page_size(), page_size() + 1}) {
    StackPool pool(bytes);
    stack_context stack = pool.allocate();
    std::memset(static_cast<char*>(stack.sp) - bytes, 1, bytes);
    pool.deallocate(stack);
  }
}

class PoolAfterAPeak : public testing::Test {
 protected:
  static constexpr std::size_t stack_bytes = std::size_t{256} * 1024;
  static constexpr std::size_t count = std::size_t{128} * 64;

  void take_all() {
    std::set<void*> different;
    while (stacks.size() < count) {
      stacks.push_back(pool.allocate());
      static_cast<int*>(stacks.back().sp)[-1] = static_cast<int>(stacks.size());
    }
    for (const stack_context& each : stacks) different.insert(each.sp);
    EXPECT_EQ(different.size(), count);
  }
  /// All but every so manieth.
  void give_but(std::size_t kept) {
    std::vector<stack_context> rest;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      if (kept != 0 && i % kept == 0) {
        rest.push_back(stacks[i]);
      } else {
        pool.deallocate(stacks[i]);
      }
    }
    stacks = rest;
    pool.give_back();
  }

  StackPool pool{stack_bytes};
  std::vector<stack_context> stacks;
};

TEST_F(PoolAfterAPeak, mappings_that_are_not_needed_go) {
  for (int round = 0; round < 2; ++round) {
    take_all();
    const long peak = program_size().address_space;
    give_but(0);
    EXPECT_LE(program_size().address_space, peak - static_cast<long>(count / 3 * stack_bytes));
  }
}

TEST_F(PoolAfterAPeak, a_mapping_stays_as_long_as_one_stack_of_it_is_used) {
  take_all();
  give_but(1000);
  ASSERT_EQ(stacks.size(), count / 1000 + 1);
  for (std::size_t i = 0; i < stacks.size(); ++i)
    EXPECT_EQ(static_cast<int*>(stacks[i].sp)[-1], static_cast<int>(i * 1000 + 1));
  take_all();
  give_but(0);
}

// ---- Faults ----

void* closed_page = nullptr;
volatile std::sig_atomic_t opened = 0;

/// What a program does that brings pages in when they are touched.
void open_page(int, siginfo_t* info, void*) {
  if (info->si_addr != closed_page) _exit(1);
  opened = opened + 1;
  mprotect(closed_page, page_size(), PROT_READ | PROT_WRITE);
}

// Each in a program of its own: containment is for good.
TEST(Faults, that_are_no_overflow_go_to_the_former_handler_each_time) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "faults are the sanitizer's";
#endif
  const auto touches_twice = [] {
    struct sigaction action{};
    action.sa_sigaction = &open_page;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    contain_stack_overflows(nullptr);
    struct sigaction ours{};
    sigaction(SIGSEGV, nullptr, &ours);
    closed_page = mmap(nullptr, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 2; ++i) {
      mprotect(closed_page, page_size(), PROT_NONE);
      *static_cast<volatile char*>(closed_page) = 1;
    }
    struct sigaction now{};
    sigaction(SIGSEGV, nullptr, &now);
    _exit(opened == 2 && now.sa_sigaction == ours.sa_sigaction ? 0 : 2);
  };
  EXPECT_EXIT(touches_twice(), testing::ExitedWithCode(0), "");
}

TEST(Faults, end_the_program_when_nobody_has_handled_them) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "faults are the sanitizer's";
#endif
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);
        contain_stack_overflows(nullptr);
        *static_cast<volatile char*>(
            mmap(nullptr, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) = 1;
      },
      testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace otp::detail
