// What the SM cases share: a machine whose handlers are what the test says.
#pragma once

#include <otp/gen_statem.h>
#include <otp/sys.h>

#include <functional>

#include "proc_support.h"

namespace otp::conformance {

enum class Place { start, wait, connected };

/// Events and requests of the cases.
struct Go {
  Place to = Place::wait;
};
struct Ping {
  int n = 0;
};
struct Ask {
  using Reply = int;
  int n = 0;
};
struct Where {
  using Reply = Place;
};
/// What a machine tells its test.
struct Seen {
  std::string what;
};
struct GoOn {};

/// A machine whose handlers are what the test says.
class Scripted final : public Statem<Place> {
 public:
  struct Script {
    std::function<StatemInit<Place>()> init = [] { return start_in(Place::start); };
    std::function<Transition(const Event&, Place)> handle = [](const Event&, Place) {
      return keep_state();
    };
    bool enters = false;
    std::function<Transition(Place, Place)> enter = [](Place, Place) { return keep_state(); };
    std::function<void(const ExitReason&, Place)> terminate = [](const ExitReason&, Place) {};
  };
  explicit Scripted(Script script) : script_(std::move(script)) {}
  StatemInit<Place> init() override { return script_.init(); }
  Transition handle_event(const Event& event, const Place& state) override {
    if (event.as<Where>()) return keep_state().reply<Where>(event, state);
    if (const auto* go = event.as<Go>(); go != nullptr) return next_state(go->to);
    return script_.handle(event, state);
  }
  bool enters() const override { return script_.enters; }
  Transition enter(const Place& previous, const Place& state) override {
    return script_.enter(previous, state);
  }
  void terminate(const ExitReason& reason, const Place& state) override {
    script_.terminate(reason, state);
  }

 private:
  Script script_;
};
using Transition = StatemTransition<Place>;
using Script = Scripted::Script;

/// Sends events so that all are queued before any is handled: no time-out comes between them.
template <class... E>
void cast_together(const StatemRef& machine, E... events) {
  sys::suspend(machine);
  (machine.cast(std::move(events)), ...);
  sys::resume(machine);
}

class Sm : public Proc {
 protected:
  static StatemRef machine(Script script = {}, const StartOptions& options = {}) {
    return StatemRef::start<Scripted>(options, std::move(script)).value();
  }
  static void tell(Pid test, std::string what) { send(test, Seen{std::move(what)}); }
  static std::string seen() { return next<Seen>().what; }
  /// Everything the machine has told so far, after it has handled what it was sent.
  static std::string all_seen(const StatemRef& machine) {
    machine.call(Where{});
    std::string all;
    while (auto each = receive_value<Seen>(0s)) all += (all.empty() ? "" : " ") + each->what;
    return all;
  }
};

inline std::string name_of(const StatemEvent& event) {
  static const char* const names[] = {"call",    "cast",          "info",         "internal",
                                      "timeout", "state_timeout", "named_timeout"};
  return names[static_cast<int>(event.type())];
}

}  // namespace otp::conformance
