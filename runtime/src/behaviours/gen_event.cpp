// The event manager: a list of handlers, the newest first, run one after the other.
//
// Every entry into a handler goes through `guard`: what it throws removes that handler and nothing
// else. Exit signals of the manager itself pass through.
#include <otp/gen_event.h>

#include <cxxabi.h>

#include <algorithm>
#include <list>
#include <memory>
#include <utility>

#include <otp/detail/exit_exception.h>
#include <otp/report.h>

#include "behaviours/operation_calls.h"
#include "behaviours/starting.h"
#include "process/crash.h"

namespace otp {
namespace detail {

const char handler_request_interface = 0;

namespace {

class EventManagerProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &event_manager_interface;

  explicit EventManagerProcess(const StartOptions& options) : StartedBehaviour(options) {}

  Flow start() override {
    trap_exit(true);
    if (!take_name()) return Flow::stop;
    acknowledge();
    return Flow::wait;
  }

  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    switch (message->kind) {
      case MessageKind::call:
        if (message->type->interface != &handler_request_interface)
          return answer_operation(*this, std::move(message));
        answer_request(std::move(message));
        return Flow::wait;
      case MessageKind::cast:
        notify(*message);
        return Flow::wait;
      case MessageKind::exit:
        return handle_exit(static_cast<ExitMessage&>(*message).exit);
      default:
        tell_info(*message);
        return Flow::wait;
    }
  }

  void terminate(ExitReason& reason) override {
    while (!handlers_.empty()) {
      remove(handlers_.begin(), {.kind = Removal::Kind::stop, .argument = {}, .reason = reason},
             ExitReason::shutdown());
    }
  }

  std::string describe() const override { return "gen_event"; }
  std::any state() const override {
    std::vector<EventHandlerState> states;
    for (const Installed& each : handlers_) states.push_back({each.id, each.handler->state()});
    return states;
  }
  bool replace_state(std::any state) override {
    const auto* states = std::any_cast<std::vector<EventHandlerState>>(&state);
    if (states == nullptr) return false;
    for (const EventHandlerState& each : *states) {
      const Place place = find(each.handler);
      if (place != handlers_.end()) place->handler->replace_state(each.state);
    }
    return true;
  }

  // ---- Operations ----

  std::expected<void, ExitReason> add(EventHandlerSpec spec, Pid owner) {
    return install(std::move(spec), {}, owner, handlers_.begin());
  }

  std::expected<std::any, ExitReason> remove_by_id(const EventHandlerId& id, std::any argument) {
    const Place place = find(id);
    if (place == handlers_.end()) return std::unexpected(ExitReason("module_not_found"));
    return remove(place,
                  {.kind = Removal::Kind::deleted, .argument = std::move(argument), .reason = {}},
                  ExitReason::normal());
  }

  std::expected<void, ExitReason> swap(const EventHandlerId& id, std::any argument,
                                       EventHandlerSpec successor, Pid owner) {
    const Place place = find(id);
    if (place == handlers_.end())
      return install(std::move(successor), ExitReason("error"), owner, handlers_.begin());
    // Only swap_sup_handler makes another its owner.
    return replace(place, std::move(argument), std::move(successor), owner ? owner : place->owner);
  }

  std::vector<EventHandlerId> ids() const {
    std::vector<EventHandlerId> all;
    for (const Installed& each : handlers_) all.push_back(each.id);
    return all;
  }

  void notify(const Message& event) {
    for_each_handler(event, [&](EventHandler& handler) { return handler.otp_event(event); });
  }

 private:
  struct Installed {
    EventHandlerId id;
    std::unique_ptr<EventHandler> handler;
    Pid owner;  ///< of a supervised handler
  };
  using Place = std::list<Installed>::iterator;

  Place find(const EventHandlerId& id) { return std::ranges::find(handlers_, id, &Installed::id); }

  /// Runs `step` in a handler; why it threw, when it did.
  template <class Step>
  static std::optional<ExitReason> guard(Step step) {
    try {
      step();
      return std::nullopt;
    } catch (const ExitException& exit) {
      if (exit.from_signal()) throw;
      return exit.reason();
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      return reason_of_exception();
    }
  }

  std::expected<void, ExitReason> install(EventHandlerSpec spec, const std::any& handover,
                                          Pid owner, Place before) {
    if (find(spec.handler) != handlers_.end())
      return std::unexpected(ExitReason("already_present"));
    std::unique_ptr<EventHandler> handler;
    std::expected<void, ExitReason> started;
    const auto failure = guard([&] {
      handler = spec.create();
      started = handler->init(handover);
    });
    if (failure) return std::unexpected(*failure);
    if (!started) return started;
    if (owner) link(owner);
    handlers_.insert(before, {std::move(spec.handler), std::move(handler), owner});
    return {};
  }

  /// Takes a handler out; what its terminate gave. `told` is what its owner learns.
  std::any remove(Place place, const Removal& why, const ExitReason& told,
                  std::optional<EventHandlerId> successor = std::nullopt) {
    Installed gone = std::move(*place);
    handlers_.erase(place);
    std::any result;
    const auto failure = guard([&] { result = gone.handler->terminate(why); });
    if (failure) report(gone, *failure, "terminate");
    if (gone.owner) {
      send(gone.owner, GenEventExit{gone.id, failure ? *failure : told, std::move(successor)});
      const bool owns_another = std::ranges::any_of(
          handlers_, [&](const Installed& each) { return each.owner == gone.owner; });
      if (!owns_another && gone.owner != parent()) unlink(gone.owner);
    }
    return result;
  }

  std::expected<void, ExitReason> replace(Place place, std::any argument,
                                          EventHandlerSpec successor, Pid owner) {
    const Place next = std::next(place);
    const std::any handover = remove(
        place, {.kind = Removal::Kind::swapped, .argument = std::move(argument), .reason = {}},
        ExitReason("swapped"), successor.handler);
    return install(std::move(successor), handover, owner, next);
  }

  void report(const Installed& installed, const ExitReason& reason, const char* event) const {
    emit_report(
        CrashReport{.server = "gen_event handler " + to_string(installed.id),
                    .pid = self(),
                    .name = {},
                    .label = {},
                    .reason = reason,
                    .last_message = event,
                    .state = formatted_status([&] { return installed.handler->format_status(); }),
                    .parent = parent(),
                    .links = {}});
  }

  void fail(Place place, const ExitReason& reason, const char* event) {
    report(*place, reason, event);
    remove(place, {.kind = Removal::Kind::error, .argument = {}, .reason = reason}, reason);
  }

  void carry_out(Place place, const Handled& next) {
    if (next.kind() == Handled::Kind::remove) {
      remove(place, {.kind = Removal::Kind::removed_itself, .argument = {}, .reason = {}},
             ExitReason::normal());
    } else if (next.kind() == Handled::Kind::swap) {
      Handled::Swap& swap = next.swap();
      const Pid owner = place->owner;
      static_cast<void>(replace(place, std::move(swap.argument), std::move(swap.successor), owner));
    }
  }

  template <class Step>
  void for_each_handler(const Message& message, Step step) {
    for (Place place = handlers_.begin(); place != handlers_.end();) {
      const Place here = place++;  // a handler may leave, or another take its place
      std::optional<Handled> next;
      const auto failure = guard([&] { next = step(*here->handler); });
      if (failure) {
        fail(here, *failure, message.type->name);
      } else if (next) {
        carry_out(here, *next);
      }
    }
  }

  void tell_info(const Message& message) {
    for_each_handler(message, [&](EventHandler& handler) {
      auto next = handler.otp_info(message);
      if (!next) {
        const auto is_it = [&](const Installed& each) { return each.handler.get() == &handler; };
        const auto found = std::ranges::find_if(handlers_, is_it);
        emit_report(WarningReport{.text = std::string("unknown message ") + message.type->name +
                                          " dropped by handler " + to_string(found->id),
                                  .server = describe(),
                                  .pid = self()});
      }
      return next;
    });
  }

  void answer_request(std::unique_ptr<Message, MessageDeleter>&& message) {
    Handling handling(*this, std::move(message));
    CallBase& call = handling.call();
    const HandlerRequestOps* ops = nullptr;
    call.type->deliver(call, &ops, nullptr);
    const Place place = find(ops->addressee(call));
    std::optional<Handled> next;
    std::optional<ExitReason> failure;
    if (place != handlers_.end())
      failure = guard([&] { next = place->handler->otp_request(call); });
    if (failure) {
      ops->refuse(call, *failure);
    } else if (!next) {
      ops->refuse(call, ExitReason("bad_module"));
    }
    const char* const name = call.type->name;
    handling.send_back();
    if (failure) {
      fail(place, *failure, name);
    } else if (next) {
      carry_out(place, *next);
    }
  }

  Flow handle_exit(const Exit& exit) {
    if (exit.pid == parent() && exit.pid) {
      set_exit_reason(exit.reason);
      return Flow::stop;
    }
    for (Place place = handlers_.begin(); place != handlers_.end();) {
      const Place here = place++;
      if (here->owner != exit.pid) continue;
      here->owner = {};  // there is nobody to tell
      remove(here, {.kind = Removal::Kind::stop, .argument = {}, .reason = exit.reason},
             exit.reason);
    }
    return Flow::wait;
  }

  std::list<Installed> handlers_;
};

std::expected<Started, StartError> start_manager(const StartOptions& options, SpawnOptions spawn) {
  return start_behaviour(std::make_unique<EventManagerProcess>(options), options, spawn);
}

std::expected<EventManager, StartError> as_manager(std::expected<Started, StartError> started) {
  if (!started) return std::unexpected(std::move(started).error());
  return EventManager(started->pid);
}

}  // namespace
}  // namespace detail

using detail::call_operation;
using detail::EventManagerProcess;

std::string to_string(const EventHandlerId& id) {
  return id.id.empty() ? id.module : "{" + id.module + "," + id.id + "}";
}

std::expected<EventManager, StartError> EventManager::start(const StartOptions& options) {
  return detail::as_manager(detail::start_manager(options, {}));
}
std::expected<EventManager, StartError> EventManager::start_link(const StartOptions& options) {
  return detail::as_manager(detail::start_manager(options, {.link = true}));
}
std::expected<Monitored<EventManager>, StartError> EventManager::start_monitor(
    const StartOptions& options) {
  const auto started = detail::start_manager(options, {.monitor = true});
  if (!started) return std::unexpected(started.error());
  return Monitored<EventManager>{EventManager(started->pid), started->monitor};
}

std::expected<void, ExitReason> EventManager::add_handler(EventHandlerSpec spec) const {
  return call_operation<EventManagerProcess>(
      *this, "add_handler",
      [spec = std::move(spec)](EventManagerProcess& m) { return m.add(spec, {}); });
}
std::expected<void, ExitReason> EventManager::add_sup_handler(EventHandlerSpec spec) const {
  return call_operation<EventManagerProcess>(
      *this, "add_sup_handler", [spec = std::move(spec), owner = self()](EventManagerProcess& m) {
        return m.add(spec, owner);
      });
}
std::expected<std::any, ExitReason> EventManager::delete_handler(EventHandlerId handler,
                                                                 std::any argument) const {
  return call_operation<EventManagerProcess>(
      *this, "delete_handler",
      [handler = std::move(handler), argument = std::move(argument)](EventManagerProcess& m) {
        return m.remove_by_id(handler, argument);
      });
}
std::expected<void, ExitReason> EventManager::swap_handler(EventHandlerId handler,
                                                           std::any argument,
                                                           EventHandlerSpec successor) const {
  return call_operation<EventManagerProcess>(
      *this, "swap_handler",
      [handler = std::move(handler), argument = std::move(argument),
       successor = std::move(successor)](EventManagerProcess& m) {
        return m.swap(handler, argument, successor, {});
      });
}
std::expected<void, ExitReason> EventManager::swap_sup_handler(EventHandlerId handler,
                                                               std::any argument,
                                                               EventHandlerSpec successor) const {
  return call_operation<EventManagerProcess>(
      *this, "swap_sup_handler",
      [handler = std::move(handler), argument = std::move(argument),
       successor = std::move(successor), owner = self()](EventManagerProcess& m) {
        return m.swap(handler, argument, successor, owner);
      });
}
std::vector<EventHandlerId> EventManager::which_handlers() const {
  return call_operation<EventManagerProcess>(*this, "which_handlers",
                                             [](EventManagerProcess& m) { return m.ids(); });
}

std::unique_ptr<detail::CallBase, detail::MessageDeleter> EventManager::call_manager(
    detail::CallBase* call, Timeout timeout) const {
  return gen::call_or_exit(address(), call, timeout);
}

void EventManager::sync_notify_message(detail::Message* event, Timeout timeout) const {
  const std::shared_ptr<detail::Message> shared(event, detail::MessageDeleter{});
  call_operation<EventManagerProcess>(
      *this, "sync_notify",
      [shared](EventManagerProcess& m) {
        m.notify(*shared);
        return true;
      },
      timeout);
}

}  // namespace otp
