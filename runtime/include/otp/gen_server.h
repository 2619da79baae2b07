// gen_server: a process that keeps a state and answers calls, casts and messages, one at a time.
//
//   class CounterImpl final : public demo::CounterServer {   // generated from the schema
//     otp::Init init(demo::CounterArgs args) override { n_ = args.initial; return otp::ok(); }
//     otp::Reply<std::int64_t> get(From<std::int64_t>) override { return n_; }
//     otp::NoReply inc(std::int64_t by) override { n_ += by; return {}; }
//     std::int64_t n_ = 0;
//   };
//
// Callbacks and their legal returns (each but stop may add .timeout(d), .hibernate() or
// .then_continue(c)):
//   init(args)         -> ok() | ignore() | stop(reason) | error(reason or value)
//   a call             -> value | reply(value) | stop(reason, value) | stop(reason);
//                         without a value: {} | reply() | stop(reason, reply()) | stop(reason)
//   a @deferred call   -> the same | noreply(): answered later with reply(from, value), from any
//                         process
//   a cast, info, continue, handle_timeout
//                      -> {} | noreply() | stop(reason)
//   terminate(reason)     runs after stop, after an exception, and when the parent exits and the
//                         server traps exits; never after kill or an untrapped exit signal. What it
//                         throws becomes the exit reason. The value of stop(reason, value) goes
//                         home when it is through.
//
// An exception out of a callback ends the server with that error; a waiting caller's call fails
// with the same reason. `timeout(d)` calls handle_timeout() unless a message comes first.
// `then_continue` runs before anything queued. `hibernate` shows in process_info until the next
// message; there is nothing more to it, as an idle process has no stack to give up. Hold no
// std::mutex across a suspension. Source: gen_server(3), Elixir's GenServer.
#pragma once

#include <any>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <otp/call.h>
#include <otp/detail/behaviour.h>
#include <otp/server_ref.h>
#include <otp/start.h>

namespace otp {

/// A message to oneself: what `continue` of the schema becomes, and what a time-out may carry.
using Continue = std::unique_ptr<detail::Message, detail::MessageDeleter>;

/// What a server does after a callback. Empty in the common case: wait for the next message.
class Next {
 public:
  enum class Kind : std::uint8_t { wait, timeout, hibernate, run_continue, stop };
  struct Step {
    Kind kind = Kind::wait;
    Timeout timeout = infinity;
    Continue message;
    ExitReason reason;
  };

  Next() = default;
  explicit Next(Step step) : step_(new Step(std::move(step))) {}
  bool waits() const noexcept { return step_ == nullptr; }
  bool stops() const noexcept { return step_ != nullptr && step_->kind == Kind::stop; }
  Step& step() noexcept { return *step_; }

 private:
  /// Not inline: almost no message has a step.
  struct DeleteStep {
    void operator()(Step* step) const noexcept;
  };
  std::unique_ptr<Step, DeleteStep> step_;
};

/// The additions every result but stop may carry.
template <class Result>
class Continuable {
 public:
  /// handle_timeout() is called after `time` unless a message comes first.
  Result timeout(Timeout time) && {
    return with({.kind = Next::Kind::timeout, .timeout = time, .message = {}, .reason = {}});
  }
  /// The same at an absolute time.
  Result timeout(TimePoint at) && { return std::move(*this).timeout(at - monotonic_time()); }
  /// Instead of handle_timeout(), the handler of `message` (info_...(...), continue_...(...)) runs.
  Result timeout(Timeout time, Continue message) && {
    return with({.kind = Next::Kind::timeout,
                 .timeout = time,
                 .message = std::move(message),
                 .reason = {}});
  }
  Result timeout(TimePoint at, Continue message) && {
    return std::move(*this).timeout(at - monotonic_time(), std::move(message));
  }
  Result hibernate() && {
    return with({.kind = Next::Kind::hibernate, .timeout = infinity, .message = {}, .reason = {}});
  }
  Result then_continue(Continue message) && {
    return with({.kind = Next::Kind::run_continue,
                 .timeout = infinity,
                 .message = std::move(message),
                 .reason = {}});
  }
  Next next;

 private:
  Result with(Next::Step step) {
    next = Next(std::move(step));
    return std::move(static_cast<Result&>(*this));
  }
};

struct Ok : Continuable<Ok> {};
struct Noreply : Continuable<Noreply> {};
template <class T>
struct ReplyWith : Continuable<ReplyWith<T>> {
  explicit ReplyWith(T given) : value(std::move(given)) {}
  T value;
};
template <>
struct ReplyWith<void> : Continuable<ReplyWith<void>> {};
struct Stop {
  ExitReason reason;
};
template <class T>
struct StopWith {
  ExitReason reason;
  T value;
};
struct Ignore {};
struct InitError {
  ExitReason reason;
};

inline Ok ok() { return {}; }
inline Noreply noreply() { return {}; }
inline ReplyWith<void> reply() { return {}; }
template <class T>
ReplyWith<std::decay_t<T>> reply(T&& value) {
  return ReplyWith<std::decay_t<T>>(std::forward<T>(value));
}
inline Stop stop(ExitReason reason) { return {std::move(reason)}; }
template <class T>
StopWith<std::decay_t<T>> stop(ExitReason reason, T&& value) {
  return {std::move(reason), std::forward<T>(value)};
}
inline Ignore ignore() { return {}; }
inline InitError error(ExitReason reason) { return {std::move(reason)}; }
/// For an init that `throws E`: the starter finds it with StartError::error_as<E>().
template <class E>
  requires(!std::is_same_v<std::decay_t<E>, ExitReason>)
InitError error(E&& value) {
  return {ExitReason("error").with_payload(std::forward<E>(value))};
}

namespace detail {
inline Next stop_step(ExitReason reason) {
  return Next(
      {.kind = Next::Kind::stop, .timeout = infinity, .message = {}, .reason = std::move(reason)});
}
}  // namespace detail

/// The result of init.
class Init {
 public:
  enum class Kind : std::uint8_t { ok, ignore, stop, error };
  Init(Ok result) : next(std::move(result.next)) {}                                // NOLINT
  Init(Ignore) : kind(Kind::ignore) {}                                             // NOLINT
  Init(Stop result) : kind(Kind::stop), reason(std::move(result.reason)) {}        // NOLINT
  Init(InitError result) : kind(Kind::error), reason(std::move(result.reason)) {}  // NOLINT
  Kind kind = Kind::ok;
  ExitReason reason;
  Next next;
};

/// The result of a callback that answers nobody.
class NoReply {
 public:
  NoReply() = default;
  NoReply(Noreply result) : next(std::move(result.next)) {}                    // NOLINT
  NoReply(Ok result) : next(std::move(result.next)) {}                         // NOLINT
  NoReply(Stop result) : next(detail::stop_step(std::move(result.reason))) {}  // NOLINT
  Next next;
};

/// The result of a call. Anything that makes a T makes a reply, std::unexpected included where T is
/// a std::expected.
template <class T>
class Reply {
 public:
  template <class U>
    requires std::is_convertible_v<U&&, T>
  Reply(U&& given) : value(std::in_place, std::forward<U>(given)) {}  // NOLINT
  template <class U>
    requires std::is_convertible_v<U&&, T>
  Reply(ReplyWith<U> result)
      : value(std::in_place, std::move(result.value)), next(std::move(result.next)) {}  // NOLINT
  template <class U>
    requires std::is_convertible_v<U&&, T>
  Reply(StopWith<U> result)  // NOLINT
      : value(std::in_place, std::move(result.value)),
        next(detail::stop_step(std::move(result.reason))) {}
  Reply(Stop result) : next(detail::stop_step(std::move(result.reason))) {}  // NOLINT
  std::optional<T> value;
  Next next;

 protected:
  explicit Reply(Next step) : next(std::move(step)) {}
};

template <>
class Reply<void> {
 public:
  Reply() = default;
  Reply(Ok result) : next(std::move(result.next)) {}                                       // NOLINT
  Reply(ReplyWith<void> result) : next(std::move(result.next)) {}                          // NOLINT
  Reply(Stop result) : value(false), next(detail::stop_step(std::move(result.reason))) {}  // NOLINT
  Reply(StopWith<ReplyWith<void>> result)                                                  // NOLINT
      : next(detail::stop_step(std::move(result.reason))) {}
  bool value = true;
  Next next;

 protected:
  explicit Reply(Next step) : value(false), next(std::move(step)) {}
};

/// The result of a @deferred call: also noreply().
template <class T>
class DeferredReply : public Reply<T> {
 public:
  using Reply<T>::Reply;
  DeferredReply(Noreply result) : Reply<T>(std::move(result.next)) {}  // NOLINT
};

/// Who waits for the reply to a call: a value, to be kept, copied and sent to other processes.
///
/// Its copy constructor is written out, so that it is not trivial: a handler is then given the
/// address of one, and one that does not ask costs no copy of six words.
template <class T>
class From {
 public:
  From() = default;
  From(detail::ReplyTo to, detail::CallBase* (*make)(T&&)) noexcept : to_(to), make_(make) {}
  /// Of a call that the current process handles.
  From(const detail::CallBase& call, detail::CallBase* (*make)(T&&)) noexcept
      : to_(detail::reply_to(call)), make_(make) {}
  From(const From& other) noexcept : to_(other.to_), make_(other.make_) {}
  From& operator=(const From&) = default;
  Pid pid() const noexcept { return to_.caller; }
  /// Answers. A second answer, one that is too late, or one to a dead caller vanishes. Process
  /// only.
  void reply(T value) const { detail::send_reply(to_, make_(std::move(value))); }

 private:
  detail::ReplyTo to_;
  detail::CallBase* (*make_)(T&&) = nullptr;
};
template <>
class From<void> {
 public:
  From() = default;
  From(detail::ReplyTo to, detail::CallBase* (*make)()) noexcept : to_(to), make_(make) {}
  From(const detail::CallBase& call, detail::CallBase* (*make)()) noexcept
      : to_(detail::reply_to(call)), make_(make) {}
  From(const From& other) noexcept : to_(other.to_), make_(other.make_) {}
  From& operator=(const From&) = default;
  Pid pid() const noexcept { return to_.caller; }
  void reply() const { detail::send_reply(to_, make_()); }

 private:
  detail::ReplyTo to_;
  detail::CallBase* (*make_)() = nullptr;
};
template <class T, class U>
void reply(const From<T>& from, U&& value) {
  from.reply(std::forward<U>(value));
}
inline void reply(const From<void>& from) { from.reply(); }

namespace gen {
struct ServerInfo;
}

/// A message that the schema does not declare, as it came: what plain code has sent, or a socket.
class Info {
 public:
  explicit Info(detail::Message& message) noexcept : message_(&message) {}
  /// The value, if it is of this type; it may be moved from.
  template <class T>
  T* get_if() const noexcept {
    return message_->type == &detail::value_message_type<T>
               ? &static_cast<detail::ValueMessage<T>*>(message_)->value
               : nullptr;
  }
  /// Of its type, for reports.
  const char* type_name() const noexcept { return message_->type->name; }

 private:
  detail::Message* message_;
};

/// What every generated abstract server class derives from.
class GenServer {
 public:
  template <class T>
  using From = otp::From<T>;

  GenServer() = default;
  GenServer(const GenServer&) = delete;
  GenServer& operator=(const GenServer&) = delete;
  virtual ~GenServer() = default;

  /// The time-out of the last result passed without a message. By default it is ignored with a
  /// warning.
  virtual NoReply handle_timeout();
  /// A message that the schema does not declare. By default it is ignored with a warning.
  virtual NoReply handle_info(Info message);
  /// The state as reports and sys::get_status show it. By default the declared state, private
  /// fields left out.
  virtual std::string format_status() const { return otp_state_text(); }
  /// Called by sys::change_code while suspended; `old_version` is the version that runs. By default
  /// it is not defined, and refused with `undef`.
  virtual std::expected<void, ExitReason> code_change(std::string_view old_version,
                                                      const std::any& extra) {
    static_cast<void>(old_version);
    static_cast<void>(extra);
    return std::unexpected(ExitReason("undef"));
  }

  // ---- Machinery of generated code; names that begin with otp_ are reserved. ----
  virtual const gen::ServerInfo& otp_info() const noexcept = 0;
  virtual void otp_terminate(const ExitReason& reason) { static_cast<void>(reason); }
  /// What handles the messages of a protocol; null when the server does not implement it.
  virtual void* otp_protocol(const void* protocol) noexcept {
    static_cast<void>(protocol);
    return nullptr;
  }
  /// The declared state as text, for reports, private fields left out.
  virtual std::string otp_state_text() const { return {}; }
  virtual std::any otp_state() const { return {}; }
  virtual bool otp_replace_state(std::any state) {
    static_cast<void>(state);
    return false;
  }
};

}  // namespace otp
