// Against what std::map does, with hashes of every quality.
#include <otp/detail/flat_table.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

using Table = FlatTable<std::string, std::unique_ptr<int>>;
using Model = std::map<std::string, int>;

Model contents(Table& table) {
  Model found;
  table.for_each([&](const std::string& key, const std::unique_ptr<int>& value) {
    EXPECT_TRUE(found.emplace(key, *value).second) << key << " is there twice";
  });
  return found;
}

class FlatTableOf : public ::testing::TestWithParam<std::size_t> {
 protected:
  /// As many different ones as the parameter says.
  static std::size_t hash(const std::string& key) {
    return 1 + std::hash<std::string>{}(key) % GetParam();
  }
};
INSTANTIATE_TEST_SUITE_P(Hashes, FlatTableOf, ::testing::Values(1U, 3U, 64U, ~std::size_t{0} - 1));

TEST_P(FlatTableOf, so_many_hashes_keeps_what_a_map_keeps) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Table table;
    Model model;
    std::size_t most = 0;
    for (int step = 0; step < 4000; ++step) {
      const bool grows = step / 500 % 2 == 0;  // and then shrinks again, each to almost nothing
      const std::string key = std::to_string(random() % 100);
      std::unique_ptr<int>* const found = table.find(hash(key), key);
      const auto known = model.find(key);
      ASSERT_EQ(found != nullptr, known != model.end()) << "seed " << seed << " step " << step;
      ASSERT_TRUE(found == nullptr || **found == known->second);
      if (grows && found == nullptr) {
        table.add(hash(key), key, std::make_unique<int>(step));
        model.emplace(key, step);
      } else if (!grows && found != nullptr) {
        table.erase_if(hash(key),
                       [&](const std::string& each, const auto&) { return each == key; });
        model.erase(known);
      }
      ASSERT_EQ(table.size(), model.size());
      most = std::max(most, table.capacity());
      ASSERT_TRUE(step % 500 != 499 || contents(table) == model);
    }
    EXPECT_LT(table.capacity(), most);
  }
}

TEST_P(FlatTableOf, so_many_hashes_shows_and_erases_those_of_one) {
  Table table;
  std::map<std::size_t, std::set<std::string>> by_hash;
  for (int i = 0; i < 100; ++i) {
    const std::string key = std::to_string(i);
    table.add(hash(key), key, std::make_unique<int>(i));
    by_hash[hash(key)].insert(key);
  }
  for (const auto& [hash, keys] : by_hash) {
    const auto seen = [&] {
      std::set<std::string> seen;
      table.for_each_of(hash, [&](const std::string& key, const auto&) { seen.insert(key); });
      return seen;
    };
    EXPECT_EQ(seen(), keys);
    table.erase_if(hash, [](const std::string&, const auto& value) { return *value % 2 == 0; });
    for (const std::string& key : seen()) EXPECT_EQ(std::stoi(key) % 2, 1);
  }
  EXPECT_EQ(table.size(), 50U);
}

/// Moves of a deque allocate, and so may throw.
TEST(FlatTable, keeps_what_cannot_be_moved_without_failing) {
  static_assert(!std::is_nothrow_move_constructible_v<std::deque<int>>);
  FlatTable<std::uint64_t, std::deque<int>> table;
  for (std::uint64_t key = 1; key <= 100; ++key)
    table.add(key, key, std::deque<int>(3, static_cast<int>(key)));
  for (std::uint64_t key = 1; key <= 90; ++key)
    table.erase_if(key, [&](std::uint64_t each, const auto&) { return each == key; });
  for (std::uint64_t key = 91; key <= 100; ++key)
    EXPECT_EQ(*table.find(key, key), std::deque<int>(3, static_cast<int>(key)));
}

TEST(FlatTable, gives_memory_back_when_a_peak_is_over) {
  FlatTable<std::uint64_t, int> table;
  EXPECT_EQ(table.capacity(), 0U);
  const auto erase = [&](std::uint64_t key) {
    table.erase_if(key, [&](std::uint64_t each, int) { return each == key; });
  };
  for (std::uint64_t key = 1; key <= 100'000; ++key) table.add(key, key, 0);
  EXPECT_LE(table.capacity(), 400'000U);
  for (std::uint64_t key = 101; key <= 100'000; ++key) erase(key);
  EXPECT_LE(table.capacity(), 1024U);
  for (std::uint64_t key = 1; key <= 100; ++key) EXPECT_NE(table.find(key, key), nullptr) << key;
  table.clear();
  EXPECT_EQ(table.capacity(), 0U);
  EXPECT_EQ(table.find(1, 1), nullptr);
}

}  // namespace
}  // namespace otp::detail
