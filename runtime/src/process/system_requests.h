// The process's side of <otp/sys.h>: requests, and what they switch on.
#pragma once

#include <deque>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <otp/sys.h>

#include "process/process.h"

namespace otp::detail {

/// What sys has switched on in a process. Present only while something is.
struct Debugging {
  std::optional<sys::Statistics> statistics;
  bool trace = false;
  std::size_t log_limit = 0;
  std::deque<sys::Event> log;
  std::ofstream file;
  std::vector<std::pair<std::string, sys::Hook>> hooks;

  bool in_use() const noexcept;
};

/// A process that is suspended takes requests of sys and the exit of its parent, nothing else.
MessagePtr take_while_suspended(Process& self);
Flow answer_system_request(Process& self, MessagePtr message);

/// A message is about to be handled.
void note_taken(Process& self, const Message& message);
void note_given(Process& self, const CallBase& reply) noexcept;
/// A reply is about to be sent.
inline void note_reply(Process& self, const CallBase& reply) noexcept {
  if (self.extras && self.extras->debugging) note_given(self, reply);
}

}  // namespace otp::detail
