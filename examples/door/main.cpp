// Somebody opens the door, somebody guesses, somebody has the master key.
#include <cstdio>
#include <cstdlib>

#include <otp/receive.h>
#include <otp/runtime.h>

#include "door.otp.h"

namespace {

bool is_as_promised = true;

void expect(const char* what, const std::string& is, const std::string& wanted) {
  std::printf("%-44s %s\n", what, is.c_str());
  if (is == wanted) return;
  std::printf("  ...but it should be %s\n", wanted.c_str());
  is_as_promised = false;
}

void type(door::Door door, const char* digits) {
  for (; *digits != '\0'; ++digits) door.button(std::string(1, *digits));
}

void play() {
  const auto supervisor = door::DoorSup::start_link().value();
  const door::Door door{otp::Name("door")};
  expect("at first the door is", door.status(), "locked");

  type(door, "42");
  expect("after the code it is", door.status(), "open");
  type(door, "42");  // postponed until it is locked again
  door.shut();
  expect("shut, but somebody has typed meanwhile:", door.status(), "open");
  door.shut();
  expect("shut again it is", door.status(), "locked");

  for (int guess = 0; guess < 3; ++guess) type(door, "13");
  expect("three guesses later it is", door.status(), "alarm");
  door.reset("crowbar");
  expect("a crowbar does not help: it is", door.status(), "alarm");
  door.reset("master");
  expect("the master key does: it is", door.status(), "locked");
  type(door, "42");
  std::puts("(and open again; nobody shuts it, so it waits three seconds)");
  while (door.status() == "open") otp::sleep(std::chrono::milliseconds(50));
  expect("its time is up: it is", door.status(), "locked");

  const door::Lamp lamp(door::Street(otp::Name("street")));
  std::string lights;
  const std::vector<std::string> shown = lamp.shown().value();
  for (const std::string& each : shown) lights += (lights.empty() ? "" : " ") + each;
  expect("the street has seen", lights, "red green red green red blinking red green red");

  const otp::Ref end = door.monitor();
  door.dismantle();
  otp::receive(otp::on_if([&](const otp::Down& down) { return down.ref == end; },
                          [](const otp::Down& down) {
                            expect("a final state ends it:", to_string(down.reason), "normal");
                          }));
  supervisor.stop();
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  otp::Runtime runtime;
  const otp::ExitReason reason = runtime.run(play);
  return reason.is_normal() && is_as_promised ? EXIT_SUCCESS : EXIT_FAILURE;
}
