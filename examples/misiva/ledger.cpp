// The ledger's process around the book: the one place that knows which device has acknowledged.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "book.h"
#include "misiva.otp.h"

namespace misiva {
namespace {

class LedgerImpl final : public LedgerServer {
 public:
  otp::Init init() override { return otp::ok(); }

  otp::Reply<std::expected<void, DispatchError>> open(
      std::vector<Device> devices, From<std::expected<void, DispatchError>>) override {
    if (devices.empty()) return std::unexpected(DispatchError(DispatchError::no_devices{}));
    if (!book_.is_settled()) {
      return std::unexpected(DispatchError(DispatchError::busy{book_.remaining()}));
    }
    book_.open(devices);
    why_.reset();
    return std::expected<void, DispatchError>{};
  }

  otp::Reply<std::vector<Device>> pending(std::vector<Device> devices,
                                          From<std::vector<Device>>) override {
    return book_.pending(devices);
  }

  otp::Reply<Progress> progress(From<Progress>) override {
    const auto& counts = book_.counts();
    return Progress{.devices = counts.devices,
                    .acknowledged = counts.acknowledged,
                    .rejected = counts.rejected,
                    .in_flight = counts.in_flight,
                    .lost = counts.lost,
                    .retries = counts.retries,
                    .restarts = restarts_,
                    .why = why_};
  }

  otp::NoReply sent(std::vector<Device> devices) override {
    for (const auto& device : devices) book_.sent(device);
    return {};
  }
  otp::NoReply unsent(std::vector<Device> devices) override {
    for (const auto& device : devices) book_.unsent(device);
    return {};
  }
  otp::NoReply acknowledged(Device device) override {
    book_.acknowledged(device);
    return {};
  }
  otp::NoReply lost(std::vector<Device> devices) override {
    for (const auto& device : devices) book_.lost(device);
    return {};
  }
  otp::NoReply give_up(std::vector<Device> devices, std::string why) override {
    for (const auto& device : devices) book_.give_up(device);
    why_ = std::move(why);
    return {};
  }

  otp::NoReply connection_started(std::uint32_t slot) override {
    const bool is_first = std::ranges::find(known_slots_, slot) == known_slots_.end();
    if (is_first)
      known_slots_.push_back(slot);
    else
      ++restarts_;
    return {};
  }

 private:
  Book book_;
  std::optional<std::string> why_;
  std::vector<std::uint32_t> known_slots_;
  std::uint32_t restarts_ = 0;
};

}  // namespace

std::unique_ptr<LedgerServer> LedgerServer::create() { return std::make_unique<LedgerImpl>(); }

}  // namespace misiva
