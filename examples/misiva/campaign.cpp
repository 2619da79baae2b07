// One campaign: sends through misiva's typed client, watches, kills the push server on the way, and
// tells how it went.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <otp/application.h>

#include "campaign.otp.h"
#include "display.h"

namespace campaign {
namespace {

constexpr std::uint32_t latest_kill_percent = 70;
constexpr std::uint32_t least_lost = 100;

void show(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

class CampaignImpl final : public CampaignServer {
 public:
  otp::Init init(CampaignArgs args) override {
    args_ = std::move(args);
    return otp::ok().then_continue(continue_launch());
  }

  otp::NoReply launch() override {
    std::vector<misiva::Device> devices;
    for (std::uint32_t i = 1; i <= args_.devices; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "device-%08u", i);
      devices.emplace_back(name);
    }
    started_ = std::chrono::steady_clock::now();
    const auto workers = dispatcher_.send({.id = "campaign-1", .alert = args_.alert, .badge = 1},
                                          std::move(devices), std::chrono::seconds(30));
    if (!workers) {
      show("misiva refused the campaign: " + std::string(to_string(workers.error())) + "\n");
      return fail();
    }
    show(display_.event("sending to " + with_thousands(args_.devices) + " devices with " +
                        with_thousands(*workers) + " delivery workers"));
    is_launched_ = true;
    return {};
  }

  otp::NoReply tick() override {
    if (!is_launched_) return {};
    const misiva::Progress now = dispatcher_.progress();
    show(display_.progress({.devices = now.devices,
                            .acknowledged = now.acknowledged,
                            .in_flight = now.in_flight,
                            .retries = now.retries,
                            .restarts = now.restarts}));
    if (is_kill_due(now)) kill_server(now);
    if (now.acknowledged + now.rejected < now.devices) return {};
    return finish(now);
  }

 private:
  bool is_kill_due(const misiva::Progress& now) const {
    if (args_.server_pid_file.empty() || unanswered_at_kill_) return false;
    const std::uint64_t percent = std::uint64_t{now.acknowledged} * 100 / now.devices;
    return percent >= args_.kill_at_percent && percent <= latest_kill_percent &&
           now.in_flight >= args_.kill_in_flight;
  }

  void kill_server(const misiva::Progress& now) {
    std::ifstream file(args_.server_pid_file);
    pid_t server = 0;
    if (!(file >> server) || server <= 1 || ::kill(server, SIGKILL) != 0) return;
    unanswered_at_kill_ = now.in_flight;
    show(display_.event("kill -9 of the push server: " + with_thousands(now.acknowledged) + " of " +
                        with_thousands(now.devices) + " acknowledged, " +
                        with_thousands(now.in_flight) + " in flight"));
  }

  otp::NoReply finish(const misiva::Progress& now) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    char timing[64];
    std::snprintf(timing, sizeof timing, "in %.1f s (%.0f per second)", seconds,
                  now.acknowledged / seconds);
    show(display_.event("acknowledged " + with_thousands(now.acknowledged) + " of " +
                        with_thousands(now.devices) + " " + timing));
    show("  connections restarted by their supervisor: " + with_thousands(now.restarts) +
         "\n  requests that broke with their connection:  " + with_thousands(now.lost) +
         "\n  devices sent to again (at least once):      " + with_thousands(now.retries) + "\n");
    if (now.rejected != 0) {
      show("  given up: " + with_thousands(now.rejected) + ": " + now.why.value_or("") + "\n");
      return fail();
    }
    const bool kill_wanted = !args_.server_pid_file.empty();
    if (kill_wanted && (!unanswered_at_kill_ || *unanswered_at_kill_ < least_lost)) {
      show("  the push server was to be killed in mid-run, and that did not happen\n");
      return fail();
    }
    return otp::stop(otp::ExitReason::normal());
  }

  static otp::NoReply fail() {
    otp::stop_applications(1);
    return otp::stop(otp::ExitReason::shutdown("campaign_failed"));
  }

  CampaignArgs args_;
  misiva::Dispatcher dispatcher_{otp::Name("misiva_dispatcher")};
  Display display_;
  std::chrono::steady_clock::time_point started_;
  std::optional<std::uint32_t> unanswered_at_kill_;
  bool is_launched_ = false;
};

}  // namespace

std::unique_ptr<CampaignServer> CampaignServer::create() {
  return std::make_unique<CampaignImpl>();
}

}  // namespace campaign
