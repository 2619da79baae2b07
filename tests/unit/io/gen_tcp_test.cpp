// gen_tcp over loopback: what a user of sockets sees.
#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "names.h"
#include "sockets.h"

namespace otp {
namespace {

using namespace std::chrono_literals;
using namespace gen_tcp;

class GenTcp : public ::testing::TestWithParam<unsigned> {
 protected:
  void in_process(std::move_only_function<void()> body) {
    otp::in_process(std::move(body), GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Schedulers, GenTcp, ::testing::Values(1U, 2U));

TEST_P(GenTcp, what_is_sent_is_received) {
  in_process([] {
    const auto [client, server] = connected();
    EXPECT_TRUE(send(client, "hello"));
    EXPECT_EQ(recv(server, 5), "hello");
    EXPECT_TRUE(send(server, std::string(100'000, 'x')));
    EXPECT_EQ(recv(client, 100'000), std::string(100'000, 'x'));
    EXPECT_EQ(peername(client), sockname(server));
    EXPECT_EQ(peername(client)->ip, "127.0.0.1");
  });
}

TEST_P(GenTcp, the_end_of_the_peer_is_closed_after_what_it_sent) {
  in_process([] {
    const auto [client, server] = connected();
    send(client, "last words");
    close(client);
    EXPECT_EQ(recv(server), "last words");
    EXPECT_EQ(recv(server).error(), "closed");
    EXPECT_EQ(recv(server).error(), "closed");
    EXPECT_EQ(send(server, "x").error(), "closed");
    EXPECT_EQ(recv(client).error(), "closed");
    close(client);
  });
}

TEST_P(GenTcp, half_closed_the_other_direction_goes_on) {
  in_process([] {
    const auto [client, server] = connected();
    send(client, "question");
    EXPECT_TRUE(shutdown_write(client));
    EXPECT_EQ(send(client, "more").error(), "closed");
    EXPECT_EQ(recv(server), "question");
    EXPECT_TRUE(send(server, "answer"));
    EXPECT_EQ(recv(client), "answer");
  });
}

TEST_P(GenTcp, waits_end_at_their_time) {
  in_process([] {
    const auto [client, server] = connected();
    EXPECT_EQ(recv(server, 0, 5ms).error(), "timeout");
    EXPECT_EQ(recv(server, 0, 0ms).error(), "timeout");
    send(client, "abc");
    EXPECT_EQ(recv(server, 4, 20ms).error(), "timeout");
    EXPECT_EQ(recv(server, 3), "abc");  // nothing was lost
    const ListenSocket listener = listen(0, passive).value();
    EXPECT_EQ(accept(listener, 5ms).error(), "timeout");
  });
}

TEST_P(GenTcp, exit_signals_end_the_waits_and_close_what_the_process_owned) {
  in_process([] {
    const auto [client, server] = connected();
    const Pid reader = spawn([server] {
      recv(server);
      FAIL() << "there is nothing to receive";
    });
    EXPECT_TRUE(controlling_process(server, reader));
    const auto ref = monitor(reader);
    exit(reader, ExitReason("enough"));
    EXPECT_EQ(detail::await_down(ref)->reason, ExitReason("enough"));
    EXPECT_EQ(recv(client).error(), "closed");
  });
}

TEST_P(GenTcp, active_sockets_send_messages_until_the_peer_closes) {
  in_process([] {
    Options options = passive;
    options.active = Active::on();
    const auto [client, server] = connected(options);
    EXPECT_EQ(recv(server).error(), "einval");
    send(client, "ping");
    const auto data = receive_value<Data>(1s);
    EXPECT_EQ(data->data, "ping");
    EXPECT_EQ(data->socket, server);
    close(client);
    EXPECT_EQ(receive_value<Closed>(1s)->socket, server);
  });
}

TEST_P(GenTcp, active_once_and_active_n_ask_for_so_much_and_no_more) {
  in_process([] {
    const auto [client, server] = connected(with(Packet::line));
    send(client, "1\n2\n3\n4\n5\n");
    set_active(server, Active::once());
    EXPECT_EQ(receive_value<Data>(1s)->data, "1\n");
    EXPECT_FALSE(receive_value<Data>(5ms));
    EXPECT_EQ(recv(server), "2\n");
    set_active(server, Active::times(2));
    EXPECT_EQ(receive_value<Data>(1s)->data, "3\n");
    EXPECT_EQ(receive_value<Data>(1s)->data, "4\n");
    EXPECT_EQ(receive_value<Passive>(1s)->socket, server);
    EXPECT_EQ(recv(server), "5\n");
    EXPECT_TRUE(set_active(server, Active::times(30'000)));
    EXPECT_EQ(set_active(server, Active::times(30'000)).error(), "einval");
    set_active(server, Active::times(-30'000));
    EXPECT_TRUE(receive_value<Passive>(1s));
  });
}

TEST_P(GenTcp, active_n_adds_to_active_n_alone_and_tells_when_nothing_is_left) {
  in_process([] {
    const auto [client, server] = connected(with(Packet::line));
    const auto sees_two_and_passive = [&client] {
      send(client, "1\n2\n3\n");
      EXPECT_EQ(receive_value<Data>(5s)->data, "1\n");
      EXPECT_EQ(receive_value<Data>(5s)->data, "2\n");
      EXPECT_TRUE(receive_value<Passive>(5s));
      EXPECT_FALSE(receive_value<Data>(0s));
    };
    for (const Active before : {Active::off(), Active::once(), Active::on()}) {
      set_active(server, before);
      EXPECT_TRUE(set_active(server, Active::times(2)));
      sees_two_and_passive();
      EXPECT_EQ(recv(server), "3\n");
      for (const std::int16_t n : {std::int16_t{0}, std::int16_t{-1}, std::int16_t{-32'768}}) {
        set_active(server, before);
        EXPECT_TRUE(set_active(server, Active::times(n)));
        EXPECT_TRUE(receive_value<Passive>(5s));
        EXPECT_EQ(recv(server, 0, 0s).error(), "timeout");
      }
    }
    set_active(server, Active::times(3));
    set_active(server, Active::times(-2));
    set_active(server, Active::times(1));
    sees_two_and_passive();
  });
}

TEST_P(GenTcp, active_n_of_nothing_is_passive_as_an_option) {
  in_process([] {
    for (const std::int16_t n : {std::int16_t{0}, std::int16_t{-1}}) {
      Options options = passive;
      options.active = Active::times(n);
      const auto [client, server] = connected(options);
      EXPECT_EQ(recv(server, 0, 0s).error(), "timeout");
      EXPECT_EQ(recv(client, 0, 0s).error(), "timeout");
    }
  });
}

TEST_P(GenTcp, packets_are_cut_as_they_were_sent) {
  in_process([] {
    for (const Packet packet : {Packet::length1, Packet::length2, Packet::length4}) {
      const auto [client, server] = connected(with(packet));
      for (const std::size_t size : {0U, 1U, 200U, 255U}) {
        EXPECT_TRUE(send(client, std::string(size, 'p')));
        EXPECT_EQ(recv(server), std::string(size, 'p'));
      }
      EXPECT_EQ(recv(server, 3).error(), "einval");
    }
    const auto [client, server] = connected(with(Packet::length1));
    EXPECT_EQ(send(client, std::string(256, 'p')).error(), "emsgsize");
    Options small = with(Packet::length4);
    small.packet_size = 10;
    const auto [sender, receiver] = connected(small);
    send(sender, "exactly 10");
    send(sender, "eleven chars");
    EXPECT_EQ(recv(receiver), "exactly 10");
    EXPECT_EQ(recv(receiver).error(), "emsgsize");
    Options lines = with(Packet::line);
    lines.packet_size = 4;
    const auto [writer, reader] = connected(lines);
    send(writer, "abcdef\ng\n");
    EXPECT_EQ(recv(reader), "abcd");
    EXPECT_EQ(recv(reader), "ef\n");
    EXPECT_EQ(recv(reader), "g\n");
  });
}

TEST_P(GenTcp, a_slow_reader_holds_up_its_sender_and_nobody_else) {
  in_process([] {
    Options options = passive;
    options.sndbuf = options.recbuf = 4096;
    const auto [client, server] = connected(options);
    constexpr std::size_t megabyte = 1U << 20U;
    const auto [writer, end] = spawn_monitor([client] {
      for (int i = 0; i < 4; ++i) EXPECT_TRUE(send(client, std::string(megabyte, 'a')));
    });
    EXPECT_FALSE(receive_value<Down>(20ms));  // it waits
    EXPECT_EQ(recv(server, 4 * megabyte), std::string(4 * megabyte, 'a'));
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    options.send_timeout = 10ms;
    options.send_timeout_close = true;
    const auto [hasty, deaf] = connected(options);
    EXPECT_EQ(send(hasty, std::string(megabyte, 'b')).error(), "timeout");
    EXPECT_EQ(send(hasty, "b").error(), "closed");
  });
}

TEST_P(GenTcp, what_waits_goes_out_after_close) {
  in_process([] {
    Options options = passive;
    options.sndbuf = options.recbuf = 4096;
    options.high_watermark = 10U << 20U;
    const auto [client, server] = connected(options);
    EXPECT_TRUE(send(client, std::string(1U << 20U, 'a')));
    close(client);
    EXPECT_EQ(send(client, "x").error(), "closed");
    EXPECT_EQ(recv(server, 1U << 20U), std::string(1U << 20U, 'a'));
    EXPECT_EQ(recv(server).error(), "closed");
  });
}

/// Much waits in the socket, and the system takes little at once.
Options narrow() {
  Options options = passive;
  options.sndbuf = options.recbuf = 4096;
  options.high_watermark = 10U << 20U;
  options.send_timeout = 10ms;
  return options;
}

TEST_P(GenTcp, what_waits_goes_out_after_shutdown_write_and_close) {
  in_process([] {
    const auto [client, server] = connected(narrow());
    EXPECT_TRUE(send(client, std::string(1U << 20U, 'a')));
    EXPECT_EQ(shutdown_write(client).error(), "timeout");
    EXPECT_EQ(send(client, "x").error(), "closed");
    close(client);
    EXPECT_EQ(recv(server, 1U << 20U, 20s), std::string(1U << 20U, 'a'));
    EXPECT_EQ(recv(server, 0, 20s).error(), "closed");
  });
}

TEST_P(GenTcp, a_shutdown_that_took_too_long_comes_after_what_waits) {
  in_process([] {
    const auto [client, server] = connected(narrow());
    EXPECT_TRUE(send(client, std::string(1U << 20U, 'a')));
    EXPECT_EQ(shutdown_write(client).error(), "timeout");
    EXPECT_EQ(shutdown_write(client).error(), "timeout");
    EXPECT_EQ(recv(server, 1U << 20U, 20s), std::string(1U << 20U, 'a'));
    EXPECT_TRUE(send(server, "answer"));
    EXPECT_EQ(recv(client, 0, 20s), "answer");
    EXPECT_EQ(recv(server, 0, 20s).error(), "closed");
  });
}

TEST_P(GenTcp, shut_twice_is_shut) {
  in_process([] {
    const auto [client, server] = connected();
    EXPECT_TRUE(shutdown_write(client));
    EXPECT_TRUE(shutdown_write(client));
    close(client);
    EXPECT_EQ(shutdown_write(client).error(), "closed");
  });
}

TEST_P(GenTcp, sends_of_many_processes_stay_whole) {
  in_process([] {
    const auto [client, server] = connected(with(Packet::length2));
    constexpr int senders = 8;
    constexpr int each = 50;
    for (int i = 0; i < senders; ++i) {
      spawn([client, i] {
        for (int n = 0; n < each; ++n)
          send(client,
               std::string(1000 + 100 * static_cast<std::size_t>(i), static_cast<char>('a' + i)));
      });
    }
    for (int n = 0; n < senders * each; ++n) {
      const std::string packet = recv(server, 0, 10s).value();
      EXPECT_EQ(packet, std::string(packet.size(), packet.front()));
    }
  });
}

TEST_P(GenTcp, a_reset_by_the_peer_is_told) {
  in_process([] {
    Options options = passive;
    options.active = Active::on();
    const ListenSocket listener = listen(0, options).value();
    spawn([port = sockname(listener)->port] {
      const Socket socket = connect("127.0.0.1", port, passive).value();
      recv(socket);  // leaves the rest unread: the system resets the connection
    });
    const Socket server = accept(listener).value();
    for (int i = 0; i < 50 && send(server, std::string(10'000, 'r')); ++i) {
    }
    const auto closed = receive_value<Closed>(5s);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->socket, server);
    EXPECT_FALSE(receive_value<Error>(0s));
    EXPECT_EQ(send(server, "x").error(), "closed");
  });
}

TEST_P(GenTcp, a_reset_in_the_middle_of_writing_ends_the_writing) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    const auto [peer, end] = spawn_monitor([port = sockname(listener)->port] {
      const Socket socket = connect("127.0.0.1", port, passive).value();
      recv(socket);  // leaves the rest unread: the system resets the connection
    });
    const Socket server = accept(listener).value();
    std::expected<void, InetError> sent{};
    while ((sent = send(server, std::string(1'000'000, 'r')))) {
    }  // no SIGPIPE
    EXPECT_EQ(sent.error(), "closed");
    EXPECT_EQ(send(server, "x").error(), "closed");
    EXPECT_EQ(recv(server, 0, 5s).error(), "closed");
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    // The next one is served.
    const Socket next = connect("127.0.0.1", sockname(listener)->port, passive).value();
    EXPECT_TRUE(send(accept(listener).value(), "hello"));
    EXPECT_EQ(recv(next, 5), "hello");
  });
}

TEST_P(GenTcp, a_packet_that_a_reset_connection_refuses_is_not_waited_for_after_close) {
  in_process([] {
    const ListenSocket listener = listen(0, with(Packet::length4)).value();
    const auto [peer, end] = spawn_monitor([port = sockname(listener)->port] {
      const Socket socket = connect("127.0.0.1", port, with(Packet::length4)).value();
      recv(socket);  // leaves the second unread: the system resets the connection
    });
    const Socket server = accept(listener).value();
    EXPECT_TRUE(send(server, "first"));
    EXPECT_TRUE(send(server, "second"));
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    while (send(server, "x")) {
    }
    EXPECT_TRUE(sockname(server));
    close(server);
    const auto after = sockname(server);
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error(), "closed");
  });
}

/// An option of the system for the socket with this local port.
int system_option(std::uint16_t port, int option) {
  for (int descriptor = 3; descriptor < 256; ++descriptor) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ntohs(address.sin_port) != port)
      continue;
    int value = -1;
    size = sizeof value;
    getsockopt(descriptor, SOL_SOCKET, option, &value, &size);
    return value;
  }
  return -1;
}

// A peer whose machine has vanished says nothing, not even that it is gone.
TEST_P(GenTcp, a_silent_peer_holds_up_nobody_longer_than_was_asked_for) {
  in_process([] {
    Options options = passive;
    options.keepalive = true;  // the system asks whether it is still there
    options.sndbuf = options.recbuf = 4096;
    options.send_timeout = 10ms;
    const auto [client, silent] = connected(options);
    EXPECT_EQ(system_option(sockname(client)->port, SO_KEEPALIVE), 1);
    EXPECT_EQ(recv(client, 0, 10ms).error(), "timeout");
    EXPECT_EQ(send(client, std::string(1U << 20U, 'x')).error(), "timeout");
    EXPECT_EQ(send(client, "x").error(), "timeout");  // it is still open
    const auto [other, end] = connected();
    EXPECT_TRUE(send(other, "y"));
    EXPECT_EQ(recv(end, 1), "y");
    close(client);
  });
}

TEST_P(GenTcp, controlling_process_takes_along_what_has_come) {
  in_process([] {
    Options options = with(Packet::line);
    options.active = Active::on();
    const auto [client, server] = connected(options);
    send(client, "1\n2\n");
    receive(on_if([](const Data& data) { return data.data == "2\n"; },
                  [](Data data) { send(self(), std::move(data)); }));
    const auto [heir, end] = spawn_monitor([server] {
      EXPECT_EQ(receive_value<Data>(1s)->data, "1\n");
      EXPECT_EQ(receive_value<Data>(1s)->data, "2\n");
      EXPECT_EQ(receive_value<Data>(1s)->data, "3\n");
    });
    EXPECT_TRUE(controlling_process(server, heir));
    EXPECT_EQ(controlling_process(server, self()).error(), "not_owner");
    send(client, "3\n");
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    EXPECT_FALSE(receive_value<Data>(0s));
  });
}

TEST_P(GenTcp, who_may_not_give_a_socket_away_does_not_touch_it) {
  in_process([] {
    const auto [client, server] = connected(with(Packet::line));
    spawn([server, tests = self()] {
      send(tests, 0);
      while (controlling_process(server, self()).error() == "not_owner") yield();
    });
    EXPECT_TRUE(receive_value<int>(5s));
    bool active = true;
    for (int i = 0; i < 200'000 && active; ++i) {
      set_active(server, Active::once());
      active = recv(server, 0, 0s).error() == "einval";
      set_active(server, Active::off());
    }
    EXPECT_TRUE(active);
    send(client, "x\n");
    set_active(server, Active::once());
    EXPECT_TRUE(receive_value<Data>(5s));
  });
}

TEST_P(GenTcp, every_address_of_a_name_is_tried) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    const std::uint16_t port = sockname(listener)->port;
    EXPECT_TRUE(connect(several_families, port, {.active = Active::off()}));
    EXPECT_TRUE(accept(listener, 5s));
    const auto from_here = connect(several_families, port, passive);
    ASSERT_TRUE(from_here);
    EXPECT_EQ(sockname(*from_here)->ip, "127.0.0.1");
    EXPECT_EQ(connect("::1", port, passive).error(), "nxdomain");
    EXPECT_EQ(connect("127.0.0.1", port, {.ip = "not an address"}).error(), "einval");
    EXPECT_EQ(connect(std::string("127.0.0.1\0.org", 14), port).error(), "nxdomain");
  });
}

TEST_P(GenTcp, errors_have_the_names_of_the_system) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    Options strict = passive;
    strict.reuseaddr = false;
    const std::uint16_t port = sockname(listener)->port;
    EXPECT_EQ(listen(port, strict).error(), "eaddrinuse");
    EXPECT_NE(listen(port, strict).error().text().find("in use"), std::string::npos);
    EXPECT_EQ(listen(0, {.ip = "not an address"}).error(), "einval");
    close(listener);
    EXPECT_EQ(accept(listener).error(), "closed");
    EXPECT_EQ(connect("127.0.0.1", port, passive).error(), "econnrefused");
    EXPECT_EQ(connect("no-such-host.invalid", 80, passive).error(), "nxdomain");
    EXPECT_EQ(send(Socket(), "x").error(), "closed");
  });
}

TEST_P(GenTcp, closing_a_listener_ends_its_acceptors) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    std::vector<Ref> acceptors;
    for (int i = 0; i < 5; ++i) {
      acceptors.push_back(
          spawn_monitor([listener] { EXPECT_EQ(accept(listener).error(), "closed"); }).second);
    }
    sleep(2ms);
    close(listener);
    for (const Ref each : acceptors)
      EXPECT_EQ(detail::await_down(each)->reason, ExitReason::normal());
  });
}

TEST_P(GenTcp, hundreds_of_connections_at_once) {
  in_process([] {
    Options options = passive;
    options.backlog = 512;
    const ListenSocket listener = listen(0, options).value();
    for (int i = 0; i < 4; ++i) {
      spawn_link([listener] {
        while (const auto socket = accept(listener)) {
          const Pid echo = spawn([] {
            const Socket mine = receive_value<Socket>().value();
            while (const auto data = recv(mine)) send(mine, *data);
          });
          controlling_process(*socket, echo);
          send(echo, *socket);
        }
      });
    }
    std::vector<Ref> clients;
    for (int i = 0; i < 300; ++i) {
      clients.push_back(spawn_monitor([i, port = sockname(listener)->port] {
                          const Socket socket = connect("127.0.0.1", port, passive).value();
                          for (int n = 0; n < 10; ++n) {
                            const std::string text = std::to_string(i * 10 + n);
                            send(socket, text);
                            ASSERT_EQ(recv(socket, text.size(), 20s), text);
                          }
                        }).second);
    }
    for (const Ref each : clients)
      EXPECT_EQ(detail::await_down(each)->reason, ExitReason::normal());
    close(listener);
  });
}

TEST_P(GenTcp, out_of_descriptors_is_an_error_that_passes) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    const Socket client = connect("127.0.0.1", sockname(listener)->port, passive).value();
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &none);
    const auto refused = accept(listener);
    const auto no_socket = connect("127.0.0.1", 1, passive);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(refused.error(), "emfile");
    EXPECT_EQ(no_socket.error(), "emfile");
    EXPECT_TRUE(accept(listener, 1s));  // the connection has waited
  });
}

}  // namespace
}  // namespace otp
