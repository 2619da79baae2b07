#include <otp/agent.h>

#include <memory>
#include <utility>

#include <otp/report.h>

#include "behaviours/operation_calls.h"
#include "behaviours/starting.h"

namespace otp::detail {
namespace {

struct AgentCast : Message {
  AgentFunction function;
};
constexpr MessageType agent_cast_type{.name = "Agent.cast",
                                      .interface = nullptr,
                                      .deliver = nullptr,
                                      .destroy = &destroy_message<AgentCast>};

class AgentProcess final : public StartedBehaviour {
 public:
  static constexpr const void* interface_id = &agent_interface;

  AgentProcess(std::function<std::any()> init, const StartOptions& options)
      : StartedBehaviour(options), init_(std::move(init)) {}

  Flow start() override {
    if (!take_name()) return Flow::stop;
    state_ = std::exchange(init_, nullptr)();
    acknowledge();
    return Flow::wait;
  }
  Flow handle(std::unique_ptr<Message, MessageDeleter>& message) override {
    if (message->kind == MessageKind::call) return answer_operation(*this, std::move(message));
    if (message->type == &agent_cast_type) {
      static_cast<AgentCast&>(*message).function(state_);
    } else {
      emit_report(
          WarningReport{.text = std::string("unknown message ") + message->type->name + " dropped",
                        .server = describe(),
                        .pid = self()});
    }
    return Flow::wait;
  }
  std::string describe() const override { return "agent"; }
  std::any state() const override { return state_; }
  bool replace_state(std::any state) override {
    if (state.type() != state_.type()) return false;
    state_ = std::move(state);
    return true;
  }
  std::expected<void, ExitReason> change_code(std::string_view, const std::any& extra) override {
    const auto* migrate = std::any_cast<AgentFunction>(&extra);
    if (migrate == nullptr) return std::unexpected(ExitReason("undef"));
    (*migrate)(state_);
    return {};
  }

  std::any& state_in_use() noexcept { return state_; }

 private:
  std::function<std::any()> init_;
  std::any state_;
};

}  // namespace

std::expected<Started, StartError> start_agent(std::function<std::any()> init,
                                               const StartOptions& options, bool link) {
  return start_behaviour(std::make_unique<AgentProcess>(std::move(init), options), options,
                         {.link = link});
}

std::any call_agent(const ServerRef& agent, const char* name, AgentFunction function,
                    Timeout timeout) {
  return call_operation<AgentProcess>(
      agent, name,
      [function = std::move(function)](AgentProcess& process) {
        return function(process.state_in_use());
      },
      timeout);
}

void cast_agent(const ServerRef& agent, AgentFunction function) {
  auto* message = make_message<AgentCast>(Message{}, std::move(function));
  message->type = &agent_cast_type;
  message->kind = MessageKind::cast;
  send_message(agent.address(), message);
}

}  // namespace otp::detail
