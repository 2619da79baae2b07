#include "process/crash.h"

#include <otp/report.h>

#include "process/node.h"

namespace otp {
namespace detail {

void report_crash(const Process& self, const ExitReason& reason) {
  CrashReport report;
  report.server = self.behaviour->describe();
  report.pid = self.pid();
  report.name = Name::from_index(self.name.load(std::memory_order_relaxed));
  if (self.extras) report.label = self.extras->label;
  report.reason = reason;
  if (self.handling != nullptr) report.last_message = self.handling->name;
  report.state = self.behaviour->state_text();
  report.parent = self.parent;
  report.links = self.links.list();
  emit_report(report);
}

}  // namespace detail

void emit_report(const Report& report) noexcept {
  const detail::Node* node = detail::current_node();
  if (node != nullptr && node->options().reports != nullptr) node->options().reports->write(report);
}

}  // namespace otp
