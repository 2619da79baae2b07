#include <otp/testing/doubles.h>

#include <stdexcept>

namespace otp::testing {

void FaultInjector::exit_on(std::string server, std::string message, std::size_t nth,
                            ExitReason reason) {
  const std::lock_guard lock(mutex_);
  faults_[{std::move(server), std::move(message)}].push_back(
      {nth, [reason = std::move(reason)] { otp::exit(reason); }});
}

void FaultInjector::throw_on(std::string server, std::string message, std::size_t nth,
                             std::string what) {
  const std::lock_guard lock(mutex_);
  faults_[{std::move(server), std::move(message)}].push_back(
      {nth, [what = std::move(what)] { throw std::runtime_error(what); }});
}

void FaultInjector::delay(std::string server, std::string message, Duration time) {
  const std::lock_guard lock(mutex_);
  faults_[{std::move(server), std::move(message)}].push_back({0, [time] { otp::sleep(time); }});
}

void FaultInjector::intercept(const Intercepted& message) {
  std::vector<std::function<void()>> strikes;
  {
    const std::lock_guard lock(mutex_);
    const Key key{std::string(message.server), std::string(message.message)};
    const std::size_t count = ++seen_[key];
    for (const Fault& fault : faults_[key]) {
      if (fault.nth == 0 || fault.nth == count) strikes.push_back(fault.strike);
    }
  }
  for (const auto& strike : strikes) strike();
}

void unexpected_call(const char* label) {
  otp::exit(ExitReason("{unexpected_call," + std::string(label) + "}"));
}

}  // namespace otp::testing
