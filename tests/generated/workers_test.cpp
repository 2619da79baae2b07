// Event managers, tasks, agents, registries.
#include "shop_support.h"

namespace shop {
namespace {

using Lines = std::vector<std::string>;

TEST_F(Shop, a_handler_gets_the_events_it_names) {
  in_process([] {
    audit_record().take();
    const Audit audit = Audit::start_link().value();
    const AuditLog log(audit);
    ASSERT_TRUE(log.add_handler({.path = "a"}));
    ASSERT_TRUE(AuditLog(audit, "second").add_handler({.path = "b"}));
    audit.sync_added(1, {.sku = "tea", .qty = 2});
    audit.added(2, {.sku = "tea", .qty = 3});
    EXPECT_EQ(log.total().value(), 5);
    EXPECT_TRUE(log.reset(1));
    EXPECT_EQ(log.total().value(), 1);
    EXPECT_EQ(audit_record().take(), (Lines{"b:1", "a:1", "b:2", "a:2"}));
    EXPECT_EQ(std::any_cast<std::int64_t>(log.delete_handler().value()), 1);
    EXPECT_EQ(log.total().error(), otp::ExitReason("bad_module"));
    EXPECT_EQ(audit.which_handlers(), (std::vector{AuditLog::id("second")}));
  });
}

TEST_F(Shop, a_crash_removes_only_the_handler) {
  in_process([] {
    audit_record().take();
    const Audit audit = Audit::start_link().value();
    ASSERT_TRUE(AuditLog(audit).add_handler({.path = "a"}));
    audit.sync_added(13, {});
    EXPECT_TRUE(audit.which_handlers().empty());
    EXPECT_EQ(audit_record().take(), (Lines{"a:gone"}));
  });
}

TEST_F(Shop, a_handler_that_refuses_is_not_installed) {
  in_process([] {
    const Audit audit = Audit::start_link().value();
    EXPECT_EQ(AuditLog(audit).add_handler({.path = ""}).error(), otp::ExitReason("no_path"));
    EXPECT_TRUE(audit.which_handlers().empty());
  });
}

TEST_F(Shop, a_supervised_handler_tells_its_owner) {
  in_process([] {
    const Audit audit = Audit::start_link().value();
    ASSERT_TRUE(AuditLog(audit).add_sup_handler({.path = "a"}));
    audit.cleared();
    otp::receive(otp::on([](const otp::GenEventExit& gone) {
      EXPECT_EQ(gone.handler, AuditLog::id());
      EXPECT_EQ(gone.reason, otp::ExitReason::normal());
    }));
  });
}

TEST_F(Shop, a_task_whose_name_is_taken_does_not_start) {
  in_process([] {
    otp::register_name("held", otp::self());
    const auto refused = Reprice::start_link({.sku = "milk"}, {.name = otp::Name("held")});
    EXPECT_EQ(refused.error().kind, otp::StartError::Kind::already_started);
    EXPECT_EQ(refused.error().pid, otp::self());
  });
}

TEST_F(Shop, a_task_computes_in_a_process_of_its_own) {
  in_process([] {
    const auto task = Reprice::async("milk");
    EXPECT_EQ(Reprice::await(task).cents, 8);
    const auto supervisor = otp::start_task_supervisor({.name = "tasks"}).value();
    const auto crashing = Reprice::async_nolink(supervisor, "crash", 1);
    EXPECT_FALSE(otp::yield(crashing)->has_value());
    const auto safe = Reprice::async_nolink(supervisor, "tea", 5);
    EXPECT_EQ(otp::yield(safe)->value().cents, 15);
  });
}

TEST_F(Shop, an_agent_keeps_its_state) {
  in_process([] {
    const Rates rates = Rates::start_link({{"eur", 1.0}}, {.name = otp::Name("rates")}).value();
    Rates::whereis(otp::Name("rates"))->update([](auto& all) { all["usd"] = 1.1; });
    EXPECT_EQ(rates.get([](const auto& all) { return all.size(); }), 2U);
  });
}

TEST_F(Shop, a_registry_knows_who_holds_a_key) {
  in_process([] {
    const Carts carts = Carts::start_link().value();
    const Cart cart = Cart::start_link({.customer = 17}, {.via = Carts::open().via(17)}).value();
    cart.add({.sku = "tea", .qty = 1});
    EXPECT_EQ(carts.whereis(17)->size(), 110U);
    EXPECT_FALSE(carts.whereis(18));
    const auto taken = Cart::start({.customer = 17}, {.via = carts.via(17)});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, otp::StartError::Kind::already_started);
    EXPECT_EQ(taken.error().pid, cart.address());
  });
}

TEST_F(Shop, a_key_of_a_registry_may_have_parts) {
  in_process([] {
    const Seats seats = Seats::start_link().value();
    ASSERT_TRUE(seats.add({7, "a"}));
    EXPECT_FALSE(seats.add({7, "a"}));
    EXPECT_TRUE(seats.add({7, "b"}));
    EXPECT_EQ(seats.lookup({7, "a"}).size(), 1U);
    EXPECT_TRUE(seats.lookup({8, "a"}).empty());
  });
}

TEST_F(Shop, a_duplicate_registry_holds_many) {
  in_process([] {
    const Tags tags = Tags::start_link().value();
    ASSERT_TRUE(tags.add("new"));
    ASSERT_TRUE(Tags::open().add("new"));
    EXPECT_EQ(tags.lookup("new").size(), 2U);
  });
}

}  // namespace
}  // namespace shop
