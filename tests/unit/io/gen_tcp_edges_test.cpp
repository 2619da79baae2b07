// Streams where they meet others: several readers, resets, urgent data, owners that are dead, and a
// system that has no descriptor left.
#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/runtime.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fiber/poller.h"
#include "process/node.h"
#include "process/process.h"
#include "sockets.h"

namespace otp {
namespace {

using namespace std::chrono_literals;
using namespace gen_tcp;

struct TwoPackets {
  Packet packet;
  std::size_t length;
  std::string bytes;
};

/// Two processes wait for a packet of one connection; both come at once. On a single scheduler who
/// has said that it is about to wait does, before anybody else goes on.
std::vector<std::string> received_by_two(const TwoPackets& both) {
  const auto [client, server] = connected(with(both.packet));
  set_packet(client, Packet::raw);
  for (int i = 0; i < 2; ++i) {
    spawn([reader = server, length = both.length, tests = self()] {
      send(tests, 0);
      send(tests, recv(reader, length, 20s).value_or("nothing"));
    });
  }
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(receive_value<int>(20s));
  EXPECT_TRUE(send(client, both.bytes));
  std::vector<std::string> received;
  for (int i = 0; i < 2; ++i) received.push_back(receive_value<std::string>(5s).value_or("lost"));
  std::ranges::sort(received);
  return received;
}

TEST(GenTcpEdges, what_one_reader_brings_is_for_the_others_too) {
  in_process(
      [] {
        const auto both = [](const char* first, const char* second) {
          return std::vector<std::string>{first, second};
        };
        EXPECT_EQ(received_by_two({Packet::line, 0, "1\n2\n"}), both("1\n", "2\n"));
        EXPECT_EQ(received_by_two({Packet::raw, 2, "1122"}), both("11", "22"));
        EXPECT_EQ(received_by_two({Packet::length1, 0, "\1a\1b"}), both("a", "b"));
      },
      1);
}

TEST(GenTcpEdges, a_line_without_an_end_comes_in_pieces) {
  in_process([] {
    constexpr std::size_t piece = 65'536;
    const auto [client, server] = connected(with(Packet::line));
    const auto [writer, end] =
        spawn_monitor([client] { EXPECT_TRUE(send(client, std::string(2 * piece + 10, 'x'))); });
    EXPECT_EQ(recv(server, 0, 5s), std::string(piece, 'x'));
    EXPECT_EQ(recv(server, 0, 5s), std::string(piece, 'x'));
    EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
    EXPECT_TRUE(send(client, "\nnext\n"));
    EXPECT_EQ(recv(server, 0, 5s), std::string(10, 'x') + "\n");
    EXPECT_EQ(recv(server, 0, 5s), "next\n");
  });
}

TEST(GenTcpEdges, a_reset_is_an_end_as_another) {
  in_process([] {
    const auto [client, server] = connected();
    EXPECT_TRUE(send(server, "unread"));
    close(client);  // so that the system resets the connection
    EXPECT_EQ(recv(server, 0, 5s).error(), "closed");

    const auto [other, active] = connected();
    EXPECT_TRUE(send(active, "unread"));
    close(other);
    set_active(active, Active::on());
    EXPECT_EQ(receive_value<Closed>(5s)->socket, active);
    EXPECT_FALSE(receive_value<Error>(0s));
  });
}

/// Whatever has happened to descriptors until now has been told to who owns them.
void await_events() {
  const detail::Poller& poller = detail::current_node()->schedulers().poller();
  // Of two looks that are counted from now on the second has begun after now; when a third is
  // counted, what it has found has been told.
  const std::uint32_t before = poller.looks();
  while (poller.looks() - before < 3) sleep(1ms);
}

TEST(GenTcpEdges, what_is_behind_urgent_data_is_received) {
  in_process([] {
    const ListenSocket listener = listen(0, passive).value();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(sockname(listener)->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const Socket server = accept(listener, 5s).value();
    EXPECT_EQ(::send(peer, "abc", 3, 0), 3);
    EXPECT_EQ(::send(peer, "!", 1, MSG_OOB), 1);
    EXPECT_EQ(::send(peer, "def", 3, 0), 3);
    await_events();
    EXPECT_EQ(recv(server, 6, 5s), "abcdef");
    ::close(peer);
  });
}

TEST(GenTcpEdges, a_socket_is_not_given_to_the_dead) {
  in_process([] {
    const auto [dead, end] = spawn_monitor([] {});
    detail::await_down(end);
    const auto [client, server] = connected(with(Packet::line));
    EXPECT_EQ(controlling_process(server, dead).error(), "badarg");
    EXPECT_TRUE(send(client, "1\n"));
    EXPECT_EQ(recv(server, 0, 5s), "1\n");
    set_active(server, Active::once());
    EXPECT_EQ(controlling_process(server, dead).error(), "badarg");
    EXPECT_TRUE(send(client, "2\n"));
    EXPECT_EQ(receive_value<Data>(5s)->data, "2\n");
    const ListenSocket listener = listen(0, passive).value();
    EXPECT_EQ(controlling_process(listener, dead).error(), "badarg");
    EXPECT_TRUE(sockname(listener));
  });
}

/// The lowest numbers that the system would give.
std::vector<int> free_descriptors(std::size_t count) {
  std::vector<int> numbers;
  while (numbers.size() < count) numbers.push_back(::dup(STDERR_FILENO));
  for (const int each : numbers) ::close(each);
  return numbers;
}

// The first socket needs two descriptors more than the next ones: those of the poller.
TEST(GenTcpEdges, too_few_descriptors_for_the_first_socket_is_an_error_that_leaves_none_open) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer looks at memory through descriptors of its own";
#endif
  in_process([] {
    const std::vector<int> free = free_descriptors(3);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    for (std::size_t room = 0; room < 3; ++room) {
      rlimit little = before;
      little.rlim_cur = static_cast<rlim_t>(free[room]);
      setrlimit(RLIMIT_NOFILE, &little);
      const auto refused = listen(0, passive);
      setrlimit(RLIMIT_NOFILE, &before);
      ASSERT_FALSE(refused) << room;
      EXPECT_EQ(refused.error(), "emfile") << room;
      EXPECT_EQ(free_descriptors(3), free) << room;
    }
    EXPECT_TRUE(listen(0, passive));
  });
}

}  // namespace
}  // namespace otp
