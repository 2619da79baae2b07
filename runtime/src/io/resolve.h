// Addresses for the system's calls.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include <otp/inet.h>

namespace otp::detail {

struct SystemAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Of text such as "127.0.0.1" or "::1"; empty: every IPv4 address. `einval` otherwise.
std::expected<SystemAddress, InetError> literal_address(const std::string& ip, std::uint16_t port);
/// The addresses of a host, in the system's order. Asks on the blocking pool; `nxdomain` when there
/// is none.
std::expected<std::vector<SystemAddress>, InetError> resolve(const std::string& host,
                                                             std::uint16_t port);
/// Bytes of the system's buffers; 0: as it likes.
struct BufferSizes {
  int receive = 0;
  int send = 0;
};
/// A non-blocking socket.
std::expected<int, InetError> open_socket(const SystemAddress& address, int type, bool reuseaddr,
                                          BufferSizes buffers);

}  // namespace otp::detail
