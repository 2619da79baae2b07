// What tests of streams begin with.
#pragma once

#include <functional>

#include <gtest/gtest.h>

#include <otp/gen_tcp.h>
#include <otp/runtime.h>

namespace otp {

inline const gen_tcp::Options passive{
    .ip = "127.0.0.1", .active = Active::off(), .reuseaddr = true};

struct Pair {
  gen_tcp::Socket client;
  gen_tcp::Socket server;
};

/// A connection to ourselves: both ends are the caller's.
inline Pair connected(const gen_tcp::Options& options = passive) {
  const gen_tcp::ListenSocket listener = gen_tcp::listen(0, options).value();
  const std::uint16_t port = gen_tcp::sockname(listener)->port;
  Pair pair{.client = gen_tcp::connect("127.0.0.1", port, options).value(), .server = {}};
  pair.server = gen_tcp::accept(listener).value();
  gen_tcp::close(listener);
  return pair;
}

inline gen_tcp::Options with(gen_tcp::Packet packet) {
  gen_tcp::Options options = passive;
  options.packet = packet;
  return options;
}

inline void in_process(std::move_only_function<void()> body, unsigned schedulers = 2) {
  Runtime runtime({.schedulers = schedulers});
  EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
}

}  // namespace otp
