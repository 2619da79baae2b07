#include "sys/format.h"

#include <otp/logger.h>

#include <algorithm>
#include <iterator>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace otp::detail {
namespace {

const char* context_text(SupervisorReport::Context context) {
  switch (context) {
    case SupervisorReport::Context::start_error:
      return "start_error";
    case SupervisorReport::Context::child_terminated:
      return "child_terminated";
    case SupervisorReport::Context::shutdown_error:
      return "shutdown_error";
    case SupervisorReport::Context::shutdown:
      return "shutdown";
  }
  return "";
}

std::string pids_text(const std::vector<Pid>& pids) {
  std::string text;
  for (const Pid pid : pids) text += (text.empty() ? "" : ", ") + to_string(pid);
  return text;
}

/// How many bytes the well-formed UTF-8 character (RFC 3629) at the front has; 0 when there is
/// none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() < length) return 0;
  // The second byte's range shuts out overlong forms, surrogates and what is above U+10FFFF.
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

/// A well-formed JSON string of any bytes: what is not UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const std::size_t length = character_length(text);
    if (length == 0)
      result += "\\ufffd";
    else if (byte == '"' || byte == '\\')
      result += fmt::format("\\{}", text[0]);
    else if (byte < 0x20 || byte == 0x7F)
      result += fmt::format("\\u{:04x}", byte);
    else
      result.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  result += '"';
  return result;
}

/// For a terminal: control characters, which could move the cursor or hide text, become `\x1b`.
std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F)
      result += fmt::format("\\x{:02x}", byte);
    else if (byte == 0xC2 && next >= 0x80 && next < 0xA0)  // U+0080 to U+009F, in two bytes
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    else
      result += text[i];
  }
  return result;
}

/// Writes the members of one object in order; empty texts are left out.
class JsonLine {
 public:
  explicit JsonLine(std::string_view kind) { add("report", kind); }
  JsonLine& add(std::string_view key, std::string_view value) {
    if (!value.empty()) raw(key, quoted(value));
    return *this;
  }
  JsonLine& add(std::string_view key, const std::vector<std::string>& values) {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ",") + quoted(value);
    if (!values.empty()) raw(key, "[" + list + "]");
    return *this;
  }
  JsonLine& add(std::string_view key, Pid pid) {
    return pid ? add(key, std::string_view(to_string(pid))) : *this;
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  void raw(std::string_view key, const std::string& value) {
    text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "" : ",", key, value);
  }
  std::string text_;
};

/// What a program says itself is stronger, as in OTP.
bool says_itself(const LogReport& report, std::string_view key) {
  return std::ranges::any_of(report.metadata, [&](const auto& each) { return each.first == key; });
}

/// RFC 3339 to the microsecond, as OTP's formatter has it; in UTC.
std::string time_text(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto whole = duration_cast<microseconds>(time.time_since_epoch());
  return fmt::format("{:%FT%T}.{:06}Z", fmt::gmtime(duration_cast<seconds>(whole).count()),
                     whole.count() % microseconds::period::den);
}

struct TextFormat {
  std::string operator()(const CrashReport& r) const {
    std::string text = fmt::format("{} {} terminating", r.server, to_string(r.pid));
    if (r.name) text += fmt::format("\n  name:          {}", r.name.text());
    if (!r.label.empty()) text += fmt::format("\n  label:         {}", r.label);
    text += fmt::format("\n  reason:        {}", to_string(r.reason));
    if (!r.last_message.empty()) text += fmt::format("\n  last message:  {}", r.last_message);
    if (!r.state.empty()) text += fmt::format("\n  state:         {}", r.state);
    if (r.parent) text += fmt::format("\n  parent:        {}", to_string(r.parent));
    if (r.ancestors.size() > 1)
      text += fmt::format("\n  ancestors:     {}", pids_text(r.ancestors));
    if (r.client) text += fmt::format("\n  client:        {}", to_string(r.client));
    if (!r.links.empty()) text += fmt::format("\n  links:         {}", pids_text(r.links));
    const std::vector<std::string> stack = symbolise(r.reason.frames());
    for (std::size_t i = 0; i < stack.size(); ++i)
      text += fmt::format("\n  {:<13}  {}", i == 0 ? "thrown at:" : "", stack[i]);
    return text;
  }
  std::string operator()(const SupervisorReport& r) const {
    return fmt::format(
        "{} {}: {}\n  child:         {} {} ({}, {}, shutdown {})\n  reason:        {}",
        r.supervisor, to_string(r.pid), context_text(r.context), r.child_id,
        r.child ? to_string(r.child) : "", r.type, r.restart, r.shutdown, to_string(r.reason));
  }
  std::string operator()(const ProgressReport& r) const {
    return fmt::format("{} started {} {}", r.supervisor, r.child_id, to_string(r.child));
  }
  std::string operator()(const WarningReport& r) const {
    return fmt::format("{} {}: {}", r.server, to_string(r.pid), r.text);
  }
  std::string operator()(const LogReport& r) const {
    std::string text = r.module.empty() ? r.text : r.module + ": " + r.text;
    for (const auto& [key, value] : r.metadata) text += fmt::format(" {}={}", key, value);
    return text;
  }
};

bool is_error(const ExitReason& reason) { return reason.kind() == ExitReason::Kind::error; }

struct JsonFormat {
  std::string operator()(const CrashReport& r) const {
    return JsonLine("crash")
        .add("server", r.server)
        .add("pid", r.pid)
        .add("name", r.name.text())
        .add("label", r.label)
        .add("reason", to_string(r.reason))
        .add("type", is_error(r.reason) ? r.reason.origin() : "")
        .add("what", is_error(r.reason) ? r.reason.text() : "")
        .add("last_message", r.last_message)
        .add("state", r.state)
        .add("parent", r.parent)
        .add("ancestors", texts(r.ancestors))
        .add("client", r.client)
        .add("links", texts(r.links))
        .add("stack", symbolise(r.reason.frames()))
        .text();
  }
  std::string operator()(const SupervisorReport& r) const {
    return JsonLine("supervisor")
        .add("supervisor", r.supervisor)
        .add("pid", r.pid)
        .add("context", context_text(r.context))
        .add("child", r.child_id)
        .add("child_pid", r.child)
        .add("restart", r.restart)
        .add("shutdown", r.shutdown)
        .add("type", r.type)
        .add("reason", to_string(r.reason))
        .text();
  }
  std::string operator()(const ProgressReport& r) const {
    return JsonLine("progress")
        .add("supervisor", r.supervisor)
        .add("pid", r.pid)
        .add("child", r.child_id)
        .add("child_pid", r.child)
        .text();
  }
  std::string operator()(const WarningReport& r) const {
    return JsonLine("warning").add("server", r.server).add("pid", r.pid).add("text", r.text).text();
  }
  std::string operator()(const LogReport& r) const {
    JsonLine line("log");
    line.add("level", otp::to_string(r.level));
    if (!says_itself(r, "pid")) line.add("pid", r.pid);
    line.add("module", r.module).add("text", r.text);
    for (const auto& [key, value] : r.metadata) line.add(key, std::string_view(value));
    return line.text();
  }

  static std::vector<std::string> texts(const std::vector<Pid>& pids) {
    std::vector<std::string> result;
    for (const Pid pid : pids) result.push_back(to_string(pid));
    return result;
  }
};

struct Level {
  ReportLevel operator()(const CrashReport&) const { return ReportLevel::error; }
  ReportLevel operator()(const SupervisorReport&) const { return ReportLevel::error; }
  ReportLevel operator()(const ProgressReport&) const { return ReportLevel::info; }
  ReportLevel operator()(const WarningReport&) const { return ReportLevel::warning; }
  ReportLevel operator()(const LogReport& r) const { return level_of(r.level); }
};

}  // namespace

ReportLevel level_of(LogLevel level) noexcept {
  if (level <= LogLevel::error) return ReportLevel::error;
  if (level <= LogLevel::warning) return ReportLevel::warning;
  return level <= LogLevel::info ? ReportLevel::info : ReportLevel::debug;
}
ReportLevel level_of(const Report& report) noexcept { return std::visit(Level{}, report); }
std::string format_text(const Report& report) {
  return printable(std::visit(TextFormat{}, report));
}
std::string format_json(const Report& report) { return std::visit(JsonFormat{}, report); }
std::string json_line(const Report& report, std::chrono::system_clock::time_point time) {
  std::string line = format_json(report);
  const auto* log = std::get_if<LogReport>(&report);
  if (log == nullptr || !says_itself(*log, "time"))
    line.insert(1, fmt::format("\"time\":\"{}\",", time_text(time)));
  return line;
}

}  // namespace otp::detail
