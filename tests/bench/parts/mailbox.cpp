// A mailbox: messages pushed by one thread and by four, and drained into the inbox.
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "check.h"
#include "process/signals.h"

namespace otp::detail {
namespace {

using otp_bench::check;

/// A mailbox keeps its state in the low bits of an address.
struct alignas(16) Pushed : Message {};

/// A process that runs, so that a push wakes nobody; nothing of it is in a table.
struct Receiver {
  Receiver() {
    process.node = &node;
    process.serial = 1;
    process.arrivals = 0;
  }
  Node node{RuntimeOptions{.schedulers = 1}};
  Process process;
};

std::vector<Pushed> messages_to(const Process& process, std::size_t count) {
  std::vector<Pushed> messages(count);
  for (Pushed& each : messages) each.target_serial = process.serial;
  return messages;
}

/// The messages are pushed again and again, and never looked at.
void push(benchmark::State& state) {
  static std::unique_ptr<Receiver> receiver;
  if (state.thread_index() == 0) receiver = std::make_unique<Receiver>();
  std::vector<Pushed> messages(1024);
  std::size_t next = 0;
  for (auto _ : state) {
    receiver->node.push(receiver->process, &messages[next]);
    next = (next + 1) % messages.size();
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() != 0) return;
  const std::uintptr_t pushes = receiver->process.arrivals.load() >> Process::count_shift;
  const auto expected = static_cast<std::uint16_t>(state.iterations() * state.threads());
  check(pushes == expected, "a push is missing");
  receiver.reset();
}
BENCHMARK(push)->Name("mailbox/push")->ThreadRange(1, 4)->UseRealTime();

void push_and_drain(benchmark::State& state) {
  Receiver receiver;
  Process& process = receiver.process;
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<Pushed> messages = messages_to(process, count);
  for (auto _ : state) {
    for (Pushed& each : messages) receiver.node.push(process, &each);
    drain(process);
    for (Pushed& each : messages)
      check(process.take_first().release() == &each, "a message is out of order");
    check(process.leave_arrivals(0), "a message came from nowhere");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(push_and_drain)->Name("mailbox/push_and_drain")->Arg(1)->Arg(1000);

}  // namespace
}  // namespace otp::detail
