#include "process/system_requests.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <typeinfo>

#include <otp/call.h>

#include "process/crash.h"
#include "process/node.h"
#include "process/signals.h"

namespace otp {
namespace detail {
namespace {

ExitReason callback_failed(const char* what) {
  return ExitReason(std::string("{callback_failed,") + what + "}");
}

void reply_to(Process& self, SystemRequest& request) {
  try {
    request.result = request.operation();
    request.state = static_cast<std::uint8_t>(CallState::replied);
  } catch (const CallExit& exit) {  // an operation's own refusal
    request.state = static_cast<std::uint8_t>(CallState::failed);
    request.failure = exit.error().reason;
  } catch (const std::exception& error) {
    request.state = static_cast<std::uint8_t>(CallState::failed);
    request.failure =
        callback_failed((demangled(typeid(error).name()) + ": " + error.what()).c_str());
  } catch (...) {
    request.state = static_cast<std::uint8_t>(CallState::failed);
    request.failure = callback_failed("unknown exception");
  }
  if (self.extras && self.extras->debugging && !self.extras->debugging->in_use())
    self.extras->debugging.reset();
}

/// False: it is to be removed, as it says, or as it has failed.
bool goes_on(const sys::Hook& hook, const sys::Event& event) {
  try {
    return hook(event);
  } catch (const ExitException&) {  // it ends the process
    throw;
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return false;
  }
}

void note(Process& self, sys::Event event) {
  if (self.behaviour == nullptr) return;  // its destructors run
  Debugging& debugging = *self.extras->debugging;
  event.time = monotonic_time();
  if (debugging.statistics) {
    ++(event.kind == sys::Event::Kind::in ? debugging.statistics->messages_in
                                          : debugging.statistics->messages_out);
  }
  const std::string line =
      debugging.trace || debugging.file.is_open()
          ? "*DBG* " + self.behaviour->describe() + " " + to_string(event) + "\n"
          : std::string();
  if (debugging.trace) std::fputs(line.c_str(), stdout);
  if (debugging.file.is_open()) debugging.file << line << std::flush;
  std::erase_if(debugging.hooks, [&](const auto& hook) { return !goes_on(hook.second, event); });
  if (debugging.log_limit == 0) return;
  if (debugging.log.size() == debugging.log_limit) debugging.log.pop_front();
  debugging.log.push_back(std::move(event));
}

std::string name_of_message(const Message& message) {
  switch (message.kind) {
    case MessageKind::exit:
      return "EXIT";
    case MessageKind::down:
      return "DOWN";
    default:
      return message.type->name;
  }
}

}  // namespace

bool Debugging::in_use() const noexcept {
  return statistics || trace || log_limit != 0 || file.is_open() || !hooks.empty();
}

MessagePtr take_while_suspended(Process& self) {
  const auto accept = [](void* context, Message& message) {
    const auto& process = *static_cast<Process*>(context);
    return message.kind == MessageKind::system ||
           (message.kind == MessageKind::exit && process.parent() &&
            static_cast<ExitMessage&>(message).exit.pid == process.parent());
  };
  // Everything else piles up: what has been looked at once is not looked at again, until something
  // is taken out, which may change the mailbox as it likes.
  Message*& looked_at = self.more().looked_at;
  MessagePtr taken(take_matching(self, accept, &self, looked_at));
  if (taken != nullptr) looked_at = nullptr;
  return taken;
}

Flow answer_system_request(Process& self, MessagePtr message) {
  auto& request = static_cast<SystemRequest&>(*message);
  if (request.stop) {
    set_exit_reason(*std::move(request.stop));
    return Flow::stop;
  }
  reply_to(self, request);
  request.kind = MessageKind::reply;
  self.node->send(request.caller, message.release());
  return Flow::wait;
}

void note_taken(Process& self, const Message& message) {
  note(self,
       {.kind = sys::Event::Kind::in,
        .message = name_of_message(message),
        .peer = message.kind == MessageKind::call ? static_cast<const CallBase&>(message).caller
                                                  : Pid{},
        .time = {}});
}

void note_given(Process& self, const CallBase& reply) noexcept {
  try {
    note(self, {.kind = sys::Event::Kind::out,
                .message = reply.type->name,
                .peer = reply.caller,
                .time = {}});
  } catch (const std::exception&) {  // no memory for the note: the reply matters more
  }
}

void answer_while_suspended(SystemRequest&& first, const StateAccess& access) {
  Process& self = require_process("sys::on_request");
  const auto answer = [&](SystemRequest& request) {
    if (request.stop) otp::exit(*std::move(request.stop));
    self.more().state_access = &access;
    reply_to(self, request);
    self.extras->state_access = nullptr;
    // The message stays with its receive, which frees it: the answer travels in a new one.
    auto* reply = make_message<SystemRequest>();
    reply->type = &system_request_type;
    reply->kind = MessageKind::reply;
    reply->request = request.request;
    reply->caller = request.caller;
    reply->state = request.state;
    reply->failure = std::move(request.failure);
    reply->result = std::move(request.result);
    self.node->send(request.caller, reply);
  };
  answer(first);
  while (self.suspended) {
    receive(on([&](SystemRequest&& request) { answer(request); }));
  }
}

}  // namespace detail

namespace sys {
namespace {

using otp::detail::Debugging;
using otp::detail::Process;
using otp::detail::SystemRequest;

CallError error_of(const ServerRef& server, const char* operation, ExitReason reason) {
  return {.reason = std::move(reason),
          .call = std::string("sys::") + operation + " of " + to_string(server.address())};
}

/// Runs `operation` in the server, between two of its messages.
std::any ask(const ServerRef& server, const char* name, Timeout timeout,
             std::function<std::any()> operation) {
  Process& self = otp::detail::require_process("sys");
  const auto target = server.pid();
  if (!target) throw CallExit(error_of(server, name, ExitReason::noproc()));
  if (*target == self.pid()) throw CallExit(error_of(server, name, ExitReason::calling_self()));
  auto* request = otp::detail::make_message<SystemRequest>();
  request->type = &otp::detail::system_request_type;
  request->operation = std::move(operation);
  const std::unique_ptr<otp::detail::CallBase, otp::detail::MessageDeleter> answer(
      otp::detail::exchange_request(self, *target, request, otp::detail::MessageKind::system,
                                    timeout));
  if (answer == nullptr) throw CallExit(error_of(server, name, ExitReason::timeout()));
  if (answer->state != static_cast<std::uint8_t>(otp::detail::CallState::replied))
    throw CallExit(error_of(server, name, answer->failure));
  return std::move(static_cast<SystemRequest&>(*answer).result);
}

Process& here() { return otp::detail::require_process("sys"); }

Debugging& debugging() {
  auto& held = here().more().debugging;
  if (!held) held = std::make_unique<Debugging>();
  return *held;
}

[[noreturn]] void refuse(const char* reason) {
  throw CallExit(CallError{.reason = ExitReason(reason), .call = {}});
}

std::any state_here() {
  Process& self = here();
  if (const auto* access = self.extras ? self.extras->state_access : nullptr)
    return access->get(access->object);
  std::any state = self.behaviour->state();
  if (!state.has_value()) refuse("bad_state_type");
  return state;
}

Status status_here() {
  Process& self = here();
  Status status{
      .pid = self.pid(),
      .parent = self.parent(),
      .name = Name::from_index(self.name.load()),
      .behaviour = self.behaviour->describe(),
      .suspended = self.suspended,
      .state = otp::detail::formatted_status([&] { return self.behaviour->state_text(); }),
      .debug = {}};
  if (!self.extras || !self.extras->debugging) return status;
  const Debugging& on = *self.extras->debugging;
  if (on.trace) status.debug.emplace_back("trace");
  if (on.log_limit != 0) status.debug.emplace_back("log");
  if (on.statistics) status.debug.emplace_back("statistics");
  if (on.file.is_open()) status.debug.emplace_back("log_to_file");
  for (const auto& [id, hook] : on.hooks) status.debug.push_back(id);
  return status;
}

}  // namespace

std::string to_string(const Event& event) {
  std::string text = (event.kind == Event::Kind::in ? "in " : "out ") + event.message;
  if (event.peer)
    text += (event.kind == Event::Kind::in ? " from " : " to ") + otp::to_string(event.peer);
  return text;
}

void suspend(const ServerRef& server, Timeout timeout) {
  ask(server, "suspend", timeout, [] {
    here().suspended = true;
    return std::any();
  });
}

void resume(const ServerRef& server, Timeout timeout) {
  ask(server, "resume", timeout, [] {
    here().suspended = false;
    return std::any();
  });
}

Status get_status(const ServerRef& server, Timeout timeout) {
  return std::any_cast<Status>(
      ask(server, "get_status", timeout, [] { return std::any(status_here()); }));
}

void terminate(const ServerRef& server, const ExitReason& reason, Timeout timeout) {
  server.stop(reason, timeout);
}

void statistics(const ServerRef& server, bool on, Timeout timeout) {
  ask(server, "statistics", timeout, [on] {
    debugging().statistics =
        on ? std::optional<Statistics>({.start = monotonic_time(), .now = {}}) : std::nullopt;
    return std::any();
  });
}

std::optional<Statistics> get_statistics(const ServerRef& server, Timeout timeout) {
  return std::any_cast<std::optional<Statistics>>(
      ask(server, "get_statistics", timeout, []() -> std::any {
        auto copy = debugging().statistics;
        if (copy) copy->now = monotonic_time();
        return copy;
      }));
}

void trace(const ServerRef& server, bool on, Timeout timeout) {
  ask(server, "trace", timeout, [on] {
    debugging().trace = on;
    return std::any();
  });
}

void log(const ServerRef& server, std::size_t events, Timeout timeout) {
  ask(server, "log", timeout, [events] {
    Debugging& here = debugging();
    here.log_limit = events;
    while (here.log.size() > events) here.log.pop_front();
    return std::any();
  });
}

std::vector<Event> get_log(const ServerRef& server, Timeout timeout) {
  return std::any_cast<std::vector<Event>>(ask(server, "get_log", timeout, []() -> std::any {
    const Debugging& here = debugging();
    return std::vector<Event>(here.log.begin(), here.log.end());
  }));
}

void log_to_file(const ServerRef& server, const std::string& path, Timeout timeout) {
  ask(server, "log_to_file", timeout, [path] {
    Debugging& here = debugging();
    if (here.file.is_open()) here.file.close();
    if (path.empty()) return std::any();
    here.file.open(path, std::ios::app);
    if (!here.file.is_open()) refuse(("{open_file," + path + "}").c_str());
    return std::any();
  });
}

void install(const ServerRef& server, const std::string& id, Hook hook, Timeout timeout) {
  ask(server, "install", timeout, [id, hook = std::move(hook)] {
    auto& hooks = debugging().hooks;
    const bool taken =
        std::any_of(hooks.begin(), hooks.end(), [&](const auto& each) { return each.first == id; });
    if (!taken) hooks.emplace_back(id, hook);
    return std::any();
  });
}

void remove(const ServerRef& server, const std::string& id, Timeout timeout) {
  ask(server, "remove", timeout, [id] {
    std::erase_if(debugging().hooks, [&](const auto& each) { return each.first == id; });
    return std::any();
  });
}

void no_debug(const ServerRef& server, Timeout timeout) {
  ask(server, "no_debug", timeout, [] {
    debugging() = {};
    return std::any();
  });
}

std::expected<void, ExitReason> change_code(const ServerRef& server, std::string_view old_version,
                                            std::any extra, Timeout timeout) {
  const std::any failure =
      ask(server, "change_code", timeout,
          [old_version = std::string(old_version), extra = std::move(extra)]() -> std::any {
            Process& self = here();
            if (!self.suspended) return ExitReason("not_suspended");
            std::any before = self.behaviour->state();
            auto changed = self.behaviour->change_code(old_version, extra);
            if (changed) return {};
            if (before.has_value()) self.behaviour->replace_state(std::move(before));
            return std::move(changed).error();
          });
  if (const auto* reason = std::any_cast<ExitReason>(&failure)) return std::unexpected(*reason);
  return {};
}

namespace detail {

std::any get_any_state(const ServerRef& server, Timeout timeout) {
  return ask(server, "get_state", timeout, [] { return state_here(); });
}

std::any replace_any_state(const ServerRef& server, std::function<std::any(std::any)> f,
                           Timeout timeout) {
  return ask(server, "replace_state", timeout, [f = std::move(f)] {
    std::any state = f(state_here());
    Process& self = here();
    if (const auto* access = self.extras ? self.extras->state_access : nullptr) {
      access->set(access->object, state);
    } else if (!self.behaviour->replace_state(state)) {
      refuse("bad_state_type");
    }
    return state;
  });
}

void fail_state_type(const ServerRef& server) {
  throw CallExit(error_of(server, "get_state", ExitReason("bad_state_type")));
}

}  // namespace detail
}  // namespace sys
}  // namespace otp
