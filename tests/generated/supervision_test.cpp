// The tree of the shop: every kind of child.
#include <otp/application.h>

#include <algorithm>
#include <atomic>

#include "shop_support.h"

namespace shop {
namespace {

const ShopEnv env{.audit_file = "audit.log"};

TEST_F(Shop, the_tree_starts_with_every_kind_of_child) {
  in_process([] {
    audit_record().take();
    sweeps() = 0;
    const ShopSup shop = ShopSup::start_link(env).value();
    std::vector<std::string> ids;
    for (const otp::ChildInfo& child : shop.which_children()) ids.push_back(child.id);
    std::ranges::reverse(ids);
    // The tasks have done their work and are gone: `reprice` stays, as it is transient.
    eventually([] { return sweeps() == 1; });
    ids.erase(std::remove(ids.begin(), ids.end(), "sweep"), ids.end());
    EXPECT_EQ(ids, (std::vector<std::string>{"carts", "tags", "audit", "rates", "payments",
                                             "prices", "cart_sup", "reprice"}));
    EXPECT_EQ(Audit(otp::Name("audit")).which_handlers(), (std::vector{AuditLog::id()}));
    EXPECT_TRUE(Rates::whereis(otp::Name("rates")));
    EXPECT_EQ(Carts::open().count(), 0U);
  });
}

TEST_F(Shop, start_phases_are_run_once_the_tree_stands) {
  phases().clear();
  otp::ApplicationOptions options;
  options.runtime.schedulers = 2;
  options.body = [] {
    EXPECT_TRUE(Rates::whereis(otp::Name("rates")));
    EXPECT_EQ(phases(), (std::vector{ShopPhase::migrate, ShopPhase::serve}));
    EXPECT_EQ(otp::application::get_application(*otp::whereis(otp::Name("rates"))), "shop");
  };
  const char* const arguments[] = {"shop"};
  EXPECT_EQ(otp::run_application(1, arguments, shop_application(), std::move(options)), 0);
}

TEST_F(Shop, a_restarted_manager_gets_its_handlers_back) {
  in_process([] {
    ASSERT_TRUE(ShopSup::start_link(env));
    const otp::Pid before = *otp::whereis(otp::Name("audit"));
    otp::exit(before, otp::ExitReason::kill());
    eventually([&] {
      const auto now = otp::whereis(otp::Name("audit"));
      return now && *now != before;
    });
    const Audit audit{otp::Name("audit")};
    eventually([&] { return audit.which_handlers() == std::vector{AuditLog::id()}; });
  });
}

TEST_F(Shop, a_handler_that_cannot_start_fails_its_manager) {
  in_process([] {
    otp::trap_exit(true);
    const auto shop = ShopSup::start_link({.audit_file = ""});
    ASSERT_FALSE(shop);
    EXPECT_EQ(to_string(shop.error()),
              "{shutdown,{failed_to_start_child,audit,{add_handler,AuditLog,no_path}}}");
  });
}

TEST_F(Shop, a_dynamic_supervisor_presets_arguments_and_counts) {
  in_process([] {
    const CartSup carts = CartSup::start_link().value();
    const Cart cart = carts.start_child({.customer = 1}).value();
    EXPECT_EQ(cart.size(), 7U);  // the limit that the schema gives
    ASSERT_TRUE(carts.start_child({.customer = 2}));
    ASSERT_TRUE(carts.start_child({.customer = 3}));
    const auto fourth = carts.start_child({.customer = 4});
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().reason, otp::ExitReason("max_children"));
  });
}

TEST_F(Shop, a_dynamic_supervisor_of_machines) {
  in_process([] {
    const PaymentSup payments = PaymentSup::start_link().value();
    const Payment payment = payments.start_child({.order = 5}).value();
    EXPECT_EQ(payment.status(), "idle from idle");
  });
}

TEST_F(Shop, a_partition_supervisor_leads_a_key_to_its_partition) {
  in_process([] {
    const PriceShards shards = PriceShards::start_link().value();
    EXPECT_EQ(shards.partitions(), 8U);
    const Money price = shards.at("tea").price("tea");
    EXPECT_EQ(price.cents / 1000, static_cast<std::int64_t>(std::hash<std::string>{}("tea") % 8));
    EXPECT_EQ(PriceShards::open().at("tea").price("tea"), price);
  });
}

}  // namespace
}  // namespace shop
