// A reference: a value that is unique in its node, used to name one monitor, one request or one
// timer.
//
//   otp::Ref monitor = otp::monitor(worker);
//   otp::demonitor(monitor, otp::flush);
//
// References are never reused. Those of timers are told from the others by their top bit. The null
// reference (`Ref{}`) names nothing.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <typeindex>  // the lightest that has std::hash

namespace otp {

struct Ref {
  std::uint64_t id = 0;
  std::uint32_t node = 0;      ///< 0 is this node
  std::uint32_t creation = 0;  ///< incarnation of a remote node

  explicit operator bool() const noexcept { return id != 0; }
  friend auto operator<=>(const Ref&, const Ref&) = default;
};

/// A fresh reference. Callable from any thread.
Ref make_ref() noexcept;

}  // namespace otp

template <>
struct std::hash<otp::Ref> {
  std::size_t operator()(const otp::Ref& ref) const noexcept {
    return static_cast<std::size_t>((ref.id ^ ref.creation) * 0x9e3779b97f4a7c15ULL);
  }
};
