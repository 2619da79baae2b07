// What a user of sockets cannot bring about, or not see: codecs of other kinds, memory that runs
// out, what a connection takes and moves.
#include "io/tcp_port.h"

#include <otp/receive.h>
#include <otp/runtime.h>

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../program_size.h"
#include "sockets.h"

namespace otp::detail {
namespace {

using namespace std::chrono_literals;

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

template <class Codec>
std::expected<void, InetError> shake_hands(const gen_tcp::Socket& socket,
                                           Nanoseconds deadline = never) {
  return socket.port()->start_codec(*current_process(), std::make_unique<Codec>(), deadline);
}

/// The server's end has the codec, and its handshake is over.
template <class Codec>
Pair coded(const gen_tcp::Options& options) {
  Pair pair = connected(options);
  EXPECT_TRUE(gen_tcp::send(pair.client, "hello"));
  EXPECT_TRUE(shake_hands<Codec>(pair.server));
  return pair;
}

TEST(TcpPort, nobody_else_uses_a_connection_during_its_handshake) {
  in_process([] {
    const auto [client, server] = connected(passive);
    const auto [reader, end_of_reader] =
        spawn_monitor([server] { EXPECT_EQ(gen_tcp::recv(server).error(), "ealready"); });
    const auto [shaking, end] =
        spawn_monitor([server] { EXPECT_TRUE(shake_hands<PlainCodec>(server)); });
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
      shake_hands<PlainCodec>(server);
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

TEST(TcpPort, a_handshake_in_active_mode_is_refused_and_closes) {
  in_process([] {
    gen_tcp::Options options = passive;
    options.active = Active::on();
    const auto [client, server] = connected(options);
    EXPECT_EQ(shake_hands<PlainCodec>(server, 0).error(), "einval");
    EXPECT_EQ(gen_tcp::send(server, "in the clear").error(), "closed");
  });
}

/// A stop is the peer's end; this side's is "bye".
struct Ending final : PlainCodec {
  std::expected<bool, InetError> handshake(std::string_view arrived, std::string&) override {
    ended_ = arrived.ends_with('.');
    return !arrived.empty();
  }
  std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                        std::string& output) override {
    ended_ = ended_ || arrived.ends_with('.');
    return PlainCodec::decode(arrived, data, output);
  }
  bool ended() const noexcept override { return ended_; }
  void end(std::string& output) override { output += "bye"; }

 private:
  bool ended_ = false;
};

TEST(TcpPort, an_end_is_answered_as_soon_as_the_user_knows_of_it) {
  in_process([] {
    const auto [client, server] = coded<Ending>(passive);
    EXPECT_TRUE(gen_tcp::send(client, "last words."));
    EXPECT_EQ(gen_tcp::recv(server, 0, 5s), "last words.");
    EXPECT_TRUE(gen_tcp::send(server, "answer"));
    EXPECT_EQ(gen_tcp::recv(client, 6, 5s), "answer");
    EXPECT_EQ(gen_tcp::recv(server, 0, 5s).error(), "closed");
    EXPECT_EQ(gen_tcp::recv(client, 3, 5s), "bye");

    const auto [sender, active] = coded<Ending>(passive);
    gen_tcp::set_active(active, Active::on());
    EXPECT_TRUE(gen_tcp::send(sender, "."));
    EXPECT_EQ(receive_value<gen_tcp::Closed>(5s)->socket, active);
    EXPECT_EQ(gen_tcp::recv(sender, 3, 5s), "bye");
  });
}

TEST(TcpPort, an_end_that_comes_with_the_handshake_is_one) {
  in_process([] {
    const auto [client, server] = connected();
    EXPECT_TRUE(gen_tcp::send(client, "hello."));
    EXPECT_TRUE(shake_hands<Ending>(server));
    EXPECT_EQ(gen_tcp::recv(server, 0, 5s).error(), "closed");
    EXPECT_EQ(gen_tcp::recv(client, 3, 5s), "bye");
  });
}

/// Who decodes "claim" is claimed in that moment, as the monitor claims who was killed and spins.
struct Claiming final : PlainCodec {
  std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                        std::string& output) override {
    if (arrived != "claim") return PlainCodec::decode(arrived, data, output);
    Process* const self = current_process();
    self->zombie.store(Zombie::claimed);
    claimed.store(self);
    return {};
  }
  static inline std::atomic<Process*> claimed{nullptr};
};

// Whoever is claimed leaves its stack as it asks which process it is: never with a lock.
TEST(TcpPort, who_is_claimed_in_the_middle_of_a_call_goes_on_to_wait_without_the_lock) {
  in_process([] {
    Claiming::claimed.store(nullptr);
    const auto [client, server] = coded<Claiming>(passive);
    const auto [reader, end] =
        spawn_monitor([server] { EXPECT_EQ(gen_tcp::recv(server), "more"); });
    EXPECT_TRUE(gen_tcp::send(client, "claim"));
    while (Claiming::claimed.load() == nullptr) sleep(1ms);
    EXPECT_TRUE(gen_tcp::sockname(server));  // would not return
    // The monitor sees that the process has come into the runtime, and lets it go.
    Claiming::claimed.load()->zombie.store(Zombie::no);
    EXPECT_TRUE(gen_tcp::send(client, "more"));
    EXPECT_EQ(await_down(end)->reason, ExitReason::normal());
  });
}

TEST(TcpPort, to_empty_a_buffer_moves_no_more_than_there_was) {
  constexpr std::size_t much = std::size_t{16} << 20U;
  std::string buffer(much, 'x');
  std::size_t done = 0;
  std::size_t moved = 0;
  while (!buffer.empty()) {
    done += std::size_t{64} << 10U;
    compact(buffer, done);
    if (done == 0) moved += buffer.size();
  }
  EXPECT_LE(moved, much);
}

TEST(TcpPort, an_idle_connection_takes_less_than_a_kilobyte) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer has its own allocator";
#endif
  in_process([] {
    constexpr long count = 20'000;
    std::vector<std::shared_ptr<TcpPort>> ports;
    const long before = resident();
    for (long i = 0; i < count; ++i)
      ports.push_back(std::make_shared<TcpPort>(*current_node(), -1, passive));
    EXPECT_LT(resident() - before, count * 1000);
  });
}

}  // namespace
}  // namespace otp::detail
