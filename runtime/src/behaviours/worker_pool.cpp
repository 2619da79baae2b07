#include <otp/worker_pool.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "behaviours/operation_calls.h"
#include "behaviours/starting.h"

namespace otp {
namespace detail {
namespace {

/// Waits in the pool until there is a worker.
struct CheckOut : CallBase {
  Pid worker;
  Ref id;
};
constexpr MessageType check_out_type{.name = "WorkerPool.check_out",
                                     .interface = nullptr,
                                     .deliver = nullptr,
                                     .destroy = &destroy_message<CheckOut>};
struct CheckIn : Message {
  Pid worker;
};
constexpr MessageType check_in_type{.name = "WorkerPool.check_in",
                                    .interface = nullptr,
                                    .deliver = nullptr,
                                    .destroy = &destroy_message<CheckIn>};

/// Who has asked waits no longer; it may have been lent a worker meanwhile.
struct GiveUp : Message {
  Ref id;
};
constexpr MessageType give_up_type{.name = "WorkerPool.give_up",
                                   .interface = nullptr,
                                   .deliver = nullptr,
                                   .destroy = &destroy_message<GiveUp>};

/// Who has asked and has no worker yet.
struct Waiting {
  ReplyTo to;
  std::int64_t deadline;  ///< 0: never
  Ref id;                 ///< of the request
};

class WorkerPoolProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &worker_pool_interface;

  WorkerPoolProcess(WorkerPoolSpec spec, const StartOptions& options)
      : StartedBehaviour(options), spec_(std::move(spec)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    const auto supervisor = start_dynamic_supervisor({.name = "WorkerPool"});
    if (!supervisor) return refuse(supervisor.error(), false);
    supervisor_ = *supervisor;
    for (std::size_t i = 0; i < spec_.size; ++i) {
      const auto worker = start_worker();
      if (!worker) return refuse(worker.error(), false);
      idle_.push_back(*worker);
    }
    acknowledge();
    return Flow::wait;
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->type == &check_out_type) {
      lend_or_wait(std::move(message));
    } else if (message->type == &check_in_type) {
      take_back(static_cast<CheckIn&>(*message).worker);
    } else if (message->type == &give_up_type) {
      give_up(static_cast<GiveUp&>(*message).id);
    } else if (message->kind == MessageKind::down) {
      has_ended(static_cast<DownMessage&>(*message).down);
    } else if (message->kind == MessageKind::call) {
      return answer_operation(*this, std::move(message));
    }
    return Flow::wait;
  }
  std::string describe() const override { return "worker_pool"; }

  WorkerPoolStatus status() const {
    return {.idle = idle_.size(),
            .lent = lent_.size(),
            .overflow = overflow_,
            .waiting = waiting_.size()};
  }

 private:
  struct Lent {
    Ref watch;
    Ref id;  ///< of the request
  };

  std::expected<Pid, StartError> start_worker() {
    ChildSpec spec = spec_.worker();
    spec.restart = Restart::temporary;
    const auto started = supervisor_.start_child(std::move(spec));
    if (!started) return std::unexpected(started.error());
    monitor(started->pid);
    return started->pid;
  }

  /// Who has to wait is told when the pool ends before its turn.
  void lend_or_wait(std::unique_ptr<Message, MessageDeleter>&& message) {
    Handling handling(*this, std::move(message));
    auto& call = static_cast<CheckOut&>(handling.call());
    if (idle_.empty() && overflow_ < spec_.max_overflow) {
      const auto worker = start_worker();
      if (!worker) return handling.refuse(worker.error().as_reason());
      ++overflow_;
      idle_.push_back(*worker);
    }
    if (idle_.empty()) {
      waiting_.push_back({.to = {.caller = call.caller, .request = call.request, .server = self()},
                          .deadline = call.deadline,
                          .id = call.id});
      return;
    }
    call.worker = lend(call.caller, call.id);
    handling.send_back();
  }

  /// The worker that has come back last: it is warm.
  Pid lend(Pid borrower, Ref id) {
    const Pid worker = idle_.back();
    idle_.pop_back();
    lent_[worker] = {.watch = monitor(borrower), .id = id};
    return worker;
  }

  void take_back(Pid worker) {
    const auto lent = lent_.find(worker);
    if (lent == lent_.end()) return;
    demonitor(lent->second.watch, flush);
    lent_.erase(lent);
    is_free(worker);
  }

  void give_up(Ref id) {
    const auto lent =
        std::ranges::find_if(lent_, [id](const auto& each) { return each.second.id == id; });
    if (lent != lent_.end()) return take_back(lent->first);
    const auto late = std::ranges::find(waiting_, id, &Waiting::id);
    if (late != waiting_.end()) waiting_.erase(late);
  }

  void is_free(Pid worker) {
    if (overflow_ != 0 && !anybody_waits()) {
      --overflow_;
      static_cast<void>(supervisor_.terminate_child(worker));
      return;
    }
    idle_.push_back(worker);
    serve_waiting();
  }

  void serve_waiting() {
    while (!idle_.empty() && anybody_waits()) {
      const Waiting next = waiting_.front();
      waiting_.pop_front();
      auto* const reply = make_message<CheckOut>();
      reply->type = &check_out_type;
      reply->worker = lend(next.to.caller, next.id);
      send_reply(next.to, reply);
    }
  }

  /// True when there is somebody to lend to, who then is the first. Who has given up or has ended
  /// is sorted out when its turn comes: to look for all such at each check-in would be quadratic.
  bool anybody_waits() {
    const std::int64_t time = monotonic_time().time_since_epoch().count();
    const auto is_late = [time](const Waiting& each) {
      return (each.deadline != 0 && each.deadline <= time) || !is_alive(each.to.caller);
    };
    while (!waiting_.empty() && is_late(waiting_.front())) waiting_.pop_front();
    return !waiting_.empty();
  }

  void has_ended(const Down& down) {
    // A borrower: its worker is in the middle of something.
    const auto borrowed = std::ranges::find_if(
        lent_, [&](const auto& each) { return each.second.watch == down.ref; });
    if (borrowed != lent_.end()) {
      const Pid worker = borrowed->first;
      lent_.erase(borrowed);
      static_cast<void>(supervisor_.terminate_child(worker));
      replace();
      return;
    }
    // A worker.
    const auto lent = lent_.find(down.pid);
    if (lent != lent_.end()) {
      demonitor(lent->second.watch, flush);
      lent_.erase(lent);
    } else if (std::erase(idle_, down.pid) == 0) {
      return;
    }
    replace();
  }

  /// A successor for a worker that is gone. When it does not start, the pool ends, and its
  /// supervisor decides.
  void replace() {
    if (overflow_ != 0 && !anybody_waits()) {
      --overflow_;
      return;
    }
    const auto worker = start_worker();
    if (!worker) otp::exit(worker.error().as_reason());
    idle_.push_back(*worker);
    serve_waiting();
  }

  WorkerPoolSpec spec_;
  DynamicSupervisorRef supervisor_;
  std::vector<Pid> idle_;  ///< the last one is lent next
  std::unordered_map<Pid, Lent> lent_;
  std::deque<Waiting> waiting_;
  std::size_t overflow_ = 0;
};

}  // namespace
}  // namespace detail

std::expected<WorkerPool, StartError> WorkerPool::start_link(WorkerPoolSpec spec,
                                                             const StartOptions& options) {
  if (!spec.worker) throw std::invalid_argument("WorkerPool: `worker` must be given");
  if (spec.size == 0) throw std::invalid_argument("WorkerPool: `size` must be positive");
  const auto started =
      detail::start_behaviour(std::make_unique<detail::WorkerPoolProcess>(std::move(spec), options),
                              options, {.link = true});
  if (!started) return std::unexpected(started.error());
  return WorkerPool(started->pid);
}

std::expected<Pid, CallError> WorkerPool::check_out(Timeout timeout) const {
  auto* call = detail::make_message<detail::CheckOut>();
  call->type = &detail::check_out_type;
  const Ref id = call->id = make_ref();
  const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::call_and_wait(address(), call, timeout));
  if (answer == nullptr) {
    auto* message = detail::make_message<detail::GiveUp>(detail::Message{}, id);
    message->type = &detail::give_up_type;
    message->kind = detail::MessageKind::cast;
    detail::send_message(address(), message);
  }
  if (answer == nullptr || answer->state != static_cast<std::uint8_t>(detail::CallState::replied)) {
    return std::unexpected(
        detail::request_failure(answer.get(), detail::check_out_type.name, address(), timeout));
  }
  return static_cast<detail::CheckOut&>(*answer).worker;
}

void WorkerPool::check_in(Pid worker) const {
  auto* message = detail::make_message<detail::CheckIn>(detail::Message{}, worker);
  message->type = &detail::check_in_type;
  message->kind = detail::MessageKind::cast;
  detail::send_message(address(), message);
}

WorkerPoolStatus WorkerPool::status() const {
  return detail::call_operation<detail::WorkerPoolProcess>(
      *this, "WorkerPool.status", [](detail::WorkerPoolProcess& pool) { return pool.status(); });
}

}  // namespace otp
