// PROC-001 to PROC-016: links, exit signals, reasons and the order of signals.
#include <atomic>

#include "proc_support.h"

namespace otp::conformance {
namespace {

using Links = std::vector<Pid>;

TEST_F(Proc, PROC_001_the_exit_of_a_linked_process_reaches_a_trapping_peer_once) {
  in_process([] {
    trap_exit(true);
    const Pid peer = spawn_link([] { exit(ExitReason("died")); });
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.pid, peer);
    EXPECT_EQ(exit.reason, ExitReason("died"));
    EXPECT_TRUE(mailbox_is_empty());
    EXPECT_EQ(process_info(self())->links, Links{});
  });
}

TEST_F(Proc,
       PROC_002_the_exit_of_a_linked_process_ends_a_peer_that_does_not_trap_with_the_same_reason) {
  in_process([] {
    const Pid main = self();
    const auto [peer, ref] = spawn_monitor([main] {
      send(main, spawn_link([] {
             next<std::string>();
             exit(ExitReason("died"));
           }));
      stay();
    });
    send(next<Pid>(), std::string("go"));
    EXPECT_EQ(down_of(ref).reason, ExitReason("died"));
  });
}

TEST_F(Proc, PROC_003_a_link_is_one_relation_that_either_side_can_end_and_renew) {
  in_process([] {
    const Pid main = self();
    const Pid peer = spawn_link([main] {
      for (;;) {
        const auto order = next<std::string>();
        order == "link" ? link(main) : unlink(main);
        send(main, order);
      }
    });
    const auto tell = [peer](const char* order) {
      send(peer, std::string(order));
      EXPECT_EQ(next<std::string>(), order);
    };
    EXPECT_EQ(process_info(peer)->links, Links{main});
    tell("unlink");
    EXPECT_EQ(process_info(peer)->links, Links{});
    EXPECT_EQ(process_info(main)->links, Links{});
    tell("link");
    tell("link");
    link(peer);
    EXPECT_EQ(process_info(peer)->links, Links{main});
    EXPECT_EQ(process_info(main)->links, Links{peer});
    tell("unlink");
    EXPECT_EQ(process_info(main)->links, Links{});
  });
}

TEST_F(Proc, PROC_003_both_sides_agree_on_their_link_however_they_unlink_and_link_at_once) {
  in_process([] {
    struct Partner {
      Pid pid;
    };
    struct Done {};
    const Pid test = self();
    const auto toggle = [test](unsigned seed) {
      trap_exit(true);
      const Pid other = next<Partner>().pid;
      for (int i = 0; i < 200; ++i) {
        seed = seed * 1664525U + 1013904223U;
        if ((seed >> 20) % 2 == 0) {
          link(other);
        } else {
          unlink(other);
        }
        if ((seed >> 24) % 4 == 0) yield();
      }
      send(test, Done{});
      stay();
    };
    for (unsigned round = 0; round < 50; ++round) {
      const Pid a = spawn([=] { toggle(2 * round); });
      const Pid b = spawn([=] { toggle(2 * round + 1); });
      send(a, Partner{b});
      send(b, Partner{a});
      next<Done>();
      next<Done>();
      // An answer to the second question comes after what the first made the other send.
      for (const Pid each : {a, b, a, b}) ASSERT_TRUE(process_info(each).has_value());
      const auto links = [](Pid pid) { return process_info(pid)->links.size(); };
      ASSERT_EQ(links(a), links(b)) << "round " << round;
      ASSERT_LE(links(a), 1U);
      for (const Pid each : {a, b}) exit(each, ExitReason::kill());
    }
  });
}

TEST_F(Proc, PROC_004_linking_to_oneself_does_nothing) {
  in_process([] {
    link(self());
    EXPECT_EQ(process_info(self())->links, Links{});
    unlink(self());
    EXPECT_EQ(process_info(self())->links, Links{});
  });
}

TEST_F(Proc, PROC_005_a_normal_exit_leaves_a_linked_peer_alone) {
  in_process([] {
    const Pid main = self();
    const Pid helper = spawn_link([main] { send(main, 42); });
    EXPECT_EQ(next<int>(), 42);
    end_of(helper);
    EXPECT_TRUE(eventually([] { return process_info(self())->links.empty(); }));
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_006_a_trapping_peer_sees_a_normal_exit) {
  in_process([] {
    trap_exit(true);
    const Pid peer = spawn_link([] { exit(ExitReason::normal()); });
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.pid, peer);
    EXPECT_EQ(exit.reason, ExitReason::normal());
  });
}

TEST_F(Proc, PROC_007_a_normal_exit_signal_does_nothing_to_a_process_that_does_not_trap) {
  in_process([] {
    trap_exit(true);
    const Pid peer = spawn_link(&stay);
    exit(peer, ExitReason::normal());
    // It answers after it has seen the signal.
    EXPECT_TRUE(process_info(peer).has_value());
    EXPECT_TRUE(is_alive(peer));
    EXPECT_TRUE(mailbox_is_empty());
    exit(peer, ExitReason("abnormal"));
    EXPECT_EQ(next<Exit>().reason, ExitReason("abnormal"));
  });
}

TEST_F(Proc, PROC_008_a_normal_exit_signal_to_oneself_ends_the_caller) {
  in_process([] {
    trap_exit(true);
    const Pid main = self();
    const Pid peer = spawn_link([main] {
      exit(self(), ExitReason::normal());
      send(main, std::string("went on"));
    });
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.pid, peer);
    EXPECT_EQ(exit.reason, ExitReason::normal());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_009_an_exit_signal_to_oneself_carries_its_reason_unchanged) {
  in_process([] {
    trap_exit(true);
    const ExitReason reason =
        ExitReason(std::string(1000, 'x')).with_payload(std::vector<int>{1, 2, 3});
    spawn_link([reason] { exit(self(), reason); });
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.reason, reason);
    ASSERT_NE(exit.reason.payload<std::vector<int>>(), nullptr);
    EXPECT_EQ(*exit.reason.payload<std::vector<int>>(), (std::vector<int>{1, 2, 3}));
  });
}

TEST_F(Proc, PROC_010_an_exit_signal_to_oneself_becomes_a_message_when_trapped) {
  in_process([] {
    trap_exit(true);
    exit(self(), ExitReason("mine"));
    const Exit exit = next<Exit>();
    EXPECT_EQ(exit.pid, self());
    EXPECT_EQ(exit.reason, ExitReason("mine"));
  });
}

TEST_F(Proc, PROC_011_kill_cannot_be_trapped_and_is_seen_as_killed) {
  in_process([] {
    trap_exit(true);
    const Pid main = self();
    const Pid victim = spawn_link([main] {
      trap_exit(true);
      send(main, std::string("trapping"));
      receive(on([main](const Exit&) { send(main, std::string("cleaned up")); }));
    });
    next<std::string>();
    const Ref ref = monitor(victim);
    exit(victim, ExitReason::kill());
    EXPECT_EQ(down_of(ref).reason, ExitReason::killed());
    EXPECT_EQ(next<Exit>().reason, ExitReason::killed());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

/// A chain of linked processes below the caller; the last one tells its pid.
void grow_chain(int more, Pid main) {
  if (more == 0)
    send(main, self());
  else
    spawn_link([=] { grow_chain(more - 1, main); });
  stay();
}

TEST_F(Proc, PROC_012_killed_travels_along_links_as_an_ordinary_reason) {
  in_process([] {
    trap_exit(true);
    const Pid main = self();
    for (const int length : {1, 2, 9, 10}) {
      const Pid first = spawn_link([=] { grow_chain(length - 1, main); });
      exit(next<Pid>(), ExitReason::kill());
      const Exit exit = next<Exit>();
      EXPECT_EQ(exit.pid, first);
      EXPECT_EQ(exit.reason, ExitReason::killed()) << length;
    }
  });
}

TEST_F(Proc, PROC_013_only_the_first_of_two_exit_signals_counts) {
  in_process([] {
    std::atomic<bool> busy = false;
    std::atomic<bool> sent = false;
    const auto [victim, ref] = spawn_monitor([&] {
      busy = true;
      while (!sent) {
      }
      stay();
    });
    while (!busy) yield();
    exit(victim, ExitReason("first"));
    exit(victim, ExitReason("second"));
    sent = true;
    EXPECT_EQ(down_of(ref).reason, ExitReason("first"));
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_014_large_exit_reasons_arrive_intact) {
  in_process([] {
    const ExitReason large(std::string(128 * 1024, 'r'));
    for (int round = 0; round < 10; ++round) {
      EXPECT_EQ(down_of(spawn_monitor([&] { exit(large); }).second).reason, large);
      const auto [victim, ref] = spawn_monitor(&stay);
      exit(victim, large);
      EXPECT_EQ(down_of(ref).reason, large);
    }
  });
}

struct May {};
struct MustNot {};

TEST_F(Proc, PROC_015_messages_and_exit_signals_of_one_sender_keep_their_order) {
  in_process([] {
    for (int round = 0; round < 1000; ++round) {
      const auto [receiver, ref] = spawn_monitor([] {
        for (;;) receive(on([](May) {}), on([](MustNot) { exit(ExitReason("bad_order")); }));
      });
      for (int i = 0; i < 3; ++i) send(receiver, May{});
      exit(receiver, ExitReason("ok_order"));
      for (int i = 0; i < 3; ++i) send(receiver, MustNot{});
      ASSERT_EQ(down_of(ref).reason, ExitReason("ok_order"));
    }
  });
}

TEST_F(Proc, PROC_016_what_a_process_sent_arrives_before_its_down) {
  in_process([] {
    const Pid main = self();
    for (int round = 0; round < 1000; ++round) {
      spawn_monitor([main] {
        send(main, 1);
        send(main, 2);
      });
      std::vector<int> order;
      while (order.size() < 3)
        receive(on([&](int n) { order.push_back(n); }),
                on([&](const Down&) { order.push_back(3); }));
      ASSERT_EQ(order, (std::vector<int>{1, 2, 3}));
    }
  });
}

}  // namespace
}  // namespace otp::conformance
