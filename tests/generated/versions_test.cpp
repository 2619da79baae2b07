// Versions: states that are upgraded, cases that are not known yet, and the types that only some
// schemas need.
#include <otp/gen/server.h>
#include <otp/receive.h>
#include <otp/report.h>
#include <otp/sys.h>
#include <otp/testing/simulation.h>

#include <any>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "versions.otp.h"

// The server is given what is deprecated, as servers are for a while.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace versions {
namespace {

class CartImpl final : public CartServer {
  otp::Init init(CartArgs args) override {
    state.total = args.limit;
    return otp::ok();
  }
  otp::Reply<std::uint32_t> count(otp::From<std::uint32_t>) override { return 1U; }
  otp::Reply<std::uint32_t> size(otp::From<std::uint32_t>) override {
    return static_cast<std::uint32_t>(state.items.size());
  }
  CartState upgrade_from_2(StateV2 old) override {
    return {.items = old.items, .total = old.total, .shown = otp::Term::atom("v2"), .hidden = {}};
  }
  StateV2 upgrade_from_1(StateV1 old) override {
    StateV2 made;
    for (const Line& each : old.lines)
      made.items.push_back({.amount = each.sku.size(), .note = {}});
    made.total = static_cast<std::int64_t>(old.owner.size());
    return made;
  }
  otp::NoReply put(Line) override { return {}; }
  otp::Reply<std::expected<otp::BigInt, CartError>> add(
      Item item, otp::Term raw, otp::From<std::expected<otp::BigInt, CartError>>) override {
    if (raw == otp::Term::atom("full")) return std::unexpected(CartError::full{.limit = 3});
    state.items.push_back(item);
    return item.amount;
  }
  otp::Reply<Event> pass(Event event, otp::From<Event>) override { return event; }
  otp::Reply<Reason> draw(Shape shape, Point at, std::optional<Money>, otp::From<Reason>) override {
    return shape.is<Shape::dot>() && at == Point{} ? Reason::checkout : Reason::mislaid;
  }
  otp::Reply<otp::Opaque> hand(otp::Opaque what, otp::From<otp::Opaque>) override { return what; }
  otp::NoReply urgent(std::uint32_t) override { return {}; }
  otp::NoReply tick() override { return {}; }
};

class DoorImpl final : public DoorServer {
  Begin init() override { return begin(); }
  Transition<State::closed> open_shut() override { return to_closed(); }
  Transition<State::open> closed_open() override {
    ++data.opened;
    return to_open();
  }
  Transition<> closed_ask(otp::From<bool> from) override { return keep_state().reply(from, true); }
  DoorData upgrade_from_2(DataV2 old) override { return {.opened = old.opened + 100U}; }
};

class Versions : public ::testing::Test {
 protected:
  static void in_process(std::move_only_function<void()> body) {
    otp::testing::Simulation simulation;
    EXPECT_EQ(simulation.run(std::move(body)), otp::ExitReason::normal());
  }
  /// What code_change answers a suspended process.
  static std::expected<void, otp::ExitReason> change(const otp::ServerRef& server,
                                                     std::string_view version, std::any old) {
    otp::sys::suspend(server);
    auto result = otp::sys::change_code(server, version, std::move(old));
    otp::sys::resume(server);
    return result;
  }
};

TEST_F(Versions, a_state_goes_through_every_step_to_the_version_that_runs) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    CartServer::StateV1 first{.lines = {{.sku = "tea"}, {.sku = "coffee"}}, .owner = "ann"};
    ASSERT_TRUE(change(cart, "1", first));
    const CartState state = otp::sys::get_state(cart);
    ASSERT_EQ(state.items.size(), 2U);
    EXPECT_EQ(state.items[1].amount, 6);
    EXPECT_EQ(state.total, 3);
    EXPECT_EQ(state.shown.tag(), "v2");
    ASSERT_TRUE(change(cart, "2", CartServer::StateV2{.items = {}, .total = 9}));
    EXPECT_EQ(cart.size(), 0U);
    EXPECT_EQ(otp::sys::get_state(cart).total, 9);
  });
}

TEST_F(Versions, what_is_no_state_of_that_version_changes_nothing) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    EXPECT_EQ(change(cart, "2", CartServer::StateV1{}).error(), otp::ExitReason("bad_state"));
    EXPECT_EQ(change(cart, "7", {}).error(), otp::ExitReason("unknown_version"));
    EXPECT_EQ(otp::sys::get_state(cart).total, 7);
  });
}

TEST_F(Versions, the_data_of_a_machine_is_upgraded_and_its_state_stays) {
  in_process([] {
    const Door door = Door::start_link({}).value();
    door.shut();
    EXPECT_TRUE(door.ask());
    ASSERT_TRUE(change(door, "2", DoorServer::DataV2{.opened = 5}));
    const auto [state, data] = otp::sys::get_state(door);
    EXPECT_EQ(state, DoorState::closed);
    EXPECT_EQ(data.opened, 105U);
  });
}

TEST_F(Versions, a_case_of_a_later_version_is_handed_on_whole) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    const otp::Term later =
        otp::Term::tuple({otp::Term::atom("moved"), otp::Term::map({{otp::Term::atom("to"), 7}})});
    const Event event = Event::Unknown{later};
    EXPECT_EQ(cart.pass(event), event);
    EXPECT_EQ(to_string(event), "moved");
    EXPECT_EQ(cart.pass(event).get_if<Event::Unknown>()->term.text(), "{moved,#{to => 7}}");
    EXPECT_NE(cart.pass(event), Event(Event::cleared{}));
    EXPECT_TRUE(Event().is<Event::added>());
    EXPECT_FALSE(CartError(CartError::Unknown{later}).transient());
  });
}

TEST_F(Versions, an_opaque_arrives_as_the_object_that_was_sent) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    const otp::Opaque sent(std::string("anything"));
    const otp::Opaque back = cart.hand(sent);
    EXPECT_EQ(back, sent);
    EXPECT_EQ(back.get_if<std::string>(), sent.get_if<std::string>());
    EXPECT_EQ(back.get_if<int>(), nullptr);
    EXPECT_NE(back, otp::Opaque(std::string("anything")));
  });
}

TEST_F(Versions, terms_and_big_integers_are_arguments_and_results) {
  in_process([] {
    const Cart cart = Cart::start_link({.customer = 1}).value();
    EXPECT_EQ(cart.add({.amount = huge, .note = {}}, 1).value(), huge);
    const auto full = cart.add({}, otp::Term::atom("full"));
    EXPECT_EQ(full.error(), CartError(CartError::full{.limit = 3}));
    EXPECT_EQ(cart.size(), 1U);
    EXPECT_EQ(cart.draw(Shape::dot{}, {}), Reason::checkout);
  });
}

/// As the messages that otpc makes of `@priority(high) cast urgent;`, and without it.
template <bool Priority>
struct Sent;
template <>
struct Sent<true> final : otp::gen::CastBase {
  static constexpr bool otp_priority = true;
  static const otp::detail::MessageType message_type;
};
template <>
struct Sent<false> final : otp::gen::CastBase {
  static const otp::detail::MessageType message_type;
};
const otp::detail::MessageType Sent<true>::message_type{"urgent", nullptr, nullptr,
                                                        &otp::detail::destroy_message<Sent<true>>};
const otp::detail::MessageType Sent<false>::message_type{
    "plain", nullptr, nullptr, &otp::detail::destroy_message<Sent<false>>};

TEST_F(Versions, a_message_of_high_priority_is_marked_when_it_is_made) {
  in_process([] {
    const otp::Continue urgent(otp::gen::make<Sent<true>>());
    const otp::Continue plain(otp::gen::make<Sent<false>>());
    EXPECT_NE(urgent->flags & otp::detail::priority_flag, 0);
    EXPECT_EQ(plain->flags & otp::detail::priority_flag, 0);
  });
}

TEST(BigInt, has_one_text_for_each_value) {
  EXPECT_EQ(otp::BigInt("-0"), otp::BigInt(0));
  EXPECT_EQ(otp::BigInt("0007").text(), "7");
  EXPECT_EQ(otp::BigInt(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
  for (const char* wrong : {"", "-", "1x", "+1", " 1", "0x10"})
    EXPECT_FALSE(otp::BigInt::parse(wrong)) << wrong;
  EXPECT_THROW(otp::BigInt("one"), std::invalid_argument);
}

TEST(BigInt, is_ordered_as_a_number) {
  const otp::BigInt ordered[] = {huge,
                                 otp::BigInt(-10),
                                 otp::BigInt(-9),
                                 otp::BigInt(0),
                                 otp::BigInt(9),
                                 otp::BigInt(10),
                                 otp::BigInt("99999999999999999999")};
  for (std::size_t i = 1; i < std::size(ordered); ++i) {
    EXPECT_LT(ordered[i - 1], ordered[i]);
    EXPECT_GT(ordered[i], ordered[i - 1]);
  }
}

TEST(BigInt, becomes_a_smaller_integer_where_it_fits) {
  EXPECT_EQ(otp::BigInt(-128).as<std::int8_t>(), std::int8_t{-128});
  EXPECT_FALSE(otp::BigInt(128).as<std::int8_t>());
  EXPECT_FALSE(otp::BigInt(-1).as<std::uint64_t>());
  EXPECT_EQ(otp::BigInt("18446744073709551615").as<std::uint64_t>(), UINT64_MAX);
  EXPECT_FALSE(huge.as<std::int64_t>());
}

TEST(Term, is_ordered_as_erlang_orders_terms) {
  using otp::Term;
  const Term ordered[] = {Term(-1),
                          Term(1),
                          Term(1.0),
                          Term(1.5),
                          Term(otp::BigInt("99999999999999999999")),
                          Term::atom("a"),
                          Term::atom("b"),
                          Term(otp::Ref{.id = 1}),
                          Term(otp::Pid{}),
                          Term::tuple({9}),
                          Term::tuple({1, 2}),
                          Term::map({{Term(1), Term(2)}}),
                          Term::list({}),
                          Term::list({1}),
                          Term::list({1, 2}),
                          Term::list({2}),
                          Term::binary("a"),
                          Term::binary("b")};
  for (std::size_t i = 1; i < std::size(ordered); ++i) {
    EXPECT_LT(ordered[i - 1], ordered[i]) << ordered[i].text();
    EXPECT_EQ(ordered[i], Term(ordered[i].value()));
  }
}

TEST(Term, the_last_of_equal_keys_counts_and_order_does_not) {
  using otp::Term;
  const Term one =
      Term::map({{Term(2), Term::atom("old")}, {Term(1), Term(0)}, {Term(2), Term(5)}});
  EXPECT_EQ(one, Term::map({{Term(1), Term(0)}, {Term(2), Term(5)}}));
  EXPECT_NE(one, Term::map({{Term(1), Term(0)}, {Term(2), Term(6)}}));
}

TEST(Term, is_written_as_erlang_writes_it) {
  using otp::Term;
  const Term term = Term::tuple({Term::atom("ok"), Term::atom("Not plain's"), 1.0, true,
                                 Term::list({Term::binary("hi"), Term::map({})}),
                                 Term::map({{Term::atom("k"), Term(-3)}})});
  EXPECT_EQ(term.text(), R"({ok,'Not plain\'s',1.0,true,[<<104,105>>,#{}],#{k => -3}})");
  EXPECT_EQ(Term().text(), "undefined");
  EXPECT_EQ(Term(1).tag(), "");
  EXPECT_EQ(Term::tuple({}).tag(), "");
}

}  // namespace

std::unique_ptr<CartServer> CartServer::create() { return std::make_unique<CartImpl>(); }
std::unique_ptr<DoorServer> DoorServer::create() { return std::make_unique<DoorImpl>(); }
namespace {
class Nothing final : public AuditLogHandler {
  std::expected<void, otp::ExitReason> init(AuditLogArgs) override { return {}; }
  otp::Handled added(Line) override { return {}; }
  otp::Handled cleared() override { return {}; }
  otp::HandledRequest<std::int64_t> total() override { return 0; }
};
}  // namespace
std::unique_ptr<AuditLogHandler> AuditLogHandler::create() { return std::make_unique<Nothing>(); }

}  // namespace versions
