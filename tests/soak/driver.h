// What the loads share: drivers, what they count, and how a loss ends the program.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <otp/call.h>
#include <otp/exit_reason.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include "soak.otp.h"

namespace otp_soak {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slowness = 5;
#else
inline constexpr int slowness = 1;
#endif
/// For waits whose end is certain; whoever waits longer has been forgotten.
inline constexpr std::chrono::seconds patience{60 * slowness};

/// The steady sinks, their rooms and their names.
inline constexpr std::size_t sinks = 4;

/// Something did not arrive, arrived twice, or stayed behind: says what, and the seed, and ends the
/// program with status 1.
[[noreturn]] void lost(const std::string& what);

/// Set before any driver runs.
extern otp::Runtime* the_runtime;
extern std::uint16_t echo_port;  ///< where what is sent comes back

/// Of the whole program.
struct Totals {
  std::atomic<std::int64_t> requests{0};
  std::atomic<std::int64_t> replies{0};
  std::atomic<std::int64_t> errors{0};    ///< told to a caller, and explained by a kill or a limit
  std::atomic<std::int64_t> given_up{0};  ///< requests whose caller did not wait
  std::atomic<std::int64_t> kills{0};
  std::atomic<std::int64_t> restarts{0};  ///< children that their supervisor saw end
  std::atomic<std::int64_t> crashes{0};
};
extern Totals totals;

/// The same choices for the same seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::mt19937_64 engine_;
};

class Driver;
/// One kind of load: `round` does some operations and checks them.
struct Load {
  const char* name;
  int drivers;
  void (*round)(Driver&);
};
std::span<const Load> call_loads();
std::span<const Load> process_loads();
std::span<const Load> server_loads();
std::span<const Load> name_loads();
std::span<const Load> io_loads();

/// Who makes a load: a process, a new one in each cycle. It is never killed.
class Driver {
 public:
  Driver(const Load& load, int number, std::uint64_t seed)
      : load_(load), number_(number), random_(seed) {}

  const Load& load() const noexcept { return load_; }
  /// Unique in the program.
  int number() const noexcept { return number_; }
  Random& random() noexcept { return random_; }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(n)));
  }
  bool chance(unsigned percent) { return random_.chance(percent); }

  /// What it does now, for whoever finds that it does not go on. Counts as an operation.
  void does(const char* what) noexcept {
    doing_.store(what, std::memory_order_relaxed);
    operations_.fetch_add(1, std::memory_order_relaxed);
  }
  void did(std::int64_t more) noexcept { operations_.fetch_add(more, std::memory_order_relaxed); }
  const char* doing() const noexcept { return doing_.load(std::memory_order_relaxed); }
  std::int64_t operations() const noexcept { return operations_.load(std::memory_order_relaxed); }

  [[noreturn]] void lost(const std::string& what) const;
  void check(bool holds, const char* what) const {
    if (!holds) lost(what);
  }

  /// A request to one that may be killed: its reply, or an error that a kill explains.
  template <class Try>
  auto ask(const char* what, Try attempt) {
    does(what);
    totals.requests.fetch_add(1, std::memory_order_relaxed);
    auto result = attempt();
    settle(result, false);
    return result;
  }
  /// The same with a limit on the waiting.
  template <class Try>
  auto ask_in_time(const char* what, Try attempt) {
    does(what);
    totals.requests.fetch_add(1, std::memory_order_relaxed);
    auto result = attempt();
    settle(result, true);
    return result;
  }
  /// A request to one that is never killed: must be answered.
  template <class Try>
  auto must(const char* what, Try attempt) {
    does(what);
    totals.requests.fetch_add(1, std::memory_order_relaxed);
    auto result = attempt();
    if (!result)
      lost(std::string(what) +
           ": no answer from one that was never killed: " + describe(result.error()));
    totals.replies.fetch_add(1, std::memory_order_relaxed);
    return *std::move(result);
  }
  /// A request that was sent before.
  void sent() const { totals.requests.fetch_add(1, std::memory_order_relaxed); }
  void answered() const { totals.replies.fetch_add(1, std::memory_order_relaxed); }
  void gave_up() const { totals.given_up.fetch_add(1, std::memory_order_relaxed); }

  /// Counts what came of a request that was `sent`.
  template <class Result>
  void settle(const Result& result, bool limited) const {
    if (result)
      answered();
    else
      tell(result.error(), limited);
  }

  /// Waits until it holds; `what` is lost when it never does.
  void eventually(const char* what, const std::function<bool()>& holds);

  /// Ends `target` in a way that cannot be refused, or only asks for it.
  void kill(otp::Pid target);
  soak::HowToEnd some_end();

  /// The Down of a monitor, which must come.
  otp::Down down(const char* what, otp::Ref monitor);
  /// The Exit of a process that it is linked to; only while it traps exits.
  otp::Exit exit_of(const char* what, otp::Pid pid);

  /// How many it has sent so far, and whom.
  struct Sent {
    std::array<soak::Books, sinks> sink{};
    std::int64_t narrow = 0;
    std::int64_t picky = 0;
    std::int64_t forgetful = 0;
    std::int64_t audit = 0;
    std::int64_t sums = 0;
    std::int64_t pushes = 0;
  } sent_so_far;

 private:
  void tell(const otp::CallError& error, bool limited) const;
  template <class E>
  void tell(const otp::CallErrorOr<E>& error, bool limited) const {
    if (error.error() != nullptr)
      answered();  // the schema's error is an answer
    else
      tell(*error.failure(), limited);
  }
  static std::string describe(const otp::CallError& error) { return otp::to_string(error); }
  template <class E>
  static std::string describe(const otp::CallErrorOr<E>& error) {
    return error.failure() == nullptr ? "an error of the schema" : describe(*error.failure());
  }

  const Load& load_;
  const int number_;
  Random random_;
  std::atomic<const char*> doing_{"nothing yet"};
  std::atomic<std::int64_t> operations_{0};
};

/// Whether a kill, or an end that was asked for, may be the cause.
bool is_explained(const otp::ExitReason& reason);

/// The steady servers.
soak::Sink sink(std::size_t index);
/// Names that drivers contend for, and that nobody holds when they have ended.
std::span<const otp::Name> contended_names();
/// Names of servers that may be killed at any time: those of MortalTree.
std::span<const char* const> mortal_names();

/// What a sink gets as a plain value.
struct Plain {
  std::int64_t sender;
  std::int64_t number;
};

/// A text of up to `most` bytes.
std::string some_text(Random& random, std::uint64_t most);

/// A process that waits for its end.
otp::Pid sleeper();

}  // namespace otp_soak
