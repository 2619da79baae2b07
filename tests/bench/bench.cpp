// otp-bench BENCH ARG...: one benchmark, one JSON line, in the shape of the peers' programs.
//
// Servers come from bench.otp through generated code; there is no private fast path. No benchmark,
// one that is unknown, or a variant that is not ours: exit status 2. The usage lists them all.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string>

#include <otp/report.h>
#include <otp/runtime.h>

#include "harness.h"

namespace {

using namespace otp_bench;

struct Silence final : otp::ReportSink {
  void write(const otp::Report&) noexcept override {}
  bool wants(otp::LogLevel) const noexcept override { return false; }
};

std::vector<Bench> all_benches() {
  std::vector<Bench> all;
  for (const auto& some :
       {call_benches(), server_benches(), message_benches(), timer_benches(), name_benches(),
        load_benches(), tcp_benches(), session_benches(), peak_benches()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

std::size_t most_arguments(const Bench& bench) {
  std::istringstream words(bench.arguments);
  return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(words), {}));
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + std::min(argc, 2), argv + argc);
  const std::vector<Bench> all = all_benches();
  const auto found = std::ranges::find_if(
      all, [&](const Bench& each) { return argc > 1 && std::string(each.name) == argv[1]; });
  if (found == all.end() || arguments.size() > most_arguments(*found)) {
    std::fprintf(stderr, "usage: otp-bench BENCH ARG...\n");
    for (const Bench& each : all) std::fprintf(stderr, "  %s %s\n", each.name, each.arguments);
    return 2;
  }
  otp::RuntimeOptions options;
  options.reports = std::make_shared<Silence>();
  if (const char* schedulers = std::getenv("OTP_SCHEDULERS"))
    options.schedulers = static_cast<unsigned>(std::atoi(schedulers));
  otp::Runtime runtime(options);
  the_runtime = &runtime;
  const otp::ExitReason reason = runtime.run([&] { found->run(arguments); });
  if (!reason.is_normal()) fail(to_string(reason).c_str());
  std::fflush(stdout);
  std::_Exit(0);  // a million servers need not be stopped one by one
}
