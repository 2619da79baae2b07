// Test doubles of generated servers: fakes, recorders, faults. otp_generate(... TEST_DOUBLES) makes
// them, in "shop/cart.otp.testing.h".
//
//   otp::testing::Substitute fake = otp::testing::fake<shop::PaymentFake>([](auto& payment) {
//     payment.on_pay = [](std::string, auto) { return otp::reply(); };
//   });                                                   // whoever starts a Payment gets the fake
//
//   auto recorder = std::make_shared<otp::testing::Recorder>();
//   otp::testing::Substitute proxy = otp::testing::observe<shop::CartProxy>(recorder);
//   ... recorder->calls() == std::vector<std::string>{"init()", "add(...)"};
//
//   auto faults = std::make_shared<otp::testing::FaultInjector>();
//   faults->exit_on("Cart", "add", 3, otp::ExitReason("disk_full"));   // the third one
//   faults->delay("Cart", "size", 200ms);
//   otp::testing::Substitute unreliable = otp::testing::observe<shop::CartProxy>(faults);
//
// A substitute holds for the whole program until it is destroyed. Make it before the first server
// is started, and destroy it after the last.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <otp/gen/server.h>

namespace otp::testing {

/// While it lives, servers of this kind are made by another function than their create().
class Substitute {
 public:
  explicit Substitute(std::function<void()> restore) : restore_(std::move(restore)) {}
  ~Substitute() { restore_(); }
  Substitute(const Substitute&) = delete;
  Substitute& operator=(const Substitute&) = delete;

 private:
  std::function<void()> restore_;
};

template <class Server>
[[nodiscard]] Substitute substitute(std::function<std::unique_ptr<Server>()> make) {
  auto former = std::exchange(gen::substitute_for<Server>, std::move(make));
  return Substitute([former = std::move(former)] { gen::substitute_for<Server> = former; });
}

/// Servers are fakes that `setup` has prepared.
template <class Fake>
[[nodiscard]] Substitute fake(std::function<void(Fake&)> setup) {
  return substitute<typename Fake::Server>(
      [setup = std::move(setup)] { return std::make_unique<Fake>(setup); });
}

/// A message on its way to a handler.
struct Intercepted {
  std::string_view server;   ///< "Cart"
  std::string_view message;  ///< "add", "init"
  std::string arguments;     ///< "sku: \"tea\", qty: 2"
};

/// Sees every message of a proxy, in the server's process, before its handler does. What it throws,
/// the handler has thrown; what it waits, the caller waits.
class Interceptor {
 public:
  virtual ~Interceptor() = default;
  virtual void intercept(const Intercepted& message) = 0;
};

/// Servers are real, behind proxies that show each message to `interceptor` first.
template <class Proxy>
[[nodiscard]] Substitute observe(std::shared_ptr<Interceptor> interceptor) {
  using Server = typename Proxy::Server;
  return substitute<Server>(
      [interceptor = std::move(interceptor)]() -> std::unique_ptr<Server> {
        return std::make_unique<Proxy>(Server::create(), interceptor);
      });
}

/// Keeps what it has seen. Any thread.
class Recorder final : public Interceptor {
 public:
  void intercept(const Intercepted& message) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::string(message.message) + "(" + message.arguments + ")");
  }
  /// "add(sku: \"tea\", qty: 2)", in the order of their handling.
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

/// Makes handlers fail, exit or dawdle. Any thread.
class FaultInjector final : public Interceptor {
 public:
  /// The nth such message (from 1) ends its server with that reason; 0: each one.
  void exit_on(std::string server, std::string message, std::size_t nth, ExitReason reason);
  /// The same with an exception.
  void throw_on(std::string server, std::string message, std::size_t nth, std::string what);
  /// Each one waits before its handler runs.
  void delay(std::string server, std::string message, Duration time);
  void intercept(const Intercepted& message) override;

 private:
  struct Fault {
    std::size_t nth = 0;
    std::function<void()> strike;
  };
  using Key = std::pair<std::string, std::string>;
  std::mutex mutex_;
  std::map<Key, std::vector<Fault>> faults_;
  std::map<Key, std::size_t> seen_;
};

[[noreturn]] void unexpected_call(const char* label);

}  // namespace otp::testing
