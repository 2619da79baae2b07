#include <otp/alias.h>

#include <utility>

#include "process/node.h"
#include "process/signals.h"

namespace otp {

using detail::MessageKind;
using detail::Process;

Alias alias(AliasOptions options) {
  Process& self = detail::require_process("alias");
  const Alias made{.owner = self.pid(), .ref = make_ref()};
  self.more().aliases.emplace(
      made.ref,
      detail::ActiveAlias{.once = options.reply, .priority = options.priority, .monitor = {}});
  return made;
}

Alias alias_of(Ref monitor) { return {.owner = self(), .ref = monitor}; }

bool unalias(const Alias& alias) {
  Process& self = detail::require_process("unalias");
  if (self.has_arrivals()) detail::drain(self);  // what came before is let in
  return self.extras && alias.owner == self.pid() && self.extras->aliases.erase(alias.ref) != 0;
}

void exit(const Alias& alias, ExitReason reason, SendOptions options) {
  detail::send_through(
      alias,
      detail::make_signal<detail::ExitMessage>(
          MessageKind::exit_signal, Exit{.pid = self(), .reason = std::move(reason)}, false),
      options);
}

namespace detail {

void send_through(const Alias& alias, Message* message, SendOptions options) noexcept {
  MessagePtr inner(message);
  if (options.priority) inner->flags |= priority_flag;
  auto* signal = make_signal<AliasSignal>(MessageKind::alias, alias.ref, std::move(inner));
  send_message(alias.owner, signal);
}

}  // namespace detail
}  // namespace otp
