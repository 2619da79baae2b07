// An echo server: one process for each connection, each a loop that reads as if it blocked.
//
//   echo [PORT]
#include <chrono>
#include <cstdlib>
#include <iostream>

#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/runtime.h>

namespace gen_tcp = otp::gen_tcp;

namespace {

using namespace std::chrono_literals;

/// Ends when the peer closes, and its socket with it.
void echo() {
  const auto socket = *otp::receive_value<gen_tcp::Socket>();
  while (const auto data = gen_tcp::recv(socket)) {
    if (!gen_tcp::send(socket, *data)) return;
  }
}

void serve(std::uint16_t port) {
  const auto listener = gen_tcp::listen(
      port, {.ip = "127.0.0.1", .active = otp::Active::off(), .reuseaddr = true, .backlog = 128});
  if (!listener) {
    std::cerr << "echo: " << listener.error().text() << '\n';
    return;
  }
  std::cout << "echo: listening on 127.0.0.1:" << gen_tcp::sockname(*listener)->port << std::endl;
  for (;;) {
    const auto socket = gen_tcp::accept(*listener);
    if (!socket && socket.error() == "closed") return;
    if (!socket) {  // no descriptor is left, say: it will pass
      otp::sleep(100ms);
      continue;
    }
    const otp::Pid connection = otp::spawn(echo);
    gen_tcp::controlling_process(*socket, connection);
    otp::send(connection, *socket);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  otp::Runtime runtime;
  runtime.run([port] { serve(static_cast<std::uint16_t>(port)); });
}
