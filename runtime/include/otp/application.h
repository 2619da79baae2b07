// Applications: a supervision tree with typed configuration, started and stopped as one.
//
//   int main(int argc, char** argv) {
//     return otp::run_application(argc, argv, shop::shop_application());
//   }
//
// Guarantees
// - Every key of `env` is checked before anything starts: present or defaulted, of its type, in its
//   range. A value comes from, the later the stronger: the schema's default, a TOML file
//   (`--config FILE`, table `[app]`), the environment (`APP_KEY`), the command line
//   (`--set app.key=value`).
// - `depends` are started first, each once; the stop goes in reverse order. Each root supervisor
//   gets as long as it needs.
// - SIGTERM and SIGINT stop the applications in order; a second one ends the program at once. Once
//   the configuration is known to be right, and until it returns, run_application blocks them in
//   the calling thread, and so in every thread that is made from then on. A thread that the program
//   has made before has to block them itself.
// - `--show-config` prints each value and where it comes from.
// - A stop that takes long is reported, with the processes that still live.
// - The exit status tells why it ended: see ExitStatus.
// Those that run_application starts are `permanent`: the program ends when one of them does. Others
// are loaded, started and stopped at run time: see namespace otp::application.
// Source: application(3), Elixir's Application.
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
  const std::map<std::string, EnvValue, std::less<>>& values() const noexcept { return values_; }

 private:
  [[noreturn]] static void throw_env_type();
  std::map<std::string, EnvValue, std::less<>> values_;
};

struct ApplicationSpec {
  std::string name{};
  std::string description{};
  std::string version{};
  std::vector<EnvKey> env{};
  std::vector<ApplicationSpec> depends{};   ///< must run before it
  std::vector<ApplicationSpec> included{};  ///< loaded with it; it starts their trees itself
  std::vector<std::string> start_phases{};
  /// Starts the root supervisor, linked to the caller, and returns its pid. None: a library, which
  /// has no processes.
  std::function<std::expected<Pid, ExitReason>(const Env&)> start{};
  /// Called for each of the phases in order, once the tree stands.
  std::function<std::expected<void, ExitReason>(const std::string& phase)> start_phase{};
  std::function<void()> prep_stop{};  ///< before the tree is stopped
  std::function<void()> stop{};       ///< after it
};

/// What the end of an application means for the others.
enum class ApplicationType : std::uint8_t {
  permanent,  ///< the program ends too
  transient,  ///< the program ends too, unless it was `normal`
  temporary,  ///< it is reported
};

/// Applications at run time: application(3). Errors are OTP's reasons. Process only.
namespace application {

/// `{already_loaded,Name}`, or `{bad_application,Why}`. What it includes is loaded with it.
std::expected<void, ExitReason> load(ApplicationSpec spec);
/// `{not_loaded,Name}`, `{running,Name}`.
std::expected<void, ExitReason> unload(const std::string& name);
/// `{already_started,Name}`, `{not_started,Dependency}`, `{not_loaded,Name}`, or why it did not
/// start: `{Reason,{Name,start,[normal,[]]}}`. Two that start the same one at once both get its
/// result. A permanent or transient one that does not start ends the program, as in OTP.
std::expected<void, ExitReason> start(const std::string& name,
                                      ApplicationType type = ApplicationType::temporary);
/// What it depends on first; the names of those that were started. When one does not start, those
/// are stopped again, and the error is `{Name,Reason}`.
std::expected<std::vector<std::string>, ExitReason> ensure_all_started(
    const std::string& name, ApplicationType type = ApplicationType::temporary);
/// Stops the tree, and then kills whatever process still belongs to the application: what its
/// processes have started without a link as well. `{not_started,Name}`.
std::expected<void, ExitReason> stop(const std::string& name);

std::vector<std::string> which_applications();   ///< the last started first
std::vector<std::string> loaded_applications();  ///< by name
/// To which application a process belongs: to that of the process that started it.
std::optional<std::string> get_application(Pid pid = self());
/// The root supervisor; none of a library, or of one that does not run.
std::optional<Pid> get_supervisor(const std::string& name);
/// As loaded; without a name that of the caller's application.
std::optional<ApplicationSpec> get_spec(const std::string& name);
std::optional<ApplicationSpec> get_spec();

/// A value of the configuration; none when the application or the key is not known.
std::optional<EnvValue> get_env(const std::string& name, const std::string& key);
EnvValue get_env(const std::string& name, const std::string& key, EnvValue otherwise);
struct SetEnvOptions {
  bool persistent = false;  ///< wins over the schema's default, and survives unloading
};
/// Also before the application is loaded: then its schema's default wins, unless it is persistent.
/// Throws std::invalid_argument for an empty name or key.
void set_env(const std::string& name, const std::string& key, EnvValue value,
             SetEnvOptions options = {});
using EnvSettings =
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, EnvValue>>>>;
/// The same for many, all or none. Throws std::invalid_argument also for one named twice.
void set_env(const EnvSettings& settings, SetEnvOptions options = {});
/// Forgets a value, also a persistent one: after the next load the schema's default is back.
void unset_env(const std::string& name, const std::string& key);

}  // namespace application

/// The exit status of a program that is an application. A program that a second signal has ended
/// has 128 plus the number of that signal: 130 for SIGINT, 143 for SIGTERM.
enum class ExitStatus : int {
  stopped = 0,       ///< its work was done (the root supervisor ended `normal` or `shutdown`), or a
                     ///< signal stopped it
  crashed = 1,       ///< a root supervisor gave up or crashed
  bad_config = 2,    ///< command line or configuration: nothing was started
  start_failed = 3,  ///< an application did not start: those before it were stopped again; or the
                     ///< system had no descriptor or thread for the program
  body_failed = 4,   ///< the body given to run_application ended with an error
};

struct ApplicationOptions {
  RuntimeOptions runtime;
  /// Runs as a process once everything is started; when it returns, the applications are stopped.
  /// Without one the program runs until a root supervisor ends or a signal comes.
  std::move_only_function<void()> body;
};

/// Reads the configuration, starts `root` and what it depends on, runs until the end, stops
/// everything in reverse. Returns the ExitStatus, or what was given to stop_applications. Prints
/// one paragraph on stderr for each error. Call it from main, once.
int run_application(int argc, const char* const* argv, const ApplicationSpec& root,
                    ApplicationOptions options = {});

/// Asks for the ordered stop of the program's applications, after which run_application returns
/// `status`; the counterpart of init:stop/1. Does nothing in a program that runs none. Process
/// only; returns at once.
void stop_applications(int status = 0);

}  // namespace otp
