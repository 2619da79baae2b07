// What processes let others of their node look at without asking them: a registry's table, the
// pids behind a partition supervisor. Any thread.
#pragma once

#include <any>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <otp/pid.h>

namespace otp::detail {

class Published {
 public:
  /// Instead of what `pid` has published before.
  void put(Pid pid, std::any what) {
    const std::lock_guard lock(mutex_);
    things_.insert_or_assign(pid, std::move(what));
  }
  void drop(Pid pid) noexcept {
    const std::lock_guard lock(mutex_);
    things_.erase(pid);
  }
  /// A `T`; an empty one when the process has published none.
  template <class T>
  T find(Pid pid) const {
    const std::shared_lock lock(mutex_);
    const auto found = things_.find(pid);
    const T* const thing = found == things_.end() ? nullptr : std::any_cast<T>(&found->second);
    return thing == nullptr ? T() : *thing;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<Pid, std::any> things_;
};

}  // namespace otp::detail
