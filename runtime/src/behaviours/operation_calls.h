// Calls to a behaviour of our own: an operation travels as a function, its result travels back.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <otp/gen/server.h>

#include "behaviours/starting.h"

namespace otp::detail {

/// The identity of each such behaviour, as ServerInfo is that of a server.
inline constexpr char supervisor_interface = 0;
inline constexpr char dynamic_supervisor_interface = 0;
inline constexpr char event_manager_interface = 0;
inline constexpr char agent_interface = 0;
inline constexpr char worker_pool_interface = 0;

template <class Process, class F>
struct OperationCall final : CallBase {
  using Result = std::invoke_result_t<F&, Process&>;
  explicit OperationCall(F operation) : operation(std::move(operation)) {}
  F operation;
  std::optional<Result> result;

  static void deliver(Message& message, void* process, void*) {
    auto& call = static_cast<OperationCall&>(message);
    call.result.emplace(call.operation(*static_cast<Process*>(process)));
  }
};

template <class Process, class F>
auto call_operation(const ServerRef& server, const char* name, F operation,
                    Timeout timeout = infinity) {
  using Call = OperationCall<Process, F>;
  // One type object for each operation; the name is the same for all calls of it.
  static const MessageType type{.name = name,
                                .interface = Process::interface_id,
                                .deliver = &Call::deliver,
                                .destroy = &destroy_message<Call>};
  auto* call = make_message<Call>(std::move(operation));
  call->type = &type;
  const auto answer = gen::call_or_exit(server.address(), call, timeout);
  return std::move(*static_cast<Call&>(*answer).result);
}

/// Runs the operation and sends the call home.
template <class Process>
Flow answer_operation(Process& process, std::unique_ptr<Message, MessageDeleter>&& message) {
  StartedBehaviour::Handling handling(process, std::move(message));
  CallBase& call = handling.call();
  if (call.type->interface == Process::interface_id) {
    call.type->deliver(call, &process, nullptr);
    handling.send_back();
  } else {
    handling.refuse(ExitReason::bad_request(call.type->name));
  }
  return Flow::wait;
}

}  // namespace otp::detail
