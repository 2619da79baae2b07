#include "book.h"

#include <gtest/gtest.h>

namespace misiva {
namespace {

void check_counts(const Book& book, const Book::Counts& expected) {
  const auto& counts = book.counts();
  EXPECT_EQ(counts.devices, expected.devices);
  EXPECT_EQ(counts.acknowledged, expected.acknowledged);
  EXPECT_EQ(counts.rejected, expected.rejected);
  EXPECT_EQ(counts.in_flight, expected.in_flight);
  EXPECT_EQ(counts.lost, expected.lost);
  EXPECT_EQ(counts.retries, expected.retries);
}

TEST(Book, a_new_dispatch_waits_for_every_device_once) {
  Book book;
  book.open({"a", "b", "a"});
  check_counts(book, {.devices = 2});
  EXPECT_EQ(book.remaining(), 2U);
  EXPECT_EQ(book.pending({"a", "b", "c"}), (std::vector<std::string>{"a", "b"}));
}

TEST(Book, a_book_without_a_dispatch_is_settled) {
  const Book book;
  EXPECT_TRUE(book.is_settled());
}

TEST(Book, a_lost_device_waits_again_and_its_next_sending_is_a_retry) {
  Book book;
  book.open({"a"});
  book.sent("a");
  check_counts(book, {.devices = 1, .in_flight = 1});
  book.lost("a");
  check_counts(book, {.devices = 1, .lost = 1});
  EXPECT_EQ(book.pending({"a"}).size(), 1U);
  book.sent("a");
  book.acknowledged("a");
  check_counts(book, {.devices = 1, .acknowledged = 1, .lost = 1, .retries = 1});
  EXPECT_TRUE(book.is_settled());
}

TEST(Book, an_acknowledgement_is_final_and_counts_once) {
  Book book;
  book.open({"a", "b"});
  book.sent("a");
  book.acknowledged("a");
  book.acknowledged("a");
  book.sent("a");
  book.lost("a");
  book.give_up("a");
  check_counts(book, {.devices = 2, .acknowledged = 1});
  EXPECT_EQ(book.pending({"a", "b"}), (std::vector<std::string>{"b"}));
}

TEST(Book, a_device_sent_twice_without_news_is_in_flight_once) {
  Book book;
  book.open({"a"});
  book.sent("a");
  book.sent("a");
  check_counts(book, {.devices = 1, .in_flight = 1, .retries = 1});
}

TEST(Book, a_rejected_device_is_settled_and_not_pending) {
  Book book;
  book.open({"a"});
  book.sent("a");
  book.give_up("a");
  check_counts(book, {.devices = 1, .rejected = 1});
  EXPECT_TRUE(book.is_settled());
  EXPECT_TRUE(book.pending({"a"}).empty());
}

TEST(Book, news_of_a_former_dispatch_are_ignored) {
  Book book;
  book.open({"a"});
  book.sent("a");
  book.open({"b"});
  book.acknowledged("a");
  book.lost("a");
  check_counts(book, {.devices = 1});
}

TEST(Book, a_sending_that_did_not_happen_does_not_count) {
  Book book;
  book.open({"a"});
  book.sent("a");
  book.unsent("a");
  EXPECT_EQ(book.counts().in_flight, 0U);
  book.sent("a");
  EXPECT_EQ(book.counts().retries, 0U);
  book.lost("a");
  book.sent("a");
  book.unsent("a");
  EXPECT_EQ(book.counts().retries, 0U);
  EXPECT_EQ(book.counts().lost, 1U);
}

}  // namespace
}  // namespace misiva
