// The client: counts, breaks the counter, and carries on with its successor.
#include <cstdio>
#include <cstdlib>

#include <otp/receive.h>
#include <otp/runtime.h>

#include "counter.otp.h"

namespace {

void say(const char* text, std::int64_t value) {
  std::printf("%s %lld\n", text, static_cast<long long>(value));
}

/// Waits until a name is held by another process than the one that is gone.
otp::Pid successor_of(otp::Pid gone, otp::Name name) {
  for (;;) {
    if (const auto holder = otp::whereis(name); holder && *holder != gone) return *holder;
    otp::sleep(std::chrono::milliseconds(1));
  }
}

void play() {
  const auto supervisor = demo::CounterSup::start_link();
  const demo::Counter counter{
      otp::Name("counter")};  // a handle by name outlives the process behind it
  say("the counter starts at", counter.get());
  counter.inc();
  counter.inc(10);
  say("after two casts it is", counter.get());

  const otp::Pid first = counter.pid().value();
  const otp::Ref monitor = counter.monitor();
  std::puts("now it is broken on purpose...");
  counter.crash(3);
  otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == monitor; },
                          [](const otp::Down& down) {
                            std::printf("it ended: %s\n", to_string(down.reason).c_str());
                          }));
  const otp::Pid second = successor_of(first, "counter");
  std::printf("its supervisor has restarted it: %s was followed by %s\n", to_string(first).c_str(),
              to_string(second).c_str());
  say("the new counter is back at", counter.get());
  counter.inc(37);
  say("and the client carries on:", counter.get());
  supervisor->stop(otp::ExitReason::normal());
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  otp::Runtime runtime;
  const otp::ExitReason reason = runtime.run(play);
  return reason.is_normal() ? EXIT_SUCCESS : EXIT_FAILURE;
}
