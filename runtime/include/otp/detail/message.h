// What travels through a mailbox. Generated code derives its messages from these; user code never
// sees them.
//
// A message is allocated by its sender, owned by whoever holds the pointer, and freed by the
// receiver. A call's message travels back as its own reply (the result is built where the arguments
// were), so a round trip allocates once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include <otp/exit_reason.h>
#include <otp/pid.h>

namespace otp::detail {

struct Message;
class Behaviour;

/// How the core treats a message. Everything below `first_signal` is a user message: it waits in
/// the mailbox for a handler or a receive. The rest are signals: the core acts on them as soon as
/// the process looks at its arrivals.
enum class MessageKind : std::uint8_t {
  cast,
  call,
  info,    ///< any other message: typed infos, plain values sent by send()
  down,    ///< DOWN of a monitor, already matched against the owner's monitors
  exit,    ///< EXIT of a trapped exit signal
  system,  ///< a request of the sys module
  first_signal,
  reply = first_signal,  ///< a call on its way back
  exit_signal,           ///< from a link or from exit(pid, reason)
  stop,                  ///< a supervisor's: unlinks, exits, and is answered at the end
  down_signal,
  link,
  unlink,
  unlink_ack,  ///< an unlink has been acted upon: see signals.cpp
  alias,       ///< a message or exit signal that was sent through an alias
  monitor,
  demonitor,
  timer,         ///< a deadline of the process itself has passed
  inspect,       ///< process_info
  request_done,  ///< a deferred request was answered elsewhere
  wake,          ///< what the process waits for outside may have happened
};

/// One constant per message type. Its address is the type's identity in the program.
struct MessageType {
  const char* name;  ///< as written in the schema: "Counter.inc"; a C++ type name for plain values
  const void* interface;  ///< the server interface it belongs to; null for plain values and signals
  /// Hands the message to the behaviour that understands `interface`. Owns nothing: the core frees
  /// the message, unless the behaviour took it. See gen/server.h for the instantiations.
  void (*deliver)(Message& message, void* server, void* context);
  void (*destroy)(Message* message) noexcept;  ///< runs the destructor and gives the memory back
};

struct Message {
  Message* next = nullptr;
  const MessageType* type = nullptr;
  std::uint32_t target_serial = 0;  ///< of the pid it was sent to: a reused slot gives it back
  MessageKind kind = MessageKind::info;
  std::uint8_t state = 0;  ///< of a call: see CallState
  std::uint16_t flags = 0;
};

/// In Message::flags: goes before ordinary messages.
inline constexpr std::uint16_t priority_flag = 2;

enum class CallState : std::uint8_t { request, replied, failed };

/// The part of a call that does not depend on its types.
struct CallBase : Message {
  Pid caller;
  /// Unique in the node; the caller drops a reply whose request it no longer awaits.
  std::uint64_t request = 0;
  /// When its caller gives up, on the node's clock, in nanoseconds; 0: never, or not known.
  std::int64_t deadline = 0;
  ExitReason failure;  ///< when state is failed
};

void* allocate_message(std::size_t bytes);
void free_message(void* memory, std::size_t bytes) noexcept;

template <class M, class... Args>
M* make_message(Args&&... args) {
  static_assert(alignof(M) <= 16);
  static_assert(sizeof...(Args) != 0 || std::is_nothrow_default_constructible_v<M>);
  void* memory = allocate_message(sizeof(M));
  if constexpr (sizeof...(Args) == 0) {
    return ::new (memory) M;  // with parentheses it would be zeroed first
  } else if constexpr (std::is_nothrow_constructible_v<M, Args...>) {
    return ::new (memory) M(std::forward<Args>(args)...);
  } else {
    try {
      return ::new (memory) M(std::forward<Args>(args)...);
    } catch (...) {
      free_message(memory, sizeof(M));
      throw;
    }
  }
}

/// The `destroy` of a MessageType for messages made by make_message<M>.
template <class M>
void destroy_message(Message* message) noexcept {
  M* whole = static_cast<M*>(message);
  whole->~M();
  free_message(whole, sizeof(M));
}

struct MessageDeleter {
  void operator()(Message* message) const noexcept { message->type->destroy(message); }
};

}  // namespace otp::detail
