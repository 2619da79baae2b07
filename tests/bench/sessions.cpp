// WhatsApp's published peak as a mix: messages in, twice as many out, and logins, all at once.
#include <atomic>

#include <otp/receive.h>

#include "harness.h"

namespace bench {
extern std::atomic<std::int64_t> delivered;
}

namespace otp_bench {
namespace {

constexpr std::int64_t residents = 100'000;  // who stay logged in, and are written to
constexpr std::int64_t visitors = 20'000;    // keys of those who come and go

void write_messages(const std::atomic<bool>& over, std::uint64_t seed,
                    std::atomic<std::int64_t>& count) {
  const auto sessions = bench::Sessions::open();
  Random random(seed);
  const auto somebody = [&] { return static_cast<std::int64_t>(random.below(residents)); };
  while (!over.load(std::memory_order_relaxed)) {
    for (int i = 0; i < 20; ++i) {
      const auto session = sessions.whereis(somebody());
      if (!session) fail("somebody is missing");
      session->route(somebody(), somebody(), "see you at eight");
      count.fetch_add(1, std::memory_order_relaxed);
    }
    otp::yield();  // no further ahead of the sessions than that
  }
}

/// Logs in one after the other; who came first goes.
void log_in(const std::atomic<bool>& over, std::int64_t first, std::atomic<std::int64_t>& count) {
  const auto sessions = bench::Sessions::open();
  std::vector<bench::Session> present(static_cast<std::size_t>(visitors),
                                      bench::Session(otp::Pid{}));
  for (std::int64_t turn = 0; !over.load(std::memory_order_relaxed); ++turn) {
    bench::Session& place = present[static_cast<std::size_t>(turn % visitors)];
    if (turn >= visitors) place.stop();
    const auto session = bench::Session::start({}, {.via = sessions.via(first + turn % visitors)});
    if (!session) fail("a login is refused");
    place = *session;
    count.fetch_add(1, std::memory_order_relaxed);
  }
}

void sessions(const Arguments& arguments) {
  const auto duration = std::chrono::seconds(number(arguments, 0, 5));
  const auto table = bench::Sessions::start_link().value();
  for (std::int64_t i = 0; i < residents; ++i) {
    if (!bench::Session::start({}, {.via = table.via(i)})) fail("a session does not start");
  }
  std::atomic<bool> over{false};
  std::atomic<std::int64_t> in{0};
  std::atomic<std::int64_t> logins{0};
  std::vector<otp::Ref> ends;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    ends.push_back(otp::spawn_monitor([&, i] { write_messages(over, i, in); }).second);
    ends.push_back(otp::spawn_monitor([&, i] {
                     log_in(over, residents + static_cast<std::int64_t>(i) * visitors, logins);
                   }).second);
  }
  const std::int64_t delivered_before = bench::delivered.load();
  const std::int64_t in_before = in.load();
  const std::int64_t logins_before = logins.load();
  const auto start = Clock::now();
  otp::sleep(duration);
  const std::int64_t out = bench::delivered.load() - delivered_before;
  const std::int64_t routed = in.load() - in_before;
  const std::int64_t logged_in = logins.load() - logins_before;
  const auto time = Clock::now() - start;
  over.store(true);
  for (const otp::Ref each : ends) {
    if (!otp::detail::await_down(each)->reason.is_normal()) fail("a driver crashed");
  }
  const double seconds = std::chrono::duration<double>(time).count();
  const auto each_second = [&](std::int64_t n) { return static_cast<double>(n) / seconds; };
  print("sessions", out, time,
        {{"in_per_s", each_second(routed)},
         {"out_per_s", each_second(out)},
         {"logins_per_s", each_second(logged_in)}});
}

}  // namespace

std::vector<Bench> session_benches() { return {{"sessions", 1, sessions}}; }

}  // namespace otp_bench
