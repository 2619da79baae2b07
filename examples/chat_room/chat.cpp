// A member of a room.
#include <memory>
#include <stdexcept>
#include <vector>

#include "chat.otp.h"

namespace chat {
namespace {

class MemberImpl final : public MemberServer {
 public:
  otp::Init init(MemberArgs args) override {
    name_ = args.name;
    room_ = args.room;
    if (!Members::open().add(name_)) return otp::error(EnterError(EnterError::name_taken{}));
    Talk::publish(room_, Talk::entered{name_});
    Talk::subscribe(room_);
    return otp::ok();
  }

  otp::NoReply say(std::string text) override {
    Talk::publish(room_, Talk::said{{.from = name_, .text = std::move(text)}});
    return {};
  }
  otp::Reply<std::vector<std::string>> read(From<std::vector<std::string>>) override {
    return std::exchange(heard_, {});
  }
  otp::NoReply leave() override { return otp::stop(otp::ExitReason::normal()); }
  otp::NoReply trip() override { throw std::runtime_error(name_ + " trips over the carpet"); }
  void terminate(const otp::ExitReason&) override { Talk::publish(room_, Talk::left{name_}); }

  // ---- What the topic brings ----
  otp::NoReply talk_said(std::string, Line line) override {
    heard_.push_back(line.from + ": " + line.text);
    return {};
  }
  otp::NoReply talk_entered(std::string, std::string who) override {
    heard_.push_back(who + " has come");
    return {};
  }
  otp::NoReply talk_left(std::string, std::string who) override {
    if (who != name_) heard_.push_back(who + " has gone");
    return {};
  }

 private:
  std::string name_;
  std::string room_;
  std::vector<std::string> heard_;
};

}  // namespace

std::unique_ptr<MemberServer> MemberServer::create() { return std::make_unique<MemberImpl>(); }

}  // namespace chat
