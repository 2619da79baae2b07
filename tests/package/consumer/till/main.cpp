#include <otp/runtime.h>

#include <cstdio>
#include <memory>

#include "till/till.otp.h"

namespace {

class TillImpl final : public till::till::TillServer {
 public:
  otp::Init init(till::till::TillArgs args) override {
    cents_ = args.opening.cents;
    return otp::ok();
  }
  otp::Reply<shop::money::Money> total(From<shop::money::Money>) override {
    return shop::money::Money{.cents = cents_};
  }
  otp::NoReply pay(shop::money::Money amount) override {
    cents_ += amount.cents;
    return {};
  }

 private:
  std::int64_t cents_ = 0;
};

}  // namespace

std::unique_ptr<till::till::TillServer> till::till::TillServer::create() {
  return std::make_unique<TillImpl>();
}

int main() {
  otp::Runtime runtime;
  runtime.run([] {
    auto till = till::till::Till::start_link({.opening = {.cents = 500}}).value();
    till.pay({.cents = 1250});
    till.pay({.cents = 99});
    std::printf("%lld\n", static_cast<long long>(till.total().cents));
  });
}
