#include "sup_support.h"

#include <map>

namespace otp::conformance {
namespace {

std::mutex scripts_mutex;
std::map<std::int64_t, WorkerScript> scripts{{0, WorkerScript{}}};

class WorkerImpl final : public sup_cases::WorkerServer {
 public:
  Init init(sup_cases::WorkerArgs args) override {
    {
      const std::lock_guard lock(scripts_mutex);
      script_ = scripts.at(args.script);
    }
    Init result = script_.init(++*script_.starts);
    if (result.kind == Init::Kind::ok) note("+");
    return result;
  }
  NoReply end(std::string reason) override { return stop(ExitReason(reason)); }
  NoReply end_shutdown(std::string detail) override { return stop(ExitReason::shutdown(detail)); }
  Reply<std::int64_t> ping(From<std::int64_t>) override { return *script_.starts; }
  NoReply exit(Exit) override { return {}; }
  void terminate(const ExitReason&) override {
    script_.stopping();
    note("-");
  }

 private:
  void note(const char* sign) {
    if (script_.log) script_.log->add(sign + script_.id);
  }
  WorkerScript script_;
};

}  // namespace

std::int64_t script(WorkerScript worker) {
  const std::lock_guard lock(scripts_mutex);
  const auto number = static_cast<std::int64_t>(scripts.size());
  scripts.emplace(number, std::move(worker));
  return number;
}

}  // namespace otp::conformance

std::unique_ptr<sup_cases::WorkerServer> sup_cases::WorkerServer::create() {
  return std::make_unique<otp::conformance::WorkerImpl>();
}
