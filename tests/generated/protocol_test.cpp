// Protocols, topics, mailbox limits: what a server declares beyond its own messages.
#include <otp/testing/simulation.h>

#include "shop_support.h"

namespace shop {
namespace {

TEST_F(Shop, a_client_of_the_protocol_takes_any_server_that_implements_it) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    cart.add({.sku = "tea", .qty = 3});
    const auto size_of = [](Sized sized) { return sized.size(); };
    EXPECT_EQ(size_of(cart), 310U);
    EXPECT_EQ(cart.size(), 310U);
    Sized(cart).grow(2);
    cart.grow();
    EXPECT_EQ(cart.try_size().value(), 610U);
    const auto request = cart.async_size();
    EXPECT_EQ(otp::await(request).value(), 610U);
  });
}

TEST_F(Shop, who_does_not_implement_the_protocol_refuses_its_calls) {
  in_process([] {
    const PriceCache cache = PriceCache::start_link({.shard = 1}).value();
    const auto answer = Sized(cache.address()).try_size();
    ASSERT_FALSE(answer);
    EXPECT_TRUE(to_string(answer.error().reason).starts_with("{bad_request"))
        << to_string(answer.error());
    EXPECT_EQ(cache.price("tea").cents, 1003);  // and goes on
  });
}

TEST_F(Shop, a_subscriber_gets_what_is_published_on_its_key) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    EXPECT_EQ(Prices::subscribers("tea"), std::vector{cart.address()});
    EXPECT_EQ(Prices::publish("tea", Prices::changed{{.cents = 40}}), 1U);
    EXPECT_EQ(Prices::publish("coffee", Prices::changed{{.cents = 50}}), 0U);
    EXPECT_EQ(cart.seen(), 40);
    Prices::publish("tea", Prices::gone{});
    EXPECT_EQ(cart.seen(), -1);
  });
}

TEST_F(Shop, a_plain_process_subscribes_and_leaves) {
  in_process([] {
    Prices::subscribe("milk");
    Prices::subscribe("milk");
    EXPECT_EQ(Prices::publish("milk", Prices::gone{}), 2U);
    EXPECT_TRUE(Prices::unsubscribe("milk"));
    EXPECT_TRUE(Prices::unsubscribe("milk"));
    EXPECT_FALSE(Prices::unsubscribe("milk"));
    int got = 0;
    for (int i = 0; i < 2; ++i) {
      otp::receive(otp::on([&](const Prices::Message& message) {
        EXPECT_EQ(message.sku, "milk");
        got += std::holds_alternative<Prices::gone>(message.event) ? 1 : 0;
      }));
    }
    EXPECT_EQ(got, 2);
  });
}

TEST_F(Shop, a_subscription_ends_with_its_process) {
  in_process([] {
    const Cart cart = Cart::start({.customer = 1}).value();
    cart.stop();
    eventually([] { return Prices::subscribers("tea").empty(); });
  });
}

TEST_F(Shop, a_full_mailbox_rejects) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    otp::sys::suspend(cart);
    for (int i = 0; i < 10'000; ++i) cart.grow();
    cart.grow();  // dropped
    const auto refused = cart.try_size();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, otp::ExitReason("overloaded"));
    otp::sys::resume(cart);
    eventually([&] { return cart.try_size().has_value(); });
    EXPECT_EQ(cart.size(), 10'000U * 100 + 10);
  });
}

}  // namespace
}  // namespace shop
