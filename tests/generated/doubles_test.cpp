// Fakes, recorders and faults in the place of servers.
#include <otp/testing/doubles.h>

#include "shop.otp.testing.h"
#include "shop_support.h"

namespace shop {
namespace {

using Calls = std::vector<std::string>;

TEST_F(Shop, a_fake_answers_what_the_test_says) {
  const auto fake = otp::testing::fake<PriceCacheFake>([](PriceCacheFake& cache) {
    cache.on_price = [](const Sku& sku, const auto&) {
      return otp::Reply<Money>(Money{static_cast<std::int64_t>(sku.size())});
    };
  });
  in_process([] {
    const PriceCache cache = PriceCache::start_link({.shard = 1}).value();
    EXPECT_EQ(cache.price("milk").cents, 4);
  });
}

TEST_F(Shop, a_fake_refuses_calls_that_the_test_does_not_say) {
  const auto fake = otp::testing::fake<CartFake>([](CartFake&) {});
  in_process([] {
    const auto [cart, monitor] = Cart::start_monitor({.customer = 1}).value();
    cart.grow();  // nobody cares
    EXPECT_FALSE(cart.try_add({.sku = "tea", .qty = 1}));
    EXPECT_EQ(to_string(end_of(monitor)), "{unexpected_call,Cart.add}");
  });
}

TEST_F(Shop, a_recorder_keeps_what_the_real_server_has_handled) {
  const auto recorder = std::make_shared<otp::testing::Recorder>();
  {
    const auto proxy = otp::testing::observe<CartProxy>(recorder);
    in_process([] {
      const Cart cart = Cart::start_link({.customer = 1}).value();
      cart.add({.sku = "tea", .qty = 2});
      cart.grow(3);
      EXPECT_EQ(cart.size(), 510U);
    });
  }
  EXPECT_EQ(recorder->calls(), (Calls{"init()", "add(line: ...)", "grow(by: 3)", "size()"}));
  in_process([] { ASSERT_TRUE(Cart::start_link({.customer = 1})); });
  EXPECT_EQ(recorder->calls().size(), 4U);  // the substitute is over
}

TEST_F(Shop, faults_strike_the_message_they_are_for) {
  const auto faults = std::make_shared<otp::testing::FaultInjector>();
  faults->exit_on("Cart", "add", 2, otp::ExitReason("disk_full"));
  faults->throw_on("PriceCache", "price", 1, "no such price");
  faults->delay("Cart", "size", 1ms);
  const auto carts = otp::testing::observe<CartProxy>(faults);
  const auto caches = otp::testing::observe<PriceCacheProxy>(faults);
  in_process([] {
    const auto [cart, monitor] = Cart::start_monitor({.customer = 1}).value();
    cart.add({.sku = "tea", .qty = 1});
    EXPECT_EQ(cart.size(), 110U);
    EXPECT_EQ(cart.try_add({.sku = "tea", .qty = 1}).error().reason,
              otp::ExitReason("disk_full"));
    EXPECT_EQ(end_of(monitor), otp::ExitReason("disk_full"));
    const PriceCache cache = PriceCache::start({.shard = 1}).value();
    EXPECT_FALSE(cache.try_price("tea"));
  });
}

}  // namespace
}  // namespace shop
