// What is outside of the runtime: the blocking pool, files, TCP, UDP.
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include <unistd.h>

#include <otp/file.h>
#include <otp/gen_tcp.h>
#include <otp/gen_udp.h>

#include "driver.h"

namespace otp_soak {
namespace {

namespace tcp = otp::gen_tcp;
namespace udp = otp::gen_udp;

void blocking(Driver& d) {
  d.does("blocking");
  const auto nap = std::chrono::microseconds(d.below(1000));
  const auto [pid, monitor] = otp::spawn_monitor([nap] {
    const int got = otp::blocking([nap] {
      ::usleep(static_cast<useconds_t>(nap.count()));
      return 7;
    });
    if (got != 7) lost("otp::blocking gave another value");
  });
  if (d.chance(30)) d.kill(pid);
  d.down("down of a blocking one", monitor);
}

void files(Driver& d) {
  namespace file = otp::file;
  d.does("files");
  const std::string path =
      "/tmp/otp-soak." + std::to_string(::getpid()) + "." + std::to_string(d.number());
  const std::string text = some_text(d.random(), 5000) + "!";
  d.check(file::write_file(path, text).has_value(), "write_file");
  d.check(file::read_file(path) == text, "read_file");
  {
    const auto opened = file::open(path, {.read = true, .write = true});
    d.check(opened.has_value(), "open");
    d.check(file::pwrite(*opened, text.size(), text).has_value(), "pwrite");
    d.check(file::pread(*opened, text.size(), text.size()) == text, "pread");
    if (d.chance(50)) d.check(file::close(*opened).has_value(), "close");  // or by its last handle
  }
  if (d.chance(30)) {
    const auto [pid, monitor] = otp::spawn_monitor([path] {
      const auto mine = file::open(path, {.append = true});
      for (;;) file::pwrite(*mine, 0, "x");
    });
    otp::sleep(std::chrono::microseconds(d.below(1000)));
    d.kill(pid);
    d.down("down of a writer", monitor);
  }
  std::remove(path.c_str());
}

/// Everything that goes to the echo comes back, whatever the others do to their connections.
void streams(Driver& d) {
  d.does("connect");
  const auto socket = tcp::connect("127.0.0.1", echo_port,
                                   {.active = otp::Active::off(), .packet = tcp::Packet::length4});
  d.check(socket.has_value(), "connect");
  const std::int64_t count = d.below(10);
  for (std::int64_t i = 0; i < count; ++i) {
    d.does("send and recv");
    const std::string text = some_text(d.random(), 20'000);
    d.check(tcp::send(*socket, text).has_value(), "send");
    const auto back = tcp::recv(*socket, 0, patience);
    d.check(back && *back == text, "what comes back is not what was sent");
  }
  switch (d.below(4)) {
    case 0:
      tcp::close(*socket);
      break;
    case 1: {
      d.does("half closed");
      d.check(tcp::shutdown_write(*socket).has_value(), "shutdown_write");
      const auto end = tcp::recv(*socket, 0, patience);
      d.check(!end && end.error() == "closed", "the peer did not close");
      tcp::close(*socket);
      break;
    }
    case 2: {
      d.does("no data in time");
      const auto none = tcp::recv(*socket, 0, 500us);
      d.check(!none && none.error() == "timeout", "data from nowhere");
      tcp::close(*socket);
      break;
    }
    default: {  // in the middle of it
      d.does("abrupt end");
      const auto [pid, monitor] = otp::spawn_monitor([] {
        const auto mine = tcp::connect("127.0.0.1", echo_port, {.packet = tcp::Packet::length4});
        if (!mine) return;
        const std::string text(30'000, 'x');
        for (;;) {
          if (!tcp::send(*mine, text)) return;
          if (const auto got = otp::receive_value<tcp::Data>(1ms); got && got->data != text)
            lost("what comes back is not what was sent");
        }
      });
      otp::sleep(std::chrono::microseconds(d.below(3000)));
      d.kill(pid);
      d.down("down of a client", monitor);
      tcp::close(*socket);
    }
  }
}

void datagrams(Driver& d) {
  d.does("datagrams");
  const auto one = udp::open(0, {.ip = "127.0.0.1", .active = otp::Active::off()});
  const auto two = udp::open(0, {.ip = "127.0.0.1", .active = otp::Active::once()});
  d.check(one && two, "open");
  const std::string text = some_text(d.random(), 500) + "!";
  d.check(udp::send(*one, *udp::sockname(*two), text).has_value(), "send");
  const auto there = otp::receive_value<udp::Data>(patience);
  d.check(there && there->data == text, "a datagram on the loopback did not come");
  d.check(udp::send(*two, there->from, text).has_value(), "send");
  const auto back = udp::recv(*one, patience);
  d.check(back && back->data == text, "a datagram on the loopback did not come");
  udp::close(*one);
  if (d.chance(50)) udp::close(*two);  // or with the last handle, or its owner
}

constexpr std::array loads{Load{"blocking", 1, blocking}, Load{"files", 1, files},
                           Load{"streams", 3, streams}, Load{"datagrams", 1, datagrams}};

}  // namespace

std::span<const Load> io_loads() { return loads; }

}  // namespace otp_soak
