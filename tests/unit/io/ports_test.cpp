// Who owns what is outside of the runtime.
#include "process/ports.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include <otp/process.h>
#include <otp/receive.h>

#include "process/node.h"
#include "process/process.h"
#include "sockets.h"

namespace otp::detail {
namespace {

struct CountedPort final : Port {
  void owner_ended() noexcept override { ++ended; }
  int ended = 0;
};

using Ports = std::vector<std::shared_ptr<CountedPort>>;

/// Of the calling process.
Ports own_many(std::size_t count) {
  Ports ports;
  for (std::size_t i = 0; i < count; ++i) {
    ports.push_back(std::make_shared<CountedPort>());
    EXPECT_TRUE(current_node()->ports().own(self(), ports.back()));
  }
  return ports;
}

TEST(PortTable, those_of_who_ends_are_told_once_and_no_others) {
  in_process([] {
    const Ports mine = own_many(3);
    Ports others;
    const auto [other, end] = spawn_monitor([&] {
      others = own_many(100);
      current_node()->ports().disown(self(), *others.back());
    });
    await_down(end);
    for (const auto& each : others) EXPECT_EQ(each->ended, each == others.back() ? 0 : 1);
    for (const auto& each : mine) EXPECT_EQ(each->ended, 0);
  });
}

}  // namespace
}  // namespace otp::detail
