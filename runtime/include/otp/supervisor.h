// supervisor: starts children in order, restarts them by a strategy, stops them in reverse.
//
//   auto shop = shop::ShopSup::start_link();  // generated
//   shop->terminate_child("cart");            // stays down until restart_child
//   for (const otp::ChildInfo& child : shop->which_children()) ...
//
// Semantics
// - A permanent child is always restarted, a transient one after an abnormal end, a temporary one
//   never. Ends by `normal`, `shutdown` and `{shutdown,_}` are not abnormal.
// - one_for_one restarts the child that ended; rest_for_one also those started after it;
//   one_for_all all of them. Others are stopped first, in reverse order; temporary ones among them
//   are gone for good.
// - More than `intensity` restarts within `period` stop all children and end the supervisor with
//   `shutdown` (with the payload ReachedMaxRestartIntensity). A restart that fails is tried again,
//   and counts again.
// - A child is stopped with exit signal `shutdown` and, when its time is over, `kill`; brutal_kill
//   begins with the latter.
// - auto_shutdown ends the supervisor with `shutdown` when a significant child ends by itself and
//   is not restarted.
// - A dynamic supervisor has children of one kind, started at run time, in no order; it stops them
//   all at once.
// - sys::change_code of a suspended supervisor, with a SupervisorSpec as `extra`, puts new limits
//   and specs in force: added children are known and not started, those that are missing stay.
// - A faulty spec is refused with OTP's reason: `{start_spec,{duplicate_child_name,Id}}`,
//   `{supervisor_data,{invalid_period,0}}`, `missing_start`, `{bad_combination,_}`...
// Source: supervisor(3); Elixir's Supervisor and DynamicSupervisor, whose defaults (3 in 5 s) are
// used.
#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <otp/server_ref.h>
#include <otp/start.h>

namespace otp {

enum class Strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };
enum class AutoShutdown : std::uint8_t { never, any_significant, all_significant };
enum class Restart : std::uint8_t { permanent, transient, temporary };
enum class ChildType : std::uint8_t { worker, supervisor };

/// How a child is stopped.
struct Shutdown {
  Duration time;  ///< zero kills at once, the maximum waits for ever
  static constexpr Shutdown brutal_kill() noexcept { return {Duration::zero()}; }
  static constexpr Shutdown infinity() noexcept { return {Duration::max()}; }
  static constexpr Shutdown after(Duration time) noexcept { return {time}; }
};

/// What the start of a child gives. A start function may just return the pid.
struct StartedChild {
  Pid pid;
  std::any info{};                             ///< for who asked for the start; a restart drops it
  StartedChild(Pid started) : pid(started) {}  // NOLINT(google-explicit-constructor)
  StartedChild(Pid started, std::any given) : pid(started), info(std::move(given)) {}
  operator Pid() const noexcept { return pid; }  // NOLINT(google-explicit-constructor)
};

struct ChildSpec {
  std::string id{};
  /// Runs in the supervisor, and must start_link.
  std::function<std::expected<StartedChild, StartError>()> start{};
  Restart restart = Restart::permanent;
  /// By default 5 s for a worker, and no limit for a supervisor.
  std::optional<Shutdown> shutdown{};
  ChildType type = ChildType::worker;
  bool significant = false;
};

/// A restart waits: `first` before the first, twice as long before each further one, at most
/// `longest`. A child that has run for `longest` begins anew. Not in OTP, where restarts are
/// immediate; asked for, they still count against the intensity.
struct Backoff {
  Duration first;
  Duration longest;
};

struct SupervisorSpec {
  std::string name{};  ///< for reports
  Strategy strategy = Strategy::one_for_one;
  std::size_t intensity = 3;
  Duration period = std::chrono::seconds{5};
  AutoShutdown auto_shutdown = AutoShutdown::never;
  std::optional<Backoff> backoff{};  ///< none: restarts are immediate
  std::vector<ChildSpec> children{};
};

struct DynamicSupervisorSpec {
  std::string name{};
  std::size_t intensity = 3;
  Duration period = std::chrono::seconds{5};
  /// A start beyond it fails with `max_children`; none: without limit.
  std::optional<std::size_t> max_children{};
  std::optional<Backoff> backoff{};  ///< none: restarts are immediate
};

struct ChildInfo {
  std::string id;
  std::optional<Pid> pid;   ///< none: not running
  bool restarting = false;  ///< a restart failed and is being tried again
  ChildType type = ChildType::worker;
};

struct ChildCounts {
  std::size_t specs = 0;
  std::size_t active = 0;
  std::size_t supervisors = 0;
  std::size_t workers = 0;
  friend bool operator==(const ChildCounts&, const ChildCounts&) = default;
};

/// Why an operation on a child was refused.
struct ChildError {
  enum class Kind : std::uint8_t {
    not_found,
    running,
    restarting,
    already_present,
    already_started,
    start
  };
  Kind kind = Kind::not_found;
  Pid pid{};           ///< already_started
  StartError start{};  ///< start: why the child did not start, or what is wrong with its spec
};

/// A supervisor as its clients see it. Every operation is a call without a time limit; it exits the
/// caller when the supervisor is dead.
class SupervisorRef : public ServerRef {
 public:
  using ServerRef::ServerRef;
  /// The pid is null when init said `ignore`.
  std::expected<StartedChild, ChildError> start_child(ChildSpec spec) const;
  std::expected<void, ChildError> terminate_child(const std::string& id) const;
  std::expected<StartedChild, ChildError> restart_child(const std::string& id) const;
  std::expected<void, ChildError> delete_child(const std::string& id) const;
  /// The last started first.
  std::vector<ChildInfo> which_children() const;
  ChildCounts count_children() const;
  /// The spec as it is in force, with its defaults filled in.
  std::expected<ChildSpec, ChildError> get_childspec(const std::string& id) const;
};

class DynamicSupervisorRef : public ServerRef {
 public:
  using ServerRef::ServerRef;
  std::expected<StartedChild, StartError> start_child(ChildSpec spec) const;
  std::expected<void, ChildError> terminate_child(Pid pid) const;
  std::expected<ChildSpec, ChildError> get_childspec(Pid pid) const;
  std::vector<ChildInfo> which_children() const;
  ChildCounts count_children() const;
};

/// Starts a supervisor linked to the caller, and its children in order. A child that does not start
/// stops those before it, and gives the error `{shutdown,{failed_to_start_child,Id,Reason}}`.
std::expected<SupervisorRef, StartError> start_supervisor(SupervisorSpec spec,
                                                          const StartOptions& options = {});
std::expected<DynamicSupervisorRef, StartError> start_dynamic_supervisor(
    DynamicSupervisorSpec spec, const StartOptions& options = {});

}  // namespace otp
