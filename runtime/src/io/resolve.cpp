#include "io/resolve.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <otp/runtime.h>

namespace otp::detail {
namespace {

/// The system would see what is before it alone.
bool has_nul(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

std::vector<SystemAddress> ask(const char* host, std::uint16_t port, int flags, int& error) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* first = nullptr;
  error = getaddrinfo(host, std::to_string(port).c_str(), &hints, &first);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> answer(first, [](addrinfo* each) {
    if (each != nullptr) freeaddrinfo(each);
  });
  std::vector<SystemAddress> found;
  for (const addrinfo* each = answer.get(); each != nullptr; each = each->ai_next) {
    SystemAddress address{.size = each->ai_addrlen};
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    found.push_back(address);
  }
  return found;
}

}  // namespace

std::expected<SystemAddress, InetError> literal_address(const std::string& ip, std::uint16_t port) {
  if (has_nul(ip)) return std::unexpected(InetError::system(EINVAL));
  int error = 0;
  const auto found = ask(ip.empty() ? "0.0.0.0" : ip.c_str(), port,
                         AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, error);
  if (found.empty()) return std::unexpected(InetError::system(EINVAL));
  return found.front();
}

std::expected<std::vector<SystemAddress>, InetError> resolve(const std::string& host,
                                                             std::uint16_t port) {
  if (has_nul(host)) return std::unexpected(InetError::other("nxdomain", "a name with a NUL"));
  int error = 0;
  auto found = ask(host.c_str(), port, AI_NUMERICHOST | AI_NUMERICSERV, error);
  if (!found.empty()) return found;
  found = blocking([&] { return ask(host.c_str(), port, AI_NUMERICSERV, error); });
  if (found.empty()) return std::unexpected(InetError::other("nxdomain", gai_strerror(error)));
  return found;
}

std::expected<int, InetError> open_socket(const SystemAddress& address, int type, bool reuseaddr,
                                          BufferSizes buffers) {
  const int descriptor =
      ::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::unexpected(InetError::system(errno));
  const auto set = [&](int name, int value) {
    if (value != 0) setsockopt(descriptor, SOL_SOCKET, name, &value, sizeof value);
  };
  set(SO_REUSEADDR, reuseaddr ? 1 : 0);
  set(SO_RCVBUF, buffers.receive);
  set(SO_SNDBUF, buffers.send);
  return descriptor;
}

}  // namespace otp::detail
