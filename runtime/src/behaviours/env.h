// Configuration: from files, environment and command line to checked values, or to errors a person
// can act on.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <otp/application.h>

namespace otp::detail {

/// What the command line asks for.
struct CommandLine {
  std::vector<std::string> config_files;
  std::vector<std::string> settings;  ///< of `--set`, as given
  bool help = false;
  bool json_reports = false;
  bool progress_reports = false;
  bool show_config = false;
};

/// One paragraph each: where, what, how to mend it.
using ConfigErrors = std::vector<std::string>;

std::expected<CommandLine, ConfigErrors> parse_command_line(int argc, const char* const* argv);

/// Looks up an environment variable; null when it is not set.
using Getenv = std::function<const char*(const std::string&)>;

struct Configuration {
  std::map<std::string, Env> env;  ///< by application
  std::string shown;               ///< each value and where it comes from, a line each
};

/// The configuration of every application; all errors at once.
std::expected<Configuration, ConfigErrors> load_env(
    const std::vector<const ApplicationSpec*>& specs, const CommandLine& command_line,
    const Getenv& getenv);

/// What `--help` prints.
std::string usage(std::string_view program, const std::vector<const ApplicationSpec*>& specs);

}  // namespace otp::detail
