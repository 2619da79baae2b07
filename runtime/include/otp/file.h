// file: reading and writing files without holding up the schedulers.
//
//   std::string text = otp::file::read_file("/etc/hosts").value();
//   otp::file::File log = otp::file::open("shop.log", {.append = true}).value();
//   otp::file::pwrite(log, 0, "started\n");
//   otp::file::close(log);
//
// - Every call works on the blocking pool while its process waits: schedulers go on, and an exit
//   signal ends the waiting at once. What the system was asked for is then still done, as it cannot
//   be called back, and nobody sees its result.
// - Calls of several processes on one file go on beside each other; there is no position that they
//   would share, each says where it reads or writes.
// - A handle is a value: copy it, send it. The file is closed by close, or with its last handle.
// - Errors have the names of the system: "enoent", "eacces", "eisdir", "enospc". "eof": there is
//   nothing behind that position. "einval": the file is closed.
// Other than in OTP a file has no owner whose end would close it, and the functions take text as
// bytes. Process only. Source: file(3), raw files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include <otp/inet.h>

namespace otp {

namespace detail {
class OpenFile;
}  // namespace detail

namespace file {

/// As file:open's. None of them is the same as `read` alone.
struct Modes {
  bool read = false;
  bool write = false;   ///< makes the file; empties it, unless it is to be read too
  bool append = false;  ///< makes the file; what is written goes to its end, wherever it is meant
  bool exclusive = false;  ///< with write or append: `eexist` when the file exists
};

/// A handle of an open file; the default one of none.
class File {
 public:
  File() = default;
  explicit File(std::shared_ptr<detail::OpenFile> file) noexcept : file_(std::move(file)) {}
  explicit operator bool() const noexcept { return file_ != nullptr; }
  friend bool operator==(const File&, const File&) = default;
  const std::shared_ptr<detail::OpenFile>& open_file() const noexcept { return file_; }

 private:
  std::shared_ptr<detail::OpenFile> file_;
};

/// All of it. `enomem` when there is not memory enough.
std::expected<std::string, InetError> read_file(std::string path);
/// Makes the file, or puts `data` in the place of what it held; with append, behind that.
std::expected<void, InetError> write_file(std::string path, std::string data, Modes modes = {});

/// What is made may be read and written by everybody that the process's umask allows. `eisdir` for
/// a directory.
std::expected<File, InetError> open(std::string path, Modes modes = {});
/// At most `count` bytes from byte `offset` on: fewer only before the end, `eof` at it or behind.
std::expected<std::string, InetError> pread(const File& file, std::uint64_t offset,
                                            std::size_t count);
/// All of `data`, unless an error says otherwise.
std::expected<void, InetError> pwrite(const File& file, std::uint64_t offset, std::string data);
/// Returns when what was written is on the disk: fsync(2).
std::expected<void, InetError> sync(const File& file);
/// Waits for the calls that are under way. `einval` when it is closed already.
std::expected<void, InetError> close(const File& file);

}  // namespace file
}  // namespace otp
