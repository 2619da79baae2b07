// PSUP-001 to PSUP-008: partition supervisors.
#include <otp/partition_supervisor.h>
#include <otp/sys.h>

#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proc_support.h"
#include "registry.otp.h"

namespace otp::conformance {
namespace {

using registry_cases::Shard;

class ShardImpl final : public registry_cases::ShardServer {
 public:
  Init init(registry_cases::ShardArgs args) override {
    number_ = args.number;
    return ok();
  }
  Reply<std::int64_t> number(From<std::int64_t>) override { return number_; }
  NoReply set(std::int64_t number) override {
    number_ = number;
    return {};
  }

 private:
  std::int64_t number_ = 0;
};

}  // namespace
}  // namespace otp::conformance

std::unique_ptr<registry_cases::ShardServer> registry_cases::ShardServer::create() {
  return std::make_unique<otp::conformance::ShardImpl>();
}

namespace otp::conformance {
namespace {

class PSup : public Proc {
 protected:
  static ChildSpec shard(std::size_t partition) {
    return {.id = "", .start = [partition]() -> std::expected<StartedChild, StartError> {
              return Shard::start_link({.number = static_cast<std::int64_t>(partition)})
                  .value()
                  .address();
            }};
  }
  static PartitionSupervisorRef start(Name name, std::size_t partitions = 0,
                                      ChildType type = ChildType::worker) {
    return start_partition_supervisor({.child =
                                           [type](std::size_t partition) {
                                             ChildSpec spec = shard(partition);
                                             spec.type = type;
                                             return spec;
                                           },
                                       .partitions = partitions},
                                      {.name = name})
        .value();
  }
};

TEST_F(PSup, PSUP_001_there_are_as_many_partitions_as_schedulers) {
  in_process([] {
    const auto supervisor = start("psup_001");
    EXPECT_EQ(supervisor.partitions(), schedulers_online());
    EXPECT_EQ(supervisor.which_children().size(), schedulers_online());
    supervisor.stop();
  });
}

TEST_F(PSup, PSUP_002_a_key_leads_to_one_partition) {
  in_process([] {
    const auto supervisor =
        start_partition_supervisor(
            {.child =
                 [](std::size_t) {
                   return ChildSpec{
                       .id = "",
                       .start = []() -> std::expected<StartedChild, StartError> {
                         return registry_cases::ShardSup::start_link().value().address();
                       },
                       .type = ChildType::supervisor};
                 },
             .partitions = 3},
            {.name = "psup_002"})
            .value();
    for (int i = 0; i < 100; ++i) {
      const std::string key = "key " + std::to_string(i);
      EXPECT_EQ(supervisor.at(key), PartitionSupervisorRef(Name("psup_002")).at(key));
      EXPECT_TRUE(
          registry_cases::ShardSup(supervisor.at(key)).start_child({.number = i}).has_value());
    }
    std::set<std::int64_t> numbers;
    for (int partition = 0; partition < 3; ++partition) {
      for (const ChildInfo& each :
           registry_cases::ShardSup(supervisor.at(partition)).which_children()) {
        EXPECT_TRUE(numbers.insert(Shard(*each.pid).number()).second);
      }
    }
    EXPECT_EQ(numbers.size(), 100U);
    supervisor.stop();
  });
}

TEST_F(PSup, PSUP_003_an_integer_leads_to_its_remainder) {
  in_process([] {
    const auto supervisor = start("psup_003", 3);
    std::vector<std::int64_t> numbers;
    for (const int key : {0, 1, 2, 3, -1}) numbers.push_back(Shard(supervisor.at(key)).number());
    EXPECT_EQ(numbers, (std::vector<std::int64_t>{0, 1, 2, 0, 1}));
    EXPECT_EQ(Shard(supervisor.at(std::numeric_limits<std::int64_t>::min())).number(),
              static_cast<std::int64_t>((std::uint64_t{1} << 63) % 3));
    supervisor.stop();
  });
}

TEST_F(PSup, a_partition_is_found_while_the_supervisor_is_busy) {
  in_process([] {
    const auto supervisor = start("psup_busy", 3);
    const Pid second = supervisor.at(1);
    sys::suspend(supervisor);
    EXPECT_EQ(supervisor.at(1), second);
    EXPECT_EQ(Shard(supervisor.at(std::numeric_limits<std::uint64_t>::max())).number(),
              static_cast<std::int64_t>(std::numeric_limits<std::uint64_t>::max() % 3));
    sys::resume(supervisor);
    EXPECT_TRUE(supervisor.terminate_child("1"));
    EXPECT_FALSE(supervisor.at(1));
    EXPECT_TRUE(supervisor.restart_child("1"));
    EXPECT_NE(supervisor.at(1), second);
    for (const char* const id : {"0", "1", "2"}) {
      EXPECT_TRUE(supervisor.terminate_child(id));
      EXPECT_TRUE(supervisor.delete_child(id));
    }
    EXPECT_FALSE(supervisor.at(0));
    supervisor.stop();
  });
}

TEST_F(PSup, PSUP_004_what_is_needed_must_be_given) {
  in_process([] {
    EXPECT_THROW(start_partition_supervisor({.child = shard}, {}), std::invalid_argument);
    EXPECT_THROW(start_partition_supervisor({}, {.name = "psup_004"}), std::invalid_argument);
    EXPECT_EQ(whereis("psup_004"), std::nullopt);
  });
}

TEST_F(PSup, PSUP_005_stop_returns_when_all_is_gone) {
  in_process([] {
    const auto supervisor = start("psup_005", 2);
    const Pid shard = supervisor.at(0);
    PartitionSupervisorRef(Name("psup_005")).stop();
    EXPECT_FALSE(is_alive(supervisor.address()));
    EXPECT_FALSE(is_alive(shard));
    EXPECT_EQ(whereis("psup_005"), std::nullopt);
  });
}

TEST_F(PSup, PSUP_006_children_are_listed_by_partition) {
  in_process([] {
    const auto supervisor = start("psup_006", 4);
    const auto children = supervisor.which_children();
    ASSERT_EQ(children.size(), 4U);
    for (const ChildInfo& each : children) {
      EXPECT_EQ(each.pid, supervisor.at(std::stoi(each.id)));
      EXPECT_EQ(each.type, ChildType::worker);
    }
    supervisor.stop();
  });
}

TEST_F(PSup, PSUP_007_children_are_counted) {
  in_process([] {
    const auto workers = start("psup_007", 4);
    EXPECT_EQ(workers.count_children(),
              (ChildCounts{.specs = 4, .active = 4, .supervisors = 0, .workers = 4}));
    const auto supervisors = start("psup_007_s", 4, ChildType::supervisor);
    EXPECT_EQ(supervisors.count_children(),
              (ChildCounts{.specs = 4, .active = 4, .supervisors = 4, .workers = 0}));
    workers.stop();
    supervisors.stop();
  });
}

TEST_F(PSup, PSUP_008_an_unknown_one_fails_the_call) {
  in_process([] {
    const PartitionSupervisorRef nobody{Name("psup_008")};
    for (const bool counting : {true, false}) {
      try {
        if (counting) {
          nobody.count_children();
        } else {
          nobody.partitions();
        }
        ADD_FAILURE() << "the call has not failed";
      } catch (const CallExit& exit) {
        EXPECT_EQ(exit.error().reason, ExitReason::noproc());
      }
    }
  });
}

TEST_F(PSup, a_partition_that_is_restarted_keeps_its_keys) {
  in_process([] {
    const auto supervisor = start("psup_restart", 2);
    const Pid former = supervisor.at(1);
    exit(former, ExitReason::kill());
    EXPECT_TRUE(eventually([&] { return supervisor.at(1) && supervisor.at(1) != former; }));
    EXPECT_EQ(Shard(supervisor.at(1)).number(), 1);
    supervisor.stop();
  });
}

}  // namespace
}  // namespace otp::conformance
