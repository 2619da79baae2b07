// A TCP echo server, one process for each connection; and as many of those as are asked for.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/timer.h>

#include "harness.h"

namespace otp_bench {
namespace {

/// As a loop that blocks: the process has a stack of its own.
void echo_passively() {
  const auto socket = *otp::receive_value<otp::gen_tcp::Socket>();
  while (const auto data = otp::gen_tcp::recv(socket)) {
    if (!otp::gen_tcp::send(socket, *data)) return;
  }
}

/// Somebody to accept for each of its connections; the port is the answer.
std::uint16_t start_echo_server(std::uint16_t port, bool passive) {
  const auto listener = otp::gen_tcp::listen(port, {.ip = "127.0.0.1",
                                                    .active = otp::Active::off(),
                                                    .reuseaddr = true,
                                                    .nodelay = true,
                                                    .backlog = 4096});
  if (!listener) fail(listener.error().text().c_str());
  for (int i = 0; i < 4; ++i) {
    otp::spawn_link([listener = *listener, passive] {
      while (const auto socket = otp::gen_tcp::accept(listener)) {
        const otp::Pid pid = passive ? otp::spawn(echo_passively) : bench::Echo::start()->address();
        otp::gen_tcp::controlling_process(*socket, pid);
        otp::send(pid, *socket);
      }
    });
  }
  return otp::gen_tcp::sockname(*listener)->port;
}

void tcp_echo_server(const Arguments& arguments) {
  const auto port = static_cast<std::uint16_t>(std::atol(arguments.at(0).c_str()));
  const bool passive = arguments.size() > 1 && arguments[1] == "passive";
  std::printf("{\"listening\":%d}\n", start_echo_server(port, passive));
  std::fflush(stdout);
  otp::blocking([] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
  });
  print("tcp_echo_server", 0, Clock::duration(1), {{"cpu_us", static_cast<double>(cpu_us())}});
}

/// Both ends of a connection are in this program.
void allow_descriptors(long connections) {
  constexpr rlim_t others = 100;
  const rlim_t wanted = 2 * static_cast<rlim_t>(connections) + others;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit = {.rlim_cur = wanted, .rlim_max = std::max(limit.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    fail("each connection takes two file descriptors: raise their limit (`ulimit -n`)");
}

/// Each is a process with an echo server behind a connection of its own, all at once; what goes
/// round on each is looked at.
void tcp_connections(const Arguments& arguments) {
  constexpr long clients = 8;
  constexpr long of_one_address = 20'000;  // which has 65,535 ports
  const long n = number(arguments, 0, 100'000);
  const long rounds = number(arguments, 1, 3);
  allow_descriptors(n);
  const long before = proc_kb("VmRSS:");
  const std::uint16_t port = start_echo_server(0, false);
  const auto start = Clock::now();
  std::atomic<long> connected{0};
  std::atomic<long> echoes{0};
  std::atomic<std::int64_t> all_connected{0};
  parallel(clients, [&](long client) {
    std::vector<otp::gen_tcp::Socket> sockets;
    for (long i = client; i < n; i += clients) {
      const std::string from = "127.0.0." + std::to_string(2 + i / of_one_address);
      const auto socket = otp::gen_tcp::connect(
          "127.0.0.1", port, {.ip = from, .active = otp::Active::off(), .nodelay = true});
      if (!socket) fail(socket.error().text().c_str());
      sockets.push_back(*socket);
    }
    if (connected.fetch_add(static_cast<long>(sockets.size())) +
            static_cast<long>(sockets.size()) ==
        n)
      all_connected = (Clock::now() - start).count();
    while (connected < n) otp::sleep(std::chrono::milliseconds(1));
    for (long round = 0; round < rounds; ++round) {
      const auto text = [&](std::size_t i) {
        std::string written =
            std::to_string(round) + ' ' + std::to_string(i) + ' ' + std::to_string(client);
        written.resize(64, '.');
        return written;
      };
      for (std::size_t i = 0; i < sockets.size(); ++i) {
        if (!otp::gen_tcp::send(sockets[i], text(i))) fail("a connection is closed");
      }
      for (std::size_t i = 0; i < sockets.size(); ++i) {
        if (otp::gen_tcp::recv(sockets[i], 64) != text(i)) fail("another text came back");
        ++echoes;
      }
    }
    while (echoes < n * rounds) otp::sleep(std::chrono::milliseconds(1));
    if (client == 0) {
      print("tcp_connections", echoes, Clock::now() - start,
            {{"connected_s", static_cast<double>(all_connected) / 1e9},
             {"rss_kb", static_cast<double>(proc_kb("VmRSS:") - before)}});
    }
  });
}

}  // namespace

std::vector<Bench> tcp_benches() {
  return {{"tcp_echo_server", "PORT [once|passive]", tcp_echo_server},
          {"tcp_connections", "[N [ROUNDS]]", tcp_connections}};
}

}  // namespace otp_bench
