// What a shell needs to complete a command line, made from a table of commands and options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/ADT/ArrayRef.h>

namespace otpc::tools {

enum class Shell : std::uint8_t { bash, zsh, fish };

/// What an option or an argument may be.
struct Completed {
  enum class Kind : std::uint8_t { nothing, words, schemas, files, folders };
  Kind kind = Kind::nothing;
  std::vector<std::string> words;
};

struct CommandOption {
  std::string name;  ///< without dashes; of one letter: `-I`, else `--name`
  std::string help;
  bool takes_value = false;
  Completed value;
};

struct Command {
  std::string name;  ///< empty: what is possible without a command
  std::string help;
  std::vector<CommandOption> options;
  Completed argument;  ///< each of its arguments
};

/// A script for the shell to read, for the given program.
std::string completion(Shell shell, const std::string& program, llvm::ArrayRef<Command> commands);

}  // namespace otpc::tools
