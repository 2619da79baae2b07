// Reading and writing: the only place of the compiler that touches the file system and runs
// programs.
#pragma once

#include <string>
#include <vector>

#include <llvm/Support/Error.h>

namespace otpc::driver {

/// The whole file, of 64 MiB at most: a device may have no end. The error says in words what
/// hindered.
llvm::Expected<std::string> read_file(const std::string& path);

/// Writes through a temporary file in the same folder, so that nobody ever sees half a file; makes
/// folders. A file that is replaced keeps its permissions, a link what it points to. One that holds
/// the same bytes already is not touched. True when it was written.
llvm::Expected<bool> write_if_changed(const std::string& path, const std::string& bytes);

/// What one run made below a folder, a path relative to it in each line, so that the next run can
/// remove what it no longer makes. Writing always gives it the time of the run.
class Manifest {
 public:
  /// `folder` as it will be for the paths that are kept.
  Manifest(std::string path, std::string folder);

  /// Removes what the last run made and `outputs` has not, with the folders that it leaves empty,
  /// and keeps `outputs` for the next one.
  llvm::Error replace(const std::vector<std::string>& outputs) const;

 private:
  std::vector<std::string> kept() const;

  std::string path_;
  std::string folder_;
};

/// Standard input, whole, with the same limit.
llvm::Expected<std::string> read_stdin();

struct Ended {
  int status = 0;  ///< negative: by a signal
  std::string out;
  std::string err;
  /// "ended with status 1", "crashed: Killed"
  std::string how;
};
/// Runs a program, which is looked for like a command, to its end. The error says in words why it
/// could not be run; how it ended otherwise is in the result.
llvm::Expected<Ended> run_program(const std::string& program,
                                  const std::vector<std::string>& arguments,
                                  const std::string& input);

/// A Make rule: outputs depend on inputs.
std::string depfile(const std::vector<std::string>& outputs,
                    const std::vector<std::string>& inputs);

}  // namespace otpc::driver
