#include <otp/file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "process/await_answer.h"
#include "process/node.h"
#include "process/signals.h"

namespace otp::detail {

/// A descriptor that stays open while somebody uses it. Its lock is held during system calls, on
/// threads of the blocking pool, and never by a process that waits.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) noexcept : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { static_cast<void>(close()); }

  /// What `f` makes of the descriptor; -1 and EBADF when it is closed.
  template <class F>
  auto with(F f) {
    const std::shared_lock lock(mutex_);
    return f(descriptor_);
  }
  bool close() noexcept {
    const std::lock_guard lock(mutex_);
    return ::close(std::exchange(descriptor_, -1)) == 0 || errno == EINTR;  // closed all the same
  }

 private:
  std::shared_mutex mutex_;
  int descriptor_;
};

namespace {

using Nothing = std::expected<void, InetError>;
using Bytes = std::expected<std::string, InetError>;

std::unexpected<InetError> failure(int error) { return std::unexpected(InetError::system(error)); }
/// A file that is closed is a bad argument, as in OTP.
std::unexpected<InetError> last_failure() { return failure(errno == EBADF ? EINVAL : errno); }

template <class R>
struct FileAnswer : CallBase {
  std::optional<R> result;
};

/// Runs `f` on the blocking pool, in a process of its own: the caller can be ended while it waits.
template <class F, class R = std::invoke_result_t<F&>>
R on_pool(const char* operation, F f) {
  Process& self = require_process(operation);
  auto* request = make_message<FileAnswer<R>>();
  request->type = &signal_type<FileAnswer<R>>;
  auto work = [request = std::unique_ptr<FileAnswer<R>, MessageDeleter>(request),
               f = std::move(f)]() mutable {
    {
      const BlockingSection section;
      try {
        request->result.emplace(f());
      } catch (const std::bad_alloc&) {
        request->result.emplace(failure(ENOMEM));
      } catch (const std::length_error&) {
        request->result.emplace(failure(ENOMEM));
      }
    }
    request->state = static_cast<std::uint8_t>(CallState::replied);
    send_back(std::move(request));
  };
  const std::unique_ptr<CallBase, MessageDeleter> answer(await_answer(
      self, *request, MessageKind::call, infinity, [&] { otp::spawn(std::move(work)); }));
  if (answer == nullptr) return failure(EINTR);  // the caller is being ended
  return std::move(*static_cast<FileAnswer<R>&>(*answer).result);
}

/// Repeats a system call that a signal has interrupted.
template <class F>
auto again(F call) {
  decltype(call()) result{};
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

int flags_of(file::Modes modes) {
  const bool writes = modes.write || modes.append;
  int flags = O_CLOEXEC | (!writes ? O_RDONLY : modes.read ? O_RDWR : O_WRONLY);
  if (writes) flags |= O_CREAT;
  if (modes.append) flags |= O_APPEND;
  if (modes.write && !modes.read && !modes.append) flags |= O_TRUNC;
  if (writes && modes.exclusive) flags |= O_EXCL;
  return flags;
}

std::expected<std::shared_ptr<OpenFile>, InetError> open_file(const std::string& path,
                                                              file::Modes modes) {
  if (path.find('\0') != std::string::npos) return failure(EINVAL);
  const int descriptor = again([&] { return ::open(path.c_str(), flags_of(modes), 0666); });
  if (descriptor < 0) return last_failure();
  auto opened = std::make_shared<OpenFile>(descriptor);
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return last_failure();
  if (S_ISDIR(status.st_mode)) return failure(EISDIR);
  return opened;
}

std::size_t size_of(int descriptor) {
  struct stat status{};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)
             ? static_cast<std::size_t>(status.st_size)
             : 0;
}

/// Up to its end, whatever its size is said to be: that of a pipe, or in /proc, is 0.
Bytes read_all(int descriptor) {
  constexpr std::size_t least = 4096;
  std::string data(std::max(size_of(descriptor) + 1, least), '\0');
  std::size_t length = 0;
  for (;;) {
    const ssize_t count =
        again([&] { return ::read(descriptor, data.data() + length, data.size() - length); });
    if (count < 0) return last_failure();
    length += static_cast<std::size_t>(count);
    if (count == 0) break;
    if (length == data.size()) data.resize(2 * length);
  }
  data.resize(length);
  data.shrink_to_fit();
  return data;
}

/// Until there is enough, or the end: the size that is said tells only how much room may be needed.
Bytes read_at(int descriptor, std::uint64_t offset, std::size_t count) {
  constexpr std::size_t least = 65'536;
  const std::size_t size = descriptor < 0 ? 0 : size_of(descriptor);
  const std::size_t left = offset < size ? size - static_cast<std::size_t>(offset) : 0;
  std::string data(std::min(count, std::max(left + 1, least)), '\0');
  std::size_t length = 0;
  for (;;) {
    const ssize_t got = again([&] {
      return ::pread(descriptor, data.data() + length, data.size() - length,
                     static_cast<off_t>(offset + length));
    });
    if (got < 0) return last_failure();
    length += static_cast<std::size_t>(got);
    if (got == 0 || length == count) break;
    if (length == data.size()) data.resize(std::min(count, 2 * length));
  }
  if (length == 0 && count != 0) return std::unexpected(InetError::other("eof", {}));
  data.resize(length);
  return data;
}

/// With `write(bytes, size, position)`, until all is written.
template <class Write>
Nothing write_all(const std::string& data, Write write) {
  std::size_t done = 0;
  do {  // also nothing at all, for the errors of it
    const ssize_t count =
        again([&] { return write(data.data() + done, data.size() - done, done); });
    if (count < 0) return last_failure();
    done += static_cast<std::size_t>(count);
  } while (done < data.size());
  return {};
}

}  // namespace
}  // namespace otp::detail

namespace otp::file {

using detail::on_pool;

std::expected<std::string, InetError> read_file(std::string path) {
  return on_pool("read_file", [path = std::move(path)]() -> detail::Bytes {
    const auto opened = detail::open_file(path, {.read = true});
    if (!opened) return std::unexpected(opened.error());
    return (*opened)->with(&detail::read_all);
  });
}

std::expected<void, InetError> write_file(std::string path, std::string data, Modes modes) {
  modes.write = true;
  return on_pool("write_file",
                 [path = std::move(path), data = std::move(data), modes]() -> detail::Nothing {
                   const auto opened = detail::open_file(path, modes);
                   if (!opened) return std::unexpected(opened.error());
                   return (*opened)->with([&](int descriptor) {
                     return detail::write_all(data, [=](const char* bytes, std::size_t size, auto) {
                       return ::write(descriptor, bytes, size);
                     });
                   });
                 });
}

std::expected<File, InetError> open(std::string path, Modes modes) {
  return on_pool("open", [path = std::move(path), modes]() -> std::expected<File, InetError> {
    auto opened = detail::open_file(path, modes);
    if (!opened) return std::unexpected(opened.error());
    return File(std::move(*opened));
  });
}

std::expected<std::string, InetError> pread(const File& file, std::uint64_t offset,
                                            std::size_t count) {
  if (!file) return detail::failure(EINVAL);
  return on_pool("pread", [opened = file.open_file(), offset, count] {
    return opened->with([=](int descriptor) { return detail::read_at(descriptor, offset, count); });
  });
}

std::expected<void, InetError> pwrite(const File& file, std::uint64_t offset, std::string data) {
  if (!file) return detail::failure(EINVAL);
  return on_pool("pwrite", [opened = file.open_file(), offset, data = std::move(data)] {
    return opened->with([&](int descriptor) {
      return detail::write_all(data, [=](const char* bytes, std::size_t size, std::size_t done) {
        return ::pwrite(descriptor, bytes, size, static_cast<off_t>(offset + done));
      });
    });
  });
}

std::expected<void, InetError> sync(const File& file) {
  if (!file) return detail::failure(EINVAL);
  return on_pool("sync", [opened = file.open_file()] {
    return opened->with([](int descriptor) -> detail::Nothing {
      if (detail::again([=] { return ::fsync(descriptor); }) != 0) return detail::last_failure();
      return {};
    });
  });
}

std::expected<void, InetError> close(const File& file) {
  if (!file) return detail::failure(EINVAL);
  return on_pool("close", [opened = file.open_file()]() -> detail::Nothing {
    if (!opened->close()) return detail::last_failure();
    return {};
  });
}

}  // namespace otp::file
