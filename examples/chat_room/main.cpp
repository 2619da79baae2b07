// An evening in the kitchen.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <otp/receive.h>
#include <otp/runtime.h>

#include "chat.otp.h"

namespace {

bool is_as_promised = true;

void expect(const char* what, const std::vector<std::string>& is,
            const std::vector<std::string>& wanted) {
  std::printf("%s\n", what);
  for (const std::string& each : is) std::printf("    %s\n", each.c_str());
  if (is == wanted) return;
  std::puts("  ...but it should be:");
  for (const std::string& each : wanted) std::printf("    %s\n", each.c_str());
  is_as_promised = false;
}

chat::Member enter(const char* name, const char* room) {
  return chat::MemberSup(otp::Name("members")).start_child({.name = name, .room = room}).value();
}

/// By name: whoever it is now, also after a restart.
chat::Member member(const char* name) { return chat::Member{chat::Members::open().via(name)}; }

/// Says it, and returns when everybody has it: the second call comes after what one tells oneself.
void say(const char* name, const char* text) {
  member(name).say(text);
  member(name).read();
  member(name).read();
}

void play() {
  const auto supervisor = chat::ChatSup::start_link().value();
  enter("ann", "kitchen");
  enter("bob", "kitchen");
  enter("cid", "cellar");
  const auto second_ann = chat::MemberSup(otp::Name("members"))
                              .start_child({.name = "ann", .room = "cellar"});
  const auto* refused = second_ann ? nullptr : second_ann.error().error_as<chat::EnterError>();
  expect("a name is taken once:", {refused == nullptr ? "" : std::string(to_string(*refused))},
         {"name_taken"});

  say("ann", "dinner is ready");
  expect("bob has heard:", member("bob").read(), {"ann: dinner is ready"});
  expect("cid, in the cellar, has heard nothing:", member("cid").read(), {});

  const otp::Ref tripped = member("ann").monitor();
  member("ann").trip();
  otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == tripped; },
                          [](const otp::Down&) {}));
  while (!chat::Members::open().whereis("ann")) otp::sleep(std::chrono::milliseconds(1));
  say("ann", "I am fine");
  expect("ann has crashed, is back under her name, and talks; bob has heard:",
         member("bob").read(), {"ann has gone", "ann has come", "ann: I am fine"});

  const otp::Ref gone = member("bob").monitor();
  member("bob").leave();
  otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == gone; },
                          [](const otp::Down&) {}));
  expect("bob goes home, and ann hears that:", member("ann").read(), {"bob has gone"});
  supervisor.stop();
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  otp::Runtime runtime;
  const otp::ExitReason reason = runtime.run(play);
  if (!reason.is_normal()) std::printf("ended: %s\n", to_string(reason).c_str());
  return reason.is_normal() && is_as_promised ? EXIT_SUCCESS : EXIT_FAILURE;
}
