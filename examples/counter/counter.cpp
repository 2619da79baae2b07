// The server: what is behind each message of counter.otp.
#include <memory>
#include <vector>

#include "counter.otp.h"

namespace {

class CounterImpl final : public demo::CounterServer {
 public:
  otp::Init init(demo::CounterArgs args) override {
    value_ = args.initial;
    return otp::ok();
  }
  otp::Reply<std::int64_t> get(From<std::int64_t>) override { return value_; }
  otp::NoReply inc(std::int64_t by) override {
    value_ += by;
    return {};
  }
  otp::NoReply crash(std::uint32_t place) override {
    const std::vector<std::int64_t> empty;
    value_ = empty.at(place);  // throws: the server crashes, and its supervisor starts it again
    return {};
  }

 private:
  std::int64_t value_ = 0;
};

}  // namespace

std::unique_ptr<demo::CounterServer> demo::CounterServer::create() {
  return std::make_unique<CounterImpl>();
}
