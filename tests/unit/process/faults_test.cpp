// What a process does wrong ends that process alone, and its report says which it was. (What
// servers do wrong is in tests/generated/faults_test.cpp, sockets are in tests/unit/io.)
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/runtime.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "../reports.h"

namespace otp {

// Not in a nameless namespace, where the compiler would know of every class that there is.
struct UsesTooEarly {
  UsesTooEarly() { use(); }
  virtual ~UsesTooEarly() = default;
  [[gnu::noipa]] void use() { required(); }
  virtual void required() = 0;
};
struct IsUsedTooEarly : UsesTooEarly {
  void required() override {}
};

namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

Down await_down(Ref ref) {
  Down result;
  receive(on_if([ref](const Down& down) { return down.ref == ref; },
                [&](Down down) { result = std::move(down); }));
  return result;
}

/// Whatever runs on the other processes goes on while `during` happens.
class OneGoesOn {
 public:
  OneGoesOn()
      : echo_(spawn([] {
          for (;;) receive(on([](Pid from) { send(from, 1); }));
        })) {}
  OneGoesOn(const OneGoesOn&) = delete;
  OneGoesOn& operator=(const OneGoesOn&) = delete;
  ~OneGoesOn() { exit(echo_, ExitReason::kill()); }
  bool answers() const {
    send(echo_, self());
    return receive_value<int>(10s) == 1;
  }

 private:
  Pid echo_;
};

struct Fault {
  const char* name;
  std::function<void()> commit;
  const char* reason;  ///< as text, its beginning
};

[[gnu::noipa]] void allocate_too_much() {
  if constexpr (sanitized) throw std::bad_alloc();  // they end the program
  std::vector<char> much(std::size_t{1} << 62);
  static_cast<void>(much[0]);
}

[[gnu::noipa]] void throw_runtime_error() { throw std::runtime_error("out of noexcept"); }
void leave_noexcept() noexcept { throw_runtime_error(); }

// NOLINTNEXTLINE(misc-no-recursion)
[[gnu::noipa]] int recurse_for_ever(int depth) {
  std::array<volatile char, 512> frame{};
  frame[static_cast<std::size_t>(depth) % frame.size()] = 1;
  return depth < 0 ? 0 : recurse_for_ever(depth + 1) + frame[0];
}

std::vector<Fault> faults() {
  std::vector<Fault> all{
      {"memory", allocate_too_much, "std::bad_alloc"},
      {"noexcept", leave_noexcept, "{terminate,std::runtime_error: out of noexcept}"},
      {"pure virtual", [] { const IsUsedTooEarly object; },
       "{terminate,std::terminate was called}"},
      {"terminate", [] { std::terminate(); }, "{terminate,std::terminate was called}"},
  };
  if (!sanitized)
    all.push_back({"recursion", [] { recurse_for_ever(0); }, "otp::StackOverflow: the process"});
  return all;
}

class ProcessFaults : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Schedulers, ProcessFaults, ::testing::Values(1U, 2U));

TEST_P(ProcessFaults, end_their_process_alone_and_are_reported_with_its_name) {
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = GetParam(), .reports = reports});
  for (const Fault& fault : faults()) {
    SCOPED_TRACE(fault.name);
    Pid pid;
    ExitReason reason;
    runtime.run([&] {
      const OneGoesOn other;
      const auto [faulty, ref] = spawn_monitor([&] {
        register_name(Name(fault.name), self());
        send(self(), std::string("kept"));
        fault.commit();
      });
      pid = faulty;
      reason = await_down(ref).reason;
      EXPECT_TRUE(other.answers());
      EXPECT_FALSE(whereis(Name(fault.name)));
    });
    EXPECT_TRUE(to_string(reason).starts_with(fault.reason)) << to_string(reason);
    const auto report =
        reports->wait_for<CrashReport>([&](const CrashReport& each) { return each.pid == pid; });
    EXPECT_EQ(report.name, Name(fault.name));
    EXPECT_EQ(report.reason, reason);
  }
}

// The C library ends the program there, and whoever calls it means that.
TEST(Runtime, abort_is_not_contained) {
  EXPECT_DEATH(
      {
        Runtime runtime({.schedulers = 1});
        runtime.run([] { std::abort(); });
      },
      "");
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

constexpr int senders = 4;
constexpr int each_sends = sanitized ? 10'000 : 250'000;

/// Sends a million messages to a process that looks at none until all are there.
void flood() {
  const OneGoesOn other;
  struct Go {};
  const auto [slow, end] = spawn_monitor([] {
    receive_value<Go>();  // passes over all the others
    std::array<int, senders> next{};
    for (int i = 0; i < senders * each_sends; ++i) {
      const auto [sender, n] = *receive_value<std::pair<int, int>>();
      ASSERT_EQ(n, next.at(static_cast<std::size_t>(sender))++);
    }
    EXPECT_FALSE((receive_value<std::pair<int, int>>(0s)));
  });
  std::vector<Ref> ends;
  for (int sender = 0; sender < senders; ++sender) {
    ends.push_back(spawn_monitor([sender, slow] {
                     for (int n = 0; n < each_sends; ++n) send(slow, std::pair(sender, n));
                   }).second);
  }
  for (const Ref ref : ends) {
    EXPECT_TRUE(other.answers());
    await_down(ref);
  }
  send(slow, Go{});
  EXPECT_TRUE(other.answers());
  EXPECT_EQ(await_down(end).reason, ExitReason::normal());
}

TEST_P(ProcessFaults, a_million_messages_to_one_mailbox_are_all_there_and_hold_up_nobody) {
  Runtime runtime({.schedulers = GetParam()});
  runtime.run(flood);
  // Their memory is there for the next ones. (A thread may have more of it than it needs now.)
  const std::size_t before = resident_bytes();
  for (int i = 0; i < 8; ++i) runtime.run(flood);
  constexpr std::size_t of_two_floods = std::size_t{2} * senders * each_sends * 32;
  if (!sanitized) {
    EXPECT_LE(resident_bytes(), before + of_two_floods);
  }
}

[[gnu::noipa]] void fail() { throw std::runtime_error("in a destructor"); }

struct Unruly {
  explicit Unruly(bool overflows) : overflows_(overflows) {}
  Unruly(Unruly&& other) noexcept
      : overflows_(other.overflows_), is_last_(std::exchange(other.is_last_, false)) {}
  Unruly(const Unruly&) = delete;
  Unruly& operator=(const Unruly&) = delete;
  Unruly& operator=(Unruly&&) = delete;
  ~Unruly() {
    if (!is_last_) return;
    if (overflows_) recurse_for_ever(0);
    fail();
  }

 private:
  bool overflows_;
  bool is_last_ = true;
};

// What a process has owned is destroyed when all but its farewells is done.
TEST(Faults, a_destructor_that_throws_or_recurses_ends_its_process_alone) {
  const auto reports = std::make_shared<Reports>();
  Runtime runtime({.schedulers = 1, .reports = reports});
  for (const bool overflows : {false, true}) {
    if (overflows && sanitized) continue;
    Pid pid;
    ExitReason reason;
    runtime.run([&] {
      const OneGoesOn other;
      const auto [faulty, ref] = spawn_monitor([unruly = Unruly(overflows)] {});
      pid = faulty;
      reason = await_down(ref).reason;
      EXPECT_TRUE(other.answers());
    });
    const std::string expected = overflows ? "otp::StackOverflow" : "in a destructor";
    EXPECT_NE(to_string(reason).find(expected), std::string::npos) << to_string(reason);
    const auto report =
        reports->wait_for<CrashReport>([&](const CrashReport& each) { return each.pid == pid; });
    EXPECT_EQ(report.reason, reason);
  }
}

}  // namespace
}  // namespace otp
