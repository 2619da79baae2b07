// The implementations of shop.otp, as short as they can be.
#include <atomic>

#include "shop_support.h"

namespace shop {

AuditRecord& audit_record() {
  static AuditRecord record;
  return record;
}
std::atomic<int>& sweeps() {
  static std::atomic<int> count{0};
  return count;
}

std::vector<ShopPhase>& phases() {
  static std::vector<ShopPhase> run;
  return run;
}
std::expected<void, otp::ExitReason> shop_start_phase(ShopPhase phase) {
  phases().push_back(phase);
  return {};
}

namespace {

class CartImpl final : public CartServer {
 public:
  otp::Init init(CartArgs args) override {
    limit_ = args.limit;
    Prices::subscribe("tea");
    return otp::ok();
  }
  otp::Reply<std::uint32_t> add(Line line, otp::From<std::uint32_t>) override {
    return size_ += line.qty;
  }
  otp::Reply<std::int64_t> seen(otp::From<std::int64_t>) override { return seen_; }
  otp::Reply<std::uint32_t> size(otp::From<std::uint32_t>) override { return size_ * 100 + limit_; }
  otp::NoReply grow(std::uint32_t by) override {
    size_ += by;
    return {};
  }
  otp::NoReply prices_changed(std::string, Money price) override {
    seen_ += price.cents;
    return {};
  }
  otp::NoReply prices_gone(std::string) override {
    seen_ = -1;
    return {};
  }

 private:
  std::uint32_t size_ = 0;
  std::uint32_t limit_ = 0;
  std::int64_t seen_ = 0;
};

class PaymentImpl final : public PaymentServer {
 public:
  Begin init(PaymentArgs args) override {
    if (args.order < 0) return otp::stop(otp::ExitReason("bad_order"));
    return begin();
  }
  Transition<State::authorizing> idle_pay(std::string card, otp::From<void> from) override {
    if (card.empty()) return keep_state().reply(from);
    data.card = card;
    return to_authorizing().reply(from);
  }
  Stay authorizing_enter(State previous) override {
    ++data.attempts;
    entered_from_ = previous;
    return keep_state();
  }
  Transition<State::paid, State::failed> authorizing_bank(bool ok) override {
    if (ok) return to_paid();
    return to_failed();
  }
  Transition<> any_status(otp::From<std::string> from) override {
    return keep_state().reply(
        from, std::string(to_string(state())) + " from " + std::string(to_string(entered_from_)));
  }
  Transition<> any_fee(std::int64_t of,
                       otp::From<std::expected<std::int64_t, PayError>> from) override {
    if (of < 0) return keep_state().reply(from, std::unexpected(PayError(PayError::declined{7})));
    return keep_state().reply(from, of / 10);
  }

 private:
  State entered_from_ = State::idle;
};

class DoorImpl final : public DoorServer {
 public:
  Begin init(DoorArgs args) override {
    code_ = args.code;
    return {};
  }
  Transition<State::locked, State::open> handle_event(Event event, State state) override {
    if (const auto* digit = std::get_if<button>(&event)) {
      if (digit->digit == "!") return to_open();  // allowed from locked, by a button
      so_far_ += digit->digit;
      if (so_far_ != code_) return keep_state();
      so_far_.clear();
      return to_open();
    }
    if (const auto* question = std::get_if<opened>(&event))
      return keep_state().reply(question->otp_from, opened_);
    if (std::holds_alternative<shut>(event)) {
      if (state == State::locked) return to_open();  // not in the schema
      return to_locked();
    }
    if (std::holds_alternative<StateTimeout>(event)) return to_locked();
    return keep_state();
  }
  Stay enter(State, State state) override {
    if (state == State::open) ++opened_;
    return keep_state();
  }
  Transition<State::locked, State::open> exit(otp::Exit) override { return keep_state(); }
  void terminate(const otp::ExitReason&) override {}

 private:
  std::string code_;
  std::string so_far_;
  std::uint32_t opened_ = 0;
};

class AuditLogImpl final : public AuditLogHandler {
 public:
  std::expected<void, otp::ExitReason> init(AuditLogArgs args) override {
    if (args.path.empty()) return std::unexpected(otp::ExitReason("no_path"));
    path_ = args.path;
    return {};
  }
  otp::Handled added(std::int64_t customer, Line line) override {
    if (customer == 13) throw std::runtime_error("thirteen");
    total_ += line.qty;
    audit_record().add(path_ + ":" + std::to_string(customer));
    return {};
  }
  otp::Handled cleared() override { return otp::remove_handler(); }
  otp::HandledRequest<std::int64_t> total() override { return total_; }
  otp::HandledRequest<std::monostate> reset(std::int64_t to) override {
    total_ = to;
    return std::monostate{};
  }
  std::any terminate(const otp::Removal&) override {
    audit_record().add(path_ + ":gone");
    return total_;
  }

 private:
  std::string path_;
  std::int64_t total_ = 0;
};

class PriceCacheImpl final : public PriceCacheServer {
 public:
  otp::Init init(PriceCacheArgs args) override {
    shard_ = args.shard;
    return otp::ok();
  }
  otp::Reply<Money> price(Sku sku, otp::From<Money>) override {
    return Money{static_cast<std::int64_t>(shard_ * 1000 + sku.size())};
  }

 private:
  std::uint32_t shard_ = 0;
};

}  // namespace

std::unique_ptr<CartServer> CartServer::create() { return std::make_unique<CartImpl>(); }
std::unique_ptr<PaymentServer> PaymentServer::create() { return std::make_unique<PaymentImpl>(); }
std::unique_ptr<DoorServer> DoorServer::create() { return std::make_unique<DoorImpl>(); }
std::unique_ptr<AuditLogHandler> AuditLogHandler::create() {
  return std::make_unique<AuditLogImpl>();
}
std::unique_ptr<PriceCacheServer> PriceCacheServer::create() {
  return std::make_unique<PriceCacheImpl>();
}

Money Reprice::run(Sku sku, std::int64_t by) {
  if (sku == "crash") throw std::runtime_error("no such sku");
  return Money{static_cast<std::int64_t>(sku.size()) * by};
}
void Sweep::run() { ++sweeps(); }

}  // namespace shop
