// Signals: what the core itself understands. See MessageKind.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "process/node.h"
#include "process/process.h"

namespace otp::detail {

struct LinkSignal : Message {  // link, unlink, unlink_ack
  Pid from;
  std::uint64_t id = 0;  ///< of the unlink
};
/// Carries a message or an exit signal to the owner of an alias, which decides whether it takes it.
struct AliasSignal : Message {
  Ref alias;
  MessagePtr inner;
};
struct MonitorSignal : Message {  // monitor, demonitor
  Watcher watcher;
};
struct RequestDoneSignal : Message {
  Ref request;
};
struct InspectCall : CallBase {
  ProcessInfo info;
};
/// See stop_linked(). `failure` tells the reason of the end.
struct StopRequest : CallBase {
  bool kills = false;
};
/// The answer to a request whose server died.
struct FailedReply : CallBase {};

/// In Message::flags of an exit signal: it counts as the parent's.
inline constexpr std::uint16_t as_parent = 1;

template <class S>
inline const MessageType signal_type{
    .name = "signal", .interface = nullptr, .deliver = nullptr, .destroy = &destroy_message<S>};

template <class S, class... Fields>
S* make_signal(MessageKind kind, Fields&&... fields) {
  S* signal = nullptr;
  if constexpr (std::is_base_of_v<CallBase, S>) {
    signal = make_message<S>();
  } else {
    signal = make_message<S>(Message{}, std::forward<Fields>(fields)...);
  }
  signal->type = &signal_type<S>;
  signal->kind = kind;
  return signal;
}

struct WaitingThread {
  std::mutex mutex;
  std::condition_variable condition;
  std::optional<ExitReason> reason;
};

/// Sends an exit signal as exit(target, reason) does, or as the end of a link.
void send_exit(Node& node, Pid from, Pid target, ExitReason reason, bool from_link) noexcept;
void send_down(Node& node, const Watcher& watcher, Pid from, ExitReason reason) noexcept;

/// Sends a request of the given kind and waits for it to come back; null at the deadline.
CallBase* exchange_request(Process& self, Pid target, CallBase* request, MessageKind kind,
                           Timeout timeout);

void send_demonitor(Node& node, Pid from, Pid target, Ref ref) noexcept;

/// Lets a process that waits look again at what it waits for.
void wake_process(Node& node, Pid pid) noexcept;

/// Ends a monitor of this process, with the alias that ends with it, at this side; none when it has
/// fired or was stopped.
std::optional<Monitoring> take_monitor(Process& self, Ref ref);
/// The same, and tells the other side. True when it was active.
bool stop_monitor(Process& self, Ref ref);

/// A request to this process is answered, or its caller waits no longer: nothing is owed any more.
void settle_request(Process& self, Ref request) noexcept;

/// Sorts what has arrived: acts on the signals, appends the messages to the inbox.
void drain(Process& self) noexcept;

/// What happens to a message whose target is dead (or never was): calls fail, links and monitors
/// answer.
void bounce(Node& node, Pid target, Message* message, const ExitReason& reason) noexcept;

/// The end of a process: what it owns, mailbox, timers, links, monitors, in this order; then the
/// slot is free, unless its thread may still come back to it.
void finish(Process& self, const ExitReason& reason, bool keeps_slot = false) noexcept;
/// Answers a request in the place of who cannot any more.
void fail_request(Node& node, Pid caller, std::uint64_t request, const ExitReason& reason) noexcept;

}  // namespace otp::detail
