// Requests in a collection, whichever is answered first. What OTP's own suite has is in
// tests/conformance.
#include <otp/gen_statem.h>
#include <otp/request_collection.h>
#include <otp/runtime.h>

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;

/// Is answered by a Tell of the same number.
struct Ask {
  using Reply = int;
  int n = 0;
};
struct Tell {
  int n = 0;
};

enum class Phase { only };

class Later final : public Statem<Phase> {
 public:
  StatemInit<Phase> init() override { return start_in(Phase::only); }
  Transition handle_event(const Event& event, const Phase&) override {
    if (event.as<Ask>() != nullptr) waiting_.push_back(event.from<Ask>());
    if (const auto* tell = event.as<Tell>())
      reply(waiting_.at(static_cast<std::size_t>(tell->n)), tell->n);
    return keep_state();
  }

 private:
  std::vector<StatemFrom<Ask>> waiting_;
};

TEST(RequestCollectionTest, keeps_its_order_whichever_is_answered_first) {
  Runtime runtime({.schedulers = 2});
  const ExitReason reason = runtime.run([] {
    constexpr int count = 100;
    constexpr int prime_to_count = 37;
    const StatemRef server = StatemRef::start_link<Later>({}).value();
    RequestCollection<int, int> requests;
    std::vector<int> left;
    for (int i = 0; i < count; ++i) {
      requests.add(server.async_call(Ask{i}), i);
      left.push_back(i);
    }
    for (int i = 1; i < count; ++i) {
      const int n = i * prime_to_count % count;
      server.cast(Tell{n});
      const auto response = requests.receive_response(infinity);
      EXPECT_EQ(response->label, n);
      EXPECT_EQ(response->result.value(), n);
      std::erase(left, n);
      std::vector<int> labels;
      for (const auto& [request, label] : requests.to_list()) labels.push_back(label);
      EXPECT_EQ(labels, left);
      EXPECT_EQ(requests.size(), left.size());
      EXPECT_EQ(requests.wait_response(0ms)->label, left.front());
      EXPECT_FALSE(requests.check_response().has_value());
      EXPECT_THROW(requests.add(requests.to_list().back().first, 0), std::invalid_argument);
    }
    const Request<int> last = requests.to_list().front().first;
    EXPECT_EQ(requests.receive_response(0ms)->result.error().reason, ExitReason::timeout());
    EXPECT_TRUE(requests.empty());
    requests.add(last, 7);  // it is empty, and as new
    EXPECT_EQ(requests.wait_response(0ms)->label, 7);
  });
  EXPECT_EQ(reason, ExitReason::normal());
}

}  // namespace
}  // namespace otp
