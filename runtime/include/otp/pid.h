// The address of a process.
//
//   otp::Pid me = otp::self();
//   otp::Pid worker = otp::spawn([] { otp::sleep(1s); });
//   otp::exit(worker, otp::ExitReason::kill());
//
// A pid is a value of 16 bytes: copy it, compare it, send it. It names one process for ever: ids
// are reused, the pair of id and serial is not, so a stale pid addresses nobody rather than a
// stranger. The null pid (`Pid{}`) addresses nobody. The layout is that of Erlang's external pid
// (id, serial, node, creation).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace otp {

struct Pid {
  std::uint32_t id = 0;        ///< slot in the node's process table
  std::uint32_t serial = 0;    ///< generation of that slot; 0 only in the null pid
  std::uint32_t node = 0;      ///< 0 is this node
  std::uint32_t creation = 0;  ///< incarnation of a remote node; 0 for this node

  /// True unless this is the null pid. Says nothing about whether the process lives: see
  /// is_alive().
  explicit operator bool() const noexcept { return serial != 0; }
  friend auto operator<=>(const Pid&, const Pid&) = default;
};

/// `<node.id.serial>`, as Erlang prints a pid.
std::string to_string(Pid pid);

}  // namespace otp

template <>
struct std::hash<otp::Pid> {
  std::size_t operator()(const otp::Pid& pid) const noexcept {
    const std::uint64_t local = (std::uint64_t{pid.serial} << 32) | pid.id;
    const std::uint64_t remote = (std::uint64_t{pid.creation} << 32) | pid.node;
    return static_cast<std::size_t>((local ^ (remote * 0xff51afd7ed558ccdULL)) *
                                    0x9e3779b97f4a7c15ULL);
  }
};
