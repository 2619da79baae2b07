// Applications: a supervision tree with typed configuration, started and stopped as one.
//
//   int main(int argc, char** argv) { return otp::run_application(argc, argv,
//   shop::shop_application()); }
//
// Guarantees
// - Every key of `env` is checked before anything starts: present or defaulted, of its type, in its
// range. A value comes
//   from, the later the stronger: the schema's default, a TOML file (`--config FILE`, table
//   `[app]`), the environment
//   (`APP_KEY`), the command line (`--set app.key=value`).
// - `depends` are started first, each once; the stop goes in reverse order. Each root supervisor
// gets as long as it needs.
// - SIGTERM and SIGINT stop the applications in order; a second one ends the program at once. The
// signals are
//   blocked in every thread from the moment run_application is called, and are its own until it
//   returns.
// - The exit status tells why it ended: see ExitStatus.
// Source: application(3), Elixir's Application; the types of an application are `permanent` here:
// the program ends when one of them does.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <otp/exit_reason.h>
#include <otp/process.h>
#include <otp/runtime.h>

namespace otp {

enum class EnvType : std::uint8_t { boolean, integer, natural, floating, text, duration };
/// A configured value; the alternative is that of the key's EnvType. A duration is in nanoseconds.
using EnvValue = std::variant<bool, std::int64_t, std::uint64_t, double, std::string, Duration>;

struct EnvKey {
  std::string name;
  EnvType type = EnvType::text;
  std::optional<EnvValue> fallback;  ///< the schema's default; without one the key must be given
  std::optional<EnvValue> min;       ///< inclusive
  std::optional<EnvValue> max;       ///< inclusive
  std::string doc;
};

/// The checked configuration of one application.
class Env {
 public:
  explicit Env(std::map<std::string, EnvValue, std::less<>> values) : values_(std::move(values)) {}
  /// The value of a declared key. Throws std::out_of_range for a key the schema does not declare.
  const EnvValue& operator[](std::string_view key) const;
  /// The same as a C++ type: any integer type for integer and natural, and so on.
  template <class T>
  T get(std::string_view key) const {
    return std::visit(
        [](const auto& value) -> T {
          if constexpr (std::is_convertible_v<decltype(value), T>) return static_cast<T>(value);
          throw_env_type();
        },
        (*this)[key]);
  }

 private:
  [[noreturn]] static void throw_env_type();
  std::map<std::string, EnvValue, std::less<>> values_;
};

struct ApplicationSpec {
  std::string name;
  std::string version;
  std::vector<EnvKey> env;
  std::vector<ApplicationSpec> depends;
  /// Starts the root supervisor, linked to the caller, and returns its pid.
  std::function<std::expected<Pid, ExitReason>(const Env&)> start;
};

/// The exit status of a program that is an application.
enum class ExitStatus : int {
  stopped = 0,       ///< its work was done (the root supervisor ended `normal` or `shutdown`), or a
                     ///< signal stopped it
  crashed = 1,       ///< a root supervisor gave up or crashed
  bad_config = 2,    ///< command line or configuration: nothing was started
  start_failed = 3,  ///< an application did not start: those before it were stopped again
  body_failed = 4,   ///< the body given to run_application ended with an error
};

struct ApplicationOptions {
  RuntimeOptions runtime;
  /// Runs as a process once everything is started; when it returns, the applications are stopped.
  /// Without one the program runs until a root supervisor ends or a signal comes.
  std::move_only_function<void()> body;
};

/// Reads the configuration, starts `root` and what it depends on, runs until the end, stops
/// everything in reverse. Returns the ExitStatus. Prints one paragraph on stderr for each error.
/// Call it from main, once.
int run_application(int argc, const char* const* argv, const ApplicationSpec& root,
                    ApplicationOptions options = {});

/// Asks for the ordered stop of the program's applications, after which run_application returns
/// `status`; the counterpart of init:stop/1. Does nothing in a program that runs none. Process
/// only; returns at once.
void stop_applications(int status = 0);

}  // namespace otp
