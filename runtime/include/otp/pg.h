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
// - `topic` of the schema is a scope with typed messages, started at its first use.
// Process only. Source: pg(3); Elixir's Phoenix.PubSub for publish.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <otp/registry.h>

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

template <class G>
class GroupTable final : public RegistryTableBase {
 public:
  struct Monitor {
    Pid pid;
    Ref ref;
    std::optional<G> group;  ///< none: the whole scope
  };

  void join(const G& group, std::span<const Pid> pids) {
    if (pids.empty()) return;
    const std::lock_guard lock(mutex);
    auto& members = groups[group];
    members.insert(members.end(), pids.begin(), pids.end());
    tell(GroupEvent<G>::Kind::join, group, {pids.begin(), pids.end()});
  }
  bool leave(const G& group, Pid pid) {
    const std::lock_guard lock(mutex);
    const auto found = groups.find(group);
    if (found == groups.end()) return false;
    const auto member = std::ranges::find(found->second, pid);
    if (member == found->second.end()) return false;
    found->second.erase(member);
    if (found->second.empty()) groups.erase(found);
    tell(GroupEvent<G>::Kind::leave, group, {pid});
    return true;
  }
  void forget(Pid pid) override {
    const std::lock_guard lock(mutex);
    std::erase_if(monitors, [pid](const Monitor& each) { return each.pid == pid; });
    for (auto each = groups.begin(); each != groups.end();) {
      const std::size_t count = std::erase(each->second, pid);
      if (count != 0) tell(GroupEvent<G>::Kind::leave, each->first, std::vector<Pid>(count, pid));
      each = each->second.empty() ? groups.erase(each) : std::next(each);
    }
  }
  std::vector<Pid> members(const G& group) const {
    const std::lock_guard lock(mutex);
    const auto found = groups.find(group);
    return found == groups.end() ? std::vector<Pid>() : found->second;
  }

  mutable std::mutex mutex;
  std::map<G, std::vector<Pid>> groups;
  std::vector<Monitor> monitors;

 private:
  /// Under the lock: so events come in the order of what happened.
  void tell(typename GroupEvent<G>::Kind kind, const G& group, const std::vector<Pid>& pids) const {
    for (const Monitor& each : monitors) {
      if (!each.group || *each.group == group)
        post_message(each.pid, make_value(GroupEvent<G>{each.ref, kind, group, pids}));
    }
  }
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
    if (auto running = detail::running_registry(name)) return of(name, *std::move(running));
    throw std::invalid_argument("no scope runs under the name `" + std::string(name.text()) + "`");
  }
  /// The same; a scope that does not run is started, and belongs to no application.
  static ProcessGroups ensure(Name name) {
    for (;;) {
      if (auto running = detail::running_registry(name)) return of(name, *std::move(running));
      const auto started = start({.name = name}, detail::RegistryLife::of_node);
      if (started) return *started;
      detail::require_contender(started.error());
      yield();  // somebody else is about to have started it, or it is about to have ended
    }
  }

  void join(const G& group, Pid pid = self()) const { join(group, std::span(&pid, 1)); }
  void join(const G& group, std::span<const Pid> pids) const {
    table_->join(group, pids);
    for (const Pid each : pids) detail::watch(address(), each);
  }
  /// Once; a process that has joined twice is still in.
  std::expected<void, NotJoined> leave(const G& group, Pid pid = self()) const {
    if (table_->leave(group, pid)) return {};
    return std::unexpected(NotJoined{});
  }

  /// In the order in which they joined.
  std::vector<Pid> get_members(const G& group) const { return table_->members(group); }
  std::vector<G> which_groups() const {
    const std::lock_guard lock(table_->mutex);
    std::vector<G> groups;
    for (const auto& [group, members] : table_->groups) groups.push_back(group);
    return groups;
  }
  /// Sends every member a copy, to one that has joined twice two; how many were sent.
  template <class T>
  std::size_t publish(const G& group, const T& message) const {
    const std::vector<Pid> members = table_->members(group);
    for (const Pid each : members) send(each, message);
    return members.size();
  }

  /// The caller gets a GroupEvent for each change from now on, and the groups as they are.
  std::pair<Ref, std::map<G, std::vector<Pid>>> monitor_scope() const {
    const Pid me = self();
    const std::lock_guard lock(table_->mutex);
    return {add_monitor(me, std::nullopt), table_->groups};
  }
  std::pair<Ref, std::vector<Pid>> monitor_group(const G& group) const {
    const Pid me = self();
    const std::lock_guard lock(table_->mutex);
    const auto found = table_->groups.find(group);
    return {add_monitor(me, group),
            found == table_->groups.end() ? std::vector<Pid>() : found->second};
  }
  /// False for a monitor that is not, or not the caller's. No event of it arrives afterwards.
  bool demonitor_groups(Ref ref) const {
    std::size_t removed = 0;
    {
      const Pid me = self();
      const std::lock_guard lock(table_->mutex);
      removed = std::erase_if(table_->monitors, [ref, me](const auto& each) {
        return each.ref == ref && each.pid == me;
      });
    }
    while (receive_value_if<GroupEvent<G>>([ref](const auto& event) { return event.ref == ref; })) {
    }
    return removed != 0;
  }

 private:
  ProcessGroups(Pid pid, std::shared_ptr<Table> table) : ServerRef(pid), table_(std::move(table)) {}

  static ProcessGroups of(Name name, detail::RunningRegistry running) {
    auto table = std::dynamic_pointer_cast<Table>(std::move(running.table));
    if (table == nullptr)
      throw std::invalid_argument("the scope `" + std::string(name.text()) + "` has other groups");
    return ProcessGroups(running.pid, std::move(table));
  }
  static std::expected<ProcessGroups, StartError> start(const StartOptions& options,
                                                        detail::RegistryLife life) {
    auto table = std::make_shared<Table>();
    const auto pid = detail::start_registry(table, options, life);
    if (!pid) return std::unexpected(pid.error());
    return ProcessGroups(*pid, std::move(table));
  }
  Ref add_monitor(Pid me, std::optional<G> group) const {
    const Ref ref = make_ref();
    table_->monitors.push_back({me, ref, std::move(group)});
    detail::watch(address(), me);
    return ref;
  }

  std::shared_ptr<Table> table_;
};

}  // namespace otp
