#include "fiber/stack_overflow.h"

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "fiber/scheduler.h"

namespace otp::detail {
namespace {

StackOverflowed report_overflow = nullptr;
struct sigaction former_action;

#if defined(__x86_64__)
std::uintptr_t program_counter(const ucontext_t& context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}
std::uintptr_t frame_pointer(const ucontext_t& context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RBP]);
}
void go_on_at(ucontext_t& context, void (*function)(), std::uintptr_t stack_top) noexcept {
  // As if it had been called: the return address is below the aligned top.
  context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(stack_top / 16 * 16 - 8);
  context.uc_mcontext.gregs[REG_RBP] = 0;
  context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(function);
}
#elif defined(__aarch64__)
std::uintptr_t program_counter(const ucontext_t& context) noexcept {
  return context.uc_mcontext.pc;
}
std::uintptr_t frame_pointer(const ucontext_t& context) noexcept {
  return context.uc_mcontext.regs[29];
}
void go_on_at(ucontext_t& context, void (*function)(), std::uintptr_t stack_top) noexcept {
  context.uc_mcontext.sp = stack_top / 16 * 16;
  context.uc_mcontext.regs[29] = 0;
  context.uc_mcontext.pc = reinterpret_cast<std::uintptr_t>(function);
}
#else
#error "which registers hold the program counter, the stack and the frame?"
#endif

}  // namespace

struct OverflowHandler {
  static void on_fault(int signal, siginfo_t* info, void* raw_context) {
    Scheduler* const scheduler = current_scheduler();
    const std::span<const std::byte> stack =
        scheduler == nullptr ? std::span<const std::byte>() : scheduler->current_stack();
    const auto fault = reinterpret_cast<std::uintptr_t>(info->si_addr);
    const auto bottom = reinterpret_cast<std::uintptr_t>(stack.data());
    static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    if (stack.empty() || fault < bottom || fault >= bottom + page) {
      pass_on(signal, info, raw_context);
      return;
    }
    auto& context = *static_cast<ucontext_t*>(raw_context);
    OverflowStacks& stacks = *scheduler->overflow_stacks();
    note_frames(stacks, context, bottom, bottom + stack.size());
    go_on_at(context, &rescue,
             reinterpret_cast<std::uintptr_t>(&stacks.stacks_[0]) + OverflowStacks::handler_bytes +
                 OverflowStacks::rescue_bytes);
  }

  /// To whoever was there before. A function may mend what is wrong, and the next fault is ours
  /// again. One that is to be called once counts on what the kernel does the next time.
  static void pass_on(int signal, siginfo_t* info, void* context) {
    const auto flags = static_cast<unsigned>(former_action.sa_flags);
    const bool is_sent = info->si_code <= 0;
    const bool is_ignored = former_action.sa_handler == SIG_IGN;
    if (is_sent && is_ignored) return;
    if (is_ignored || former_action.sa_handler == SIG_DFL || (flags & SA_RESETHAND) != 0) {
      sigaction(signal, &former_action, nullptr);  // the instruction faults once more, for that one
      if (is_sent) raise(signal);
      return;
    }
    pthread_sigmask(SIG_BLOCK, &former_action.sa_mask, nullptr);  // until this handler returns
    if ((flags & SA_SIGINFO) != 0) {
      former_action.sa_sigaction(signal, info, context);
    } else {
      former_action.sa_handler(signal);
    }
  }

  static void note_frames(OverflowStacks& stacks, const ucontext_t& context, std::uintptr_t bottom,
                          std::uintptr_t top) noexcept {
    stacks.frame_count_ = 0;
    stacks.frames_[stacks.frame_count_++] = reinterpret_cast<void*>(program_counter(context));
    struct Frame {
      const Frame* caller;
      void* return_address;
    };
    auto address = frame_pointer(context);
    while (stacks.frame_count_ < stacks.frames_.size() && address >= bottom &&
           address + sizeof(Frame) <= top && address % alignof(Frame) == 0) {
      const auto* frame = reinterpret_cast<const Frame*>(address);
      stacks.frames_[stacks.frame_count_++] = frame->return_address;
      const auto caller = reinterpret_cast<std::uintptr_t>(frame->caller);
      if (caller <= address) break;
      address = caller;
    }
  }

  [[noreturn]] static void rescue() {
    Scheduler& scheduler = *current_scheduler();
    OverflowStacks& stacks = *scheduler.overflow_stacks();
    report_overflow(*scheduler.current(), std::span(stacks.frames_).first(stacks.frame_count_));
    std::abort();
  }
};

void contain_stack_overflows(StackOverflowed overflowed) {
  report_overflow = overflowed;
  struct sigaction action{};
  action.sa_sigaction = &OverflowHandler::on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &former_action);
}

OverflowStacks::OverflowStacks() {
  stack_t stack{};
  stack.ss_sp = &stacks_[0];
  stack.ss_size = handler_bytes;
  sigaltstack(&stack, nullptr);
}

OverflowStacks::~OverflowStacks() {
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

}  // namespace otp::detail
