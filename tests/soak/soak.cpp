// otp-soak: every feature of the runtime under random load at once, with kills, for as long as is
// asked for. See README.md.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include <otp/gen_tcp.h>
#include <otp/global.h>
#include <otp/pg.h>
#include <otp/report.h>

#include "census.h"
#include "driver.h"

namespace otp_soak {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::int64_t seconds = 0;  ///< 0: as many cycles as are asked for
  std::int64_t cycles = 3;
  std::int64_t rounds = 20;  ///< of each driver in a cycle; only without seconds
  std::int64_t seed = 1;
  std::int64_t warm_up = 0;       ///< seconds; 0: a tenth of the time, at least `least_warm_up`
  std::int64_t report_every = 0;  ///< seconds; 0: never
  std::string_view only;          ///< this load alone; empty: all
};
Options options;

constexpr auto cycle_time = 5s;
constexpr auto rest_time = 3s;  // in which what is not needed is given back to the system
constexpr int rests = 60;       // in a run
constexpr auto least_warm_up = 30s;
constexpr double most_growth_percent = 2;
/// More than drivers need for their timers.
constexpr std::size_t most_timer_bytes = std::size_t{8} << 20U;

/// Who loads, for those who look on.
std::vector<std::unique_ptr<Driver>> drivers;
std::atomic<std::int64_t> cycle{0};
std::atomic<std::size_t> last_rest{0};  ///< bytes

struct Sample {
  double second;
  std::size_t bytes;
};
/// When nobody works.
std::vector<Sample> at_rest;

/// Counts reports; one that nothing explains ends the program.
class Reports final : public otp::ReportSink {
 public:
  void write(const otp::Report& report) noexcept override {
    if (const auto* crash = std::get_if<otp::CrashReport>(&report)) {
      totals.crashes.fetch_add(1, std::memory_order_relaxed);
      if (!is_explained(crash->reason) && !is_explained(crash->reason.cause()))
        lost("a crash: " + crash->server + ": " + to_string(crash->reason));
    } else if (const auto* ended = std::get_if<otp::SupervisorReport>(&report)) {
      if (ended->context == otp::SupervisorReport::Context::child_terminated)
        totals.restarts.fetch_add(1, std::memory_order_relaxed);
    } else if (const auto* warning = std::get_if<otp::WarningReport>(&report)) {
      if (warnings_.fetch_add(1) < most_warnings)
        std::fprintf(stderr, "otp-soak: warning: %s (%s)\n", warning->text.c_str(),
                     warning->server.c_str());
    }
  }

 private:
  static constexpr int most_warnings = 20;
  std::atomic<int> warnings_{0};
};

/// Looks at the program each second: how large it is, and whether every driver goes on.
class Onlooker {
 public:
  Onlooker() : thread_([this] { run(); }) {}
  ~Onlooker() { stop(); }
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;

  /// While drivers run they must go on.
  void watch(bool on) {
    const std::lock_guard lock(mutex_);
    watching_ = on;
    seen_.assign(drivers.size(), {});
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    condition_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  struct Seen {
    std::int64_t operations = -1;
    Clock::time_point since;
  };

  void run() {
    std::unique_lock lock(mutex_);
    for (std::int64_t second = 1; !over_; ++second) {
      if (condition_.wait_until(lock, start_ + std::chrono::seconds(second), [&] { return over_; }))
        break;
      if (watching_) look();
      if (options.report_every != 0 && second % options.report_every == 0) tell(second);
    }
  }
  void look() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      const std::int64_t operations = drivers[i]->operations();
      if (operations != seen_[i].operations)
        seen_[i] = {operations, now};
      else if (now - seen_[i].since > 2 * patience)
        drivers[i]->lost("stuck");
    }
  }
  static void tell(std::int64_t second) {
    std::int64_t operations = 0;
    for (const auto& each : drivers) operations += each->operations();
    std::fprintf(stderr,
                 "otp-soak: %lld s, cycle %lld, %lld operations, %lld kills, %.1f MiB resident "
                 "(%.1f at rest), %zu threads\n",
                 static_cast<long long>(second), static_cast<long long>(cycle.load()),
                 static_cast<long long>(operations), static_cast<long long>(totals.kills.load()),
                 static_cast<double>(resident_bytes()) / 1048576,
                 static_cast<double>(last_rest) / 1048576, threads());
  }

  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable condition_;
  bool over_ = false;
  bool watching_ = false;
  std::vector<Seen> seen_;
  std::thread thread_;
};

std::array<std::span<const Load>, 5> all_loads() {
  return {call_loads(), process_loads(), server_loads(), name_loads(), io_loads()};
}

void make_drivers() {
  int number = 0;
  for (const auto loads : all_loads()) {
    for (const Load& load : loads) {
      if (!options.only.empty() && options.only != load.name) continue;
      for (int i = 0; i < load.drivers; ++i, ++number) {
        drivers.push_back(std::make_unique<Driver>(
            load, number,
            static_cast<std::uint64_t>(options.seed) * 1000 + static_cast<std::uint64_t>(number)));
      }
    }
  }
}

/// What a driver does in a cycle. Nothing may be left in its mailbox.
void drive(Driver& driver, Clock::time_point end) {
  const auto goes_on = [&](std::int64_t rounds) {
    return options.seconds == 0 ? rounds < options.rounds : Clock::now() < end;
  };
  for (std::int64_t rounds = 0; goes_on(rounds); ++rounds) driver.load().round(driver);
  driver.does("end of a cycle");
  const auto me = otp::process_info(otp::self(), patience);
  if (me && me->message_queue_length != 0)
    driver.lost("a message too many: " + me->messages.front());
}

/// All drivers at once, beside a tree whose processes are killed.
void load(Onlooker& onlooker, Clock::time_point end) {
  const auto tree = soak::MortalTree::start_link();
  if (!tree) lost("the tree did not start: " + to_string(tree.error()));
  onlooker.watch(true);
  std::vector<otp::Ref> monitors;
  for (const auto& each : drivers) {
    monitors.push_back(
        otp::spawn_monitor([driver = each.get(), end] { drive(*driver, end); }).second);
  }
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == monitors[i]; },
                            [&](const otp::Down& down) {
                              if (!down.reason.is_normal())
                                drivers[i]->lost("it ended: " + to_string(down.reason));
                            }));
  }
  onlooker.watch(false);
  otp::set_schedulers_online(std::max(2U, std::thread::hardware_concurrency()));
  tree->stop();
}

/// Why it is not quiet; empty when nothing is left of what the drivers made.
std::string unrest(const Census& census, const std::optional<Census>& before) {
  for (const char* const name : mortal_names()) {
    if (otp::whereis(otp::Name(name))) return std::string("somebody holds the name ") + name;
  }
  for (const otp::Name name : contended_names()) {
    if (otp::whereis(name)) return "somebody holds the name " + std::string(name.text());
  }
  if (!otp::global::registered_names().empty()) return "somebody holds a global name";
  if (soak::Desks::open().count() != 0) return "somebody is in a unique registry";
  if (soak::Tags::open().count() != 0) return "somebody is in a duplicate registry";
  if (!otp::ProcessGroups<std::string>::open("soak_groups").which_groups().empty())
    return "somebody is in a group";
  if (timer_bytes() > most_timer_bytes) return std::to_string(timer_bytes()) + " bytes of timers";
  if (before && (census.processes > before->processes || census.descriptors > before->descriptors))
    return to_string(census) + ", and before " + to_string(*before);
  return {};
}

/// Waits until what the drivers made is gone.
Census settle(const std::optional<Census>& before) {
  const auto deadline = Clock::now() + patience;
  constexpr int looks = 20;  // without a comparison, as many in a row that are equal
  Census census = take_census();
  for (int equal = 0; equal < (before ? 1 : looks);) {
    const Census last = std::exchange(census, take_census());
    const std::string why = unrest(census, before);
    if (Clock::now() > deadline) lost("left behind: " + why + "\n" + describe_what_is_there());
    equal = why.empty() && last == census ? equal + 1 : 0;
    otp::sleep(10ms);
  }
  const std::int64_t requests = totals.requests.load();
  const std::int64_t told = totals.replies + totals.errors + totals.given_up;
  if (requests != told)
    lost(std::to_string(requests) + " requests, of which " + std::to_string(told) + " are settled");
  return census;
}

/// The process that everything is done for.
void soak_all(Onlooker& onlooker) {
  const auto start = Clock::now();
  const auto steady = soak::SteadySup::start_link();
  if (!steady) lost("the steady tree did not start: " + to_string(steady.error()));
  const auto groups = otp::ProcessGroups<std::string>::start_link({.name = "soak_groups"}).value();
  const auto listener = otp::gen_tcp::listen(0, {.ip = "127.0.0.1",
                                                 .active = otp::Active::off(),
                                                 .packet = otp::gen_tcp::Packet::length4,
                                                 .backlog = 128})
                            .value();
  echo_port = otp::gen_tcp::sockname(listener).value().port;
  for (int i = 0; i < 2; ++i)
    static_cast<void>(soak::Acceptor::start_link({.listener = otp::Opaque(listener)}).value());

  std::optional<Census> quiet;
  auto last = start;
  const auto over = [&] {
    return options.seconds == 0 ? cycle.load() > options.cycles
                                : Clock::now() - start >= std::chrono::seconds(options.seconds);
  };
  for (cycle = 1; !over(); ++cycle) {
    load(onlooker,
         std::min(Clock::now() + cycle_time, start + std::chrono::seconds(options.seconds)));
    quiet = settle(quiet);
    if (options.seconds != 0 &&
        Clock::now() - last >= std::chrono::seconds(options.seconds) / rests) {
      otp::sleep(rest_time);
      last = Clock::now();
      last_rest = resident_bytes();
      at_rest.push_back({std::chrono::duration<double>(last - start).count(), last_rest});
    }
  }
  --cycle;
}

double median(std::vector<std::size_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return static_cast<double>(*middle);
}

/// The resident size at rest in the first and the last quarter of the time after the warm-up: what
/// is kept, however busy the machine is with other things. None after a short run, and under a
/// sanitizer, which keeps what was freed.
struct Flatness {
  double first = 0;
  double last = 0;
  double percent() const { return first == 0 ? 0 : (last - first) / first * 100; }
};
std::optional<Flatness> flatness() {
  const double warm_up = options.warm_up != 0
                             ? static_cast<double>(options.warm_up)
                             : std::max(std::chrono::duration<double>(least_warm_up).count(),
                                        static_cast<double>(options.seconds) / 10);
  std::vector<std::size_t> sizes;
  for (const Sample& each : at_rest) {
    if (each.second > warm_up) sizes.push_back(each.bytes);
  }
  const auto quarter = static_cast<std::ptrdiff_t>(sizes.size() / 4);
  if (slowness != 1 || quarter < 5) return std::nullopt;
  return Flatness{.first = median({sizes.begin(), sizes.begin() + quarter}),
                  .last = median({sizes.end() - quarter, sizes.end()})};
}

void print(double seconds, const std::optional<Flatness>& flat) {
  std::printf("{\"seconds\":%.1f,\"seed\":%lld,\"cycles\":%lld,\"operations\":{", seconds,
              static_cast<long long>(options.seed), static_cast<long long>(cycle.load()));
  std::int64_t all = 0;
  for (std::size_t i = 0; i < drivers.size();) {
    const Load& load = drivers[i]->load();
    std::int64_t operations = 0;
    for (; i < drivers.size() && &drivers[i]->load() == &load; ++i)
      operations += drivers[i]->operations();
    std::printf("\"%s\":%lld,", load.name, static_cast<long long>(operations));
    all += operations;
  }
  std::printf("\"all\":%lld}", static_cast<long long>(all));
  const std::pair<const char*, const std::atomic<std::int64_t>&> counts[] = {
      {"requests", totals.requests}, {"replies", totals.replies}, {"errors", totals.errors},
      {"given_up", totals.given_up}, {"kills", totals.kills},     {"restarts", totals.restarts},
      {"crashes", totals.crashes}};
  for (const auto& [name, count] : counts)
    std::printf(",\"%s\":%lld", name, static_cast<long long>(count.load()));
  std::printf(",\"lost\":0");
  if (flat) {
    std::printf(",\"rss_first_mib\":%.2f,\"rss_last_mib\":%.2f,\"rss_percent\":%.2f",
                flat->first / 1048576, flat->last / 1048576, flat->percent());
  }
  std::printf("}\n");
}

[[noreturn]] void explain_usage() {
  std::fprintf(stderr,
               "usage: otp-soak [--seconds N [--warm-up N] | --cycles N --rounds N] [--seed S] "
               "[--report-every SECONDS] [--only LOAD]\nloads:");
  for (const auto loads : all_loads()) {
    for (const Load& load : loads) std::fprintf(stderr, " %s", load.name);
  }
  std::fprintf(stderr, "\n");
  std::exit(2);
}

void parse(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    std::int64_t* const into = option == "--seconds"        ? &options.seconds
                               : option == "--cycles"       ? &options.cycles
                               : option == "--rounds"       ? &options.rounds
                               : option == "--seed"         ? &options.seed
                               : option == "--warm-up"      ? &options.warm_up
                               : option == "--report-every" ? &options.report_every
                                                            : nullptr;
    if (option == "--only" && i + 1 != argc) {
      options.only = argv[i + 1];
      continue;
    }
    if (into == nullptr || i + 1 == argc) explain_usage();
    const std::string_view text = argv[i + 1];
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), *into);
    if (error != std::errc{} || rest != text.data() + text.size() || *into < 1) explain_usage();
  }
}

int run(int argc, char** argv) {
  parse(argc, argv);
  make_drivers();
  if (drivers.empty()) explain_usage();  // there is no such load
  const auto start = Clock::now();
  {
    otp::Runtime runtime({.reports = std::make_shared<Reports>()});
    the_runtime = &runtime;
    Onlooker onlooker;
    const otp::ExitReason reason = runtime.run([&] { soak_all(onlooker); });
    if (!reason.is_normal()) lost("a steady process ended: " + to_string(reason));
    onlooker.stop();
  }
  const auto flat = flatness();
  print(std::chrono::duration<double>(Clock::now() - start).count(), flat);
  if (flat && std::abs(flat->percent()) > most_growth_percent) {
    std::fprintf(stderr, "otp-soak: the resident size went from %.2f MiB to %.2f MiB (seed %lld)\n",
                 flat->first / 1048576, flat->last / 1048576, static_cast<long long>(options.seed));
    return 1;
  }
  return 0;
}

}  // namespace

void lost(const std::string& what) {
  std::fprintf(stderr, "otp-soak: lost: %s (seed %lld, cycle %lld)\n", what.c_str(),
               static_cast<long long>(options.seed), static_cast<long long>(cycle.load()));
  std::_Exit(1);
}

}  // namespace otp_soak

int main(int argc, char** argv) { return otp_soak::run(argc, argv); }
