// What a call by name reads of cold servers, in the same order and without anything else: what the
// memory alone takes of it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "check.h"
#include "core/reserved_array.h"
#include "process/process.h"

namespace otp_bench {
namespace {

/// Where things lie, and how large they are, as in the runtime.
struct Slot {
  std::byte before[0x18];
  std::atomic<std::uint64_t> arrivals;
  std::byte between[sizeof(otp::detail::Process) - 0x20];
};
struct Places {
  std::uint32_t* behaviour;
  std::uint32_t* object;
};
constexpr std::size_t behaviour_words = 24;
constexpr std::size_t object_words = 12;

void read_as_a_call_by_name_does(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint32_t> names(n);
  std::iota(names.begin(), names.end(), 0U);
  const otp::detail::ReservedArray<std::uint64_t> holders(n);
  const otp::detail::ReservedArray<Places> places(n);
  const otp::detail::ReservedArray<Slot> slots(n);
  std::vector<std::uint32_t> behaviours(n * behaviour_words, 1);
  std::vector<std::uint32_t> objects(n * object_words, 1);
  for (std::size_t i = 0; i < n; ++i) {
    holders[i] = i;
    places[i] = {&behaviours[i * behaviour_words], &objects[i * object_words]};
    slots[i].arrivals.store(1, std::memory_order_relaxed);
  }
  std::mt19937_64 random(5);
  std::vector<std::uint32_t> asked(1U << 18U);
  for (std::uint32_t& each : asked) each = static_cast<std::uint32_t>(random() % n);
  std::size_t next = 0;
  std::uint64_t seen = 0;
  std::uint32_t last = 1;
  for (auto _ : state) {
    // Not before the last one is through, as after a call.
    const std::uint32_t name = names[asked[next] + (last - 1)];
    next = (next + 1) % asked.size();
    Slot& slot = slots[holders[name]];
    __builtin_prefetch(&slot.arrivals, 1);
    __builtin_prefetch(&slot.between[0x34]);  // its serial
    __builtin_prefetch(&slot.between[0x58]);  // its node
    __builtin_prefetch(places[name].behaviour, 1);
    __builtin_prefetch(places[name].object, 1);
    std::uint64_t expected = 1;
    seen += slot.arrivals.compare_exchange_strong(expected, 1) ? 1 : 0;
    last = *places[name].behaviour * *places[name].object * static_cast<std::uint32_t>(expected);
  }
  check(seen == static_cast<std::uint64_t>(state.iterations()), "a line is not what it was");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_as_a_call_by_name_does)->Name("memory/call by name")->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace otp_bench
