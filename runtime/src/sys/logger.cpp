#include <otp/logger.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <otp/process.h>

namespace otp {
namespace {

constexpr std::array<std::string_view, 10> level_names{
    "none", "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "all"};

bool passes(LogLevel level, LogLevel threshold) noexcept {
  return compare_levels(level, threshold) >= 0;
}

/// The subject of a report, for module levels.
struct Module {
  std::string_view operator()(const CrashReport& report) const { return report.server; }
  std::string_view operator()(const SupervisorReport& report) const { return report.supervisor; }
  std::string_view operator()(const ProgressReport& report) const { return report.supervisor; }
  std::string_view operator()(const WarningReport& report) const { return report.server; }
  std::string_view operator()(const LogReport& report) const { return report.module; }
};

struct Severity {
  LogLevel operator()(const CrashReport&) const { return LogLevel::error; }
  LogLevel operator()(const SupervisorReport&) const { return LogLevel::error; }
  LogLevel operator()(const ProgressReport&) const { return LogLevel::info; }
  LogLevel operator()(const WarningReport&) const { return LogLevel::warning; }
  LogLevel operator()(const LogReport& report) const { return report.level; }
};

bool let_through(const std::vector<LogFilter>& filters, const Report& report) {
  return std::ranges::all_of(filters, [&](const LogFilter& filter) { return filter(report); });
}

/// Counts the reports of the current window.
class Burst {
 public:
  explicit Burst(BurstLimit limit) : limit_(limit) {}

  struct Verdict {
    bool passes = true;
    std::size_t dropped_before = 0;  ///< in a window that is over: to be told
  };
  Verdict count() {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    Verdict verdict;
    if (now - begin_ >= limit_.window) {
      begin_ = now;
      seen_ = 0;
      verdict.dropped_before = std::exchange(dropped_, 0);
    }
    verdict.passes = ++seen_ <= limit_.count;
    if (!verdict.passes) ++dropped_;
    return verdict;
  }

 private:
  const BurstLimit limit_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point begin_{};
  std::size_t seen_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace

std::strong_ordering compare_levels(LogLevel a, LogLevel b) noexcept {
  return static_cast<std::uint8_t>(b) <=> static_cast<std::uint8_t>(a);
}

std::string_view to_string(LogLevel level) noexcept {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> level_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(level_names, text);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<LogLevel>(found - level_names.begin());
}

LogLevel level_of(const Report& report) noexcept { return std::visit(Severity{}, report); }
std::string_view module_of(const Report& report) noexcept { return std::visit(Module{}, report); }

struct Logger::Installed {
  LogHandler handler;
  std::shared_ptr<Burst> burst;
};

struct Logger::Config {
  LogLevel primary;
  std::vector<LogFilter> filters;
  std::map<std::string, LogLevel, std::less<>> modules;
  std::map<std::string, Installed> handlers;
};

Logger::Logger(LogLevel primary)
    : config_(std::make_shared<const Config>(
          Config{.primary = primary, .filters = {}, .modules = {}, .handlers = {}})) {}
Logger::~Logger() = default;

template <class Change>
auto Logger::change(Change change) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Config>(*config_);
  struct Store {
    std::shared_ptr<const Config>& config;
    std::shared_ptr<Config>& next;
    ~Store() { config = std::move(next); }
  } const store{config_, next};
  return change(*next);
}

std::expected<void, ExitReason> Logger::add_handler(const std::string& id, LogHandler handler) {
  if (handler.sink == nullptr) return std::unexpected(ExitReason("{handler_not_added,undef}"));
  return change([&](Config& config) -> std::expected<void, ExitReason> {
    auto burst = handler.burst_limit ? std::make_shared<Burst>(*handler.burst_limit) : nullptr;
    const bool added =
        config.handlers.try_emplace(id, Installed{std::move(handler), std::move(burst)}).second;
    if (!added) return std::unexpected(ExitReason("{already_exist," + id + "}"));
    return {};
  });
}

std::expected<void, ExitReason> Logger::remove_handler(const std::string& id) {
  return change([&](Config& config) -> std::expected<void, ExitReason> {
    if (config.handlers.erase(id) == 0)
      return std::unexpected(ExitReason("{not_found," + id + "}"));
    return {};
  });
}

std::expected<void, ExitReason> Logger::set_handler_level(const std::string& id, LogLevel level) {
  return change([&](Config& config) -> std::expected<void, ExitReason> {
    const auto found = config.handlers.find(id);
    if (found == config.handlers.end())
      return std::unexpected(ExitReason("{not_found," + id + "}"));
    found->second.handler.level = level;
    return {};
  });
}

std::vector<std::string> Logger::handlers() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, installed] : config_->handlers) ids.push_back(id);
  return ids;
}

void Logger::set_primary_level(LogLevel level) {
  change([&](Config& config) { config.primary = level; });
}
void Logger::add_primary_filter(LogFilter filter) {
  change([&](Config& config) { config.filters.push_back(std::move(filter)); });
}
void Logger::set_module_level(const std::string& module, LogLevel level) {
  change([&](Config& config) { config.modules[module] = level; });
}
void Logger::unset_module_level(const std::string& module) {
  change([&](Config& config) { config.modules.erase(module); });
}

void Logger::write(const Report& report) noexcept {
  try {
    std::shared_ptr<const Config> config;
    {
      const std::lock_guard lock(mutex_);
      config = config_;
    }
    const LogLevel level = otp::level_of(report);
    const auto module = config->modules.find(module_of(report));
    if (!passes(level, module == config->modules.end() ? config->primary : module->second)) return;
    if (!let_through(config->filters, report)) return;
    for (const auto& [id, installed] : config->handlers) {
      const auto& [handler, burst] = installed;
      if (!passes(level, handler.level) || !let_through(handler.filters, report)) continue;
      const Burst::Verdict verdict = burst ? burst->count() : Burst::Verdict{};
      if (verdict.dropped_before != 0) {
        handler.sink->write(WarningReport{.text = std::to_string(verdict.dropped_before) +
                                                  " reports beyond the burst limit of `" + id +
                                                  "` were dropped",
                                          .server = "logger",
                                          .pid = {}});
      }
      if (verdict.passes) handler.sink->write(report);
    }
  } catch (...) {  // a filter has thrown, or there is no memory
    std::fputs("otp: a report could not be logged\n", stderr);
  }
}

void log(LogLevel level, std::string text, LogOptions options) {
  emit_report(LogReport{.text = std::move(text),
                        .level = level,
                        .module = std::move(options.module),
                        .metadata = std::move(options.metadata),
                        .pid = in_process() ? self() : Pid{}});
}

}  // namespace otp
