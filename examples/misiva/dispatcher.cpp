// The door of the application: opens a dispatch and puts workers on it.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "misiva.otp.h"

namespace misiva {
namespace {

using Answer = std::expected<std::uint32_t, DispatchError>;

class DispatcherImpl final : public DispatcherServer {
 public:
  otp::Init init() override { return otp::ok(); }

  otp::Reply<Answer> send(Notification notification, std::vector<Device> devices,
                          From<Answer>) override {
    if (const auto opened = ledger_.open(devices); !opened) {
      return Answer(std::unexpect, opened.error());
    }
    std::uint32_t workers = 0;
    for (std::size_t begin = 0; begin < devices.size(); begin += slice) {
      const auto first = devices.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto last = devices.begin() + static_cast<std::ptrdiff_t>(
                                              std::min<std::size_t>(begin + slice, devices.size()));
      const DeliveryArgs args{
          .number = workers, .notification = notification, .devices = {first, last}};
      const auto worker = deliveries_.start_child(args);
      if (!worker) otp::exit(worker.error().as_reason());
      ++workers;
    }
    return Answer(workers);
  }

  otp::Reply<Progress> progress(From<Progress>) override { return ledger_.progress(); }

 private:
  Ledger ledger_{otp::Name("misiva_ledger")};
  DeliverySup deliveries_{otp::Name("misiva_deliveries")};
};

}  // namespace

std::unique_ptr<DispatcherServer> DispatcherServer::create() {
  return std::make_unique<DispatcherImpl>();
}

}  // namespace misiva
