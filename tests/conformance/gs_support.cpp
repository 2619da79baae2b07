#include "gs_support.h"

namespace otp::conformance {
namespace {

std::mutex scripts_mutex;
std::map<std::int64_t, Script> scripts;

class PlainImpl final : public gs_cases::PlainServer {
 public:
  Init init() override { return ok(); }
  Reply<std::int64_t> ask(From<std::int64_t>) override { return 1; }
};

class TrappingImpl final : public gs_cases::TrappingServer {
 public:
  Init init(gs_cases::TrappingArgs args) override {
    observer_ = args.observer;
    return ok();
  }
  NoReply end_with(std::string reason) override { return stop(ExitReason(reason)); }
  NoReply exit(Exit) override { return {}; }
  void terminate(const ExitReason& reason) override { send(observer_, reason); }

 private:
  Pid observer_;
};

}  // namespace

std::int64_t play(Script script) {
  const std::lock_guard lock(scripts_mutex);
  const auto number = static_cast<std::int64_t>(scripts.size()) + 1;
  scripts.emplace(number, std::move(script));
  return number;
}

Init SubjectImpl::init(gs_cases::SubjectArgs args) {
  {
    const std::lock_guard lock(scripts_mutex);
    script_ = scripts.at(args.script);
  }
  return script_.init(*this);
}

}  // namespace otp::conformance

std::unique_ptr<gs_cases::SubjectServer> gs_cases::SubjectServer::create() {
  return std::make_unique<otp::conformance::SubjectImpl>();
}
std::unique_ptr<gs_cases::PlainServer> gs_cases::PlainServer::create() {
  return std::make_unique<otp::conformance::PlainImpl>();
}
std::unique_ptr<gs_cases::TrappingServer> gs_cases::TrappingServer::create() {
  return std::make_unique<otp::conformance::TrappingImpl>();
}
