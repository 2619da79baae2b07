// What a user of sockets cannot bring about: codecs that fail, and memory that runs out.
#include "io/tcp_port.h"

#include <otp/receive.h>
#include <otp/runtime.h>

#include <functional>
#include <new>
#include <string>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

using namespace std::chrono_literals;
using gen_tcp::Socket;

void in_process(std::move_only_function<void()> body) {
  Runtime runtime({.schedulers = 2});
  EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
}

struct Pair {
  Socket client;
  Socket server;
};

Pair connected(const gen_tcp::Options& options) {
  const auto listener = gen_tcp::listen(0, options).value();
  const std::uint16_t port = gen_tcp::sockname(listener)->port;
  Pair pair{.client = gen_tcp::connect("127.0.0.1", port, options).value(), .server = {}};
  pair.server = gen_tcp::accept(listener).value();
  return pair;
}

const gen_tcp::Options passive{.ip = "127.0.0.1", .active = Active::off()};

/// Bytes stay as they are. Its handshake is over with the first that come.
class PlainCodec : public StreamCodec {
 public:
  std::expected<bool, InetError> handshake(std::string_view arrived, std::string&) override {
    return !arrived.empty();
  }
  std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                        std::string&) override {
    data += arrived;
    return {};
  }
  std::expected<void, InetError> encode(std::string_view data, std::string& output) override {
    output += data;
    return {};
  }
  bool ended() const noexcept override { return false; }
  void end(std::string&) override {}
};

/// The server's end has the codec, and its handshake is over.
template <class Codec>
Pair coded(const gen_tcp::Options& options) {
  Pair pair = connected(options);
  EXPECT_TRUE(gen_tcp::send(pair.client, "hello"));
  EXPECT_TRUE(pair.server.port()->start_codec(std::make_unique<Codec>(), never));
  return pair;
}

TEST(TcpPort, nobody_else_uses_a_connection_during_its_handshake) {
  in_process([] {
    const auto [client, server] = connected(passive);
    const auto [reader, end_of_reader] =
        spawn_monitor([server] { EXPECT_EQ(gen_tcp::recv(server).error(), "ealready"); });
    const auto [shaking, end] = spawn_monitor([server] {
      EXPECT_TRUE(server.port()->start_codec(std::make_unique<PlainCodec>(), never));
    });
    EXPECT_EQ(await_down(end_of_reader)->reason, ExitReason::normal());
    EXPECT_EQ(gen_tcp::send(server, "in the clear").error(), "ealready");
    EXPECT_EQ(gen_tcp::recv(server, 0, 1s).error(), "ealready");
    EXPECT_EQ(gen_tcp::shutdown_write(server).error(), "ealready");
    gen_tcp::send(client, "hello");
    EXPECT_EQ(await_down(end)->reason, ExitReason::normal());
    EXPECT_TRUE(gen_tcp::send(server, "encoded"));
    EXPECT_EQ(gen_tcp::recv(client, 0, 5s), "encoded");
  });
}

TEST(TcpPort, a_handshake_that_is_ended_leaves_a_closed_connection) {
  in_process([] {
    const auto [client, server] = connected(passive);
    const auto [shaking, end] = spawn_monitor([server] {
      server.port()->start_codec(std::make_unique<PlainCodec>(), never);
      FAIL() << "nothing comes";
    });
    while (gen_tcp::recv(server, 0, 0s).error() != "ealready") sleep(1ms);
    exit(shaking, ExitReason("enough"));
    EXPECT_EQ(await_down(end)->reason, ExitReason("enough"));
    EXPECT_EQ(gen_tcp::send(server, "x").error(), "closed");
    EXPECT_EQ(gen_tcp::recv(client, 0, 5s).error(), "closed");
  });
}

struct FailingEncoder final : PlainCodec {
  std::expected<void, InetError> encode(std::string_view, std::string& output) override {
    output += "half of";
    return std::unexpected(InetError::other("tls_alert", "no more"));
  }
};

TEST(TcpPort, what_cannot_be_encoded_is_no_success_and_ends_the_connection) {
  in_process([] {
    const auto [client, server] = coded<FailingEncoder>(passive);
    EXPECT_EQ(gen_tcp::send(server, "x").error(), "tls_alert");
    EXPECT_EQ(gen_tcp::send(server, "x").error(), "closed");
    EXPECT_EQ(gen_tcp::recv(server, 0, 5s).error(), "tls_alert");
    EXPECT_EQ(gen_tcp::recv(client, 0, 5s).error(), "closed");
  });
}

struct NoMemory final : PlainCodec {
  std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                        std::string&) override {
    data += arrived;
    if (!arrived.empty()) throw std::bad_alloc();
    return {};
  }
  std::expected<void, InetError> encode(std::string_view, std::string&) override {
    throw std::bad_alloc();
  }
};

TEST(TcpPort, no_memory_for_what_arrives_ends_that_connection_alone) {
  in_process([] {
    const auto [client, server] = coded<NoMemory>(passive);
    gen_tcp::send(client, "much");
    EXPECT_EQ(gen_tcp::recv(server, 0, 5s).error(), "enomem");
    EXPECT_EQ(gen_tcp::recv(client, 0, 5s).error(), "closed");

    const auto [sender, active] = coded<NoMemory>(passive);
    gen_tcp::set_active(active, Active::on());
    gen_tcp::send(sender, "much");
    EXPECT_EQ(receive_value<gen_tcp::Error>(5s)->reason, "enomem");
    EXPECT_EQ(receive_value<gen_tcp::Closed>(5s)->socket, active);
    EXPECT_EQ(gen_tcp::recv(sender, 0, 5s).error(), "closed");
  });
}

TEST(TcpPort, no_memory_for_what_is_sent_ends_that_connection_alone) {
  in_process([] {
    const auto [client, server] = coded<NoMemory>(passive);
    const auto [reader, end] =
        spawn_monitor([server] { EXPECT_EQ(gen_tcp::recv(server).error(), "enomem"); });
    EXPECT_EQ(gen_tcp::send(server, "x").error(), "enomem");
    EXPECT_EQ(await_down(end)->reason, ExitReason::normal());
    EXPECT_EQ(gen_tcp::recv(client, 0, 5s).error(), "closed");
  });
}

}  // namespace
}  // namespace otp::detail
