// The language's own example, from the schema to its running tree.
#include <otp/application.h>
#include <otp/receive.h>
#include <otp/sys.h>
#include <otp/testing/simulation.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "shop/cart.otp.h"

// The server is given what is deprecated, as servers are for a while.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

using namespace std::chrono_literals;

namespace shop::cart {
namespace {

/// Cents of the last price that a cart heard of.
std::int64_t& last_price() {
  static std::int64_t cents = 0;
  return cents;
}
std::uint32_t& audited() {
  static std::uint32_t events = 0;
  return events;
}
std::vector<ShopPhase>& phases() {
  static std::vector<ShopPhase> run;
  return run;
}

class CartImpl final : public CartServer {
  otp::Init init(CartArgs args) override {
    if (args.limit == 0) return otp::error(CartError(CartError::full{.limit = 0}));
    limit_ = args.limit;
    state.customer = args.customer;
    Prices::subscribe("tea");
    return otp::ok().then_continue(continue_reload());
  }
  otp::NoReply reload() override {
    payment_ = Payment::start_monitor({.order = state.customer}).value().server;
    return {};
  }
  otp::Reply<std::expected<std::uint32_t, CartError>> add(
      Line line, From<std::expected<std::uint32_t, CartError>>) override {
    if (state.lines.size() == limit_) return std::unexpected(CartError::full{.limit = limit_});
    state.lines.push_back(std::move(line));
    return static_cast<std::uint32_t>(state.lines.size());
  }
  otp::DeferredReply<std::expected<std::int64_t, CartError>> checkout(
      std::string card, From<std::expected<std::int64_t, CartError>> from) override {
    waiting_.push_back(std::move(from));
    payment_.pay(card);
    payment_.bank(card != "stolen");
    return otp::noreply();
  }
  otp::NoReply down(otp::Down) override {
    for (const auto& each : waiting_) each.reply(std::int64_t{total()});
    waiting_.clear();
    return {};
  }
  otp::Reply<std::vector<std::byte>> export_pdf(From<std::vector<std::byte>>) override {
    return std::vector<std::byte>(state.lines.size());
  }
  otp::Reply<std::vector<Line>> lines(std::uint32_t first, std::optional<std::uint32_t> max,
                                      From<std::vector<Line>>) override {
    std::vector<Line> some(state.lines.begin() + first, state.lines.end());
    if (max && some.size() > *max) some.resize(*max);
    return some;
  }
  otp::Reply<std::uint32_t> size(From<std::uint32_t>) override {
    return static_cast<std::uint32_t>(state.lines.size());
  }
  otp::NoReply put(Line line) override {
    state.lines.push_back(std::move(line));
    return {};
  }
  otp::NoReply clear(Reason) override {
    state.lines.clear();
    return {};
  }
  otp::NoReply tick() override {
    state.card = "ticked";
    return {};
  }
  otp::NoReply prices_changed(std::string, money::Money price) override {
    last_price() = price.cents;
    return {};
  }
  void terminate(const otp::ExitReason&) override {}
  CartState upgrade_from_2(StateV2 old) override {
    return {.customer = old.customer + 1, .lines = {}, .card = {}};
  }

  std::int64_t total() const {
    std::int64_t cents = 0;
    for (const Line& each : state.lines) cents += each.price.cents * each.qty;
    return cents;
  }

  std::uint32_t limit_ = 0;
  Payment payment_;
  std::vector<From<std::expected<std::int64_t, CartError>>> waiting_;
};

class PaymentImpl final : public PaymentServer {
  Begin init(PaymentArgs) override { return begin(); }
  Transition<State::authorizing> idle_pay(std::string, otp::From<void> from) override {
    return to_authorizing().reply(from);
  }
  Stay authorizing_enter(State) override {
    ++data.attempts;
    return keep_state();
  }
  Transition<State::paid, State::failed> authorizing_bank(bool ok) override {
    if (ok) return to_paid();
    return to_failed();
  }
  Transition<> any_status(otp::From<std::string> from) override {
    return keep_state().reply(from, std::string(to_string(state())));
  }
};

class AuditLogImpl final : public AuditLogHandler {
  std::expected<void, otp::ExitReason> init(AuditLogArgs) override { return {}; }
  otp::Handled added(std::int64_t, Line) override {
    ++audited();
    return {};
  }
  otp::Handled cleared(std::int64_t) override { return {}; }
};

class PriceCacheImpl final : public PriceCacheServer {
  otp::Init init(PriceCacheArgs args) override {
    shard_ = args.shard;
    return otp::ok();
  }
  otp::Reply<money::Money> price(std::string sku, From<money::Money>) override {
    return money::Money{.cents = static_cast<std::int64_t>(sku.size())};
  }
  std::uint32_t shard_ = 0;
};

const ShopEnv env{.audit_file = "audit.log"};

void in_process(std::move_only_function<void()> body) {
  otp::testing::Simulation simulation;
  EXPECT_EQ(simulation.run(std::move(body)), otp::ExitReason::normal());
}

TEST(CartExample, a_cart_is_filled_paid_and_cleared) {
  in_process([] {
    const CartSup carts = CartSup::start_link().value();
    const Cart cart = carts.start_child({.customer = 7, .limit = 2}).value();
    EXPECT_EQ(cart.add({.sku = "tea", .qty = 2, .price = {.cents = 300}}), 1U);
    cart.put({.sku = "cup", .qty = 1, .price = {.cents = 50}});
    EXPECT_EQ(cart.add({.sku = "pot", .qty = 1, .price = {}}),
              std::unexpected(CartError(CartError::full{.limit = 2})));
    EXPECT_EQ(Sized(cart).size(), 2U);
    EXPECT_EQ(cart.lines(1).at(0).sku, "cup");
    EXPECT_EQ(cart.lines(0, 1).size(), 1U);
    EXPECT_EQ(cart.export_pdf().size(), 2U);
    EXPECT_EQ(cart.checkout("card"), 650);
    cart.clear(Reason::checkout);
    EXPECT_EQ(cart.size(), 0U);
  });
}

TEST(CartExample, a_cart_that_cannot_start_says_why) {
  in_process([] {
    const auto refused = Cart::start({.customer = 7, .limit = 0});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().error_as<CartError>()->is<CartError::full>());
  });
}

TEST(CartExample, a_price_is_heard_and_a_timer_ticks) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 7}).value();
    EXPECT_EQ(Prices::publish("tea", Prices::changed{.price = {.cents = 42}}), 1U);
    EXPECT_FALSE(otp::sys::get_state(cart).card);
    EXPECT_EQ(last_price(), 42);
    otp::sleep(61s);
    EXPECT_EQ(otp::sys::get_state(cart).card, "ticked");
  });
}

TEST(CartExample, a_payment_that_nobody_answers_fails) {
  in_process([] {
    const auto [payment, monitor] = Payment::start_monitor({.order = 1}).value();
    EXPECT_EQ(payment.status(), "idle");
    payment.pay("card");
    EXPECT_EQ(payment.status(), "authorizing");
    otp::receive(otp::on([](const otp::Down& down) { EXPECT_TRUE(down.reason.is_normal()); }));
  });
}

TEST(CartExample, an_older_state_is_taken_over) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 7}).value();
    otp::sys::suspend(cart);
    CartServer::StateV2 old;
    old.customer = 8;
    EXPECT_TRUE(otp::sys::change_code(cart, "2", old));
    otp::sys::resume(cart);
    EXPECT_EQ(otp::sys::get_state(cart).customer, 9);
  });
}

TEST(CartExample, the_tree_has_all_that_the_schema_says) {
  in_process([] {
    const ShopSup shop = ShopSup::start_link(env).value();
    Rates(otp::Name("rates")).update([](auto& rates) { rates["tea"] = 1.5; });
    EXPECT_EQ(Rates(otp::Name("rates")).get([](const auto& rates) { return rates.size(); }), 1U);
    EXPECT_EQ(PriceShards::open().at("coffee").price("coffee").cents, 6);
    EXPECT_EQ(Reprice::await(Reprice::async("tea")).cents, 3);
    const auto via = Cart::start_link({.customer = 5}, {.via = Carts::open().via(5)});
    ASSERT_TRUE(via);
    EXPECT_EQ(Carts::open().whereis(5), *via);
  });
}

TEST(CartExample, what_happens_is_audited) {
  in_process([] {
    const Audit audit = Audit::start_link().value();
    ASSERT_TRUE(AuditLog(audit).add_handler({.path = "audit.log"}));
    audit.sync_added(7, {.sku = "tea", .qty = 1, .price = {}});
    EXPECT_EQ(audited(), 1U);
  });
}

TEST(CartExample, the_application_runs_its_phases) {
  phases().clear();
  otp::ApplicationOptions options;
  options.body = [] { EXPECT_EQ(phases(), (std::vector{ShopPhase::migrate, ShopPhase::serve})); };
  const char* const arguments[] = {"shop", "--set", "shop.audit_file=audit.log"};
  EXPECT_EQ(otp::run_application(3, arguments, shop_application(), std::move(options)), 0);
}

}  // namespace

std::unique_ptr<CartServer> CartServer::create() { return std::make_unique<CartImpl>(); }
std::unique_ptr<PaymentServer> PaymentServer::create() { return std::make_unique<PaymentImpl>(); }
std::unique_ptr<AuditLogHandler> AuditLogHandler::create() {
  return std::make_unique<AuditLogImpl>();
}
std::unique_ptr<PriceCacheServer> PriceCacheServer::create() {
  return std::make_unique<PriceCacheImpl>();
}
Reprice::Result Reprice::run(std::string sku) {
  return {.cents = static_cast<std::int64_t>(sku.size())};
}
std::expected<void, otp::ExitReason> shop_start_phase(ShopPhase phase) {
  phases().push_back(phase);
  return {};
}

}  // namespace shop::cart
