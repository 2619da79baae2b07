// The memory of messages: made and freed on one thread, and made on one and freed on another.
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include <benchmark/benchmark.h>

#include <otp/detail/message.h>

#include "check.h"

namespace otp::detail {
namespace {

using otp_bench::check;

struct Cast : Message {
  explicit Cast(std::uint64_t number) : number(number) {}
  std::uint64_t number;
};
const MessageType cast_type{
    .name = "Cast", .interface = nullptr, .deliver = nullptr, .destroy = &destroy_message<Cast>};

Message* make_cast(std::uint64_t number) {
  auto* const made = make_message<Cast>(number);
  made->type = &cast_type;
  return made;
}

void one_thread(benchmark::State& state) {
  for (auto _ : state) {
    Message* const made = make_cast(1);
    benchmark::DoNotOptimize(made);
    made->type->destroy(made);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_thread)->Name("message/one_thread");

/// A thread that frees batches in turn with who fills them.
class Freer {
 public:
  static constexpr std::size_t batch_size = 1000;
  using Batch = std::array<Message*, batch_size>;

  Freer() : thread_([this] { free_batches(); }) {}
  ~Freer() {
    next_batch() = {};  // no message in it: the end
    hand_over();
    thread_.join();
    check(sum_ == expected_, "a message was lost");
  }
  Freer(const Freer&) = delete;
  Freer& operator=(const Freer&) = delete;

  void make_batch() {
    for (Message*& each : next_batch()) each = make_cast(++made_);
    expected_ += (2 * made_ - batch_size + 1) * batch_size / 2;
    hand_over();
  }

 private:
  static constexpr std::uint32_t batches = 4;

  Batch& next_batch() {
    const std::uint32_t full = full_.load(std::memory_order_relaxed);
    for (std::uint32_t freed = freed_.load(); full - freed == batches; freed = freed_.load())
      freed_.wait(freed);
    return batches_[full % batches];
  }
  void hand_over() {
    full_.fetch_add(1);
    full_.notify_one();
  }
  void free_batches() {
    for (std::uint32_t freed = 0;; ++freed) {
      full_.wait(freed);
      const Batch& batch = batches_[freed % batches];
      if (batch[0] == nullptr) return;
      for (Message* each : batch) {
        sum_ += static_cast<Cast*>(each)->number;
        each->type->destroy(each);
      }
      freed_.store(freed + 1);
      freed_.notify_one();
    }
  }

  std::array<Batch, batches> batches_;
  std::atomic<std::uint32_t> full_{0};
  std::atomic<std::uint32_t> freed_{0};
  std::uint64_t made_ = 0;
  std::uint64_t expected_ = 0;
  std::uint64_t sum_ = 0;
  std::thread thread_;
};

void two_threads(benchmark::State& state) {
  Freer freer;
  for (auto _ : state) freer.make_batch();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(Freer::batch_size));
}
BENCHMARK(two_threads)->Name("message/two_threads_1000")->UseRealTime();

}  // namespace
}  // namespace otp::detail
