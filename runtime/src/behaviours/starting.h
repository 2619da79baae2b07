// Starting a behaviour: its name, its init, and the answer to whoever started it. Shared by all
// behaviours.
#pragma once

#include <expected>
#include <memory>
#include <optional>

#include <otp/detail/behaviour.h>
#include <otp/start.h>

namespace otp::detail {

/// A behaviour whose starter waits for its init.
class StartedBehaviour : public Behaviour {
 public:
  void ended(const ExitReason& reason) noexcept override;

 protected:
  explicit StartedBehaviour(const StartOptions& options);

  /// Registers the names; false when it is taken, and then start() returns Flow::stop.
  bool take_name();
  /// init is over.
  void acknowledge() noexcept;
  /// init failed. `silent`: no exit signal goes over the link, the error is all. Returns
  /// Flow::stop.
  Flow refuse(StartError error, bool silent);
  bool is_starting() const noexcept { return ack_ != nullptr; }

 private:
  friend std::expected<Started, StartError> start_behaviour(std::unique_ptr<StartedBehaviour>,
                                                            const StartOptions&, SpawnOptions);
  void answer(std::optional<StartError> error) noexcept;

  /// Until the starter has its answer: that, and what only the start needs.
  std::unique_ptr<CallBase, MessageDeleter> ack_;
};

/// Spawns it and waits for its init, as StartOptions say.
std::expected<Started, StartError> start_behaviour(std::unique_ptr<StartedBehaviour> behaviour,
                                                   const StartOptions& options, SpawnOptions spawn);

}  // namespace otp::detail
