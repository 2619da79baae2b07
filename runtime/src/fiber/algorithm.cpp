#include "fiber/algorithm.h"

#include <pthread.h>

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/fiber/fiber.hpp>

#include "fiber/stack_pool.h"

namespace otp::detail {
namespace {

constexpr std::uint32_t ended_workers_before_release = 32;

void note_thread_stack(SwitchState& state) noexcept {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* bottom = nullptr;
  pthread_attr_getstack(&attributes, &bottom, &state.stack_bytes);
  state.stack_bottom = bottom;
  pthread_attr_destroy(&attributes);
}

/// Boost.Fiber puts a context at the top of its own stack, of the default size.
void note_dispatcher_stack(SwitchState& state, const void* context) noexcept {
  constexpr std::uintptr_t page = 4096;
  const std::size_t bytes = boost::context::stack_traits::default_size();
  const auto top = (reinterpret_cast<std::uintptr_t>(context) + page - 1) / page * page;
  state.stack_bottom = reinterpret_cast<const void*>(top - bytes);
  state.stack_bytes = bytes;
}

}  // namespace

SchedulingAlgorithm::SchedulingAlgorithm(Scheduler& scheduler)
    : scheduler_(scheduler), main_(boost::fibers::context::active()) {
  init_switch_state(main_state_, true);
  init_switch_state(dispatcher_state_, false);
  note_thread_stack(main_state_);
}

SchedulingAlgorithm::~SchedulingAlgorithm() { destroy_switch_state(dispatcher_state_, false); }

void SchedulingAlgorithm::awakened(boost::fibers::context* context) noexcept {
  if (context->is_context(boost::fibers::type::dispatcher_context)) {
    if (dispatcher_ == nullptr) note_dispatcher_stack(dispatcher_state_, context);
    dispatcher_ = context;
    dispatcher_ready_ = true;
  } else if (context != main_) {
    static_cast<Worker*>(context->get_properties())->context = context;
  }
}

boost::fibers::context* SchedulingAlgorithm::pick_next() noexcept {
  const bool from_dispatcher = state_ == &dispatcher_state_;
  if (from_dispatcher && std::exchange(dispatcher_left_, false)) {
    after_switch_to(dispatcher_state_);
    scheduler_.after_switch();
  }
  const bool leaves_for_ever = worker_ != nullptr && worker_->ending;
  if (leaves_for_ever) ++ended_workers_;
  const Fiber next = choose(from_dispatcher);
  if (next.context == nullptr) return nullptr;
  if (from_dispatcher) {
    dispatcher_left_ = true;
    if (next.worker != nullptr) attach(*next.worker);
  }
  return switch_to(next, leaves_for_ever);
}

boost::fibers::context* SchedulingAlgorithm::switch_to(Fiber next, bool leaves_for_ever) noexcept {
  SwitchState* const to = next.worker != nullptr  ? &next.worker->state
                          : next.context == main_ ? &main_state_
                                                  : &dispatcher_state_;
  before_switch(exceptions_, throw_notes_, *state_, *to, leaves_for_ever);
  worker_ = next.worker;
  state_ = to;
  return next.context;
}

SchedulingAlgorithm::Fiber SchedulingAlgorithm::take_dispatcher() noexcept {
  if (!std::exchange(dispatcher_ready_, false)) return {};
  ended_workers_ = 0;  // the dispatcher frees them
  return {dispatcher_, nullptr};
}

SchedulingAlgorithm::Fiber SchedulingAlgorithm::choose(bool from_dispatcher) noexcept {
  if (Runnable* chosen = std::exchange(scheduler_.chosen_, nullptr)) {
    scheduler_.going_idle_ = false;
    return resume_or_assign(*chosen);
  }
  // A worker on its way into the idle pool must not be handed back to itself: the dispatcher looks
  // further.
  if (std::exchange(scheduler_.going_idle_, false)) return take_dispatcher();
  if (ended_workers_ >= ended_workers_before_release && !from_dispatcher && dispatcher_ready_) {
    return take_dispatcher();
  }
  // It is not in its queue yet: the dispatcher will find it there.
  if (scheduler_.leaving_.how == Scheduler::Leave::requeue &&
      scheduler_.leaving_.runnable->is_urgent()) [[unlikely]]
    return take_dispatcher();
  if (Runnable* next = scheduler_.next_runnable(from_dispatcher)) return resume_or_assign(*next);
  return choose_other(from_dispatcher);
}

/// When there is no process to run.
SchedulingAlgorithm::Fiber SchedulingAlgorithm::choose_other(bool from_dispatcher) noexcept {
  if ((scheduler_.stopping_ || scheduler_.surplus_ != 0) && !scheduler_.idle_workers_.empty()) {
    Worker* worker = idle_or_new_worker();
    worker->ending = true;
    if (scheduler_.surplus_ != 0) --scheduler_.surplus_;
    return {worker->context, worker};
  }
  if (scheduler_.stopping_ && state_ != &main_state_ && !from_dispatcher) return {main_, nullptr};
  if (!from_dispatcher) return take_dispatcher();
  if (scheduler_.stopping_ && !scheduler_.main_left_) return {main_, nullptr};
  return {};
}

SchedulingAlgorithm::Fiber SchedulingAlgorithm::resume_or_assign(Runnable& runnable) noexcept {
  if (runnable.stack != nullptr) {
    auto* worker = static_cast<Worker*>(std::exchange(runnable.stack, nullptr));
    scheduler_.start_turn(runnable);
    return {worker->context, worker};
  }
  Worker* worker = idle_or_new_worker();
  if (worker == nullptr) [[unlikely]] {  // no memory for a stack: let the others go on, some may
    scheduler_.group_.push_shared(runnable);  // give theirs back
    return take_dispatcher();
  }
  worker->assigned = &runnable;
  return {worker->context, worker};
}

Worker* SchedulingAlgorithm::idle_or_new_worker() noexcept {
  if (scheduler_.idle_workers_.empty()) [[unlikely]]
    return new_worker();
  Worker* worker = scheduler_.idle_workers_.back();
  scheduler_.idle_workers_.pop_back();
  scheduler_.least_idle_ = std::min(scheduler_.least_idle_, scheduler_.idle_workers_.size());
  return worker;
}

Worker* SchedulingAlgorithm::new_worker() noexcept {
  Worker* const maker = worker_ != nullptr && !worker_->attached ? worker_ : nullptr;
  if (maker != nullptr) attach(*maker);
  Worker* made = nullptr;
  static_assert(sizeof(Worker) <= Worker::bytes_of_stack);
  try {
    StackPool& stacks = *scheduler_.group_.stacks_;
    const boost::context::stack_context stack = stacks.allocate();  // alone may throw
    char* const top = static_cast<char*>(stack.sp);
    made = ::new (top - Worker::bytes_of_stack) Worker;
    made->state.stack_bottom = top - stack.size;
    made->state.stack_bytes = stack.size;
    boost::fibers::fiber(boost::fibers::launch::post,
                         static_cast<boost::fibers::fiber_properties*>(made), std::allocator_arg,
                         RestOfStack(stacks, stack, Worker::bytes_of_stack),
                         [made] { made->main(); })
        .detach();
  } catch (const std::bad_alloc&) {  // the caller sees that there is none
  }
  if (maker != nullptr) maker->detach();
  return made;
}

void SchedulingAlgorithm::suspend_until(
    const std::chrono::steady_clock::time_point& time) noexcept {
  static_cast<void>(time);  // Boost.Fiber's own sleepers: there are none
  scheduler_.sleep();
}

void SchedulingAlgorithm::main_resumed() noexcept { after_switch_to(main_state_); }

void SchedulingAlgorithm::notify() noexcept {
  // Boost.Fiber's shutdown goes from the dispatcher to the main fiber without asking pick_next.
  if (!scheduler_.main_left_) return;
  if (std::exchange(dispatcher_left_, false)) after_switch_to(dispatcher_state_);
  before_switch(exceptions_, throw_notes_, dispatcher_state_, main_state_, true);
  state_ = &main_state_;
}

void Worker::main() {
  frame = __builtin_frame_address(0);
  arrived();
  Scheduler* scheduler = current_scheduler();
  scheduler->after_switch();
  Runnable* again = nullptr;  // has had its share of the thread
  while (!ending) {
    Runnable* runnable = std::exchange(assigned, nullptr);
    if (runnable == nullptr) {
      // Of whoever has a priority the queues decide whether it goes on at once; and a scheduler
      // that is retired keeps nobody.
      if (again != nullptr &&
          (scheduler->group_.is_simulated() || !again->is_ordinary() || scheduler->is_retired()))
        scheduler->group_.make_runnable_last(*std::exchange(again, nullptr));
      // Taken out before `again` goes in: thieves never see two where one runs at once.
      runnable = scheduler->next_runnable(false);
      if (again != nullptr && runnable != nullptr) {
        scheduler->group_.make_runnable_last(*again);
      } else if (again != nullptr) {
        runnable = again;
      }
      again = nullptr;
      if (runnable != nullptr && runnable->stack != nullptr) {
        scheduler->chosen_ = std::exchange(runnable, nullptr);
      }
    }
    if (runnable != nullptr) {
      if (scheduler->run(*runnable)) again = runnable;
      scheduler = current_scheduler();
      continue;
    }
    scheduler->current_.store(nullptr, std::memory_order_relaxed);
    if (scheduler->stopping_ || scheduler->idle_workers_.size() == Scheduler::max_idle_workers)
      break;
    scheduler->idle_workers_.push_back(this);
    scheduler->going_idle_ = true;
    scheduler->algorithm_->leave_worker();
    arrived();
    scheduler = current_scheduler();
    scheduler->after_switch();
  }
  scheduler->algorithm_->attach(*this);
  ending = true;
}

}  // namespace otp::detail
