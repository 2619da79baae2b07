// A TCP echo server, one process for each connection.
#include <unistd.h>

#include <cstdio>

#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/runtime.h>

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

void tcp_echo_server(const Arguments& arguments) {
  const auto port = static_cast<std::uint16_t>(std::atol(arguments.at(0).c_str()));
  const auto listener = otp::gen_tcp::listen(port, {.ip = "127.0.0.1",
                                                    .active = otp::Active::off(),
                                                    .reuseaddr = true,
                                                    .nodelay = true,
                                                    .backlog = 4096});
  if (!listener) fail(listener.error().text().c_str());
  const bool passive = arguments.size() > 1 && arguments[1] == "passive";
  for (int i = 0; i < 4; ++i) {
    otp::spawn_link([listener = *listener, passive] {
      while (const auto socket = otp::gen_tcp::accept(listener)) {
        const otp::Pid pid = passive ? otp::spawn(echo_passively) : bench::Echo::start()->address();
        otp::gen_tcp::controlling_process(*socket, pid);
        otp::send(pid, *socket);
      }
    });
  }
  std::printf("{\"listening\":%d}\n", otp::gen_tcp::sockname(*listener)->port);
  std::fflush(stdout);
  otp::blocking([] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
  });
  print("tcp_echo_server", 0, Clock::duration(1), {{"cpu_us", static_cast<double>(cpu_us())}});
}

}  // namespace

std::vector<Bench> tcp_benches() { return {{"tcp_echo_server", 2, tcp_echo_server}}; }

}  // namespace otp_bench
