// pg: named groups of processes, to publish to.
//
//   auto rooms = otp::ProcessGroups<std::string>::start_link({.name = "rooms"}).value();
//   rooms.join("kitchen");                                    // the caller; or any other process
//   rooms.publish("kitchen", Said{"dinner"});                 // every member gets a copy
//   auto [ref, members] = rooms.monitor_group("kitchen");     // then GroupEvent<std::string>
//
// - A scope is a process with a table of groups. A process may be in any number of groups, and
//   several times in one; it leaves when it ends. A group without members is none.
// - Joining and publishing go through no process: the table is shared. What one process publishes
//   in a group reaches each member in order.
// - A handle belongs to one scope. When that has ended, its groups are gone, and each operation
//   exits the caller with `noproc`, as a call does; `open` finds the next one. Members are not
//   told: who has to join again monitors the scope.
// - `topic` of the schema is a scope with typed messages, started at its first use.
// Process only. Source: pg(3); Elixir's Phoenix.PubSub for publish.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <otp/detail/registry_process.h>
#include <otp/process.h>
#include <otp/receive.h>
#include <otp/server_ref.h>

namespace otp {

/// What who monitors a scope or a group gets.
template <class G>
struct GroupEvent {
  enum class Kind : std::uint8_t { join, leave };
  Ref ref;
  Kind kind = Kind::join;
  G group;
  std::vector<Pid> pids;
};

/// A process is not in the group that it should leave.
struct NotJoined {};

namespace detail {

/// Orders pairs, and finds all those of one `First`.
template <class First, class Second>
struct ByFirst {
  using is_transparent = void;
  using Both = std::pair<First, Second>;
  bool operator()(const Both& one, const Both& other) const {
    if (one.first < other.first) return true;
    return !(other.first < one.first) && one.second < other.second;
  }
  bool operator()(const Both& one, const First& other) const { return one.first < other; }
  bool operator()(const First& one, const Both& other) const { return one < other.first; }
};

template <class G>
class GroupTable final : public RegistryTableBase {
 public:
  /// Who has ended joins nothing.
  void join(const G& group, std::span<const Pid> pids) {
    const std::lock_guard lock(mutex);
    if (closed_) return;
    std::vector<Pid> joining;
    for (const Pid each : pids) {
      if (is_in(each) || possess(each, shared_from_this())) joining.push_back(each);
    }
    if (joining.empty()) return;
    auto& members = groups[group];
    members.insert(members.end(), joining.begin(), joining.end());
    for (const Pid each : joining) ++joined_[{each, group}];
    tell(GroupEvent<G>::Kind::join, group, joining);
  }
  bool leave(const G& group, Pid pid) {
    const std::lock_guard lock(mutex);
    const auto joined = joined_.find({pid, group});
    if (joined == joined_.end()) return false;
    if (--joined->second == 0) joined_.erase(joined);
    const auto found = groups.find(group);
    found->second.erase(std::ranges::find(found->second, pid));
    if (found->second.empty()) groups.erase(found);
    tell(GroupEvent<G>::Kind::leave, group, {pid});
    if (!is_in(pid)) dispossess(pid, *this);
    return true;
  }
  std::vector<Pid> members(const G& group) const {
    const std::lock_guard lock(mutex);
    const auto found = groups.find(group);
    return found == groups.end() ? std::vector<Pid>() : found->second;
  }

  /// Of no group: of all. Under the lock, which its caller holds to read the groups as well.
  Ref add_monitor(Pid pid, const std::optional<G>& group) {
    const Ref ref = make_ref();
    if (closed_ || !(is_in(pid) || possess(pid, shared_from_this()))) return ref;
    monitors_.try_emplace({group, ref}, pid);
    monitoring_.try_emplace({pid, ref}, group);
    return ref;
  }
  bool remove_monitor(Pid pid, Ref ref) {
    const std::lock_guard lock(mutex);
    const auto found = monitoring_.find({pid, ref});
    if (found == monitoring_.end()) return false;
    monitors_.erase({found->second, ref});
    monitoring_.erase(found);
    if (!is_in(pid)) dispossess(pid, *this);
    return true;
  }

  void forget(Pid pid, std::uint64_t) override {
    const std::lock_guard lock(mutex);
    const auto monitoring = monitoring_.equal_range(pid);
    for (auto each = monitoring.first; each != monitoring.second; ++each)
      monitors_.erase({each->second, each->first.second});
    monitoring_.erase(monitoring.first, monitoring.second);
    const auto joined = joined_.equal_range(pid);
    for (auto each = joined.first; each != joined.second; ++each) {
      const auto found = groups.find(each->first.second);
      std::erase(found->second, pid);
      if (found->second.empty()) groups.erase(found);
      tell(GroupEvent<G>::Kind::leave, each->first.second, std::vector<Pid>(each->second, pid));
    }
    joined_.erase(joined.first, joined.second);
  }
  std::vector<Pid> close() override {
    const std::lock_guard lock(mutex);
    closed_ = true;
    for (const auto& [of, count] : joined_) dispossess(of.first, *this);
    for (const auto& [of, group] : monitoring_) dispossess(of.first, *this);
    groups.clear();
    joined_.clear();
    monitors_.clear();
    monitoring_.clear();
    return {};
  }

  mutable std::mutex mutex;
  std::map<G, std::vector<Pid>> groups;

 private:
  bool closed_ = false;

  bool is_in(Pid pid) const { return joined_.contains(pid) || monitoring_.contains(pid); }
  /// Under the lock: so events come in the order of what happened.
  void tell(typename GroupEvent<G>::Kind kind, const G& group, const std::vector<Pid>& pids) const {
    if (monitors_.empty()) return;
    for (const auto& of : {std::optional<G>(), std::optional<G>(group)}) {
      const auto found = monitors_.equal_range(of);
      for (auto each = found.first; each != found.second; ++each)
        post_message(each->second,
                     make_value(GroupEvent<G>{each->first.second, kind, group, pids}));
    }
  }

  // What belongs to one process, and who monitors one group, is found without looking at others:
  // there may be a hundred thousand.
  std::map<std::pair<Pid, G>, std::size_t, ByFirst<Pid, G>> joined_;  ///< how often
  /// By group, and which one each process monitors; none: the whole scope.
  std::map<std::pair<std::optional<G>, Ref>, Pid, ByFirst<std::optional<G>, Ref>> monitors_;
  std::map<std::pair<Pid, Ref>, std::optional<G>, ByFirst<Pid, Ref>> monitoring_;
};

}  // namespace detail

template <class G>
class ProcessGroups : public ServerRef {
  using Table = detail::GroupTable<G>;

 public:
  /// Linked to the caller.
  static std::expected<ProcessGroups, StartError> start_link(const StartOptions& options = {}) {
    return start(options, detail::RegistryLife::of_caller);
  }
  static std::expected<ProcessGroups, StartError> start(const StartOptions& options = {}) {
    return start(options, detail::RegistryLife::of_application);
  }
  /// The scope that runs under `name`. Throws std::invalid_argument when none does, or one of
  /// other groups.
  static ProcessGroups open(Name name) {
    if (auto running = detail::running_registry(name)) return of(name, std::move(running));
    throw std::invalid_argument("no scope runs under the name `" + std::string(name.text()) + "`");
  }
  /// The same; a scope that does not run is started, and belongs to no application.
  static ProcessGroups ensure(Name name) {
    for (;;) {
      if (auto running = detail::running_registry(name)) return of(name, std::move(running));
      const auto started = start({.name = name}, detail::RegistryLife::of_node);
      if (started) return *started;
      detail::require_contender(started.error());
      yield();  // somebody else is about to have started it, or it is about to have ended
    }
  }

  void join(const G& group, Pid pid = self()) const { join(group, std::span(&pid, 1)); }
  void join(const G& group, std::span<const Pid> pids) const { table().join(group, pids); }
  /// Once; a process that has joined twice is still in.
  std::expected<void, NotJoined> leave(const G& group, Pid pid = self()) const {
    if (table().leave(group, pid)) return {};
    return std::unexpected(NotJoined{});
  }

  /// In the order in which they joined.
  std::vector<Pid> get_members(const G& group) const { return table().members(group); }
  std::vector<G> which_groups() const {
    const Table& here = table();
    const std::lock_guard lock(here.mutex);
    std::vector<G> groups;
    for (const auto& [group, members] : here.groups) groups.push_back(group);
    return groups;
  }
  /// Sends every member a copy, to one that has joined twice two; how many were sent.
  template <class T>
  std::size_t publish(const G& group, const T& message) const {
    const std::vector<Pid> members = table().members(group);
    for (const Pid each : members) send(each, message);
    return members.size();
  }

  /// The caller gets a GroupEvent for each change from now on, and the groups as they are.
  std::pair<Ref, std::map<G, std::vector<Pid>>> monitor_scope() const {
    const Pid me = self();
    Table& here = table();
    const std::lock_guard lock(here.mutex);
    return {here.add_monitor(me, std::nullopt), here.groups};
  }
  std::pair<Ref, std::vector<Pid>> monitor_group(const G& group) const {
    const Pid me = self();
    Table& here = table();
    const std::lock_guard lock(here.mutex);
    const auto found = here.groups.find(group);
    return {here.add_monitor(me, group),
            found == here.groups.end() ? std::vector<Pid>() : found->second};
  }
  /// False for a monitor that is not, or not the caller's. No event of it arrives afterwards.
  bool demonitor_groups(Ref ref) const {
    const bool removed = table().remove_monitor(self(), ref);
    while (receive_value_if<GroupEvent<G>>([ref](const auto& event) { return event.ref == ref; })) {
    }
    return removed;
  }

 private:
  explicit ProcessGroups(std::shared_ptr<Table> table)
      : ServerRef(table->process), table_(std::move(table)) {}

  static ProcessGroups of(Name name, std::shared_ptr<detail::RegistryTableBase> running) {
    auto table = std::dynamic_pointer_cast<Table>(std::move(running));
    if (table == nullptr)
      throw std::invalid_argument("the scope `" + std::string(name.text()) + "` has other groups");
    return ProcessGroups(std::move(table));
  }
  static std::expected<ProcessGroups, StartError> start(const StartOptions& options,
                                                        detail::RegistryLife life) {
    auto table = std::make_shared<Table>();
    const auto started = detail::start_registry(table, options, life);
    if (!started) return std::unexpected(started.error());
    return ProcessGroups(std::move(table));
  }
  Table& table() const {
    detail::require_running(address());
    return *table_;
  }

  std::shared_ptr<Table> table_;
};

}  // namespace otp
