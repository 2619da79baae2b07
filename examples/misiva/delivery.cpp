// A delivery worker: sees one slice of an audience through, whatever happens to the connections.
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "misiva.otp.h"

namespace misiva {
namespace {

using namespace std::chrono_literals;

class DeliveryImpl final : public DeliveryServer {
 public:
  otp::Init init(DeliveryArgs args) override {
    args_ = std::move(args);
    return otp::ok().then_continue(continue_deliver());
  }

  otp::NoReply deliver() override {
    std::vector<Device> pending = ledger_.pending(args_.devices);
    for (std::uint32_t attempt = 0; !pending.empty(); ++attempt) {
      if (attempt == max_attempts) {
        ledger_.give_up(pending, "no answer after " + std::to_string(max_attempts) + " attempts");
        break;
      }
      if (!attempt_with(connection(attempt), pending)) break;
      pending = ledger_.pending(args_.devices);
    }
    return otp::stop(otp::ExitReason::normal());
  }

 private:
  /// Each attempt goes to another connection.
  Connection connection(std::uint32_t attempt) const {
    const std::uint32_t slot = (args_.number + attempt) % connections + 1;
    return Connection(otp::Name("misiva_connection_" + std::to_string(slot)));
  }

  /// False when there is no point in trying again.
  bool attempt_with(const Connection& connection, const std::vector<Device>& pending) {
    const auto pushed = connection.try_push(args_.notification, pending);
    if (pushed) return true;
    const PushError* error = pushed.error().error();
    if (error != nullptr && !error->transient()) {
      ledger_.give_up(pending, error->get_if<PushError::refused>()->why);
      return false;
    }
    // Nobody listens, the connection has crashed, or it is being restarted: a little later, then.
    otp::sleep(100ms);
    return true;
  }

  DeliveryArgs args_;
  Ledger ledger_{otp::Name("misiva_ledger")};
};

}  // namespace

std::unique_ptr<DeliveryServer> DeliveryServer::create() {
  return std::make_unique<DeliveryImpl>();
}

}  // namespace misiva
