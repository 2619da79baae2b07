#include "fiber/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

/// A descriptor that is readable once somebody has fired it.
class Event final : public Pollable {
 public:
  ~Event() override { ::close(descriptor); }
  void ready(std::uint32_t) noexcept override { ++told; }
  void fire() const { ASSERT_EQ(eventfd_write(descriptor, 1), 0); }

  const int descriptor = eventfd(1, EFD_NONBLOCK);
  int told = 0;
};

class PollerTest : public testing::Test {
 protected:
  std::vector<std::shared_ptr<Event>> add_events(std::size_t count) {
    std::vector<std::shared_ptr<Event>> events;
    for (std::size_t i = 0; i < count; ++i) {
      events.push_back(std::make_shared<Event>());
      EXPECT_EQ(poller_.add(events.back()->descriptor, events.back()), 0);
    }
    return events;
  }
  void look(Nanoseconds time, std::size_t most) {
    ASSERT_TRUE(poller_.try_enter());
    poller_.wait(time, most);
    poller_.dispatch();
    poller_.leave();
  }

  Poller poller_;
};

TEST_F(PollerTest, takes_no_more_than_there_is_room_for_and_the_first_first) {
  const auto events = add_events(5);
  look(0, 3);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(events[i]->told, i < 3 ? 1 : 0) << i;
  look(0, 3);
  for (const auto& each : events) EXPECT_EQ(each->told, 1);
}

TEST_F(PollerTest, an_event_is_told_once_until_there_is_another) {
  const auto events = add_events(1);
  look(0, Poller::batch);
  look(0, Poller::batch);
  EXPECT_EQ(events[0]->told, 1);
  events[0]->fire();
  look(-1, Poller::batch);
  EXPECT_EQ(events[0]->told, 2);
}

TEST_F(PollerTest, who_was_removed_is_told_nothing_even_of_what_was_taken) {
  const auto events = add_events(1);
  ASSERT_TRUE(poller_.try_enter());
  poller_.wait(0, Poller::batch);
  poller_.remove(events[0]->descriptor);
  poller_.dispatch();
  poller_.leave();
  EXPECT_EQ(events[0]->told, 0);
}

TEST_F(PollerTest, a_sleep_ends_in_time_or_when_interrupted) {
  look(1, Poller::batch);          // a nanosecond
  look(1'000'001, Poller::batch);  // a bit more than a millisecond
  poller_.interrupt();
  look(-1, Poller::batch);
}

}  // namespace
}  // namespace otp::detail
