// Generated state machines, in both styles of handlers.
#include "shop_support.h"

namespace shop {
namespace {

using State = PaymentState;

State state_of(Payment payment) { return otp::sys::get_state(payment).first; }

TEST_F(Shop, events_lead_where_the_schema_says) {
  in_process([] {
    const auto [payment, monitor] = Payment::start_monitor({.order = 1}).value();
    EXPECT_EQ(payment.status(), "idle from idle");
    payment.pay("");
    EXPECT_EQ(state_of(payment), State::idle);
    payment.pay("4711");
    EXPECT_EQ(payment.status(), "authorizing from idle");
    payment.bank(true);
    EXPECT_EQ(end_of(monitor), otp::ExitReason::normal());  // a final state ends it
  });
}

TEST_F(Shop, a_state_timeout_with_one_target_needs_no_handler) {
  in_process([] {
    const auto [payment, monitor] = Payment::start_monitor({.order = 1}).value();
    payment.pay("4711");
    EXPECT_EQ(end_of(monitor), otp::ExitReason::normal());
  });
}

TEST_F(Shop, a_postponed_call_is_answered_by_a_later_state_or_fails_with_the_machine) {
  in_process([] {
    const auto [payment, monitor] = Payment::start_monitor({.order = 1}).value();
    payment.pay("4711");
    const auto again = payment.async_pay("4712");
    payment.bank(false);
    const auto answer = otp::await(again);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, otp::ExitReason::normal());
    end_of(monitor);
  });
}

TEST_F(Shop, an_error_of_the_schema_is_an_answer) {
  in_process([] {
    const Payment payment = Payment::start_link({.order = 1}).value();
    EXPECT_EQ(payment.fee(120).value(), 12);
    EXPECT_EQ(payment.fee(-1).error(), PayError(PayError::declined{7}));
    const auto tried = payment.try_fee(-1);
    ASSERT_FALSE(tried);
    EXPECT_NE(tried.error().error(), nullptr);
  });
}

TEST_F(Shop, an_event_without_a_handler_in_its_state_ends_the_machine) {
  in_process([] {
    const auto [payment, monitor] = Payment::start_monitor({.order = 1}).value();
    payment.bank(true);  // nobody has paid
    EXPECT_EQ(to_string(end_of(monitor)), "{function_clause,'Payment.bank' in state 'idle'}");
  });
}

TEST_F(Shop, a_foreign_message_is_dropped_with_a_warning) {
  in_process([] {
    const Payment payment = Payment::start_link({.order = 1}).value();
    otp::send(payment.address(), std::string("hello"));
    EXPECT_EQ(payment.status(), "idle from idle");
  });
}

TEST_F(Shop, init_may_refuse) {
  in_process([] {
    otp::trap_exit(true);
    const auto payment = Payment::start_link({.order = -1});
    ASSERT_FALSE(payment);
    EXPECT_EQ(payment.error().reason, otp::ExitReason("bad_order"));
  });
}

TEST_F(Shop, sys_shows_and_replaces_state_and_data) {
  in_process([] {
    const Payment payment = Payment::start_link({.order = 1}).value();
    otp::sys::replace_state(payment, [](Payment::StateAndData all) {
      all.second.attempts = 9;
      return all;
    });
    EXPECT_EQ(otp::sys::get_state(payment).second.attempts, 9);
    EXPECT_EQ(otp::sys::get_status(payment).state, "state: idle, attempts: 9");
  });
}

TEST_F(Shop, the_table_of_transitions_can_be_read) {
  std::vector<std::string> edges;
  for (const otp::StatemEdge& each : Payment::transitions())
    edges.push_back(std::string(each.from) + " " + std::string(each.event) + " " +
                    std::string(each.to));
  EXPECT_EQ(edges, (std::vector<std::string>{"idle pay authorizing", "authorizing bank paid",
                                             "authorizing bank failed",
                                             "authorizing state_timeout failed"}));
}

template <State Target>
constexpr bool pay_may_lead_to =
    std::is_constructible_v<PaymentServer::Transition<State::authorizing>,
                            otp::gen::ToState<State, Target>>;
static_assert(pay_may_lead_to<State::authorizing>);
static_assert(!pay_may_lead_to<State::paid>,
              "a state that the schema does not name behind `to` does not compile");

TEST_F(Shop, one_handler_for_all_states) {
  in_process([] {
    const Door door = Door::start_link({.code = "42"}).value();
    door.button("4");
    door.button("2");
    EXPECT_EQ(door.opened(), 1U);
    door.button("4");  // postponed while it is open
    door.shut();
    door.button("2");
    EXPECT_EQ(door.opened(), 2U);
  });
}

TEST_F(Shop, a_change_that_the_schema_does_not_allow_ends_the_machine) {
  in_process([] {
    const auto [door, monitor] = Door::start_monitor({.code = "42"}).value();
    door.shut();  // while it is locked: the handler opens it, and the schema says nothing of that
    EXPECT_EQ(to_string(end_of(monitor)), "{bad_transition,'shut' from 'locked' to 'open'}");
  });
}

TEST_F(Shop, a_declared_state_timeout_comes_without_the_handlers_doing) {
  in_process([] {
    const Door door = Door::start_link({.code = "4"}).value();
    door.button("4");
    eventually([&] { return otp::sys::get_state(door).first == DoorState::locked; });
    EXPECT_EQ(door.opened(), 1U);
  });
}

}  // namespace
}  // namespace shop
