#include <memory>

#include <otp/receive.h>

#include "bench.otp.h"

namespace {

class CounterImpl final : public bench::CounterServer {
 public:
  otp::Init init(bench::CounterArgs args) override {
    n_ = args.initial;
    if (args.up) otp::send(*args.up, otp::self());
    return otp::ok();
  }
  otp::Reply<std::int64_t> get(From<std::int64_t>) override { return n_; }
  otp::Reply<std::int64_t> bump(From<std::int64_t>) override { return ++n_; }
  otp::Reply<std::int64_t> finish(From<std::int64_t>) override {
    return otp::stop(otp::ExitReason::normal(), n_);
  }
  otp::NoReply inc() override {
    ++n_;
    return {};
  }

 private:
  std::int64_t n_ = 0;
};

}  // namespace

std::unique_ptr<bench::CounterServer> bench::CounterServer::create() {
  return std::make_unique<CounterImpl>();
}
