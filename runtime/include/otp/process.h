// Processes: spawn, exit, links, monitors, names. Messages between plain processes are in
// <otp/receive.h>.
//
//   auto [worker, monitor] = otp::spawn_monitor([] { otp::sleep(10ms); });
//   otp::exit(worker, otp::ExitReason::shutdown());
//   otp::receive(otp::on([](const otp::Down& down) { ... down.reason ... }));
//
// Guarantees
// - Signals and messages from one process to another arrive in the order sent; a DOWN or EXIT comes
//   after everything its process sent.
// - Links are symmetric and single; each monitor fires once. A name is free before EXIT and DOWN go
//   out.
// - Whatever leaves a process function ends that process alone, with the exception as its reason.
// - Every function here but in_process() throws std::logic_error on a thread that is no process, as
//   a call to a server does; what is sent or cast from there vanishes. See Runtime::invoke.
// - Any operation of this library may suspend the caller, and a suspended process may go on on
//   another thread: hold no std::mutex, errno or address of a thread_local across one.
// Source: erlang(3) spawn/1, exit/1,2, link/1, monitor/2, process_flag/2; Elixir's Process.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <otp/exit_reason.h>
#include <otp/name.h>
#include <otp/pid.h>
#include <otp/priority.h>
#include <otp/reference.h>

namespace otp {

using Duration = std::chrono::nanoseconds;
/// A limit on waiting: a duration, or `otp::infinity`.
struct Timeout {
  Duration value;
  constexpr Timeout(Duration d) noexcept
      : value(d < Duration::zero() ? Duration::zero() : d) {}  // NOLINT
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> d)  // NOLINT(google-explicit-constructor)
      : Timeout(std::chrono::duration_cast<Duration>(d)) {}
  constexpr bool is_infinite() const noexcept { return value == Duration::max(); }
};
inline constexpr Timeout infinity{Duration::max()};

using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// The runtime's clock: std::chrono::steady_clock, or the virtual time of a simulation. Process
/// only.
TimePoint monotonic_time();

/// The calling process. Process only.
Pid self();
/// True when the caller runs inside a process.
bool in_process() noexcept;

/// Starts a process that runs `body` and ends `normal` when it returns. From a thread that is no
/// process only through Runtime.
Pid spawn(std::move_only_function<void()> body, SpawnOpt options = {});
Pid spawn_link(std::move_only_function<void()> body, SpawnOpt options = {});
/// Atomic: the DOWN always carries the real reason.
std::pair<Pid, Ref> spawn_monitor(std::move_only_function<void()> body, SpawnOpt options = {});

/// Leaves the calling process with exactly `reason`, running destructors on the way. Process only.
[[noreturn]] void exit(ExitReason reason);
/// Sends an exit signal. `normal` to another process that does not trap is ignored; `kill` cannot
/// be trapped. A signal to a dead or null pid is ignored.
void exit(Pid target, ExitReason reason);

struct LinkOptions {
  bool priority = false;  ///< its Exit message goes before ordinary messages
};
/// Process only. Linking to a dead process delivers EXIT `noproc`; linking to oneself does nothing.
/// Linking again changes only the options.
void link(Pid other, LinkOptions options = {});
/// Once it returns, the link has no effect on the caller. An Exit message that is queued already
/// stays, as in OTP.
void unlink(Pid other);

struct DownOptions {
  bool flush = false;
};
/// Whether a monitor is an alias as well (see <otp/alias.h>), and what ends the alias.
enum class AliasMode : std::uint8_t {
  none,
  explicit_unalias,  ///< unalias alone
  demonitor,         ///< also demonitor and the Down
  reply_demonitor,   ///< also the first message through it, which ends the monitor too
};
struct MonitorOptions {
  AliasMode alias = AliasMode::none;
  bool priority = false;  ///< its Down goes before ordinary messages; so may what its alias brings
  std::string tag{};      ///< comes back in Down::tag
};
/// Process only. One Down message follows when `target` ends, or at once with `noproc`.
Ref monitor(Pid target, MonitorOptions options = {});
/// Monitors whoever holds the name now; the Down names the name.
Ref monitor(Name target, MonitorOptions options = {});
/// Stops a monitor of the caller; true when it was still active. With flush, also drops a queued
/// Down.
bool demonitor(Ref ref, DownOptions options = {});
inline constexpr DownOptions flush{.flush = true};

/// Exit signals become Exit messages. Returns the former setting. Process only.
bool trap_exit(bool on);

/// Throws std::invalid_argument when the name is taken or empty, the process dead or already named
/// (badarg in OTP).
void register_name(Name name, Pid pid);
/// Throws std::invalid_argument when nobody holds the name.
void unregister_name(Name name);
std::optional<Pid> whereis(Name name);
bool is_alive(Pid pid);

/// Suspends the caller; exit signals interrupt it by an exception. Whoever swallows that, the
/// process ends by the signal when its code returns, or waits again. Process only.
void sleep(Timeout time);
/// Lets other processes run.
void yield();

/// The message of a monitor.
struct Down {
  Ref ref;
  Pid pid;    ///< who ended
  Name name;  ///< when the monitor was made by name
  ExitReason reason;
  std::string tag{};  ///< what MonitorOptions::tag said
};
/// The message of a trapped exit signal.
struct Exit {
  Pid pid;
  ExitReason reason;
};

/// Of a task: who started it, who started that one, and so on; the nearest first.
std::vector<Pid> callers();

/// How many threads run processes. Those of processes that compute for long without entering the
/// runtime come on top: what waits behind such a one is handed to another thread after ten
/// milliseconds.
unsigned schedulers_online();
/// Changes it within a few milliseconds; the former number. Throws std::invalid_argument unless
/// 1 to 1,024. Source: erlang:system_flag(schedulers_online, N).
unsigned set_schedulers_online(unsigned count);

/// A label for reports and observers; has no meaning to the runtime. Process only.
void set_label(std::string label);

struct ProcessInfo {
  Pid pid;
  Pid parent;
  Name name;
  std::string label;
  std::string behaviour;  ///< "gen_server Counter", "supervisor", "process"
  bool trap_exit = false;
  bool hibernating = false;  ///< idle, and told to hibernate
  Priority priority = Priority::normal;
  std::size_t message_queue_length = 0;
  std::vector<std::string> messages;  ///< their names, the oldest first
  std::vector<Pid> links;
  std::vector<Pid> callers;           ///< of a task: see <otp/task.h>
  std::vector<Pid> monitors;          ///< whom it monitors by pid
  std::vector<Name> monitored_names;  ///< and by name
  std::vector<Pid> monitored_by;
};
/// What a process looks like; none when it is dead. Answered by the process itself at its next look
/// at its arrivals; waits at most `timeout` for that. Process only.
std::optional<ProcessInfo> process_info(Pid pid, Timeout timeout = std::chrono::seconds{5});

}  // namespace otp
