// Starting a behaviour: its name, its init, and the answer to whoever started it. Shared by all
// behaviours.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <utility>

#include <otp/detail/behaviour.h>
#include <otp/start.h>

namespace otp::detail {

/// A behaviour whose starter waits for its init, and which answers requests.
class StartedBehaviour : public Behaviour {
 public:
  void ended(const ExitReason& reason) noexcept override;
  CallBase* handled_request() const noexcept final { return handled_; }

  /// A request while this handles it. It goes home by send_back(); one that does not is owed an
  /// answer: its caller gets a later one, or learns how the process ended, whatever it ends by.
  class Handling {
   public:
    Handling(StartedBehaviour& behaviour, std::unique_ptr<Message, MessageDeleter>&& message)
        : behaviour_(behaviour), call_(static_cast<CallBase*>(message.release())) {
      behaviour.handled_ = call_.get();
    }
    ~Handling() {
      if (call_ != nullptr && call_->state == static_cast<std::uint8_t>(CallState::request))
        defer_request(*call_);
      behaviour_.handled_ = nullptr;
    }
    Handling(const Handling&) = delete;
    Handling& operator=(const Handling&) = delete;

    CallBase& call() noexcept { return *call_; }
    /// With its result in it.
    void send_back() noexcept {
      call_->state = static_cast<std::uint8_t>(CallState::replied);
      go_home();
    }
    void refuse(ExitReason reason) noexcept {
      call_->state = static_cast<std::uint8_t>(CallState::failed);
      call_->failure = std::move(reason);
      go_home();
    }
    /// When terminate is through: its handler stops the process.
    void send_back_at_end() noexcept {
      call_->state = static_cast<std::uint8_t>(CallState::replied);
      behaviour_.last_answer_ = std::move(call_);
    }
    /// Nobody waits for it any more.
    void drop() noexcept { call_.reset(); }

   private:
    void go_home() noexcept {
      behaviour_.handled_ = nullptr;
      detail::send_back(std::move(call_));
    }

    StartedBehaviour& behaviour_;
    std::unique_ptr<CallBase, MessageDeleter> call_;
  };

 protected:
  explicit StartedBehaviour(const StartOptions& options);

  /// Registers the names; false when it is taken, and then start() returns Flow::stop.
  bool take_name();
  /// init is over.
  void acknowledge() noexcept;
  /// init failed. `silent`: no exit signal goes over the link, the error is all. Returns
  /// Flow::stop.
  Flow refuse(StartError error, bool silent);
  bool is_starting() const noexcept;

 private:
  friend std::expected<Started, StartError> start_behaviour(std::unique_ptr<StartedBehaviour>,
                                                            const StartOptions&, SpawnOptions);
  void answer(std::optional<StartError> error) noexcept;

  // A million of these are alive at once: no more than two words.
  CallBase* handled_ = nullptr;
  /// Until the starter has its answer: that, and what only the start needs. Later what its last
  /// handler has answered, until the process is over.
  std::unique_ptr<CallBase, MessageDeleter> last_answer_;
};

/// Spawns it and waits for its init, as StartOptions say.
std::expected<Started, StartError> start_behaviour(std::unique_ptr<StartedBehaviour> behaviour,
                                                   const StartOptions& options, SpawnOptions spawn);

}  // namespace otp::detail
