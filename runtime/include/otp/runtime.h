// The runtime: the threads that run processes, and the door into them from ordinary C++.
//
//   otp::Runtime rt{otp::RuntimeOptions{.schedulers = 2}};
//   otp::ExitReason reason = rt.run([] { ... });                 // a process; returns at its end
//   std::int64_t n = rt.invoke([&] { return counter.get(); });   // from any foreign thread
//
// Several runtimes may live in one program; a process belongs to one. The destructor stops every
// process with `shutdown` (newest first, `kill` after five seconds), then joins the threads.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include <otp/process.h>

namespace otp {

class ReportSink;

/// Where the threads that run processes may run: Erlang's `+sbt`. Threads that a handler starts
/// inherit it. A scheduler that is started in place of one that is stuck may run anywhere.
enum class SchedulerBindType : std::uint8_t {
  unbound,   ///< wherever the system puts them
  node,      ///< each stays on one NUMA node, where its memory is; as unbound where there is one
  processor  ///< each on a processor of its own, as Erlang's `+sbt ns`; for a machine of one's own
};

struct RuntimeOptions {
  /// Threads that run processes; 0 takes the processors this program may use, by its affinity mask
  /// and by its control group's share of time. set_schedulers_online changes it.
  unsigned schedulers = 0;
  /// One node is filled before the next. A scheduler without work looks for it on its own first.
  SchedulerBindType scheduler_bind_type = SchedulerBindType::node;
  /// At most this many threads serve `@blocking` handlers and otp::blocking().
  unsigned blocking_threads = 64;
  /// Address space of a process's stack while it has one; committed as it is used.
  std::size_t stack_bytes = 256 * 1024;
  /// Processes that may live at once; spawn throws std::length_error above it. From 65,536 on it
  /// may be some dozens for each thread more.
  std::uint32_t max_processes = 1U << 27;
  /// A process whose message queue is as long when it looks is reported, once until it has become
  /// half as long; 0: none is. As erlang:system_monitor's long_message_queue.
  std::size_t long_message_queue = 0;
  /// A process that runs for so long without giving way (a handler that computes, or waits for the
  /// system outside of the blocking pool) is reported, once each time and while it runs; zero: none
  /// is. Seen by the millisecond. As erlang:system_monitor's long_schedule. Only where the kernel
  /// has membarrier(2); not in a simulation.
  Duration long_schedule{0};
  /// Where reports go; null takes the standard text sink on stderr.
  std::shared_ptr<ReportSink> reports = nullptr;
};

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options = {});
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Runs `body` as a process and waits for its end on this thread. Throws std::logic_error in a
  /// process.
  ExitReason run(std::move_only_function<void()> body);

  /// Runs `body` as a process and returns its value. A std::exception that leaves `body` is thrown
  /// here as it is. After any other end (an exception of another type, otp::exit(), a failed call,
  /// an exit signal) a std::runtime_error with the exit reason in its text is. For threads that are
  /// no process, such as a foreign main or a GUI thread: throws std::logic_error in a process.
  template <class F, class R = std::invoke_result_t<F&>>
  R invoke(F body);

  const RuntimeOptions& options() const noexcept;

  struct Impl;
  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Runs `f` on a thread of the blocking pool while the calling process waits. Process only.
template <class F>
std::invoke_result_t<F&> blocking(F f);

namespace detail {
[[noreturn]] void throw_invoke_exit(const ExitReason& reason);
}  // namespace detail

template <class F, class R>
R Runtime::invoke(F body) {
  // Not on this stack: a process that was killed while it spins is over before its body is.
  struct Shared {
    F body;
    std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> value = {};
    std::exception_ptr thrown = {};
  };
  const auto shared = std::make_shared<Shared>(std::move(body));
  const ExitReason reason = run([shared] {
    try {
      if constexpr (std::is_void_v<R>) {
        shared->body();
        shared->value = true;
      } else {
        shared->value.emplace(shared->body());
      }
    } catch (const std::exception&) {
      shared->thrown = std::current_exception();
    }
  });
  if (shared->thrown) std::rethrow_exception(shared->thrown);
  if (!shared->value) detail::throw_invoke_exit(reason);
  if constexpr (!std::is_void_v<R>) return std::move(*shared->value);
}

}  // namespace otp

#include <otp/detail/behaviour.h>

namespace otp {

template <class F>
std::invoke_result_t<F&> blocking(F f) {
  const detail::BlockingSection section;
  return f();
}

}  // namespace otp
