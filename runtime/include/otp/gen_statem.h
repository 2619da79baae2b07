// gen_statem: a state machine whose states decide what an event means.
//
//   enum class Door { closed, open };
//   struct Push {};                                    // an event is any copyable value
//   struct Code { using Reply = bool; int digits; };   // a request, answered by reply()
//
//   class DoorImpl final : public otp::Statem<Door> {
//     otp::StatemInit<Door> init() override { return otp::start_in(Door::closed); }
//     Transition handle_event(const Event& event, const Door& door) override {
//       if (door == Door::closed && event.as<Push>())
//         return next_state(Door::open).state_timeout(10s);
//       if (event.is_state_timeout()) return next_state(Door::closed);
//       if (const auto* code = event.as<Code>())
//         return keep_state().reply<Code>(event, code->digits == 7);
//       return keep_state().postpone();
//     }
//   };
//   auto door = otp::StatemRef::start_link<DoorImpl>().value();
//   door.cast(Push{});
//   bool good = door.call(Code{7});
//
// What a handler returns: keep_state(), next_state(s), repeat_state() or stop(reason), each with
// any number of actions:
//   .reply<Q>(event or from, value)        to a request, also of an earlier event
//   .postpone()                            the event comes again after the next change of state
//   .next_event(value), .insert(event)     handled before anything queued, in the order given
//   .timeout(due, value)                   event time-out: cancelled by any event
//   .state_timeout(due, value)             cancelled by a change of state
//   .named_timeout(name, due, value)       lives on; set again, it starts anew
//   .cancel_timeout(name) and the like, .update_timeout(name, value), .hibernate()
// - next_state with the same state is keep_state. After a change: first what was inserted, then
//   what was postponed (the oldest first), then what had been queued.
// - With enters() true, enter(previous, state) is called at the start (both the same) and after
//   each change or repeat_state, before any event. It may neither postpone nor insert.
// - A time-out of zero comes when nothing is queued inside, and can be cancelled until then; an
//   absolute one is a TimePoint.
// - Two styles: one handle_event as above, or one function for each state (StateFunctions below).
// A handler that throws ends the machine, as in gen_server; so do terminate, time limits and links.
// Process only. Source: gen_statem(3).
#pragma once

#include <any>
#include <concepts>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <otp/call.h>
#include <otp/gen/server.h>
#include <otp/server_ref.h>
#include <otp/start.h>
#include <otp/timer.h>

namespace otp {

enum class StatemEventType : std::uint8_t {
  call,
  cast,
  info,
  internal,
  timeout,
  state_timeout,
  named_timeout
};

namespace detail {
/// A request on its way there, and back with its result.
template <class Q>
struct StatemRequest final : CallBase {
  std::optional<Q> request;
  std::optional<typename Q::Reply> result;
};
extern const char statem_request_interface;
/// How the machine takes the request out of the message.
struct StatemRequestOps {
  std::shared_ptr<const void> (*take)(Message&);
};
template <class Q>
inline constexpr StatemRequestOps statem_request_ops{[](Message& message) {
  auto& request = static_cast<StatemRequest<Q>&>(message);
  return std::shared_ptr<const void>(std::make_shared<const Q>(std::move(*request.request)));
}};
template <class Q>
inline const MessageType statem_request_type{
    .name = message_name<Q>(),
    .interface = &statem_request_interface,
    .deliver = [](Message&, void* ops,
                  void*) { *static_cast<const StatemRequestOps**>(ops) = &statem_request_ops<Q>; },
    .destroy = &destroy_message<StatemRequest<Q>>};
}  // namespace detail

/// Who waits for the answer to a Q.
template <class Q>
struct StatemFrom {
  detail::ReplyTo to;
};
/// Answers, from any process. A second answer, or one that is too late, vanishes.
template <class Q>
void reply(const StatemFrom<Q>& from, typename Q::Reply value) {
  auto* answer = detail::make_message<detail::StatemRequest<Q>>();
  answer->type = &detail::statem_request_type<Q>;
  answer->result.emplace(std::move(value));
  detail::send_reply(from.to, answer);
}

/// What a machine handles: a value, to be kept and inserted again.
class StatemEvent {
 public:
  StatemEvent() = default;
  template <class T>
  StatemEvent(StatemEventType type, T content, std::string timeout_name = {})
      : type_(type),
        key_(&detail::value_message_type<T>),
        content_(std::make_shared<const T>(std::move(content))),
        timeout_name_(std::move(timeout_name)) {}
  StatemEvent(StatemEventType type, const detail::MessageType* key,
              std::shared_ptr<const void> content, detail::ReplyTo to)
      : type_(type), key_(key), content_(std::move(content)), to_(to) {}

  StatemEventType type() const noexcept { return type_; }
  bool is_state_timeout() const noexcept { return type_ == StatemEventType::state_timeout; }
  bool is_timeout() const noexcept { return type_ == StatemEventType::timeout; }
  bool is_timeout(const std::string& name) const noexcept {
    return type_ == StatemEventType::named_timeout && timeout_name_ == name;
  }
  const std::string& timeout_name() const noexcept { return timeout_name_; }
  /// The content, when it is a T: of a call the request, else the value.
  template <class T>
  const T* as() const noexcept {
    const detail::MessageType* wanted = &detail::value_message_type<T>;
    if constexpr (requires { typename T::Reply; }) {
      if (type_ == StatemEventType::call) wanted = &detail::statem_request_type<T>;
    }
    return key_ == wanted ? static_cast<const T*>(content_.get()) : nullptr;
  }
  /// Who made a call of Q.
  template <class Q>
  StatemFrom<Q> from() const noexcept {
    return {to_};
  }
  const char* name() const noexcept { return key_ == nullptr ? "" : key_->name; }

 private:
  StatemEventType type_ = StatemEventType::internal;
  const detail::MessageType* key_ = nullptr;
  std::shared_ptr<const void> content_;
  detail::ReplyTo to_;
  std::string timeout_name_;
};

/// The content of a time-out that was given none.
struct NoContent {};

namespace detail {

/// What a transition does besides changing the state.
struct StatemAction {
  enum class Kind : std::uint8_t { reply, postpone, insert, start, cancel, update, hibernate };
  Kind kind = Kind::postpone;
  StatemEvent event{};             ///< inserted, or the time-out's
  std::function<void()> answer{};  ///< reply
  TimePoint due{};
  bool at_once = false;  ///< a time-out of zero
};

struct StatemOutcome {
  enum class Kind : std::uint8_t { keep, next, repeat, stop };
  Kind kind = Kind::keep;
  bool changed = false;
  ExitReason reason{};
  std::vector<StatemAction> actions{};
};

/// A machine without its type, as the engine runs it.
class StatemMachine {
 public:
  StatemMachine() = default;
  StatemMachine(const StatemMachine&) = delete;
  StatemMachine& operator=(const StatemMachine&) = delete;
  virtual ~StatemMachine() = default;
  struct Begun {
    Init::Kind kind = Init::Kind::ok;
    ExitReason reason{};
    std::vector<StatemAction> actions{};
  };
  virtual Begun otp_init() = 0;
  virtual StatemOutcome otp_handle(const StatemEvent& event) = 0;
  virtual StatemOutcome otp_enter() = 0;
  virtual bool enters() const { return false; }
  virtual void otp_terminate(const ExitReason& reason) = 0;
  virtual std::any otp_state() const = 0;
  virtual bool otp_replace_state(std::any state) = 0;
  /// The state and data in reports and sys::get_status.
  virtual std::string format_status() const { return {}; }
  /// See <otp/sys.h>; undefined by default.
  virtual std::expected<void, ExitReason> code_change(std::string_view old_version,
                                                      const std::any& extra) {
    static_cast<void>(old_version);
    static_cast<void>(extra);
    return std::unexpected(ExitReason("undef"));
  }
};

std::expected<Started, StartError> start_statem(std::unique_ptr<StatemMachine> machine,
                                                std::string name, const StartOptions& options,
                                                SpawnOptions spawn);

}  // namespace detail

/// Actions, for transitions and for init.
template <class Derived>
class StatemActions {
 public:
  Derived postpone() && { return with({.kind = detail::StatemAction::Kind::postpone}); }
  Derived hibernate() && { return with({.kind = detail::StatemAction::Kind::hibernate}); }
  template <class Q>
  Derived reply(StatemFrom<Q> from, typename Q::Reply value) && {
    return with({.kind = detail::StatemAction::Kind::reply,
                 .answer = [from, value = std::move(value)] { otp::reply(from, value); }});
  }
  template <class Q>
  Derived reply(const StatemEvent& event, typename Q::Reply value) && {
    return std::move(*this).template reply<Q>(event.from<Q>(), std::move(value));
  }
  template <class R, class U>
  Derived reply(From<R> from, U&& value) && {
    return with({.kind = detail::StatemAction::Kind::reply,
                 .answer = [from, value = R(std::forward<U>(value))] { from.reply(value); }});
  }
  Derived reply(From<void> from) && {
    return with({.kind = detail::StatemAction::Kind::reply, .answer = [from] { from.reply(); }});
  }
  template <class T>
  Derived next_event(T value) && {
    return std::move(*this).insert(StatemEvent(StatemEventType::internal, std::move(value)));
  }
  Derived insert(StatemEvent event) && {
    return with({.kind = detail::StatemAction::Kind::insert, .event = std::move(event)});
  }
  template <class T = NoContent>
  Derived timeout(Due due, T value = {}) && {
    return start(StatemEvent(StatemEventType::timeout, std::move(value)), due);
  }
  template <class T = NoContent>
  Derived state_timeout(Due due, T value = {}) && {
    return start(StatemEvent(StatemEventType::state_timeout, std::move(value)), due);
  }
  template <class T = NoContent>
  Derived named_timeout(std::string name, Due due, T value = {}) && {
    return start(StatemEvent(StatemEventType::named_timeout, std::move(value), std::move(name)),
                 due);
  }
  Derived cancel_timeout() && { return cancel(StatemEventType::timeout); }
  Derived cancel_state_timeout() && { return cancel(StatemEventType::state_timeout); }
  Derived cancel_timeout(std::string name) && {
    return cancel(StatemEventType::named_timeout, std::move(name));
  }
  /// New content for a time-out that runs; one that does not run comes at once.
  template <class T>
  Derived update_timeout(std::string name, T value) && {
    return with(
        {.kind = detail::StatemAction::Kind::update,
         .event = StatemEvent(StatemEventType::named_timeout, std::move(value), std::move(name))});
  }
  template <class T>
  Derived update_timeout(T value) && {
    return with({.kind = detail::StatemAction::Kind::update,
                 .event = StatemEvent(StatemEventType::timeout, std::move(value))});
  }
  template <class T>
  Derived update_state_timeout(T value) && {
    return with({.kind = detail::StatemAction::Kind::update,
                 .event = StatemEvent(StatemEventType::state_timeout, std::move(value))});
  }

  std::vector<detail::StatemAction> actions;

 private:
  Derived with(detail::StatemAction action) {
    actions.push_back(std::move(action));
    return std::move(static_cast<Derived&>(*this));
  }
  Derived start(StatemEvent event, Due due) {
    return with({.kind = detail::StatemAction::Kind::start,
                 .event = std::move(event),
                 .due = due.time,
                 .at_once = due.time <= monotonic_time()});
  }
  Derived cancel(StatemEventType type, std::string name = {}) {
    return with({.kind = detail::StatemAction::Kind::cancel,
                 .event = StatemEvent(type, NoContent{}, std::move(name))});
  }
};

/// The result of a machine's init.
template <class S>
class StatemInit : public StatemActions<StatemInit<S>> {
 public:
  explicit StatemInit(S first) : state(std::move(first)) {}
  StatemInit(Ignore) : kind(Init::Kind::ignore) {}                                       // NOLINT
  StatemInit(Stop result) : kind(Init::Kind::stop), reason(std::move(result.reason)) {}  // NOLINT
  StatemInit(InitError result)                                                           // NOLINT
      : kind(Init::Kind::error), reason(std::move(result.reason)) {}
  std::optional<S> state;
  Init::Kind kind = Init::Kind::ok;
  ExitReason reason;
};
template <class S>
StatemInit<S> start_in(S state) {
  return StatemInit<S>(std::move(state));
}

/// The result of a machine's handler.
template <class S>
class StatemTransition : public StatemActions<StatemTransition<S>> {
 public:
  using Kind = detail::StatemOutcome::Kind;
  StatemTransition() = default;
  StatemTransition(Stop result) : kind(Kind::stop), reason(std::move(result.reason)) {}  // NOLINT
  explicit StatemTransition(Kind what) : kind(what) {}
  explicit StatemTransition(S next) : kind(Kind::next), state(std::move(next)) {}
  Kind kind = Kind::keep;
  std::optional<S> state;
  ExitReason reason;
};

/// The state of a machine as sys::get_state shows it.
template <class S>
struct StatemState {
  S state;
  std::any data;
};

/// The base of a machine with states of type S: an enumeration, or any value that can be compared.
template <std::equality_comparable S>
class Statem : public detail::StatemMachine {
 public:
  using State = S;
  using Event = StatemEvent;
  using Transition = StatemTransition<S>;

  virtual StatemInit<S> init() = 0;
  virtual Transition handle_event(const Event& event, const S& state) = 0;
  virtual Transition enter(const S& previous, const S& state) {
    static_cast<void>(previous);
    static_cast<void>(state);
    return keep_state();
  }
  virtual void terminate(const ExitReason& reason, const S& state) {
    static_cast<void>(reason);
    static_cast<void>(state);
  }
  /// For sys: the data beside the state.
  virtual std::any data() const { return {}; }
  virtual void replace_data(std::any data) { static_cast<void>(data); }

  static Transition keep_state() { return Transition(); }
  static Transition next_state(S state) { return Transition(std::move(state)); }
  static Transition repeat_state() { return Transition(Transition::Kind::repeat); }
  static Transition stop(ExitReason reason) { return Transition(Stop{std::move(reason)}); }

  // ---- Machinery ----
  Begun otp_init() final {
    StatemInit<S> result = init();
    if (result.state) state_ = previous_ = std::move(result.state);
    return {result.kind, std::move(result.reason), std::move(result.actions)};
  }
  detail::StatemOutcome otp_handle(const StatemEvent& event) final {
    return carry_out(handle_event(event, *state_));
  }
  detail::StatemOutcome otp_enter() final { return carry_out(enter(*previous_, *state_)); }
  void otp_terminate(const ExitReason& reason) final {
    if (state_) terminate(reason, *state_);
  }
  std::any otp_state() const final { return StatemState<S>{*state_, data()}; }
  bool otp_replace_state(std::any state) final {
    auto* typed = std::any_cast<StatemState<S>>(&state);
    if (typed == nullptr) return false;
    state_ = std::move(typed->state);
    replace_data(std::move(typed->data));
    return true;
  }

 private:
  detail::StatemOutcome carry_out(Transition transition) {
    const bool changed = transition.state && !(*transition.state == *state_);
    if (transition.kind != Transition::Kind::stop) previous_ = state_;
    if (changed) state_ = std::move(transition.state);
    return {transition.kind, changed, std::move(transition.reason), std::move(transition.actions)};
  }

  std::optional<S> state_;
  std::optional<S> previous_;
};

/// The other style: one member function for each state. `functions()` says which:
///   const Functions& functions() const override {
///     static const Functions all{{Door::closed, &DoorImpl::closed},
///                                {Door::open, &DoorImpl::open}};
///     return all;
///   }
template <class Self, class S>
class StateFunctions : public Statem<S> {
 public:
  using Transition = typename Statem<S>::Transition;
  using Functions = std::map<S, Transition (Self::*)(const StatemEvent&)>;
  virtual const Functions& functions() const = 0;
  Transition handle_event(const StatemEvent& event, const S& state) final {
    return (static_cast<Self*>(this)->*functions().at(state))(event);
  }
};

/// A machine as its clients see it.
class StatemRef : public ServerRef {
 public:
  using ServerRef::ServerRef;

  template <class M, class... Args>
  static std::expected<StatemRef, StartError> start(const StartOptions& options, Args&&... args) {
    return started(begin<M>(options, {}, std::forward<Args>(args)...));
  }
  template <class M, class... Args>
  static std::expected<StatemRef, StartError> start_link(const StartOptions& options,
                                                         Args&&... args) {
    return started(begin<M>(options, {.link = true}, std::forward<Args>(args)...));
  }
  template <class M>
  static std::expected<StatemRef, StartError> start_link() {
    return start_link<M>(StartOptions{});
  }
  template <class M, class... Args>
  static std::expected<Monitored<StatemRef>, StartError> start_monitor(const StartOptions& options,
                                                                       Args&&... args) {
    const auto begun = begin<M>(options, {.monitor = true}, std::forward<Args>(args)...);
    if (!begun) return std::unexpected(begun.error());
    return Monitored<StatemRef>{StatemRef(begun->pid), begun->monitor};
  }

  template <class T>
  void cast(T event) const {
    auto* message = detail::make_value(std::move(event));
    message->kind = detail::MessageKind::cast;
    detail::send_message(address(), message);
  }
  /// Fails as every call does: it exits the caller.
  template <class Q>
  typename Q::Reply call(Q request, Timeout timeout = std::chrono::seconds{5}) const {
    const auto answer = gen::call_or_exit(address(), make_request(std::move(request)), timeout);
    return std::move(*static_cast<detail::StatemRequest<Q>&>(*answer).result);
  }
  template <class Q>
  std::expected<typename Q::Reply, CallError> try_call(Q request,
                                                       Timeout timeout = std::chrono::seconds{
                                                           5}) const {
    const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
        detail::call_and_wait(address(), make_request(std::move(request)), timeout));
    if (answer == nullptr ||
        answer->state != static_cast<std::uint8_t>(detail::CallState::replied)) {
      return std::unexpected(detail::request_failure(
          answer.get(), detail::statem_request_type<Q>.name, address(), timeout));
    }
    return std::move(*static_cast<detail::StatemRequest<Q>&>(*answer).result);
  }
  template <class Q>
  Request<typename Q::Reply> async_call(Q request) const {
    using R = typename Q::Reply;
    return {.id = detail::send_request(address(), make_request(std::move(request))),
            .take = [](detail::CallBase& answer) -> R {
              return std::move(*static_cast<detail::StatemRequest<Q>&>(answer).result);
            },
            .target = address(),
            .name = detail::statem_request_type<Q>.name};
  }

 private:
  template <class M, class... Args>
  static std::expected<detail::Started, StartError> begin(const StartOptions& options,
                                                          detail::SpawnOptions spawn,
                                                          Args&&... args) {
    return detail::start_statem(std::make_unique<M>(std::forward<Args>(args)...),
                                detail::name_of_type<M>.data(), options, spawn);
  }
  static std::expected<StatemRef, StartError> started(
      std::expected<detail::Started, StartError> result) {
    if (!result) return std::unexpected(std::move(result).error());
    return StatemRef(result->pid);
  }
  template <class Q>
  static detail::CallBase* make_request(Q request) {
    auto* call = detail::make_message<detail::StatemRequest<Q>>();
    call->type = &detail::statem_request_type<Q>;
    call->request.emplace(std::move(request));
    return call;
  }
};

}  // namespace otp
