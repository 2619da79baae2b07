// TLS over loopback, with certificates made for the run.
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/ssl.h>

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sockets.h"

namespace otp {
namespace {

using namespace std::chrono_literals;
using gen_tcp::Socket;

/// What OpenSSL has allocated at the moment: each block has its size before it.
namespace openssl_memory {

constexpr std::size_t before_block = alignof(std::max_align_t);
std::atomic<std::size_t> allocated{0};

void* allocate(std::size_t size, const char*, int) {
  auto* const start = static_cast<std::byte*>(std::malloc(before_block + size));
  if (start == nullptr) return nullptr;
  std::memcpy(start, &size, sizeof size);
  allocated += size;
  return start + before_block;
}
std::size_t size_of(const void* block) {
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const std::byte*>(block) - before_block, sizeof size);
  return size;
}
void release(void* block, const char*, int) {
  if (block == nullptr) return;
  allocated -= size_of(block);
  std::free(static_cast<std::byte*>(block) - before_block);
}
void* reallocate(void* block, std::size_t size, const char* file, int line) {
  void* const fresh = size == 0 ? nullptr : allocate(size, file, line);
  if (size != 0 && fresh == nullptr) return nullptr;
  if (block != nullptr && fresh != nullptr)
    std::memcpy(fresh, block, std::min(size, size_of(block)));
  release(block, file, line);
  return fresh;
}

/// Before it has allocated anything.
const bool is_counted = CRYPTO_set_mem_functions(&allocate, &reallocate, &release) == 1;

}  // namespace openssl_memory

class Ssl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory =
        std::filesystem::temp_directory_path() / ("otp_ssl_test." + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    const std::string make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
        "-nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
        file("key.pem") + " -out " + file("cert.pem") + " 2>/dev/null";
    ASSERT_EQ(std::system(make.c_str()), 0);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(directory); }
  static std::string file(const char* name) { return directory / name; }
  static ssl::Context server() {
    return ssl::Context::server({.certfile = file("cert.pem"), .keyfile = file("key.pem")}).value();
  }
  static ssl::Context trusting() {
    return ssl::Context::client({.cacertfile = file("cert.pem")}).value();
  }
  /// Accepts one connection with TLS and sends back what comes; its error otherwise.
  std::uint16_t echo_server(const ssl::Context& context, Pid reader) {
    const auto listener = gen_tcp::listen(0, passive).value();
    const Pid server = spawn([listener, context, reader] {
      const Socket socket = gen_tcp::accept(listener).value();
      const auto secure = ssl::handshake(socket, context, 5s);
      send(reader, secure ? std::string("secure") : std::string(secure.error().reason()));
      if (!secure) return;
      while (const auto data = gen_tcp::recv(socket)) gen_tcp::send(socket, *data);
    });
    EXPECT_TRUE(gen_tcp::controlling_process(listener, server));
    return gen_tcp::sockname(listener)->port;
  }

  static inline std::filesystem::path directory;
};

TEST_F(Ssl, what_is_sent_arrives_and_is_not_in_the_clear) {
  in_process([this] {
    const std::uint16_t port = echo_server(server(), self());
    const Socket socket = ssl::connect("localhost", port, trusting(), passive, 5s).value();
    EXPECT_EQ(receive_value<std::string>(5s), "secure");
    EXPECT_TRUE(gen_tcp::send(socket, "secret"));
    EXPECT_EQ(gen_tcp::recv(socket, 6), "secret");
    const std::string much(3'000'000, 'm');
    const auto [writer, end] = spawn_monitor([&] { gen_tcp::send(socket, much); });
    EXPECT_EQ(gen_tcp::recv(socket, much.size()), much);
    detail::await_down(end);
    gen_tcp::close(socket);
  });
}

TEST_F(Ssl, active_mode_and_packets_are_as_without) {
  in_process([this] {
    const std::uint16_t port = echo_server(server(), self());
    gen_tcp::Options options = passive;
    options.packet = gen_tcp::Packet::line;
    const Socket socket = ssl::connect("127.0.0.1", port, trusting(), options, 5s).value();
    gen_tcp::set_active(socket, Active::once());
    gen_tcp::send(socket, "one\ntwo\n");
    EXPECT_EQ(receive_value<gen_tcp::Data>(5s)->data, "one\n");
    EXPECT_EQ(gen_tcp::recv(socket), "two\n");
  });
}

TEST_F(Ssl, a_client_trusts_only_whom_it_is_told_to_and_by_the_right_name) {
  in_process([this] {
    const auto refused = [this](const ssl::Context& context, const char* name) {
      const std::uint16_t port = echo_server(server(), self());
      const Socket socket = gen_tcp::connect("127.0.0.1", port, passive).value();
      const auto secure = ssl::connect(socket, name, context, 5s);
      EXPECT_EQ(receive_value<std::string>(5s), secure ? "secure" : "tls_alert");
      EXPECT_EQ(gen_tcp::send(socket, "x").has_value(), secure.has_value());
      return secure ? std::string("trusted") : secure.error().text();
    };
    const ssl::Context system = ssl::Context::client().value();
    EXPECT_NE(refused(system, "localhost").find("self-signed certificate"), std::string::npos);
    EXPECT_NE(refused(trusting(), "example.org").find("ostname mismatch"), std::string::npos);
    EXPECT_EQ(refused(trusting(), "localhost"), "trusted");
    EXPECT_EQ(refused(ssl::Context::client({.verify_none = true}).value(), "example.org"),
              "trusted");
  });
}

TEST_F(Ssl, a_name_that_says_nothing_is_refused_unless_the_server_may_be_anybody) {
  in_process([this] {
    const auto listener = gen_tcp::listen(0, passive).value();
    const std::string with_nul("localhost\0.org", 14);
    for (const std::string& name : {std::string(), with_nul, std::string(1'000, 'a')}) {
      const std::uint16_t port = gen_tcp::sockname(listener)->port;
      const Socket socket = gen_tcp::connect("127.0.0.1", port, passive).value();
      EXPECT_EQ(ssl::connect(socket, name, trusting(), 50ms).error(), "options");
      EXPECT_EQ(gen_tcp::send(socket, "in the clear").error(), "closed");
    }
    const auto anybody = ssl::Context::client({.verify_none = true}).value();
    for (const std::string& name : {std::string(), with_nul}) {
      const std::uint16_t port = echo_server(server(), self());
      const Socket socket = gen_tcp::connect("127.0.0.1", port, passive).value();
      EXPECT_TRUE(ssl::connect(socket, name, anybody, 5s));
      EXPECT_EQ(receive_value<std::string>(5s), "secure");
    }
    EXPECT_EQ(ssl::connect("", 443, trusting()).error(), "nxdomain");
  });
}

TEST_F(Ssl, errors_that_others_have_left_are_not_of_this_connection) {
  Runtime runtime({.schedulers = 1});  // OpenSSL keeps them by thread
  EXPECT_EQ(runtime.run([this] {
    const auto somebody_fails = [] { ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR); };
    const std::uint16_t port = echo_server(server(), self());
    somebody_fails();
    const auto socket = ssl::connect("localhost", port, trusting(), passive, 5s);
    ASSERT_TRUE(socket);
    EXPECT_EQ(receive_value<std::string>(5s), "secure");
    for (int i = 0; i < 3; ++i) {
      somebody_fails();
      EXPECT_TRUE(gen_tcp::send(*socket, "secret"));
      somebody_fails();
      EXPECT_EQ(gen_tcp::recv(*socket, 6, 5s), "secret");
    }
  }),
            ExitReason::normal());
}

/// Passes on what comes; behind the first that comes after a message, something that is not TLS.
void pass_on(const Socket& from, const Socket& to) {
  while (auto data = gen_tcp::recv(from)) {
    if (receive_value<int>(0s)) *data += std::string(100, 'g');
    gen_tcp::send(to, *data);
  }
}

TEST_F(Ssl, after_an_error_nothing_is_sent_any_more) {
  in_process([this] {
    const std::uint16_t port = echo_server(server(), self());
    const auto listener = gen_tcp::listen(0, passive).value();
    const Socket socket =
        gen_tcp::connect("127.0.0.1", gen_tcp::sockname(listener)->port, passive).value();
    const Socket near = gen_tcp::accept(listener).value();
    const Socket far = gen_tcp::connect("127.0.0.1", port, passive).value();
    spawn([near, far] { pass_on(near, far); });
    const Pid spoiler = spawn([near, far] { pass_on(far, near); });
    ASSERT_TRUE(ssl::connect(socket, "localhost", trusting(), 5s));
    EXPECT_EQ(receive_value<std::string>(5s), "secure");
    EXPECT_TRUE(gen_tcp::send(socket, "one"));
    EXPECT_EQ(gen_tcp::recv(socket, 3, 5s), "one");  // and tickets, if there are any
    send(spoiler, 0);
    EXPECT_TRUE(gen_tcp::send(socket, "two"));
    EXPECT_EQ(gen_tcp::recv(socket, 3, 5s), "two");
    EXPECT_EQ(gen_tcp::send(socket, "x").error(), "closed");
    EXPECT_EQ(gen_tcp::recv(socket, 0, 5s).error(), "tls_alert");
  });
}

TEST_F(Ssl, garbage_and_silence_end_the_handshake_alone) {
  in_process([this] {
    std::uint16_t port = echo_server(server(), self());
    const Socket garbage = gen_tcp::connect("127.0.0.1", port, passive).value();
    gen_tcp::send(garbage, "GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(receive_value<std::string>(5s), "tls_alert");
    const auto listener = gen_tcp::listen(0, passive).value();
    port = gen_tcp::sockname(listener)->port;
    EXPECT_EQ(ssl::connect("127.0.0.1", port, trusting(), passive, 20ms).error(), "timeout");
    port = echo_server(server(), self());
    gen_tcp::close(gen_tcp::connect("127.0.0.1", port, passive).value());
    EXPECT_EQ(receive_value<std::string>(5s), "closed");
  });
}

TEST_F(Ssl, a_listener_goes_on_after_garbage_and_resets) {
  in_process([this] {
    const auto listener = gen_tcp::listen(0, passive).value();
    const std::uint16_t port = gen_tcp::sockname(listener)->port;
    const Pid server_pid = spawn_link([listener, context = server(), tests = self()] {
      while (const auto socket = gen_tcp::accept(listener)) {
        const auto secure = ssl::handshake(*socket, context, 5s);
        if (!secure) {
          send(tests, std::string(secure.error().reason()));
          continue;
        }
        std::expected<void, InetError> sent{};
        while ((sent = gen_tcp::send(*socket, std::string(100'000, 's')))) {
        }
        send(tests, std::string(sent.error().reason()));
      }
    });
    EXPECT_TRUE(gen_tcp::controlling_process(listener, server_pid));
    for (int i = 0; i < 5; ++i) {
      const Socket garbage = gen_tcp::connect("127.0.0.1", port, passive).value();
      gen_tcp::send(garbage, std::string(1'000, static_cast<char>(i)));
      EXPECT_EQ(receive_value<std::string>(5s), "tls_alert");
      const Socket good = ssl::connect("localhost", port, trusting(), passive, 5s).value();
      EXPECT_EQ(gen_tcp::recv(good, 1), "s");
      gen_tcp::close(good);  // leaves the rest unread: a reset in the middle of writing
      EXPECT_EQ(receive_value<std::string>(5s), "closed");
      gen_tcp::close(garbage);
    }
    gen_tcp::close(listener);
  });
}

TEST_F(Ssl, a_server_can_ask_for_certificates) {
  in_process([this] {
    const ssl::Context strict = ssl::Context::server({.certfile = file("cert.pem"),
                                                      .keyfile = file("key.pem"),
                                                      .cacertfile = file("cert.pem")})
                                    .value();
    std::uint16_t port = echo_server(strict, self());
    const auto anonymous = ssl::connect("127.0.0.1", port, trusting(), passive, 5s);
    EXPECT_EQ(receive_value<std::string>(5s), "tls_alert");
    if (anonymous) {  // TLS 1.3 tells it afterwards
      EXPECT_FALSE(gen_tcp::recv(*anonymous, 0, 5s));
    }
    port = echo_server(strict, self());
    const ssl::Context known = ssl::Context::client({.cacertfile = file("cert.pem"),
                                                     .certfile = file("cert.pem"),
                                                     .keyfile = file("key.pem")})
                                   .value();
    EXPECT_TRUE(ssl::connect("127.0.0.1", port, known, passive, 5s));
    EXPECT_EQ(receive_value<std::string>(5s), "secure");
  });
}

TEST_F(Ssl, what_comes_in_the_clear_goes_to_nobody) {
  in_process([this] {
    const auto listener = gen_tcp::listen(0, passive).value();
    spawn([listener] {
      while (const auto socket = gen_tcp::accept(listener)) {
        gen_tcp::send(*socket, "in the clear");
        while (gen_tcp::recv(*socket)) {
        }
      }
    });
    const ssl::Context context = trusting();
    for (int i = 0; i < 20; ++i) {
      const std::uint16_t port = gen_tcp::sockname(listener)->port;
      EXPECT_EQ(ssl::connect("127.0.0.1", port, context, {}, 5s).error(), "tls_alert");
      EXPECT_FALSE(receive_value<gen_tcp::Data>(0s));
    }
  });
}

TEST_F(Ssl, the_mode_that_was_asked_for_begins_behind_the_handshake) {
  in_process([this] {
    std::uint16_t port = echo_server(server(), self());
    const Socket active = ssl::connect("127.0.0.1", port, trusting(), {}, 5s).value();
    EXPECT_TRUE(gen_tcp::send(active, "secret"));
    EXPECT_EQ(receive_value<gen_tcp::Data>(5s)->data, "secret");
    port = echo_server(server(), self());
    const auto silent =
        ssl::connect("127.0.0.1", port, trusting(), {.active = Active::times(0)}, 5s);
    ASSERT_TRUE(silent);
    EXPECT_FALSE(receive_value<gen_tcp::Passive>(0s));
    EXPECT_TRUE(gen_tcp::send(*silent, "secret"));
    EXPECT_EQ(gen_tcp::recv(*silent, 6, 5s), "secret");
  });
}

using Session = std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)>;

/// A client that is OpenSSL alone has a byte echoed. Its session; none when it fails, or is not
/// `former` resumed, if there is one. Blocks its thread.
Session openssl_client(SSL_CTX* context, std::uint16_t port, SSL_SESSION* former) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context), &SSL_free);
  SSL_set_fd(ssl.get(), descriptor);
  if (former != nullptr) SSL_set_session(ssl.get(), former);
  char byte = 'x';
  const bool echoed =
      ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      SSL_connect(ssl.get()) == 1 && SSL_write(ssl.get(), &byte, 1) == 1 &&
      SSL_read(ssl.get(), &byte, 1) == 1;
  if (echoed) SSL_shutdown(ssl.get());  // or the session could not be resumed
  ::close(descriptor);
  const bool good = echoed && (former == nullptr || SSL_session_reused(ssl.get()) == 1);
  return {good ? SSL_get1_session(ssl.get()) : nullptr, &SSL_SESSION_free};
}

TEST_F(Ssl, clients_with_certificates_resume_their_sessions) {
  in_process([this] {
    const ssl::Context strict = ssl::Context::server({.certfile = file("cert.pem"),
                                                      .keyfile = file("key.pem"),
                                                      .cacertfile = file("cert.pem")})
                                    .value();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                                 &SSL_CTX_free);
      SSL_CTX_set_max_proto_version(context.get(), version);
      SSL_CTX_use_certificate_chain_file(context.get(), file("cert.pem").c_str());
      SSL_CTX_use_PrivateKey_file(context.get(), file("key.pem").c_str(), SSL_FILETYPE_PEM);
      Session session(nullptr, &SSL_SESSION_free);
      for (int i = 0; i < 2; ++i) {
        const std::uint16_t port = echo_server(strict, self());
        session = blocking([&] { return openssl_client(context.get(), port, session.get()); });
        EXPECT_EQ(receive_value<std::string>(5s), "secure");
        ASSERT_TRUE(session) << version << ' ' << i;
      }
    }
  });
}

TEST_F(Ssl, a_burst_leaves_little_in_the_memory_of_openssl) {
  ASSERT_TRUE(openssl_memory::is_counted);
  in_process([this] {
    const std::uint16_t port = echo_server(server(), self());
    const Socket socket = ssl::connect("127.0.0.1", port, trusting(), passive, 5s).value();
    const auto echo = [&](std::size_t bytes) {
      const std::string data(bytes, 'm');
      const auto [writer, end] = spawn_monitor([&] { gen_tcp::send(socket, data); });
      EXPECT_EQ(gen_tcp::recv(socket, bytes, 20s), data);
      detail::await_down(end);
    };
    echo(1);
    const std::size_t before = openssl_memory::allocated.load();
    echo(std::size_t{2} << 20U);
    EXPECT_LT(openssl_memory::allocated.load(), before + 200'000);
  });
}

TEST_F(Ssl, files_that_cannot_be_used_are_named) {
  const auto missing = ssl::Context::server({.certfile = file("nothing.pem")});
  EXPECT_EQ(missing.error(), "options");
  EXPECT_NE(missing.error().text().find("nothing.pem"), std::string::npos);
  EXPECT_EQ(ssl::Context::server({}).error(), "options");
  EXPECT_EQ(ssl::Context::client({.cacertfile = file("key.pem")}).error(), "options");
}

}  // namespace
}  // namespace otp
