#include <expected>
#include <iostream>
#include <memory>
#include <string>

#include <otp/gen_tcp.h>
#include <otp/receive.h>
#include <otp/ssl.h>

#include "chat.otp.h"

namespace tls_chat {
namespace {

using namespace std::chrono_literals;
namespace gen_tcp = otp::gen_tcp;

/// What a session begins with: it shakes hands itself, so that a slow peer holds up nobody else.
struct Connected {
  gen_tcp::Socket socket;
  otp::ssl::Context context;
};

class SessionImpl final : public SessionServer {
 public:
  otp::Init init() override { return otp::ok(); }

  otp::NoReply handle_info(otp::Info message) override {
    if (auto* connected = message.get_if<Connected>()) return begin(*connected);
    if (auto* line = message.get_if<gen_tcp::Data>()) return hear(std::move(line->data));
    if (message.get_if<gen_tcp::Closed>() != nullptr) return otp::stop(otp::ExitReason::normal());
    return SessionServer::handle_info(message);
  }

  otp::NoReply room_said(std::string who, std::string text) override {
    return go_on(gen_tcp::send(socket_, who + ": " + text + "\n"));
  }

  void terminate(const otp::ExitReason&) override {
    if (!name_.empty()) Room::publish(Room::said{name_, "goes"});
  }

 private:
  otp::NoReply begin(const Connected& connected) {
    socket_ = connected.socket;
    if (!otp::ssl::handshake(socket_, connected.context, 5s))
      return otp::stop(otp::ExitReason::normal());
    if (!gen_tcp::send(socket_, "Who are you?\n")) return otp::stop(otp::ExitReason::normal());
    return next_line();
  }

  otp::NoReply hear(std::string line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    if (name_.empty()) {
      if (line.empty()) return otp::stop(otp::ExitReason::normal());
      name_ = line;
      Room::subscribe();
      Room::publish(Room::said{name_, "is here"});
    } else {
      Room::publish(Room::said{name_, line});
    }
    return next_line();
  }

  /// Who talks faster than the room listens has to wait.
  otp::NoReply next_line() { return go_on(gen_tcp::set_active(socket_, otp::Active::once())); }
  /// A socket that send has closed, as its peer reads too slowly, sends no Closed.
  static otp::NoReply go_on(const std::expected<void, otp::InetError>& done) {
    if (done) return {};
    return otp::stop(otp::ExitReason::normal());
  }

  gen_tcp::Socket socket_;
  std::string name_;
};

class ListenerImpl final : public ListenerServer {
 public:
  otp::Init init(ListenerArgs args) override {
    const auto context =
        otp::ssl::Context::server({.certfile = args.certfile, .keyfile = args.keyfile});
    if (!context) return otp::stop(otp::ExitReason(context.error().text()));
    const auto listener = gen_tcp::listen(args.port, {.ip = "127.0.0.1",
                                                      .active = otp::Active::off(),
                                                      .packet = gen_tcp::Packet::line,
                                                      .packet_size = 1000,
                                                      .reuseaddr = true,
                                                      .backlog = 128,
                                                      .send_timeout = 5s,
                                                      .send_timeout_close = true});
    if (!listener) return otp::stop(otp::ExitReason(listener.error().text()));
    listener_ = *listener;
    for (int i = 0; i < 2; ++i) otp::spawn_link([=] { accept_all(*listener, *context); });
    std::cout << "chat: listening on " << address_text() << std::endl;
    return otp::ok();
  }

  otp::Reply<std::string> where(From<std::string>) override { return address_text(); }

 private:
  static void accept_all(const gen_tcp::ListenSocket& listener, const otp::ssl::Context& context) {
    const SessionSup sessions{otp::Name("sessions")};
    for (;;) {
      const auto socket = gen_tcp::accept(listener);
      if (!socket && socket.error() == "closed") return;
      if (!socket) {  // no descriptor is left, say: it will pass
        otp::sleep(100ms);
        continue;
      }
      const auto session = sessions.start_child();
      // There are max_children already, or it has been ended meanwhile.
      if (!session || !gen_tcp::controlling_process(*socket, session->address())) {
        gen_tcp::close(*socket);
        continue;
      }
      otp::send(session->address(), Connected{*socket, context});
    }
  }

  std::string address_text() const {
    const auto address = gen_tcp::sockname(listener_).value();
    return address.ip + ":" + std::to_string(address.port);
  }

  gen_tcp::ListenSocket listener_;
};

}  // namespace

std::unique_ptr<SessionServer> SessionServer::create() { return std::make_unique<SessionImpl>(); }
std::unique_ptr<ListenerServer> ListenerServer::create() {
  return std::make_unique<ListenerImpl>();
}

}  // namespace tls_chat
