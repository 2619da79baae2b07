// A connection server: the HTTP/2 client in a process. What can be expected (nobody listens, a
// certificate is refused) is a value; a connection that breaks with requests in flight leaves this
// server with nothing it could trust, so it crashes, and its supervisor makes a fresh one.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http_client.h"
#include "misiva.otp.h"

namespace misiva {
namespace {

using Outcome = std::expected<void, PushError>;

struct ConnectionLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string json_escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result;
}

std::vector<http::Request> requests_for(const Notification& notification,
                                        const std::vector<Device>& devices) {
  const std::string body = "{\"id\":\"" + json_escaped(notification.id) +
                           "\",\"aps\":{\"alert\":\"" + json_escaped(notification.alert) +
                           "\",\"badge\":" + std::to_string(notification.badge) + "}}";
  std::vector<http::Request> requests;
  for (const Device& device : devices) requests.push_back({"/3/device/" + device, body});
  return requests;
}

class ConnectionImpl final : public ConnectionServer {
 public:
  otp::Init init(ConnectionArgs args) override {
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(args.request_timeout);
    auto client = http::Client::open({.url = args.url,
                                      .ca_file = args.ca_file,
                                      .certificate_file = args.certificate_file,
                                      .key_file = args.key_file,
                                      .timeout = timeout});
    if (!client) return otp::stop(otp::ExitReason(client.error().text));
    client_.emplace(*std::move(client));
    ledger_.connection_started(args.slot);
    return otp::ok();
  }

  otp::Reply<Outcome> push(Notification notification, std::vector<Device> devices,
                           From<Outcome>) override {
    const auto requests = requests_for(notification, devices);
    std::vector<bool> is_answered(devices.size());
    ledger_.sent(devices);
    const auto sent = client_->post(requests, [&](std::size_t i, int status) {
      is_answered[i] = !http::is_transient_status(status);
      if (status == 200) {
        ledger_.acknowledged(devices[i]);
      } else if (is_answered[i]) {
        ledger_.give_up({devices[i]}, "the push server answered " + std::to_string(status));
      }
    });
    if (!sent && sent.error().fault == http::Fault::unreachable) ledger_.unsent(devices);
    std::vector<Device> unanswered;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      if (!is_answered[i]) unanswered.push_back(devices[i]);
    }
    if (!unanswered.empty()) ledger_.lost(unanswered);
    return sent ? Outcome() : outcome_of(sent.error());
  }

 private:
  static Outcome outcome_of(const http::Failure& failure) {
    if (failure.fault == http::Fault::lost) throw ConnectionLost(failure.text);
    if (http::is_transient(failure.fault)) {
      return std::unexpected(PushError(PushError::unreachable{failure.text}));
    }
    return std::unexpected(PushError(PushError::refused{failure.text}));
  }

  Ledger ledger_{otp::Name("misiva_ledger")};
  std::optional<http::Client> client_;
};

}  // namespace

std::unique_ptr<ConnectionServer> ConnectionServer::create() {
  return std::make_unique<ConnectionImpl>();
}

}  // namespace misiva
