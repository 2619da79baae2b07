#include <otp/report.h>
#include <otp/runtime.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "fiber/processors.h"
#include "process/node.h"
#include "process/signals.h"

namespace otp {
namespace {

using namespace std::chrono_literals;

constexpr auto shutdown_limit = 5s;
constexpr auto kill_limit = 2s;

/// By the affinity mask, and by the share of time.
unsigned usable_count() {
  const auto count = std::max(1U, static_cast<unsigned>(detail::usable_processors().size()));
  const unsigned granted = detail::granted_processors();
  return granted == 0 ? count : std::min(granted, count);
}

RuntimeOptions completed(RuntimeOptions options) {
  if (options.schedulers == 0) options.schedulers = usable_count();
  if (options.reports == nullptr) options.reports = text_sink(stderr);
  if (options.blocking_threads == 0)
    throw std::invalid_argument("RuntimeOptions::blocking_threads must be positive");
  if (options.stack_bytes < 16 * 1024)
    throw std::invalid_argument("RuntimeOptions::stack_bytes: at least 16 KiB");
  return options;
}

}  // namespace

struct Runtime::Impl {
  explicit Impl(const RuntimeOptions& options) : node(std::make_unique<detail::Node>(options)) {}
  std::unique_ptr<detail::Node> node;
};

Runtime::Runtime(RuntimeOptions options)
    : impl_(std::make_unique<Impl>(completed(std::move(options)))) {}

Runtime::~Runtime() {
  detail::Node& node = *impl_->node;
  node.timers().stop_starting();
  node.exit_all(ExitReason::shutdown());
  node.wait_until_empty(shutdown_limit);
  if (node.table().count() != 0) {
    node.exit_all(ExitReason::kill());
    node.wait_until_empty(kill_limit);
  }
  if (node.table().count() != 0 || node.lost_threads().load() != 0) {
    // A handler that never comes back holds its thread: the threads and what they use outlive the
    // runtime.
    static_cast<void>(impl_->node.release());
    return;
  }
  node.stop();
}

ExitReason Runtime::run(std::move_only_function<void()> body) {
  if (in_process())
    throw std::logic_error(
        "otp: Runtime::run inside a process would block its scheduler; use spawn");
  detail::WaitingThread waiting;
  impl_->node->spawn_for(waiting, detail::make_function_behaviour(std::move(body)));
  std::unique_lock lock(waiting.mutex);
  waiting.condition.wait(lock, [&] { return waiting.reason.has_value(); });
  return *waiting.reason;
}

const RuntimeOptions& Runtime::options() const noexcept { return impl_->node->options(); }

void detail::throw_invoke_exit(const ExitReason& reason) {
  throw std::runtime_error("otp: the process of Runtime::invoke ended with " + to_string(reason));
}

}  // namespace otp
