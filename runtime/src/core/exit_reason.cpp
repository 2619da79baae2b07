#include <array>
#include <utility>

#include <otp/exit_reason.h>

namespace otp {

struct ExitReason::Detail {
  std::string text;
  std::string origin;
  std::unique_ptr<const ExitReason> cause;
  std::vector<void*> frames;
  std::any payload;
};

namespace {

using Kind = ExitReason::Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 9> closed_kinds{{
    {Kind::normal, "normal"},
    {Kind::shutdown, "shutdown"},
    {Kind::kill, "kill"},
    {Kind::killed, "killed"},
    {Kind::noproc, "noproc"},
    {Kind::noconnection, "noconnection"},
    {Kind::timeout, "timeout"},
    {Kind::calling_self, "calling_self"},
    {Kind::overloaded, "overloaded"},
}};

std::string_view closed_name(Kind kind) noexcept {
  for (const auto& [each, name] : closed_kinds) {
    if (each == kind) return name;
  }
  return {};
}

}  // namespace

ExitReason::ExitReason(std::string_view text) {
  for (const auto& [kind, name] : closed_kinds) {
    if (text == name) {
      kind_ = kind;
      return;
    }
  }
  kind_ = Kind::custom;
  detail_ = std::make_shared<Detail>(
      Detail{.text = std::string(text), .origin = {}, .cause = {}, .frames = {}, .payload = {}});
}

ExitReason ExitReason::shutdown(std::string_view detail) {
  Detail made{};
  made.text = detail;
  return {Kind::shutdown, std::make_shared<const Detail>(std::move(made))};
}

ExitReason ExitReason::bad_request(std::string_view detail) {
  Detail made{};
  made.text = detail;
  return {Kind::bad_request, std::make_shared<const Detail>(std::move(made))};
}

ExitReason ExitReason::terminate(std::string_view detail) {
  Detail made{};
  made.text = detail;
  return {Kind::terminate, std::make_shared<const Detail>(std::move(made))};
}

ExitReason ExitReason::call_failed(const ExitReason& cause, std::string_view call) {
  Detail made{};
  made.origin = call;
  made.cause = std::make_unique<const ExitReason>(cause);
  return {Kind::call_failed, std::make_shared<const Detail>(std::move(made))};
}

ExitReason ExitReason::error(std::string_view type, std::string_view what,
                             std::vector<void*> frames) {
  Detail made{};
  made.text = what;
  made.origin = type;
  made.frames = std::move(frames);
  return {Kind::error, std::make_shared<const Detail>(std::move(made))};
}

ExitReason ExitReason::with_payload(std::any payload) const {
  Detail made{};
  if (detail_) {
    made.text = detail_->text;
    made.origin = detail_->origin;
    if (detail_->cause) made.cause = std::make_unique<const ExitReason>(*detail_->cause);
    made.frames = detail_->frames;
  }
  made.payload = std::move(payload);
  return {kind_, std::make_shared<const Detail>(std::move(made))};
}

std::string_view ExitReason::text() const noexcept {
  return detail_ ? std::string_view{detail_->text} : std::string_view{};
}

std::string_view ExitReason::origin() const noexcept {
  return detail_ ? std::string_view{detail_->origin} : std::string_view{};
}

const ExitReason& ExitReason::cause() const noexcept {
  return detail_ && detail_->cause ? *detail_->cause : *this;
}

const std::vector<void*>& ExitReason::frames() const noexcept {
  static const std::vector<void*> none;
  return detail_ ? detail_->frames : none;
}

const std::any* ExitReason::any_payload() const noexcept {
  return detail_ ? &detail_->payload : nullptr;
}

bool ExitReason::is_shutdown() const noexcept {
  return kind_ == Kind::shutdown ||
         (kind_ == Kind::call_failed && cause().kind() == Kind::shutdown);
}

bool operator==(const ExitReason& a, const ExitReason& b) noexcept {
  if (a.kind_ != b.kind_) return false;
  if (a.detail_ == b.detail_) return true;
  if (a.text() != b.text() || a.origin() != b.origin()) return false;
  return a.kind_ != ExitReason::Kind::call_failed || a.cause() == b.cause();
}

std::string to_string(const ExitReason& reason) {
  const std::string text(reason.text());
  switch (reason.kind()) {
    case Kind::normal:
    case Kind::kill:
    case Kind::killed:
    case Kind::noproc:
    case Kind::noconnection:
    case Kind::timeout:
    case Kind::calling_self:
    case Kind::overloaded:
      return std::string(closed_name(reason.kind()));
    case Kind::shutdown:
      return text.empty() ? "shutdown" : "{shutdown," + text + "}";
    case Kind::bad_request:
      return "{bad_request," + text + "}";
    case Kind::terminate:
      return "{terminate," + text + "}";
    case Kind::call_failed:
      return "{" + to_string(reason.cause()) + "," + std::string(reason.origin()) + "}";
    case Kind::custom:
      return text;
    case Kind::error:
      return text.empty() ? std::string(reason.origin())
                          : std::string(reason.origin()) + ": " + text;
  }
  return text;
}

}  // namespace otp
