// WhatsApp's published peak as a mix: messages in, twice as many out, and logins, all at once.
//
// Messages and logins are offered at a pace, and who is late catches up. Everybody logs in and out:
// each login lets the longest present one go. With `sessions_max` the pace is what the machine
// bears, in the same proportions.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include <otp/receive.h>

#include "harness.h"
#include "traffic.h"

namespace otp_bench {
namespace {

constexpr std::int64_t drivers = 2;            // who write, and as many who log in
constexpr std::int64_t messages_at_once = 20;  // then others run
constexpr std::int64_t one_measured_in = 31;
/// How far all may be ahead of the slowest, in seconds of the wanted pace: what waits in mailboxes.
constexpr double most_ahead = 0.02;

struct Rates {
  double in;
  double out;
  double logins;
};

/// What has been done, and how much of it is due by now.
class Pace {
 public:
  Pace(const Rates& rates, bool flat_out) : rates_(rates), flat_out_(flat_out) {}

  Rates done() const {
    return {.in = static_cast<double>(in.load(std::memory_order_relaxed)),
            .out = static_cast<double>(traffic().delivered.load(std::memory_order_relaxed)),
            .logins = static_cast<double>(logins.load(std::memory_order_relaxed))};
  }
  /// In seconds of the wanted pace.
  double reached() const {
    const Rates n = done();
    return std::min({n.in / rates_.in, n.out / rates_.out, n.logins / rates_.logins});
  }
  double due() const {
    if (flat_out_) return reached() + most_ahead;
    return std::min(seconds_since_start(), reached() + most_ahead);
  }
  double seconds_since_start() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  /// Until more is due.
  static void wait() { otp::sleep(std::chrono::milliseconds(1)); }
  bool over() const { return over_.load(std::memory_order_relaxed); }
  void end() { over_.store(true); }
  const Rates& rates() const { return rates_; }

  alignas(64) std::atomic<std::int64_t> in{0};
  alignas(64) std::atomic<std::int64_t> logins{0};

 private:
  alignas(64) const Rates rates_;
  const bool flat_out_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<bool> over_{false};
};

/// Logs in one after the other.
class Door {
 public:
  Door(std::int64_t index, std::int64_t room) : index_(index), room_(room) {}

  void log_in() {
    const std::int64_t turn = turn_.load(std::memory_order_relaxed);
    bench::Session& place = present_[static_cast<std::size_t>(turn % room_)];
    if (turn >= room_) place.log_out();
    const auto session = bench::Session::start({}, {.via = sessions_.via(key(turn))});
    if (!session) fail("a login is refused");
    place = *session;
    turn_.store(turn + 1, std::memory_order_release);
  }
  void fill() {
    while (turn_.load() < room_) log_in();
  }
  /// The key of one who is present, and stays for a while. Any thread.
  std::int64_t somebody(Random& random) const {
    const auto lasting = static_cast<std::uint64_t>(room_ - room_ / 10);
    return key(turn_.load(std::memory_order_acquire) - 1 -
               static_cast<std::int64_t>(random.below(lasting)));
  }

 private:
  /// Each login has another, as far from the one before as telephone numbers are.
  std::int64_t key(std::int64_t turn) const {
    const auto number = static_cast<std::uint64_t>(turn * drivers + index_);
    return static_cast<std::int64_t>(number * 0x9E37'79B9'7F4A'7C15U >> 1U);
  }

  const bench::Sessions sessions_ = bench::Sessions::open();
  const std::int64_t index_;
  const std::int64_t room_;
  std::vector<bench::Session> present_ =
      std::vector<bench::Session>(static_cast<std::size_t>(room_), bench::Session(otp::Pid{}));
  alignas(64) std::atomic<std::int64_t> turn_{0};
};
using Doors = std::vector<std::unique_ptr<Door>>;

/// A driver's share of the messages; `late`: by how much each measured one was.
void write_messages(Pace& pace, const Doors& doors, std::uint64_t seed,
                    std::vector<std::int64_t>& late) {
  const auto sessions = bench::Sessions::open();
  Random random(seed);
  const auto somebody = [&] { return doors[random.below(drivers)]->somebody(random); };
  const double rate = pace.rates().in / static_cast<double>(drivers);
  const double to_a_third = pace.rates().out / pace.rates().in - 2;
  double thirds = 0;
  std::int64_t written = 0;
  const auto write = [&] {
    auto session = sessions.whereis(somebody());
    // Whoever is chosen may leave while this thread stands still.
    for (int tries = 0; !session; session = sessions.whereis(somebody())) {
      if (++tries == 1000) fail("who was to write is missing");
    }
    const std::int64_t first = somebody();
    const std::int64_t second = somebody();
    std::optional<std::int64_t> third;
    if (thirds += to_a_third; thirds >= 1) {
      thirds -= 1;
      third = somebody();
    }
    std::optional<std::int64_t> sent;
    if (written % one_measured_in == 0) {
      const double due = static_cast<double>(written) / rate;
      late.push_back(static_cast<std::int64_t>((pace.seconds_since_start() - due) * 1e9));
      sent = now_ns();
    }
    session->route(first, second, "see you at eight", sent, third);
    ++written;
  };
  while (!pace.over()) {
    const double due = pace.due() * rate - static_cast<double>(written);
    const auto count = std::min(static_cast<std::int64_t>(due), messages_at_once);
    for (std::int64_t i = 0; i < count; ++i) write();
    pace.in.fetch_add(std::max<std::int64_t>(count, 0), std::memory_order_relaxed);
    if (count == messages_at_once) {
      otp::yield();  // no further ahead of the sessions than that
    } else {
      Pace::wait();
    }
  }
}

void log_in(Pace& pace, Door& door) {
  const double rate = pace.rates().logins / static_cast<double>(drivers);
  for (std::int64_t done = 0; !pace.over();) {
    if (static_cast<double>(done + 1) > pace.due() * rate) {
      Pace::wait();
      continue;
    }
    door.log_in();
    ++done;
    pace.logins.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Everything while it runs: the lowest share of the wanted pace that any second reached of
/// anything.
double watch(const Pace& pace, std::chrono::seconds duration) {
  double worst = 1e9;
  Rates before = pace.done();
  double then = pace.seconds_since_start();
  for (std::int64_t i = 0; i < duration.count(); ++i) {
    otp::sleep(std::chrono::seconds(1));
    const Rates n = pace.done();
    const double now = pace.seconds_since_start();
    const Rates wanted = pace.rates();
    worst = std::min({worst, (n.in - before.in) / (now - then) / wanted.in,
                      (n.out - before.out) / (now - then) / wanted.out,
                      (n.logins - before.logins) / (now - then) / wanted.logins});
    before = n;
    then = now;
  }
  return worst;
}

void drive(const Arguments& arguments, bool flat_out) {
  const auto duration = std::chrono::seconds(number(arguments, 0, 10));
  const long alive = number(arguments, 1, 100'000);
  const Rates rates{.in = static_cast<double>(number(arguments, 2, 342'000)),
                    .out = static_cast<double>(number(arguments, 3, 712'000)),
                    .logins = static_cast<double>(number(arguments, 4, 230'000))};
  if (rates.out < 2 * rates.in || rates.out > 3 * rates.in)
    fail("a message has two or three readers");
  if (alive < 10 * drivers) fail("too few sessions");
  const auto table = bench::Sessions::start_link().value();
  Doors doors;
  for (std::int64_t i = 0; i < drivers; ++i)
    doors.push_back(std::make_unique<Door>(i, alive / drivers));
  parallel(drivers, [&](long i) { doors[static_cast<std::size_t>(i)]->fill(); });
  traffic().times.resize(static_cast<std::size_t>(duration.count()) * 100'000);

  Pace pace(rates, flat_out);
  std::vector<std::vector<std::int64_t>> late(static_cast<std::size_t>(drivers));
  std::vector<otp::Ref> ends;
  for (std::int64_t i = 0; i < drivers; ++i) {
    const auto index = static_cast<std::size_t>(i);
    ends.push_back(otp::spawn_monitor([&, index] {
                     write_messages(pace, doors, index + 1, late[index]);
                   }).second);
    ends.push_back(otp::spawn_monitor([&, index] { log_in(pace, *doors[index]); }).second);
  }
  const std::int64_t cpu_before = cpu_us();
  const auto start = Clock::now();
  const double worst_second = watch(pace, duration);
  const auto time = Clock::now() - start;
  const std::int64_t cpu = cpu_us() - cpu_before;
  const Rates n = pace.done();
  pace.end();
  for (const otp::Ref each : ends) {
    if (!otp::detail::await_down(each)->reason.is_normal()) fail("a driver crashed");
  }

  const double seconds = std::chrono::duration<double>(time).count();
  const double share =
      std::min({n.in / rates.in, n.out / rates.out, n.logins / rates.logins}) / seconds;
  Extra extra{{"alive", static_cast<double>(alive)},
              {"in_per_s", n.in / seconds},
              {"out_per_s", n.out / seconds},
              {"logins_per_s", n.logins / seconds},
              {"of_the_pace", share},
              {"worst_second_of_the_pace", worst_second},
              {"held", share >= 0.999 ? 1.0 : 0.0},
              {"missed", static_cast<double>(traffic().missed.load())},
              {"cores_used", static_cast<double>(cpu) / 1e6 / seconds}};
  std::vector<std::int64_t> times = traffic().take_times();
  add_percentiles(extra, times, "route_");
  if (!flat_out) {
    std::vector<std::int64_t> all_late;
    for (const auto& each : late) all_late.insert(all_late.end(), each.begin(), each.end());
    add_percentiles(extra, all_late, "late_");
  }
  print(flat_out ? "sessions_max" : "sessions", static_cast<long>(n.out), time, extra);
}

}  // namespace

std::vector<Bench> session_benches() {
  constexpr auto words = "[SECONDS [ALIVE [IN OUT LOGINS]]]";
  return {{"sessions", words, [](const Arguments& arguments) { drive(arguments, false); }},
          {"sessions_max", words, [](const Arguments& arguments) { drive(arguments, true); }}};
}

}  // namespace otp_bench
