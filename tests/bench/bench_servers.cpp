#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <otp/gen_tcp.h>
#include <otp/receive.h>

#include "bench.otp.h"
#include "harness.h"
#include "traffic.h"

namespace {

class CounterImpl final : public bench::CounterServer {
 public:
  otp::Init init(bench::CounterArgs args) override {
    n_ = args.initial;
    if (args.up) otp::send(*args.up, otp::self());
    return otp::ok();
  }
  otp::Reply<std::int64_t> get(From<std::int64_t>) override { return n_; }
  otp::Reply<std::int64_t> bump(From<std::int64_t>) override { return ++n_; }
  otp::Reply<std::int64_t> finish(From<std::int64_t>) override {
    return otp::stop(otp::ExitReason::normal(), n_);
  }
  otp::NoReply inc() override {
    ++n_;
    return {};
  }

 private:
  std::int64_t n_ = 0;
};

class AccountImpl final : public bench::AccountServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::Reply<std::int64_t> credit(std::int64_t amount, From<std::int64_t>) override {
    return balance_ += amount;
  }
  otp::NoReply transfer(otp::Pid teller, otp::Pid to, std::int64_t amount) override {
    bench::Account(to).credit(amount, otp::infinity);
    balance_ -= amount;
    otp::send(teller, bench::Transferred{.amount = amount});
    return {};
  }

 private:
  std::int64_t balance_ = 0;
};

class SubscriberImpl final : public bench::SubscriberServer {
 public:
  otp::Init init(bench::SubscriberArgs args) override {
    left_ = args.items;
    reader_ = args.reader;
    bench::News::subscribe();
    return otp::ok();
  }
  otp::NoReply news_item(std::int64_t) override {
    if (--left_ == 0) otp::send(reader_, otp::self());
    return {};
  }

 private:
  std::int64_t left_ = 0;
  otp::Pid reader_;
};

class DoorImpl final : public bench::DoorServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::DeferredReply<std::int64_t> enter(From<std::int64_t> from) override {
    callers_.push_back(std::move(from));
    return otp::noreply();
  }
  otp::Reply<std::int64_t> waiting(From<std::int64_t>) override {
    return static_cast<std::int64_t>(callers_.size());
  }
  otp::Reply<std::int64_t> open(From<std::int64_t>) override {
    const auto callers = std::exchange(callers_, {});
    for (std::size_t i = 0; i < callers.size(); ++i)
      otp::reply(callers[i], static_cast<std::int64_t>(i));
    return static_cast<std::int64_t>(callers.size());
  }

 private:
  std::vector<From<std::int64_t>> callers_;
};

class EchoImpl final : public bench::EchoServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::NoReply handle_info(otp::Info message) override {
    if (const auto* arrived = message.get_if<otp::gen_tcp::Data>()) {
      otp::gen_tcp::send(arrived->socket, arrived->data);
      otp::gen_tcp::set_active(arrived->socket, otp::Active::once());
    } else if (const auto* socket = message.get_if<otp::gen_tcp::Socket>()) {
      otp::gen_tcp::set_active(*socket, otp::Active::once());
    } else if (message.get_if<otp::gen_tcp::Closed>() != nullptr) {
      return otp::stop(otp::ExitReason::normal());
    }
    return {};
  }
};

/// They live as long as the program.
const bench::Sessions& all_sessions() {
  static const auto sessions = bench::Sessions::open();
  return sessions;
}

class SessionImpl final : public bench::SessionServer {
 public:
  otp::Init init() override { return otp::ok(); }
  otp::NoReply route(std::int64_t first, std::int64_t second, std::string text,
                     std::optional<std::int64_t> sent, std::optional<std::int64_t> third) override {
    pass_on(first, text, sent);
    if (third) pass_on(*third, text, sent);
    pass_on(second, std::move(text), sent);
    return {};
  }
  otp::NoReply deliver(std::string, std::optional<std::int64_t> sent) override {
    traffic_.delivered.fetch_add(1, std::memory_order_relaxed);
    if (sent) traffic_.took(otp_bench::now_ns() - *sent);
    return {};
  }
  otp::NoReply log_out() override { return otp::stop(otp::ExitReason::normal()); }

 private:
  void pass_on(std::int64_t to, std::string text, std::optional<std::int64_t> sent) {
    if (const auto other = sessions_.whereis(to)) {
      other->deliver(std::move(text), sent);
    } else {
      traffic_.missed.fetch_add(1, std::memory_order_relaxed);
    }
  }

  const bench::Sessions& sessions_ = all_sessions();
  otp_bench::Traffic& traffic_ = otp_bench::traffic();
};

}  // namespace

otp_bench::Traffic& otp_bench::traffic() {
  static Traffic only;
  return only;
}
std::unique_ptr<bench::SessionServer> bench::SessionServer::create() {
  return std::make_unique<SessionImpl>();
}
std::unique_ptr<bench::CounterServer> bench::CounterServer::create() {
  return std::make_unique<CounterImpl>();
}
std::unique_ptr<bench::AccountServer> bench::AccountServer::create() {
  return std::make_unique<AccountImpl>();
}
std::unique_ptr<bench::SubscriberServer> bench::SubscriberServer::create() {
  return std::make_unique<SubscriberImpl>();
}
std::unique_ptr<bench::DoorServer> bench::DoorServer::create() {
  return std::make_unique<DoorImpl>();
}
std::unique_ptr<bench::EchoServer> bench::EchoServer::create() {
  return std::make_unique<EchoImpl>();
}
