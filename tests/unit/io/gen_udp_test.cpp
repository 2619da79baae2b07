#include <otp/gen_udp.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <functional>

#include <gtest/gtest.h>

#include "names.h"

namespace otp {
namespace {

using namespace std::chrono_literals;
using namespace gen_udp;

const Options passive{.ip = "127.0.0.1", .active = Active::off()};

void in_process(std::move_only_function<void()> body) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
}

TEST(GenUdp, datagrams_arrive_whole_with_their_sender) {
  in_process([] {
    const Socket a = open(0, passive).value();
    const Socket b = open(0, passive).value();
    EXPECT_TRUE(send(a, *sockname(b), "hello"));
    EXPECT_TRUE(send(a, *sockname(b), ""));
    const Datagram first = recv(b, 1s).value();
    EXPECT_EQ(first.data, "hello");
    EXPECT_EQ(first.from, sockname(a));
    EXPECT_EQ(recv(b, 1s)->data, "");
    EXPECT_EQ(recv(b, 5ms).error(), "timeout");
    EXPECT_EQ(send(a, *sockname(b), std::string(70'000, 'x')).error(), "emsgsize");
  });
}

TEST(GenUdp, a_socket_is_not_given_to_the_dead) {
  in_process([] {
    const Socket a = open(0, passive).value();
    const auto [dead, end] = spawn_monitor([] {});
    detail::await_down(end);
    EXPECT_EQ(controlling_process(a, dead).error(), "badarg");
    set_active(a, Active::once());
    EXPECT_EQ(controlling_process(a, dead).error(), "badarg");
    EXPECT_TRUE(send(a, *sockname(a), "to me"));
    EXPECT_EQ(receive_value<Data>(5s)->data, "to me");
  });
}

TEST(GenUdp, active_sockets_send_messages) {
  in_process([] {
    const Socket a = open(0, passive).value();
    const Socket b = open(0, passive).value();
    for (const char* text : {"1", "2", "3", "4"}) send(a, *sockname(b), text);
    set_active(b, Active::times(2));
    EXPECT_EQ(receive_value<Data>(1s)->data, "1");
    EXPECT_EQ(receive_value<Data>(1s)->data, "2");
    EXPECT_EQ(receive_value<Passive>(1s)->socket, b);
    EXPECT_EQ(recv(b, 1s)->data, "3");
    set_active(b, Active::on());
    EXPECT_EQ(receive_value<Data>(1s)->data, "4");
  });
}

TEST(GenUdp, active_n_is_as_for_streams) {
  in_process([] {
    const Socket a = open(0, passive).value();
    const Socket b = open(0, passive).value();
    EXPECT_TRUE(set_active(b, Active::times(32'767)));
    EXPECT_EQ(set_active(b, Active::times(1)).error(), "einval");
    EXPECT_EQ(recv(b, 0s).error(), "einval");  // still active
    EXPECT_TRUE(set_active(b, Active::times(-32'767)));
    EXPECT_EQ(receive_value<Passive>(5s)->socket, b);
    for (const Active before : {Active::off(), Active::once(), Active::on()}) {
      set_active(b, before);
      EXPECT_TRUE(set_active(b, Active::times(0)));
      EXPECT_EQ(receive_value<Passive>(5s)->socket, b);
      EXPECT_EQ(recv(b, 0s).error(), "timeout");
    }
    set_active(b, Active::on());
    set_active(b, Active::times(2));
    for (const char* text : {"1", "2", "3"}) send(a, *sockname(b), text);
    EXPECT_EQ(receive_value<Data>(5s)->data, "1");
    EXPECT_EQ(receive_value<Data>(5s)->data, "2");
    EXPECT_TRUE(receive_value<Passive>(5s));
    EXPECT_EQ(recv(b, 5s)->data, "3");
    Options options = passive;
    options.active = Active::times(-1);
    EXPECT_EQ(recv(open(0, options).value(), 0s).error(), "timeout");
  });
}

TEST(GenUdp, of_a_name_the_address_of_the_sockets_family_is_taken) {
  in_process([] {
    const Socket a = open(0, passive).value();
    const Socket b = open(0, passive).value();
    EXPECT_TRUE(send(a, {several_families, sockname(b)->port}, "hello"));
    EXPECT_EQ(recv(b, 5s)->data, "hello");
    EXPECT_FALSE(send(a, {"::1", sockname(b)->port}, "hello"));
  });
}

TEST(GenUdp, closing_ends_the_waits) {
  in_process([] {
    const Socket socket = open(0, passive).value();
    const auto [reader, end] =
        spawn_monitor([socket] { EXPECT_EQ(recv(socket).error(), "closed"); });
    sleep(1ms);
    close(socket);
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    EXPECT_EQ(send(socket, {"127.0.0.1", 1}, "x").error(), "closed");
  });
}

}  // namespace
}  // namespace otp
