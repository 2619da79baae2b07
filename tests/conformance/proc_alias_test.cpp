// PROC-030 to PROC-034 and PROC-052: tags of monitors, aliases, priority messages.
#include <otp/alias.h>

#include "proc_support.h"

namespace otp::conformance {
namespace {

struct GoOn {};
struct Quit {
  ExitReason reason;
};

/// Sends every number it is told to through the alias it is told, and ends when told to.
struct Through {
  Alias alias;
  int value;
};
Pid spawn_sender() {
  return spawn([] {
    for (;;) {
      receive(on([](const Through& job) { send(job.alias, job.value); }),
              on([](const Quit& quit) { exit(quit.reason); }));
    }
  });
}
void send_via(Pid sender, const Alias& alias, std::initializer_list<int> values) {
  for (const int value : values) send(sender, Through{alias, value});
}

/// The numbers in the caller's mailbox up to the end of `sender`, which it is told to bring about.
std::vector<int> received_until_end(Pid sender, Ref monitor,
                                    const ExitReason& reason = ExitReason::normal()) {
  send(sender, Quit{reason});
  const Down down = down_of(monitor);
  EXPECT_EQ(down.reason, reason);
  std::vector<int> values;
  while (const auto value = receive_value<int>(0s)) values.push_back(*value);
  return values;
}

TEST_F(Proc, PROC_030_a_monitor_carries_a_tag_of_its_makers) {
  in_process([] {
    const Pid worker = spawn_sender();
    const Ref first = monitor(worker, {.tag = "T"});
    send(worker, Quit{ExitReason("R")});
    const Down down = down_of(first);
    EXPECT_EQ(down.tag, "T");
    EXPECT_EQ(down.pid, worker);
    EXPECT_EQ(down.reason, ExitReason("R"));
    const Down late = down_of(monitor(worker, {.tag = "T"}));
    EXPECT_EQ(late.tag, "T");
    EXPECT_EQ(late.reason, ExitReason::noproc());
  });
}

TEST_F(Proc, PROC_031_an_alias_delivers_until_it_is_turned_off) {
  in_process([] {
    const Pid sender = spawn_sender();
    const Ref watch = monitor(sender);
    const Alias here = alias();
    send_via(sender, here, {1, 2});
    EXPECT_EQ(next<int>(), 1);
    EXPECT_EQ(next<int>(), 2);
    EXPECT_TRUE(unalias(here));
    EXPECT_FALSE(unalias(here));
    send_via(sender, here, {3, 4});
    EXPECT_TRUE(received_until_end(sender, watch).empty());
    EXPECT_TRUE(mailbox_is_empty());
  });
}

TEST_F(Proc, PROC_032_a_reply_alias_delivers_once) {
  in_process([] {
    const Pid sender = spawn_sender();
    const Ref watch = monitor(sender);
    send_via(sender, alias({.reply = true}), {1, 2, 3, 4});
    EXPECT_EQ(received_until_end(sender, watch), std::vector<int>{1});
  });
}

TEST_F(Proc, PROC_033_the_alias_of_a_monitor_ends_with_it) {
  in_process([] {
    const Pid first = spawn_sender();
    const Ref watch = monitor(first);
    const Ref stopped = monitor(first, {.alias = AliasMode::demonitor});
    send_via(first, alias_of(stopped), {1, 2});
    EXPECT_EQ(next<int>(), 1);
    EXPECT_EQ(next<int>(), 2);
    EXPECT_TRUE(demonitor(stopped));
    send_via(first, alias_of(stopped), {3});
    EXPECT_TRUE(received_until_end(first, watch).empty());

    const Pid second = spawn_sender();
    const Ref fired = monitor(second, {.alias = AliasMode::demonitor});
    send_via(second, alias_of(fired), {1, 2});
    EXPECT_EQ(received_until_end(second, fired), (std::vector<int>{1, 2}));
    const Pid third = spawn_sender();
    const Ref watch_third = monitor(third);
    send_via(third, alias_of(fired), {3});
    EXPECT_TRUE(received_until_end(third, watch_third).empty());
  });
}

TEST_F(Proc, PROC_033_the_reply_through_the_alias_of_a_monitor_may_end_both) {
  in_process([] {
    const Pid sender = spawn_sender();
    const Ref watch = monitor(sender);
    const Ref request = monitor(sender, {.alias = AliasMode::reply_demonitor});
    send_via(sender, alias_of(request), {1, 2});
    EXPECT_EQ(received_until_end(sender, watch), std::vector<int>{1});
    EXPECT_FALSE(demonitor(request));
    EXPECT_TRUE(mailbox_is_empty());  // no DOWN of the monitor that the reply has ended
  });
}

TEST_F(Proc, PROC_034_an_explicit_alias_outlives_its_monitor) {
  in_process([] {
    for (const bool stop : {false, true}) {
      const Pid target = spawn_sender();
      const Ref watch = monitor(target, {.alias = AliasMode::explicit_unalias});
      if (stop) {
        EXPECT_TRUE(demonitor(watch));
        exit(target, ExitReason("bye"));
      } else {
        exit(target, ExitReason("bye"));
        EXPECT_EQ(down_of(watch).reason, ExitReason("bye"));
      }
      const Pid other = spawn_sender();
      const Ref watch_other = monitor(other);
      send_via(other, alias_of(watch), {7});
      EXPECT_EQ(next<int>(), 7);
      EXPECT_TRUE(unalias(alias_of(watch)));
      send_via(other, alias_of(watch), {8});
      EXPECT_TRUE(received_until_end(other, watch_other).empty());
    }
  });
}

/// What a receiver that traps exits has got, in order: "1" and "2" are plain values, "!" stands
/// before what came with priority.
std::string drained() {
  std::string seen;
  bool more = true;
  while (more) {
    receive(on([&](int value) { seen += std::to_string(value) + " "; }),
            on([&](const Exit& exit) { seen += to_string(exit.reason) + " "; }),
            on([&](const Down& down) { seen += "down:" + down.tag + " "; }),
            after(0s, [&] { more = false; }));
  }
  return seen;
}

TEST_F(Proc, PROC_052_priority_messages_overtake_ordinary_ones_and_keep_their_order) {
  in_process([] {
    trap_exit(true);
    const Alias urgent = alias({.priority = true});
    const Alias plain = alias();
    const Pid me = self();
    const Pid watched = spawn([] { receive_value<GoOn>(); });
    const Pid linked = spawn([] {
      receive_value<GoOn>();
      exit(ExitReason("linked"));
    });
    const Pid watched_too = spawn([] { receive_value<GoOn>(); });
    const Ref watch = monitor(watched, {.priority = true, .tag = "urgent"});
    link(linked, {.priority = true});
    monitor(watched_too, {.tag = "plain"});
    // One sender, so that the order of its signals is known; the three ends come after each other.
    const auto [sender, sent] = spawn_monitor([=] {
      const auto end = [](Pid pid) {
        const Ref ref = monitor(pid);
        send(pid, GoOn{});
        down_of(ref);
      };
      send(me, 1);
      send(urgent, 101, {.priority = true});
      exit(me, ExitReason("plain_exit"));
      end(watched_too);
      exit(urgent, ExitReason("urgent_exit"), {.priority = true});
      send(urgent, 2);                     // a priority alias, no priority asked for
      send(plain, 3, {.priority = true});  // asked for, but not granted
      end(watched);
      end(linked);
      send(urgent, 102, {.priority = true});
    });
    // Its DOWN is ordinary, and so behind all: it is left in the mailbox until the rest is there.
    ASSERT_TRUE(eventually([&] { return process_info(me)->message_queue_length == 11; }));
    EXPECT_EQ(drained(),
              "101 urgent_exit down:urgent linked 102 1 plain_exit down:plain 2 3 down: ");
    static_cast<void>(watch);
    static_cast<void>(sent);
    static_cast<void>(sender);
  });
}

TEST_F(Proc, PROC_052_a_waiting_receive_sees_a_priority_message_that_goes_before_what_it_has_read) {
  in_process([] {
    const Alias urgent = alias({.priority = true});
    const Pid me = self();
    spawn([=] {
      send(me, 1);
      eventually([me] { return process_info(me)->message_queue_length == 1; });
      send(urgent, std::string("now"), {.priority = true});
    });
    EXPECT_EQ(next<std::string>(), "now");
    EXPECT_EQ(next<int>(), 1);
  });
}

}  // namespace
}  // namespace otp::conformance
