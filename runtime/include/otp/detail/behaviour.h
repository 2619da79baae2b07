// The contract between the process core and the behaviours: how a process without a stack of its
// own is run.
//
// The core calls these on a pooled stack, one at a time, never concurrently. Between two calls the
// process has no stack. A callback may block (call, sleep, receive): then the stack stays with the
// process until the callback returns. An exception out of any of them but `terminate` ends the
// process; the core turns it into the exit reason (the one place where that happens), calls
// `terminate`, destroys the object, and only then sends EXIT and DOWN.
#pragma once

#include <any>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <otp/detail/message.h>
#include <otp/detail/type_name.h>
#include <otp/process.h>

namespace otp {
/// What happens to a message for a mailbox that is full: a call fails with `overloaded` in every
/// case but `block`, a cast or info...
enum class Overflow : std::uint8_t {
  reject,       ///< is dropped
  drop_newest,  ///< is dropped
  drop_oldest,  ///< is let in, and the oldest dropped when the server looks next: ordinary ones
                ///< before those of priority
  block,        ///< is let in when there is room: its sender waits
};
}  // namespace otp

namespace otp::detail {

/// `mailbox limit N overflow HOW`; 0 is no limit.
struct MailboxLimit {
  std::uint64_t limit = 0;
  Overflow overflow = Overflow::reject;
};

/// A DOWN as it waits in the mailbox (kind `down`).
struct DownMessage : Message {
  Down down;
};
/// A trapped exit signal as it waits in the mailbox (kind `exit`).
struct ExitMessage : Message {
  Exit exit;
  bool from_link = false;
};
/// Any other C++ value (kind `info`), as sent by otp::send().
template <class T>
struct ValueMessage : Message {
  T value;
};

/// Its `deliver` gives the address of the value.
template <class T>
inline const MessageType value_message_type{.name = message_name<T>(),
                                            .interface = nullptr,
                                            .deliver =
                                                [](Message& message, void* address, void*) {
                                                  *static_cast<const void**>(address) =
                                                      &static_cast<ValueMessage<T>&>(message).value;
                                                },
                                            .destroy = &destroy_message<ValueMessage<T>>};

/// A message of kind `info` that carries `value`.
template <class T>
Message* make_value(T value) {
  auto* message = make_message<ValueMessage<T>>(Message{}, std::move(value));
  message->type = &value_message_type<T>;
  return message;
}

/// What a process does after a callback.
enum class Flow : std::uint8_t {
  wait,  ///< take the next message
  stop,  ///< end with the reason given to stop_current()
};

class Behaviour {
 public:
  virtual ~Behaviour() = default;

  /// First run, in the new process: init and its acknowledgement.
  virtual Flow start() = 0;
  /// One user message (cast, call, info, down, exit). The core frees it, unless the callee takes
  /// it.
  virtual Flow handle(std::unique_ptr<Message, MessageDeleter>& message) = 0;
  /// The timer armed with arm_idle_timer() ran out before the next message. `message` is what was
  /// given there.
  virtual Flow idle_timeout(std::unique_ptr<Message, MessageDeleter> message) {
    static_cast<void>(message);
    return Flow::wait;
  }
  /// Runs before the object is destroyed when the process ends by stop, by an exception, or by its
  /// parent's exit; never after an untrapped exit signal. May change the reason. What it throws
  /// becomes the reason.
  virtual void terminate(ExitReason& reason) { static_cast<void>(reason); }
  /// The process is over, for `reason`; its name is free, its object still there. Called for every
  /// end, also a kill.
  virtual void ended(const ExitReason& reason) noexcept { static_cast<void>(reason); }
  /// What it will look at first when a message comes, to be fetched before its turn; null: nothing.
  virtual const void* object() const noexcept { return nullptr; }
  /// For reports: "gen_server Counter", "supervisor Shop".
  virtual std::string describe() const = 0;
  /// The request that is being handled and has no answer yet; null: none, or its caller is told in
  /// another way when the process ends.
  virtual CallBase* handled_request() const noexcept { return nullptr; }
  /// For crash reports: the state as text where the schema declares it; empty otherwise.
  virtual std::string state_text() const { return {}; }

  // ---- What sys asks for ----
  /// A copy of the state; empty when none is declared.
  virtual std::any state() const { return {}; }
  /// False when the state is not of that type.
  virtual bool replace_state(std::any state) {
    static_cast<void>(state);
    return false;
  }
  virtual std::expected<void, ExitReason> change_code(std::string_view old_version,
                                                      const std::any& extra) {
    static_cast<void>(old_version);
    static_cast<void>(extra);
    return std::unexpected(ExitReason("undef"));
  }
};

struct SpawnOptions {
  bool link = false;
  bool monitor = false;
  bool trap_exit = false;  ///< set before the first run
  Priority priority = Priority::normal;
};
struct Spawned {
  Pid pid;
  Ref monitor;
};
/// Starts a process. Its parent is the caller. Process only.
Spawned spawn_behaviour(std::unique_ptr<Behaviour> behaviour, SpawnOptions options);

/// Starts a process and waits until it answers `ack`, a request that its behaviour holds and gives
/// to send_back() when init is over. Null at the time-out.
CallBase* spawn_and_wait(std::unique_ptr<Behaviour> behaviour, SpawnOptions options, CallBase* ack,
                         Timeout timeout, Spawned& spawned);

/// A request of the sys module (kind `system`). The core answers it, between two messages, by
/// running `operation` in the process; or ends the process with the reason of `stop`.
struct SystemRequest : CallBase {
  std::function<std::any()> operation;
  std::any result;
  std::optional<ExitReason> stop;
};
extern const MessageType system_request_type;

/// How sys reaches the state of a process that is no behaviour.
struct StateAccess {
  void* object = nullptr;
  std::any (*get)(void* object) = nullptr;
  void (*set)(void* object, std::any value) = nullptr;
};
/// Answers, and goes on answering until the process is not suspended. Exits it for a stop.
void answer_while_suspended(SystemRequest&& request, const StateAccess& access);

/// The reason with which the current process ends after Flow::stop.
void set_exit_reason(ExitReason reason);
/// The current process's parent; null when it was not started by a process.
Pid parent();
/// To which application the current process, and what it will start, belongs; 0: to none.
void set_application(std::uint8_t application);
std::uint8_t application_of(Pid pid);
std::vector<Pid> processes_of_application(std::uint8_t application);
/// Ends all processes of the calling process's node, the calling one among them.
void stop_node(const ExitReason& reason);
/// Who started the current task, the nearest first.
void set_callers(std::vector<Pid> callers);
/// Whether the current process traps exits.
bool traps_exit();
/// Unlinks, and drops an Exit of `other` that is queued already.
void unlink_and_flush(Pid other);
/// As a supervisor ends a child: monitors it, unlinks it, sends it the exit signal, which is
/// `shutdown` or `kill`, and waits for its end; with one message and its answer. The reason of the
/// end; none at the time-out. When it had ended before, the Exit that told so is taken out and its
/// reason given.
std::optional<ExitReason> stop_linked(Pid child, const ExitReason& signal, Timeout timeout);
/// Waits for the Down of one monitor; none at the time-out.
std::optional<Down> await_down(Ref ref, Timeout timeout = infinity);

/// Sends a message to a pid or, when `target` is a name, to its holder. Consumes the message in
/// every case. To a dead pid or a free name: a call comes back as failed(noproc); anything else
/// vanishes. Waits for room in a mailbox that blocks its senders; an exit signal ends the waiting
/// by exception.
void send_message(Pid target, Message* message);
/// The same for who holds a lock, or destroys something: never suspends the caller, and goes past a
/// mailbox that makes its senders wait.
void post_message(Pid target, Message* message) noexcept;

/// Sends `message` to `target` (or, when it is a name's pid, to its holder then) when it is due.
/// Consumes it in every case. `into`, a place in the message, has the reference before it is sent.
Ref send_message_at(TimePoint due, Pid target, Message* message, Ref* into = nullptr);
Ref start_interval(Duration period, Pid target, std::function<Message*()> make);

/// Arms the single idle timer of the current process: idle_timeout() is called unless a message
/// comes first.
void arm_idle_timer(Timeout timeout, std::unique_ptr<Message, MessageDeleter> message = nullptr);
/// The current process takes no more than that from now on. Calls, casts and infos count; what it
/// sends itself, signals, DOWN, EXIT and requests of sys are always let in.
void limit_mailbox(MailboxLimit limit);
/// The current process counts as hibernating until its next message.
void hibernate();
/// It will do so whenever it has been idle for so long.
void hibernate_after(Duration idle);

// ---- Client side of a call. `target` may be a name's pid (see name_pid). ----

/// A pid that stands for whoever holds the name at the time of each send.
Pid name_pid(Name name) noexcept;
bool is_name(Pid pid) noexcept;
Name name_of(Pid pid) noexcept;
/// Whom it stands for now; any other pid stands for itself.
Pid resolve(Pid pid);

/// CallBase::deadline of the request that the current process is handling.
std::int64_t request_deadline();

/// Sends the request and waits for it to come back. Returns it with state replied or failed; on
/// time-out returns null (the late reply is dropped). Exit signals interrupt the wait by exception.
CallBase* call_and_wait(Pid target, CallBase* request, Timeout timeout);

/// Sends the request; its reply is kept for wait_request. The request id is request->request.
std::uint64_t send_request(Pid target, CallBase* request);
/// Waits for one of `ids`; returns it, or null at the deadline (the requests stay open).
CallBase* wait_request(const std::uint64_t* ids, std::size_t count, Timeout timeout);
/// Gives a request up, which was sent there: its reply will be dropped.
void abandon_request(Pid target, std::uint64_t id) noexcept;

// ---- Server side of a call. ----

/// Who waits for a reply: a value, copyable, usable from any process.
struct ReplyTo {
  Pid caller;
  std::uint64_t request = 0;
  Pid server;
};
/// Of a request that the current process handles.
ReplyTo reply_to(const CallBase& call) noexcept;
/// The request of `call` goes home as it is (state and result set by the caller of this).
void send_back(std::unique_ptr<CallBase, MessageDeleter> call) noexcept;
/// The current server answers later: remembers the caller, which learns of the server's death; not
/// for ever those that gave up or ended, so that a server may leave them unanswered, as in OTP.
void defer_request(const CallBase& call);
/// A reply made by hand (deferred): `reply` carries request id and result, state replied. A second
/// reply to the same request, or one to a dead or timed-out caller, vanishes.
void send_reply(const ReplyTo& to, CallBase* reply) noexcept;

/// While it lives, the current process runs on a thread of the blocking pool: the schedulers are
/// not held up by system calls. Does nothing outside a process.
class BlockingSection {
 public:
  BlockingSection();
  ~BlockingSection();
  BlockingSection(const BlockingSection&) = delete;
  BlockingSection& operator=(const BlockingSection&) = delete;

 private:
  bool entered_ = false;
};

}  // namespace otp::detail
