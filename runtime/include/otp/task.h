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
#include <ranges>
#include <type_traits>
#include <unordered_map>
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
/// Runs in the task: waits for TaskBegin, or ends `{shutdown, Reason}` when the owner has
/// ended before.
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
/// Stops a task's process in the way of `shutdown`, and its monitor `watch`. The reason of its end;
/// none when it was ended as asked, or when the caller is being ended itself.
std::optional<ExitReason> stop_task(Pid pid, Ref watch, Shutdown shutdown);

/// Takes the answer of one of the tasks whose monitors `is_open` knows; none at the deadline.
template <class T, class IsOpen>
std::optional<std::pair<Ref, TaskResult<T>>> take_answer(const IsOpen& is_open, Timeout timeout) {
  std::optional<std::pair<Ref, TaskResult<T>>> taken;
  receive(on_if([&](const TaskReply<T>& reply) { return is_open(reply.ref); },
                [&](TaskReply<T> reply) {
                  demonitor(reply.ref, flush);
                  taken.emplace(reply.ref, std::move(reply.value));
                }),
          on_if([&](const Down& down) { return is_open(down.ref); },
                [&](Down down) {
                  taken.emplace(down.ref, TaskResult<T>(std::unexpect, std::move(down.reason)));
                }),
          after(timeout, [] {}));
  return taken;
}

template <class T>
std::optional<TaskResult<T>> take_one(const Task<T>& task, Timeout timeout) {
  if (task.completed) return task.completed;
  auto answer = take_answer<T>([&](Ref ref) { return ref == task.ref; }, timeout);
  if (!answer) return std::nullopt;
  return std::move(answer->second);
}

/// The numbers of tasks that have not answered, by their monitors. One that is there twice answers
/// once.
using OpenTasks = std::unordered_multimap<Ref, std::size_t>;

template <class T>
OpenTasks open_ones(const std::vector<Task<T>>& tasks) {
  OpenTasks open;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].completed) open.emplace(tasks[i].ref, i);
  }
  return open;
}

/// Takes the answer of one of them, which is open no longer: its number; none at the deadline.
template <class T>
std::optional<std::pair<std::size_t, TaskResult<T>>> take_any(OpenTasks& open, Timeout timeout) {
  auto answer = take_answer<T>([&](Ref ref) { return open.contains(ref); }, timeout);
  if (!answer) return std::nullopt;
  const auto found = open.find(answer->first);
  const std::size_t number = found->second;
  open.erase(found);
  return std::pair(number, std::move(answer->second));
}

/// Nothing of them will arrive from now on. What is there goes in the order in which it came: to
/// look for that of each would be quadratic.
template <class T>
void forget(OpenTasks open) {
  for (const Ref ref : std::views::keys(open)) demonitor(ref);
  while (take_any<T>(open, Duration::zero())) {
  }
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
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].completed) values[i].emplace(tasks[i].completed->value());
  }
  detail::OpenTasks open = detail::open_ones(tasks);
  while (!open.empty()) {
    auto answer = detail::take_any<T>(open, detail::left_of(timeout, begin));
    if (answer && answer->second) {
      values[answer->first].emplace(*std::move(answer->second));
      continue;
    }
    const std::size_t failed = answer ? answer->first : std::ranges::min(std::views::values(open));
    detail::forget<T>(std::move(open));
    detail::exit_awaiting("await_many", tasks[failed].pid,
                          answer ? answer->second.error() : ExitReason::timeout(), timeout);
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
  const auto reason = detail::stop_task(task.pid, task.ref, how);
  auto answer = receive_value_if<detail::TaskReply<T>>(
      [&](const detail::TaskReply<T>& reply) { return reply.ref == task.ref; });
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
  for (const Task<T>& each : tasks) results.emplace_back(each, each.completed);
  detail::OpenTasks open = detail::open_ones(tasks);
  while (!open.empty()) {
    auto answer = detail::take_any<T>(open, detail::left_of(options.timeout, begin));
    if (!answer) break;
    results[answer->first].second.emplace(std::move(answer->second));
  }
  for (auto& [task, result] : results) {
    if (result) continue;
    if (options.on_timeout == OnTimeout::ignore) result = ignore(task);
    if (options.on_timeout == OnTimeout::kill_task)
      result = shutdown(task, Shutdown::brutal_kill());
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
  ~TaskStream() {
    try {
      stop();
    } catch (const detail::ExitException&) {
      // Who reads is being ended; who still ran has been killed before anybody waited.
    }
  }

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
    TimePoint begin;
  };

  void start_one() {
    auto run = [f = f_, input = inputs_[started_]]() -> T { return (*f)(input); };
    Task<T> task = options_.supervisor ? options_.supervisor->async_nolink(std::move(run))
                                       : async(std::move(run));
    open_.emplace(task.ref, started_);
    running_.emplace(started_, Running{std::move(task), monotonic_time()});
    ++started_;
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
    auto answer = detail::take_any<T>(open_, left_of_first());
    if (!answer) return end_late_ones();
    auto& [index, result] = *answer;
    const Task<T> done = take_running(running_.find(index));
    // Not only of one that has failed: who traps exits would be told of each end.
    if (!options_.supervisor) detail::unlink_and_flush(done.pid);
    ready_.emplace(index, std::move(result));
  }

  /// None has begun before the first.
  Timeout left_of_first() const {
    return detail::left_of(options_.timeout, running_.begin()->second.begin);
  }

  void end_late_ones() {
    while (!running_.empty() && left_of_first().value == Duration::zero()) {
      const std::size_t index = running_.begin()->first;
      const Task<T> late = take_running(running_.begin());
      auto answer = shutdown(late, Shutdown::brutal_kill());
      if (!answer && options_.on_timeout != OnTimeout::kill_task) {
        stop();
        detail::exit_awaiting("async_stream", late.pid, ExitReason::timeout(), options_.timeout);
      }
      ready_.emplace(
          index, answer ? std::move(*answer) : TaskResult<T>(std::unexpect, ExitReason::timeout()));
    }
  }

  Task<T> take_running(std::map<std::size_t, Running>::iterator which) {
    Task<T> taken = std::move(which->second.task);
    open_.erase(taken.ref);
    running_.erase(which);
    return taken;
  }

  void stop() {
    started_ = inputs_.size();
    for (const Running& each : std::views::values(running_)) {
      detail::unlink_and_flush(each.task.pid);
      exit(each.task.pid, ExitReason::kill());
    }
    while (!running_.empty()) shutdown(take_running(running_.begin()), Shutdown::brutal_kill());
  }

  std::vector<Input> inputs_;
  std::shared_ptr<F> f_;
  StreamOptions options_;
  std::map<std::size_t, Running> running_;  ///< by the index of the input
  detail::OpenTasks open_;                  ///< the same
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
