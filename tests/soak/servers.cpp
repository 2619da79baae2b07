// The servers of soak.otp.
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include <otp/gen_tcp.h>
#include <otp/timer.h>

#include "driver.h"

namespace soak {
namespace {

using otp_soak::lost;

/// Ends the calling process, or tells how the handler is to end.
otp::ExitReason end_as(HowToEnd how) {
  switch (how) {
    case HowToEnd::normal:
      return otp::ExitReason::normal();
    case HowToEnd::shutdown:
      return otp::ExitReason::shutdown("soak");
    case HowToEnd::reason:
      return otp::ExitReason("soak");
    case HowToEnd::thrown:
      throw std::runtime_error("soak");
    case HowToEnd::exit:
      otp::exit(otp::ExitReason("soak"));
    case HowToEnd::foreign:
      throw 7;
  }
  return otp::ExitReason("soak");
}

/// The next of a sender has come.
void count(std::int64_t& counted, std::int64_t number, const char* what, std::int64_t sender) {
  if (number != ++counted) {
    lost(std::string(what) + " of sender " + std::to_string(sender) + ": expected number " +
         std::to_string(counted) + ", got " + std::to_string(number));
  }
}
/// One of a sender has come, and others before it may have been dropped.
void count_some(std::int64_t& last, std::int64_t number, const char* what, std::int64_t sender) {
  if (number <= last) {
    lost(std::string(what) + " of sender " + std::to_string(sender) + ": number " +
         std::to_string(number) + " after " + std::to_string(last));
  }
  last = number;
}

struct Answer {
  otp::From<std::int64_t> from;
  std::int64_t number;
};

class SinkImpl final : public SinkServer {
 public:
  otp::Init init(SinkArgs args) override {
    News::subscribe(args.room);
    return otp::ok();
  }
  otp::Reply<Parcel> echo(Parcel parcel, From<Parcel>) override { return parcel; }
  otp::Reply<std::expected<std::int64_t, Refused>> half(
      std::int64_t number, From<std::expected<std::int64_t, Refused>>) override {
    if (number % 2 != 0) return std::unexpected(Refused(Refused::odd{number}));
    return number / 2;
  }
  otp::DeferredReply<std::int64_t> later(std::int64_t number, std::chrono::nanoseconds wait,
                                         bool beside, From<std::int64_t> from) override {
    if (beside) {
      otp::spawn([=] {
        otp::sleep(wait);
        otp::reply(from, number);
      });
    } else {
      otp::send_after(wait, otp::self(), Answer{from, number});
    }
    return otp::noreply();
  }
  otp::Reply<std::int64_t> grind(std::int64_t number, From<std::int64_t>) override {
    return number + 1;
  }
  otp::Reply<std::int64_t> doze(std::int64_t number, From<std::int64_t>) override {
    return otp::reply(number + 2).hibernate();
  }
  otp::Reply<std::int64_t> continued(std::int64_t number, From<std::int64_t>) override {
    if (unsettled_) lost("a continue did not run before the next message");
    unsettled_ = number;
    return otp::reply(number + 3).then_continue(continue_settle(number));
  }
  otp::NoReply settle(std::int64_t number) override {
    if (unsettled_ != number) lost("a continue with another number");
    unsettled_.reset();
    return {};
  }
  otp::Reply<Books> books(std::int64_t sender, From<Books>) override {
    return state.senders[sender];
  }
  otp::NoReply put(std::int64_t sender, std::int64_t number) override {
    count(state.senders[sender].casts, number, "cast", sender);
    return {};
  }
  otp::NoReply urgent(std::int64_t sender, std::int64_t number) override {
    count(state.senders[sender].urgent, number, "urgent cast", sender);
    return {};
  }
  otp::NoReply note(std::int64_t sender, std::int64_t number) override {
    count(state.senders[sender].infos, number, "info", sender);
    return {};
  }
  otp::NoReply news_item(std::string, std::int64_t sender, std::int64_t number) override {
    count(state.senders[sender].items, number, "broadcast", sender);
    return {};
  }
  otp::NoReply tick() override {
    ++state.ticks;
    return {};
  }
  otp::NoReply handle_info(otp::Info message) override {
    if (const auto* plain = message.get_if<otp_soak::Plain>()) {
      count(state.senders[plain->sender].values, plain->number, "plain message", plain->sender);
    } else if (const auto* answer = message.get_if<Answer>()) {
      otp::reply(answer->from, answer->number);
    } else {
      lost(std::string("a sink got a stray ") + message.type_name());
    }
    return {};
  }

 private:
  std::optional<std::int64_t> unsettled_;
};

/// Keeps a book of each sender's casts.
template <class Server>
class Bookkeeper : public Server {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::Reply<std::int64_t> books(std::int64_t sender, otp::From<std::int64_t>) override {
    return senders_[sender];
  }

 protected:
  std::map<std::int64_t, std::int64_t> senders_;
};

class NarrowImpl final : public Bookkeeper<NarrowServer> {
 public:
  otp::NoReply put(std::int64_t sender, std::int64_t number) override {
    count(senders_[sender], number, "cast to a full mailbox", sender);
    return {};
  }
};

/// Some of the casts to these two are dropped.
template <class Server>
class ForgetfulBookkeeper final : public Bookkeeper<Server> {
 public:
  otp::NoReply put(std::int64_t sender, std::int64_t number) override {
    count_some(this->senders_[sender], number, "cast", sender);
    return {};
  }
};
using PickyImpl = ForgetfulBookkeeper<PickyServer>;
using ForgetfulImpl = ForgetfulBookkeeper<ForgetfulServer>;

class MortalImpl final : public MortalServer {
 public:
  otp::Init init(MortalArgs args) override {
    switch (args.how) {
      case HowToStart::well:
        return otp::ok();
      case HowToStart::ignored:
        return otp::ignore();
      case HowToStart::stopped:
        return otp::stop(otp::ExitReason("soak"));
      case HowToStart::thrown:
        throw std::runtime_error("soak");
      case HowToStart::refused:
        return otp::error(Refused(Refused::busy{}));
      case HowToStart::slowly:
        otp::sleep(std::chrono::milliseconds(2));
        return otp::ok().hibernate();
    }
    return otp::ok();
  }
  otp::Reply<Parcel> echo(Parcel parcel, From<Parcel>) override {
    ++state.calls;
    return parcel;
  }
  otp::Reply<std::int64_t> number(From<std::int64_t>) override { return ++state.calls; }
  otp::Reply<std::int64_t> end_in_call(HowToEnd how, bool answer, From<std::int64_t>) override {
    if (answer) return otp::stop(end_as(how), std::int64_t{1});
    return otp::stop(end_as(how));
  }
  otp::DeferredReply<std::int64_t> relay(std::int64_t number, From<std::int64_t> from) override {
    if (before_) otp::reply(before_->from, before_->number);
    before_ = Answer{from, number};
    return otp::noreply();
  }
  otp::NoReply end(HowToEnd how) override { return otp::stop(end_as(how)); }
  otp::NoReply work(std::int64_t number) override {
    worked_ += std::string(static_cast<std::size_t>(number), 'w');
    if (worked_.size() > 100'000) worked_ = {};
    return {};
  }

 private:
  std::optional<Answer> before_;
  std::string worked_;
};

class WatcherImpl final : public WatcherServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::Reply<Parcel> echo(Parcel parcel, From<Parcel>) override { return parcel; }
  otp::Reply<std::int64_t> take(otp::Pid other, From<std::int64_t>) override {
    otp::link(other);
    return ended_;
  }
  otp::Reply<std::int64_t> ended(From<std::int64_t>) override { return ended_; }
  otp::NoReply exit(otp::Exit) override {
    ++ended_;
    return {};
  }
  void terminate(const otp::ExitReason&) override {}

 private:
  std::int64_t ended_ = 0;
};

class GateImpl final : public GateServer {
 public:
  Begin init() override { return begin(); }
  Transition<State::opened> closed_open() override { return to_opened(); }
  Stay opened_enter(State) override {
    ++data.opened;
    return keep_state();
  }
  Transition<> opened_pass(std::int64_t number, otp::From<std::int64_t> from) override {
    ++data.passed;
    return keep_state().reply(from, number);
  }
  Transition<State::closed> opened_shut() override { return to_closed(); }
  Transition<> any_passed(otp::From<std::int64_t> from) override {
    return keep_state().reply(from, data.passed);
  }
  Transition<State::gone> any_leave() override { return to_gone(); }
  Transition<> any_trip() override { throw std::runtime_error("soak"); }
  Transition<> any_open() override { return keep_state(); }
  Transition<> any_shut() override { return keep_state(); }
  Transition<> any_timeout_remind() override { return keep_state(); }
};

class TurnstileImpl final : public TurnstileServer {
 public:
  Begin init() override { return begin(); }
  Transition<State::locked, State::unlocked> handle_event(Event event, State state) override {
    if (std::holds_alternative<coin>(event)) {
      if (state == State::unlocked) return keep_state();
      return to_unlocked();
    }
    if (const auto* pushed = std::get_if<push>(&event)) {
      ++pushes_;
      return to_locked().reply(pushed->otp_from, pushed->number);
    }
    if (const auto* question = std::get_if<pushes>(&event))
      return keep_state().reply(question->otp_from, pushes_);
    return to_locked();  // nobody came
  }

 private:
  std::int64_t pushes_ = 0;
};

class TallyImpl final : public TallyHandler {
 public:
  std::expected<void, otp::ExitReason> init(TallyArgs) override { return {}; }
  otp::Handled entry(std::int64_t sender, std::int64_t number) override {
    count(senders_[sender], number, "event", sender);
    return {};
  }
  otp::HandledRequest<std::int64_t> books(std::int64_t sender) override { return senders_[sender]; }

 private:
  std::map<std::int64_t, std::int64_t> senders_;
};

class BrittleImpl final : public BrittleHandler {
 public:
  std::expected<void, otp::ExitReason> init(BrittleArgs) override { return {}; }
  otp::Handled entry(std::int64_t, std::int64_t) override {
    ++heard_;
    return {};
  }
  otp::Handled bang() override { throw std::runtime_error("soak"); }
  otp::HandledRequest<std::int64_t> heard() override { return heard_; }
  std::any terminate(const otp::Removal&) override { return heard_; }

 private:
  std::int64_t heard_ = 0;
};

class ShardImpl final : public ShardServer {
 public:
  otp::Init init(ShardArgs) override { return otp::ok(); }
  otp::Reply<std::int64_t> square(std::int64_t number, From<std::int64_t>) override {
    return number * number;
  }
  otp::NoReply trip() override { throw std::runtime_error("soak"); }
};

class ConnectionImpl final : public ConnectionServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::NoReply handle_info(otp::Info message) override {
    namespace tcp = otp::gen_tcp;
    if (const auto* arrived = message.get_if<tcp::Data>()) {
      if (!tcp::send(arrived->socket, arrived->data)) return otp::stop(otp::ExitReason::normal());
      tcp::set_active(arrived->socket, otp::Active::once());
    } else if (const auto* socket = message.get_if<tcp::Socket>()) {
      tcp::set_active(*socket, otp::Active::once());
    } else if (message.get_if<tcp::Closed>() != nullptr) {
      return otp::stop(otp::ExitReason::normal());
    }
    return {};
  }
  void terminate(const otp::ExitReason&) override {}
};

class AcceptorImpl final : public AcceptorServer {
 public:
  otp::Init init(AcceptorArgs args) override {
    listener_ = *args.listener.get_if<otp::gen_tcp::ListenSocket>();
    return otp::ok().then_continue(continue_accept());
  }
  otp::NoReply accept() override {
    const auto socket = otp::gen_tcp::accept(listener_);
    if (!socket) return otp::stop(otp::ExitReason::normal());
    const Connection connection = Connection::start().value();
    if (otp::gen_tcp::controlling_process(*socket, connection.address())) {
      otp::send(connection.address(), *socket);
    } else {  // killed already, or the socket is closed
      otp::gen_tcp::close(*socket);
      otp::exit(connection.address(), otp::ExitReason::shutdown());
    }
    return otp::noreply().then_continue(continue_accept());
  }

 private:
  otp::gen_tcp::ListenSocket listener_;
};

}  // namespace

std::unique_ptr<SinkServer> SinkServer::create() { return std::make_unique<SinkImpl>(); }
std::unique_ptr<NarrowServer> NarrowServer::create() { return std::make_unique<NarrowImpl>(); }
std::unique_ptr<PickyServer> PickyServer::create() { return std::make_unique<PickyImpl>(); }
std::unique_ptr<ForgetfulServer> ForgetfulServer::create() {
  return std::make_unique<ForgetfulImpl>();
}
std::unique_ptr<MortalServer> MortalServer::create() { return std::make_unique<MortalImpl>(); }
std::unique_ptr<WatcherServer> WatcherServer::create() { return std::make_unique<WatcherImpl>(); }
std::unique_ptr<GateServer> GateServer::create() { return std::make_unique<GateImpl>(); }
std::unique_ptr<TurnstileServer> TurnstileServer::create() {
  return std::make_unique<TurnstileImpl>();
}
std::unique_ptr<TallyHandler> TallyHandler::create() { return std::make_unique<TallyImpl>(); }
std::unique_ptr<BrittleHandler> BrittleHandler::create() { return std::make_unique<BrittleImpl>(); }
std::unique_ptr<ShardServer> ShardServer::create() { return std::make_unique<ShardImpl>(); }
std::unique_ptr<AcceptorServer> AcceptorServer::create() {
  return std::make_unique<AcceptorImpl>();
}
std::unique_ptr<ConnectionServer> ConnectionServer::create() {
  return std::make_unique<ConnectionImpl>();
}

std::int64_t Square::run(std::int64_t number) {
  if (number < 0) throw std::runtime_error("soak");
  return number * number;
}

std::expected<void, otp::ExitReason> guest_start_phase(GuestPhase) { return {}; }

}  // namespace soak
