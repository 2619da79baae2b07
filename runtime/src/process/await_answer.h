// How a process waits for the answer to a request of its own.
#pragma once

#include <algorithm>
#include <utility>

#include <otp/detail/behaviour.h>

#include "process/node.h"
#include "process/process_main.h"

namespace otp::detail {

inline Nanoseconds deadline_of(const Process& self, Timeout timeout) noexcept {
  if (timeout.is_infinite()) return never;
  if (timeout.value.count() == 0) return 0;
  return deadline_after(self.node->schedulers().clock(), timeout.value.count());
}

/// Makes it a request of this process.
inline void prepare(const Process& self, CallBase& request, MessageKind kind) noexcept {
  request.caller = self.pid();
  request.request = make_ref().id;
  request.state = static_cast<std::uint8_t>(CallState::request);
  request.kind = kind;
}

/// Prepares a request, lets `send` send it, and waits for its answer.
template <class Send>
[[gnu::always_inline]] inline CallBase* await_answer(Process& self, CallBase& request,
                                                     MessageKind kind, Timeout timeout,
                                                     const Send& send) {
  prepare(self, request, kind);
  Wait wait{.request = request.request, .reply = nullptr};
  struct Waiting {
    Process& self;
    Wait* former;
    ~Waiting() {
      if (self.wait->reply != nullptr) self.wait->reply->type->destroy(self.wait->reply);
      self.wait = former;
    }
  } waiting{self, std::exchange(self.wait, &wait)};
  const Nanoseconds deadline = deadline_of(self, timeout);
  request.deadline = deadline == never ? 0 : std::max<Nanoseconds>(deadline, 1);
  send();
  const auto answered = [](void* context) { return static_cast<Wait*>(context)->reply != nullptr; };
  if (!wait_for(self, WakeOn::signal, deadline, answered, &wait)) return nullptr;
  return std::exchange(wait.reply, nullptr);
}

}  // namespace otp::detail
