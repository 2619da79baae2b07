#include "process/crash.h"

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <typeinfo>

#include <otp/report.h>

#include "core/throw_trace.h"
#include "process/node.h"

namespace otp {
namespace detail {

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

ExitReason reason_of_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return ExitReason::error(demangled(typeid(error).name()), error.what(), last_throw_frames());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return ExitReason::error(type != nullptr ? demangled(type->name()) : "unknown exception", "",
                             last_throw_frames());
  }
}

namespace {

/// Its parent, that one's parent, and so on, as long as they live.
std::vector<Pid> ancestors_of(const Process& self) {
  constexpr std::size_t enough = 32;
  std::vector<Pid> ancestors;
  for (Pid pid = self.parent(); pid && ancestors.size() < enough;) {
    ancestors.push_back(pid);
    const Process* process = self.node->table().slot(pid);
    if (process == nullptr) break;
    const Pid next = process->parent();
    // The slot may have got another tenant meanwhile.
    if (process->serial.load(std::memory_order_acquire) != pid.serial) break;
    pid = next;
  }
  return ancestors;
}

}  // namespace

void report_crash(const Process& self, const ExitReason& reason) {
  CrashReport report;
  const bool whole = self.behaviour != nullptr;  // else its destructors have begun
  if (whole) report.server = self.behaviour->describe();
  report.pid = self.pid();
  report.name = Name::from_index(self.name.load(std::memory_order_relaxed));
  if (self.extras) report.label = self.extras->label;
  report.reason = reason;
  const MessageType* handling = self.handling.load(std::memory_order_relaxed);
  if (handling != nullptr) report.last_message = handling->name;
  if (whole) report.state = formatted_status([&] { return self.behaviour->state_text(); });
  report.parent = self.parent();
  report.ancestors = ancestors_of(self);
  // A call that was cut off is the last that is owed an answer.
  const DeferredRequest* const owed = self.extras ? self.extras->deferred.last() : nullptr;
  if (owed != nullptr && owed->type == handling) report.client = owed->caller;
  report.links = self.links.list();
  emit_report(report);
}

}  // namespace detail

bool detail::reports_of(LogLevel level) noexcept {
  const Node* node = current_node();
  return node != nullptr && node->options().reports != nullptr &&
         node->options().reports->wants(level);
}

void emit_report(const Report& report) noexcept {
  const detail::Node* node = detail::current_node();
  if (node != nullptr && node->options().reports != nullptr) node->options().reports->write(report);
}

}  // namespace otp
