// otp-bench BENCH ARG...: one benchmark, one JSON line, in the shape of the peers' programs.
//
// Servers come from bench.otp through generated code; there is no private fast path. Unknown
// benchmark, or a variant that is not ours: exit status 2.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

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

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv + std::min(argc, 2), argv + argc);
  const std::vector<Bench> all = all_benches();
  const auto found = std::ranges::find_if(
      all, [&](const Bench& each) { return argc > 1 && std::string(each.name) == argv[1]; });
  if (found == all.end() || arguments.size() > found->most_arguments) {
    std::fprintf(stderr, "usage: otp-bench BENCH ARG...\n");
    for (const Bench& each : all) std::fprintf(stderr, "  %s\n", each.name);
    return 2;
  }
  otp::RuntimeOptions options;
  options.reports = std::make_shared<Silence>();
  if (const char* schedulers = std::getenv("OTP_SCHEDULERS"))
    options.schedulers = static_cast<unsigned>(std::atoi(schedulers));
  otp::Runtime runtime(options);
  const otp::ExitReason reason = runtime.run([&] { found->run(arguments); });
  if (!reason.is_normal()) fail(to_string(reason).c_str());
  std::fflush(stdout);
  std::_Exit(0);  // a million servers need not be stopped one by one
}
