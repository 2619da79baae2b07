#include "fiber/processors.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace otp::detail {
namespace {

namespace fs = std::filesystem;

/// A root of a file system that is like a machine's.
class Machine : public testing::Test {
 protected:
  Machine() {
    std::string made = (fs::temp_directory_path() / "processors_testXXXXXX").string();
    if (mkdtemp(made.data()) != nullptr) root = made;
  }
  ~Machine() override { fs::remove_all(root); }

  void processor(int number, int node) const {
    fs::create_directories(root / "sys/devices/system/cpu" / ("cpu" + std::to_string(number)) /
                           ("node" + std::to_string(node)));
  }
  void file(const fs::path& path, const std::string& text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }

  fs::path root;
};

std::vector<std::pair<int, int>> numbers_and_nodes(const std::vector<Processor>& processors) {
  std::vector<std::pair<int, int>> all;
  for (const Processor& each : processors) all.emplace_back(each.number, each.node);
  return all;
}

TEST_F(Machine, has_the_processors_of_a_node_beside_each_other) {
  for (const int number : {0, 2, 4, 10}) processor(number, 1);
  for (const int number : {1, 3, 5, 11}) processor(number, 0);
  EXPECT_EQ(numbers_and_nodes(by_node({0, 1, 2, 3, 10, 11}, root / "sys")),
            (std::vector<std::pair<int, int>>{{1, 0}, {3, 0}, {11, 0}, {0, 1}, {2, 1}, {10, 1}}));
}

TEST_F(Machine, without_nodes_is_one_node) {
  fs::create_directories(root / "sys/devices/system/cpu/cpu0/nodes");  // no node
  EXPECT_EQ(numbers_and_nodes(by_node({0, 1}, root / "sys")),
            (std::vector<std::pair<int, int>>{{0, 0}, {1, 0}}));
}

TEST_F(Machine, grants_the_least_of_what_the_groups_on_the_way_up_grant) {
  EXPECT_EQ(granted_processors(root), 0U);
  file("proc/self/cgroup", "0::/service/shop\n");
  EXPECT_EQ(granted_processors(root), 0U);
  file("sys/fs/cgroup/service/shop/cpu.max", "max 100000\n");
  EXPECT_EQ(granted_processors(root), 0U);
  file("sys/fs/cgroup/service/cpu.max", "250000 100000\n");
  EXPECT_EQ(granted_processors(root), 3U);
  file("sys/fs/cgroup/service/shop/cpu.max", "50000 100000\n");
  EXPECT_EQ(granted_processors(root), 1U);
}

TEST(Processors, are_there) { EXPECT_FALSE(usable_processors().empty()); }

}  // namespace
}  // namespace otp::detail
