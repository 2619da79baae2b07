#include "driver.h"

#include <cstdio>
#include <cstdlib>

#include <otp/process.h>

namespace otp_soak {

Totals totals;
otp::Runtime* the_runtime = nullptr;
std::uint16_t echo_port = 0;

bool is_explained(const otp::ExitReason& reason) {
  using Kind = otp::ExitReason::Kind;
  switch (reason.kind()) {
    case Kind::noproc:
    case Kind::killed:
    case Kind::shutdown:
    case Kind::normal:
      return true;
    case Kind::custom:
      return reason.text() == "soak";
    case Kind::error:  // HowToEnd::thrown and foreign
      return reason.text() == "soak" || reason.origin() == "int";
    default:
      return false;
  }
}

void Driver::lost(const std::string& what) const {
  otp_soak::lost(std::string(load_.name) + "/" + std::to_string(number_) + " in `" + doing() +
                 "`: " + what);
}

void Driver::tell(const otp::CallError& error, bool limited) const {
  const bool late = limited && error.reason.kind() == otp::ExitReason::Kind::timeout;
  if (!late && !is_explained(error.reason)) lost("not explained: " + otp::to_string(error));
  totals.errors.fetch_add(1, std::memory_order_relaxed);
}

void Driver::eventually(const char* what, const std::function<bool()>& holds) {
  const auto deadline = otp::monotonic_time() + patience;
  while (!holds()) {
    if (otp::monotonic_time() > deadline) lost(std::string("never: ") + what);
    otp::sleep(1ms);
  }
}

void Driver::kill(otp::Pid target) {
  totals.kills.fetch_add(1, std::memory_order_relaxed);
  switch (below(3)) {
    case 0:
      return otp::exit(target, otp::ExitReason("soak"));
    case 1:
      return otp::exit(target, otp::ExitReason::shutdown());
    default:
      return otp::exit(target, otp::ExitReason::kill());
  }
}

soak::HowToEnd Driver::some_end() {
  totals.kills.fetch_add(1, std::memory_order_relaxed);
  return static_cast<soak::HowToEnd>(below(6));
}

otp::Down Driver::down(const char* what, otp::Ref monitor) {
  does(what);
  std::optional<otp::Down> got;
  otp::receive(otp::on_if([&](const otp::Down& each) { return each.ref == monitor; },
                          [&](otp::Down each) { got.emplace(std::move(each)); }),
               otp::after(patience, [] {}));
  if (!got) lost("no Down");
  return *std::move(got);
}

otp::Exit Driver::exit_of(const char* what, otp::Pid pid) {
  does(what);
  std::optional<otp::Exit> got;
  otp::receive(otp::on_if([&](const otp::Exit& each) { return each.pid == pid; },
                          [&](otp::Exit each) { got.emplace(std::move(each)); }),
               otp::after(patience, [] {}));
  if (!got) lost("no Exit");
  return *std::move(got);
}

soak::Sink sink(std::size_t index) {
  static const std::array<otp::Name, sinks> names{"soak_sink_0", "soak_sink_1", "soak_sink_2",
                                                  "soak_sink_3"};
  return soak::Sink(names[index]);
}

std::span<const char* const> mortal_names() {
  static constexpr std::array names{"soak_ofo_1", "soak_ofo_2", "soak_ofo_3",
                                    "soak_ofa_1", "soak_ofa_2", "soak_ofa_3",
                                    "soak_rfo_1", "soak_rfo_2", "soak_rfo_3"};
  return names;
}

std::span<const otp::Name> contended_names() {
  static const std::array<otp::Name, 4> names{"soak_name_0", "soak_name_1", "soak_name_2",
                                              "soak_name_3"};
  return names;
}

std::string some_text(Random& random, std::uint64_t most) {
  return std::string(random.below(most + 1), static_cast<char>('a' + random.below(26)));
}

otp::Pid sleeper() {
  return otp::spawn([] { otp::sleep(otp::infinity); });
}

}  // namespace otp_soak
