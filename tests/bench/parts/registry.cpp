// Looking up by a local name, and by the key of a registry.
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include <otp/registry.h>
#include <otp/runtime.h>

#include "check.h"

namespace otp_bench {
namespace {

void look_up_key(benchmark::State& state) {
  otp::Runtime runtime({.schedulers = 1});
  runtime.invoke([&] {
    const auto registry = otp::Registry<std::int64_t>::start_link().value();
    for (std::int64_t key = 0; key < state.range(0); ++key)
      check(registry.add(key).has_value(), "a key is taken");
    std::mt19937_64 random(1);
    std::vector<std::int64_t> asked(4096);
    for (std::int64_t& each : asked)
      each = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(state.range(0)));
    std::size_t next = 0;
    for (auto _ : state) {
      check(registry.whereis(asked[next]) == otp::self(), "a key is missing");
      next = (next + 1) % asked.size();
    }
  });
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_up_key)->Name("registry/whereis")->Arg(1000)->Arg(100'000);

void look_up_name(benchmark::State& state) {
  otp::Runtime runtime({.schedulers = 1});
  runtime.invoke([&] {
    const otp::Name name("looked_up");
    otp::register_name(name, otp::self());
    for (auto _ : state) check(otp::whereis(name) == otp::self(), "the name is missing");
  });
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_up_name)->Name("names/whereis");

}  // namespace
}  // namespace otp_bench
