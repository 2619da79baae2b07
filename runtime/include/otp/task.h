// Task: a process that computes one value, and its owner who waits for it.
//
//   otp::Task<Page> page = otp::async([url] { return fetch(url); });
//   ... something else ...
//   Page result = otp::await(page);                          // exits the caller when it cannot
//
//   for (const auto& each : otp::async_stream(urls, fetch, {.max_concurrency = 8}))
//     use(each.result);                                      // std::expected<Page, ExitReason>
//
//   auto tasks = otp::start_task_supervisor({.name = "tasks"}).value();
//   auto safe = tasks.async_nolink([] { return risky(); });  // its crash is an answer, not our end
//
// - `async` links the task to its owner: a crash of either ends the other, unless it traps exits.
//   The task's parent's callers are its `callers()`.
// - Only the owner may ask (std::invalid_argument otherwise). A task answers once: await and a
//   finished yield consume its answer.
// - await fails with the task's exit reason or `timeout`; afterwards nothing of the task arrives
//   any more. yield says whether there is an answer yet; shutdown and ignore end the waiting for
//   good.
// - Tasks under a supervisor are its temporary children.
// Process only. Source: Elixir's Task and Task.Supervisor.
#pragma once

#include <algorithm>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <otp/alias.h>
#include <otp/call.h>
#include <otp/supervisor.h>

namespace otp {

/// What a task came to: its value, or the reason of its end.
template <class T>
using TaskResult = std::expected<T, ExitReason>;

/// A task as its owner sees it: a value.
template <class T>
struct Task {
  Pid pid;                                   ///< null of a completed one
  Ref ref;                                   ///< the monitor through which it answers
  Pid owner;                                 ///< who may ask
  std::optional<TaskResult<T>> completed{};  ///< of one that never was a process
  friend bool operator==(const Task& a, const Task& b) noexcept { return a.ref == b.ref; }
};

namespace detail {

template <class T>
struct TaskReply {
  Ref ref;
  TaskResult<T> value;  ///< never an error: that is told by the Down
};
/// Lets a task begin, and tells it where to answer.
struct TaskBegin {
  Alias reply_to;
};

using TaskBody = std::move_only_function<void(const Alias& reply_to)>;
/// Runs in the task: waits for TaskBegin, or ends when the owner has ended before.
void run_task(Pid owner, std::vector<Pid> callers, const std::shared_ptr<TaskBody>& body);
/// The callers of a task that the current process starts.
std::vector<Pid> callers_of_task();

template <class F, class T = std::invoke_result_t<F&>>
std::shared_ptr<TaskBody> task_body(F f) {
  return std::make_shared<TaskBody>([f = std::move(f)](const Alias& reply_to) mutable {
    if constexpr (std::is_void_v<T>) {
      f();
      send(reply_to, TaskReply<void>{reply_to.ref, {}});
    } else {
      send(reply_to, TaskReply<T>{reply_to.ref, f()});
    }
  });
}

/// Monitors the process of a task and lets it begin.
template <class T>
Task<T> begin_task(Pid pid) {
  const Ref ref = monitor(pid, {.alias = AliasMode::demonitor});
  send(pid, TaskBegin{alias_of(ref)});
  return {.pid = pid, .ref = ref, .owner = self()};
}

/// A task of the schema as a supervisor starts it: linked, registered when it has a name.
std::expected<ServerRef, StartError> start_task_process(std::function<void()> f,
                                                        const StartOptions& options);
void require_owner(Pid owner, Pid task);
[[noreturn]] void exit_awaiting(const char* what, Pid task, const ExitReason& reason,
                                Timeout timeout);
/// Stops a task's process in the way of `shutdown`; the reason of its end, none when it was ended
/// as asked.
std::optional<ExitReason> stop_task(Pid pid, Shutdown shutdown);

/// Takes the answer of one of several tasks: its index, or the size at the deadline.
template <class T>
std::pair<std::size_t, std::optional<TaskResult<T>>> take_any(const std::vector<Task<T>>& tasks,
                                                              const std::vector<bool>& open,
                                                              Timeout timeout) {
  const auto index_of = [&](Ref ref) {
    std::size_t i = 0;
    while (i < tasks.size() && (!open[i] || tasks[i].ref != ref)) ++i;
    return i;
  };
  std::pair<std::size_t, std::optional<TaskResult<T>>> taken{tasks.size(), std::nullopt};
  receive(on_if([&](const TaskReply<T>& reply) { return index_of(reply.ref) != tasks.size(); },
                [&](TaskReply<T> reply) {
                  demonitor(reply.ref, flush);
                  taken = {index_of(reply.ref), std::move(reply.value)};
                }),
          on_if([&](const Down& down) { return index_of(down.ref) != tasks.size(); },
                [&](Down down) {
                  taken = {index_of(down.ref),
                           TaskResult<T>(std::unexpect, std::move(down.reason))};
                }),
          after(timeout, [] {}));
  return taken;
}

template <class T>
std::optional<TaskResult<T>> take_one(const Task<T>& task, Timeout timeout) {
  if (task.completed) return task.completed;
  return take_any<T>({task}, {true}, timeout).second;
}

/// Nothing of the task will arrive from now on.
template <class T>
void forget(const Task<T>& task) {
  demonitor(task.ref, flush);
  while (receive_value_if<TaskReply<T>>(
      [&](const TaskReply<T>& reply) { return reply.ref == task.ref; })) {
  }
}

/// What is left of a time limit that began at `begin`.
inline Timeout left_of(Timeout timeout, TimePoint begin) {
  return timeout.is_infinite() ? timeout : Timeout(timeout.value - (monotonic_time() - begin));
}

}  // namespace detail

// ---- Starting ----

/// Starts a linked task.
template <class F>
Task<std::invoke_result_t<F&>> async(F f) {
  auto body = detail::task_body(std::move(f));
  const Pid pid = spawn_link([owner = self(), callers = detail::callers_of_task(),
                              body = std::move(body)] { detail::run_task(owner, callers, body); });
  return detail::begin_task<std::invoke_result_t<F&>>(pid);
}
/// Starts a task that nobody waits for, not linked and linked.
Pid start_task(std::function<void()> f);
Pid start_task_link(std::function<void()> f);
/// A temporary child that runs `f` once.
ChildSpec task_child_spec(std::string id, std::function<void()> f);
/// A task that has its value already.
template <class T>
Task<std::decay_t<T>> completed_task(T&& value) {
  return {.pid = {},
          .ref = make_ref(),
          .owner = self(),
          .completed = TaskResult<std::decay_t<T>>(std::forward<T>(value))};
}

// ---- Waiting ----

/// The value; exits the caller with the task's reason or `timeout`, and the call.
template <class T>
T await(const Task<T>& task, Timeout timeout = std::chrono::seconds{5}) {
  detail::require_owner(task.owner, task.pid);
  std::optional<TaskResult<T>> result = detail::take_one(task, timeout);
  if (!result) {
    detail::forget(task);
    detail::exit_awaiting("await", task.pid, ExitReason::timeout(), timeout);
  }
  if (!*result) detail::exit_awaiting("await", task.pid, result->error(), timeout);
  if constexpr (!std::is_void_v<T>) return std::move(**result);
}

/// The values in the order of the tasks; fails as soon as one does, or when the time is over.
template <class T>
  requires(!std::is_void_v<T>)
std::vector<T> await_many(const std::vector<Task<T>>& tasks,
                          Timeout timeout = std::chrono::seconds{5}) {
  for (const Task<T>& each : tasks) detail::require_owner(each.owner, each.pid);
  const TimePoint begin = monotonic_time();
  std::vector<std::optional<T>> values(tasks.size());
  std::vector<bool> open(tasks.size(), true);
  const auto give_up = [&](std::size_t failed, const ExitReason& reason) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (open[i]) detail::forget(tasks[i]);
    }
    detail::exit_awaiting("await_many", tasks[failed].pid, reason, timeout);
  };
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].completed) continue;
    values[i].emplace(tasks[i].completed->value());
    open[i] = false;
  }
  while (std::ranges::find(open, true) != open.end()) {
    auto [index, result] = detail::take_any(tasks, open, detail::left_of(timeout, begin));
    if (!result)
      give_up(static_cast<std::size_t>(std::ranges::find(open, true) - open.begin()),
              ExitReason::timeout());
    open[index] = false;
    if (!*result) give_up(index, result->error());
    values[index].emplace(std::move(**result));
  }
  std::vector<T> all;
  for (std::optional<T>& each : values) all.push_back(std::move(*each));
  return all;
}

/// The answer, or none when there is none within the time: then ask again later.
template <class T>
std::optional<TaskResult<T>> yield(const Task<T>& task, Timeout timeout = std::chrono::seconds{5}) {
  detail::require_owner(task.owner, task.pid);
  return detail::take_one(task, timeout);
}

/// Ends the task if it still runs. Its answer when that was there already; its reason when it ended
/// by another one than it was told; none otherwise. Nothing of it arrives afterwards.
template <class T>
std::optional<TaskResult<T>> shutdown(const Task<T>& task,
                                      Shutdown how = Shutdown::after(std::chrono::seconds{5})) {
  detail::require_owner(task.owner, task.pid);
  if (task.completed) return task.completed;
  const auto reason = detail::stop_task(task.pid, how);
  auto answer = receive_value_if<detail::TaskReply<T>>(
      [&](const detail::TaskReply<T>& reply) { return reply.ref == task.ref; });
  demonitor(task.ref, flush);
  if (answer) return std::move(answer->value);
  if (reason) return TaskResult<T>(std::unexpect, *reason);
  return std::nullopt;
}

/// Lets the task go on without its owner. Its answer when that was there already.
template <class T>
std::optional<TaskResult<T>> ignore(const Task<T>& task) {
  detail::require_owner(task.owner, task.pid);
  if (task.completed) return task.completed;
  unlink(task.pid);
  auto result = detail::take_one(task, Duration::zero());
  detail::forget(task);
  return result;
}

enum class OnTimeout : std::uint8_t {
  nothing,    ///< the task may be asked again
  ignore,     ///< as otp::ignore
  kill_task,  ///< as otp::shutdown with brutal_kill
};
struct YieldManyOptions {
  Timeout timeout = std::chrono::seconds{5};
  OnTimeout on_timeout = OnTimeout::nothing;
};
/// What each came to within the time, in the order of the tasks.
template <class T>
std::vector<std::pair<Task<T>, std::optional<TaskResult<T>>>> yield_many(
    const std::vector<Task<T>>& tasks, YieldManyOptions options = {}) {
  for (const Task<T>& each : tasks) detail::require_owner(each.owner, each.pid);
  const TimePoint begin = monotonic_time();
  std::vector<std::pair<Task<T>, std::optional<TaskResult<T>>>> results;
  for (const Task<T>& each : tasks) {
    auto result = detail::take_one(each, detail::left_of(options.timeout, begin));
    if (!result && options.on_timeout == OnTimeout::ignore) result = ignore(each);
    if (!result && options.on_timeout == OnTimeout::kill_task)
      result = shutdown(each, Shutdown::brutal_kill());
    results.emplace_back(each, std::move(result));
  }
  return results;
}

// ---- Under a supervisor ----

struct TaskChildOptions {
  Restart restart = Restart::temporary;
  Shutdown shutdown = Shutdown::after(std::chrono::seconds{5});
};

/// A dynamic supervisor of tasks.
class TaskSupervisor : public DynamicSupervisorRef {
 public:
  using DynamicSupervisorRef::DynamicSupervisorRef;

  /// Linked to the caller besides. Throws std::runtime_error when it cannot be started
  /// (`max_children`).
  template <class F>
  Task<std::invoke_result_t<F&>> async(F f, Shutdown shutdown = TaskChildOptions{}.shutdown) const {
    const Pid pid = start_task(detail::task_body(std::move(f)), shutdown);
    link(pid);
    return detail::begin_task<std::invoke_result_t<F&>>(pid);
  }
  /// Not linked: a crash is an answer.
  template <class F>
  Task<std::invoke_result_t<F&>> async_nolink(
      F f, Shutdown shutdown = TaskChildOptions{}.shutdown) const {
    const Pid pid = start_task(detail::task_body(std::move(f)), shutdown);
    return detail::begin_task<std::invoke_result_t<F&>>(pid);
  }
  /// A task that nobody waits for; run again as `restart` says.
  std::expected<Pid, StartError> start_child(std::function<void()> f,
                                             TaskChildOptions options = {}) const;

 private:
  Pid start_task(std::shared_ptr<detail::TaskBody> body, Shutdown shutdown) const;
};

std::expected<TaskSupervisor, StartError> start_task_supervisor(DynamicSupervisorSpec spec,
                                                                const StartOptions& options = {});

// ---- Streams ----

struct StreamOptions {
  std::size_t max_concurrency = 0;            ///< 0: as many as there are schedulers
  bool ordered = true;                        ///< results in the order of the inputs
  Timeout timeout = std::chrono::seconds{5};  ///< for each task
  /// nothing: the caller exits with `timeout`; kill_task: that one's result is the exit `timeout`.
  OnTimeout on_timeout = OnTimeout::nothing;
  /// None: linked to the caller. Else a child of it, and not linked.
  std::optional<TaskSupervisor> supervisor{};
};

namespace detail {
std::size_t default_concurrency();
void check_stream_options(const StreamOptions& options);
}  // namespace detail

/// The results of one task for each input, started as the stream is read. Tasks that are still
/// running are shut down with it.
template <class Input, class F, class T = std::invoke_result_t<F&, const Input&>>
class TaskStream {
 public:
  struct Item {
    std::size_t index;  ///< of the input
    TaskResult<T> result;
  };

  TaskStream(std::vector<Input> inputs, F f, StreamOptions options)
      : inputs_(std::move(inputs)),
        f_(std::make_shared<F>(std::move(f))),
        options_(std::move(options)) {
    detail::check_stream_options(options_);
    if (options_.max_concurrency == 0) options_.max_concurrency = detail::default_concurrency();
  }
  TaskStream(const TaskStream&) = delete;
  TaskStream& operator=(const TaskStream&) = delete;
  ~TaskStream() { stop(); }

  /// The next result; none at the end.
  std::optional<Item> next() {
    for (;;) {
      while (running_.size() < options_.max_concurrency && started_ < inputs_.size()) start_one();
      if (auto ready = take_ready()) return ready;
      if (running_.empty()) return std::nullopt;
      wait_for_one();
    }
  }

  class iterator {
   public:
    explicit iterator(TaskStream* stream) : stream_(stream) { ++*this; }
    const Item& operator*() const { return *item_; }
    iterator& operator++() {
      item_ = stream_->next();
      return *this;
    }
    bool operator!=(std::default_sentinel_t) const { return item_.has_value(); }

   private:
    TaskStream* stream_;
    std::optional<Item> item_;
  };
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  struct Running {
    Task<T> task;
    std::size_t index;
    TimePoint begin;
  };

  void start_one() {
    auto run = [f = f_, input = inputs_[started_]]() -> T { return (*f)(input); };
    Task<T> task = options_.supervisor ? options_.supervisor->async_nolink(std::move(run))
                                       : async(std::move(run));
    running_.push_back({std::move(task), started_++, monotonic_time()});
  }

  std::optional<Item> take_ready() {
    const auto found = options_.ordered ? ready_.find(delivered_) : ready_.begin();
    if (found == ready_.end()) return std::nullopt;
    Item item{found->first, std::move(found->second)};
    ready_.erase(found);
    ++delivered_;
    return item;
  }

  void wait_for_one() {
    std::vector<Task<T>> tasks;
    Timeout wait = infinity;
    for (const Running& each : running_) {
      tasks.push_back(each.task);
      const Timeout left = detail::left_of(options_.timeout, each.begin);
      if (left.value < wait.value) wait = left;
    }
    auto [index, result] = detail::take_any(tasks, std::vector<bool>(tasks.size(), true), wait);
    if (!result) {
      end_late_ones();
      return;
    }
    const Running done = take_running(index);
    if (!*result && !options_.supervisor) detail::unlink_and_flush(done.task.pid);
    ready_.emplace(done.index, std::move(*result));
  }

  void end_late_ones() {
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (detail::left_of(options_.timeout, running_[i].begin).value > Duration::zero()) continue;
      const Running late = take_running(i);
      auto answer = shutdown(late.task, Shutdown::brutal_kill());
      if (!answer && options_.on_timeout != OnTimeout::kill_task) {
        stop();
        detail::exit_awaiting("async_stream", late.task.pid, ExitReason::timeout(),
                              options_.timeout);
      }
      ready_.emplace(late.index, answer ? std::move(*answer)
                                        : TaskResult<T>(std::unexpect, ExitReason::timeout()));
    }
  }

  Running take_running(std::size_t i) {
    Running taken = std::move(running_[i]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    return taken;
  }

  void stop() {
    for (Running& each : std::exchange(running_, {})) shutdown(each.task, Shutdown::brutal_kill());
    started_ = inputs_.size();
  }

  std::vector<Input> inputs_;
  std::shared_ptr<F> f_;
  StreamOptions options_;
  std::vector<Running> running_;
  std::map<std::size_t, TaskResult<T>> ready_;
  std::size_t started_ = 0;
  std::size_t delivered_ = 0;
};

/// Runs `f` on each input, `max_concurrency` at a time. Throws std::invalid_argument for options
/// that mean nothing.
template <class Range, class F>
auto async_stream(const Range& inputs, F f, StreamOptions options = {}) {
  using Input = std::decay_t<decltype(*std::begin(inputs))>;
  return TaskStream<Input, F>(std::vector<Input>(std::begin(inputs), std::end(inputs)),
                              std::move(f), std::move(options));
}

}  // namespace otp
