// Calls: the client's side and the server's side of a request.
#include <otp/detail/behaviour.h>

#include <algorithm>
#include <utility>

#include "process/await_answer.h"
#include "process/node.h"
#include "process/process_main.h"
#include "process/signals.h"
#include "process/system_requests.h"

namespace otp::detail {
namespace {

constexpr std::uint32_t name_node = UINT32_MAX;

CallBase* failed(CallBase* call, ExitReason reason) {
  call->state = static_cast<std::uint8_t>(CallState::failed);
  call->failure = std::move(reason);
  return call;
}

/// Nobody tells a server that its caller's time is over, or that it has ended; and it may never
/// answer. Looked for when there are twice as many as were left the last time.
void forget_who_gave_up(Process& self) noexcept {
  ProcessExtras& extras = *self.extras;
  const Nanoseconds time = now(self.node->schedulers().clock());
  extras.deferred.remove_if([&](const DeferredRequest& each) {
    return (each.deadline != 0 && each.deadline < time) ||
           (each.caller.node == 0 && !self.node->is_alive(each.caller));
  });
  extras.most_deferred = std::max(ProcessExtras::few_deferred, 2 * extras.deferred.size());
}

}  // namespace

Pid name_pid(Name name) noexcept {
  return {.id = name.index(), .serial = 1, .node = name_node, .creation = 0};
}
bool is_name(Pid pid) noexcept { return pid.node == name_node; }
Name name_of(Pid pid) noexcept { return Name::from_index(pid.id); }
Pid resolve(Pid pid) { return is_name(pid) ? require_node("whereis").resolve(pid) : pid; }

const MessageType system_request_type{.name = "system request",
                                      .interface = nullptr,
                                      .deliver = nullptr,
                                      .destroy = &destroy_message<SystemRequest>};

CallBase* exchange_request(Process& self, Pid target, CallBase* request, MessageKind kind,
                           Timeout timeout) {
  return await_answer(self, *request, kind, timeout,
                      [&] { self.node->send_inline(target, request); });
}

CallBase* spawn_and_wait(std::unique_ptr<Behaviour> behaviour, SpawnOptions options, CallBase* ack,
                         Timeout timeout, Spawned& spawned) {
  Process& self = require_process("start");
  return await_answer(self, *ack, MessageKind::call, timeout, [&] {
    spawned.pid = self.node->spawn(std::move(behaviour), options, &self, &spawned.monitor);
  });
}

CallBase* call_and_wait(Pid target, CallBase* request, Timeout timeout) {
  std::unique_ptr<CallBase, MessageDeleter> owned(request);
  Process& self = require_process("call");
  const Pid holder = self.node->resolve_ahead(target);
  if (holder == self.pid()) return failed(owned.release(), ExitReason::calling_self());
  return exchange_request(self, holder, owned.release(), MessageKind::call, timeout);
}

std::uint64_t send_request(Pid target, CallBase* request) {
  std::unique_ptr<CallBase, MessageDeleter> owned(request);
  Process& self = require_process("send_request");
  prepare(self, *request, MessageKind::call);
  const std::uint64_t id = request->request;
  self.more().requests.emplace(id, nullptr);
  self.node->send(target, owned.release());
  return id;
}

CallBase* wait_request(const std::uint64_t* ids, std::size_t count, Timeout timeout) {
  Process& self = require_process("await");
  struct Search {
    Process& self;
    const std::uint64_t* ids;
    std::size_t count;
    CallBase* found;
  } search{self, ids, count, nullptr};
  const auto find = [](void* context) {
    auto& [self, ids, count, found] = *static_cast<Search*>(context);
    if (!self.extras) return false;
    for (std::size_t i = 0; i < count; ++i) {
      auto open = self.extras->requests.find(ids[i]);
      if (open == self.extras->requests.end() || open->second == nullptr) continue;
      found = open->second;
      self.extras->requests.erase(open);
      return true;
    }
    return false;
  };
  wait_for(self, WakeOn::signal, deadline_of(self, timeout), find, &search);
  return search.found;
}

void abandon_request(Pid target, std::uint64_t id) noexcept {
  Process* self = current_process();
  if (self == nullptr || !self->extras) return;
  auto open = self->extras->requests.find(id);
  if (open == self->extras->requests.end()) return;
  if (open->second != nullptr) {
    open->second->type->destroy(open->second);
  } else {  // a server that never answers would remember it for as long as this process lives
    const Ref request = DeferredRequest{.caller = self->pid(), .request = id}.key();
    self->node->send(target, make_signal<RequestDoneSignal>(MessageKind::request_done, request));
  }
  self->extras->requests.erase(open);
}

void send_back(std::unique_ptr<CallBase, MessageDeleter> call) noexcept {
  call->kind = MessageKind::reply;
  const Pid caller = call->caller;
  Process* self = current_process();
  if (self == nullptr) return;
  note_reply(*self, *call);
  self->node->send_inline(caller, call.release());
}

void defer_request(const CallBase& call) {
  Process& self = require_process("noreply");
  ProcessExtras& extras = self.more();
  if (extras.deferred.size() >= extras.most_deferred) forget_who_gave_up(self);
  extras.deferred.add({.caller = call.caller,
                       .request = call.request,
                       .deadline = call.deadline,
                       .type = call.type});
}

ReplyTo reply_to(const CallBase& call) noexcept {
  return {.caller = call.caller, .request = call.request, .server = current_process()->pid()};
}

void send_reply(const ReplyTo& to, CallBase* reply) noexcept {
  std::unique_ptr<CallBase, MessageDeleter> owned(reply);
  Process* self = current_process();
  if (self == nullptr) return;
  const Ref request = DeferredRequest{.caller = to.caller, .request = to.request}.key();
  if (to.server != self->pid()) {
    self->node->send(to.server, make_signal<RequestDoneSignal>(MessageKind::request_done, request));
  } else {
    settle_request(*self, request);
  }
  reply->caller = to.caller;
  reply->request = to.request;
  reply->state = static_cast<std::uint8_t>(CallState::replied);
  reply->kind = MessageKind::reply;
  note_reply(*self, *reply);
  self->node->send(to.caller, owned.release());
}

}  // namespace otp::detail
