// What the door does in each of its states.
#include <memory>

#include "door.otp.h"

namespace door {
namespace {

void show(const std::string& colour) { Street{otp::Name("street")}.light(colour); }

class DoorImpl final : public DoorServer {
 public:
  Begin init(DoorArgs args) override {
    code_ = args.code;
    show("red");
    return begin();
  }

  // ---- locked ----
  Transition<State::open, State::alarm> locked_button(std::string digit) override {
    data.typed += digit;
    if (data.typed.size() < code_.size())
      return keep_state().named_timeout("forget", std::chrono::seconds(3));
    const bool right = std::exchange(data.typed, {}) == code_;
    if (right) {
      data.wrong = 0;
      return to_open().cancel_timeout("forget");
    }
    if (++data.wrong == 3) return to_alarm();
    return keep_state();
  }
  Transition<> locked_timeout_forget() override {
    data.typed.clear();
    return keep_state();
  }

  // ---- open ----
  Stay open_enter(State) override {
    show("green");
    return keep_state();
  }
  Transition<State::locked> open_shut() override {
    show("red");
    return to_locked();
  }
  Transition<State::locked> open_state_timeout() override {
    show("red");
    return to_locked();
  }

  // ---- alarm ----
  Stay alarm_enter(State) override {
    show("blinking");
    return keep_state();
  }
  Transition<State::locked> alarm_reset(std::string key, otp::From<bool> from) override {
    if (key != "master") return keep_state().reply(from, false);
    data.wrong = 0;
    show("red");
    return to_locked().reply(from, true);
  }

  // ---- wherever it is ----
  Transition<> any_status(otp::From<std::string> from) override {
    return keep_state().reply(from, std::string(to_string(state())));
  }
  Transition<State::gone> any_dismantle() override { return to_gone(); }

 private:
  std::string code_;
};

class LampImpl final : public LampHandler {
 public:
  std::expected<void, otp::ExitReason> init(LampArgs) override { return {}; }
  otp::Handled light(std::string colour) override {
    shown_.push_back(std::move(colour));
    return {};
  }
  otp::HandledRequest<std::vector<std::string>> shown() override { return shown_; }

 private:
  std::vector<std::string> shown_;
};

}  // namespace

std::unique_ptr<DoorServer> DoorServer::create() { return std::make_unique<DoorImpl>(); }
std::unique_ptr<LampHandler> LampHandler::create() { return std::make_unique<LampImpl>(); }

}  // namespace door
