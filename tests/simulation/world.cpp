#include "world.h"

#include <otp/process.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace otp::simulated_tests {
namespace {

World* current_world = nullptr;

class WorkerImpl final : public simulated::WorkerServer {
 public:
  ~WorkerImpl() override {  // however it ends
    if (World* world = World::current(); world != nullptr && pid_) world->ended(number_, pid_);
  }
  Init init(simulated::WorkerArgs args) override {
    number_ = args.number;
    pid_ = otp::self();
    if (World* world = World::current()) world->started(number_, pid_, detail::parent());
    return ok();
  }
  NoReply end(std::string reason) override { return stop(ExitReason(reason)); }
  NoReply exit(Exit) override { return {}; }
  void terminate(const ExitReason&) override {
    const World* world = World::current();
    if (world == nullptr) return;
    if (const auto slow = world->slowness.find(number_); slow != world->slowness.end())
      sleep(slow->second);
  }

 private:
  std::int64_t number_ = 0;
  Pid pid_;
};

}  // namespace

World::World() { current_world = this; }
World::~World() { current_world = nullptr; }
World* World::current() noexcept { return current_world; }

void World::started(std::int64_t number, Pid pid, Pid parent) {
  log_ += (log_.empty() ? "+" : " +") + std::to_string(number);
  if (!may_overlap && pid_of(number))
    violations_.push_back("worker " + std::to_string(number) + " was started twice");
  live_[pid] = {.number = number, .parent = parent};
}

void World::ended(std::int64_t number, Pid pid) {
  log_ += (log_.empty() ? "-" : " -") + std::to_string(number);
  live_.erase(pid);
}

std::string World::take_log() { return std::exchange(log_, {}); }

Pid World::pid_of(std::int64_t number) const {
  const auto found = std::ranges::find_if(
      live_, [number](const auto& each) { return each.second.number == number; });
  return found == live_.end() ? Pid{} : found->first;
}

ChildSpec worker(std::int64_t number, Restart restart, bool named) {
  const std::string name = "w" + std::to_string(number);
  return {.id = name,
          .start = [=]() -> std::expected<StartedChild, StartError> {
            StartOptions options;
            if (named) options.name = name;
            const auto started = simulated::Worker::start_link({.number = number}, options);
            if (!started) return std::unexpected(started.error());
            return started->address();
          },
          .restart = restart};
}

}  // namespace otp::simulated_tests

std::unique_ptr<simulated::WorkerServer> simulated::WorkerServer::create() {
  return std::make_unique<otp::simulated_tests::WorkerImpl>();
}
