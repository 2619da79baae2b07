// A name outside the local names: what OTP writes {via, Module, Name}.
//
//   auto cart = shop::Cart::start_link({}, {.via = carts.via(17)});   // takes the name
//   shop::Cart{carts.via(17)}.add(line);                              // resolved at each use
//
// Registry::via and global::via make them; what else keeps names derives from ViaName. Source:
// gen_server(3), server_name() and server_ref(); Elixir's GenServer, `:via`.
#pragma once

#include <expected>
#include <memory>

#include <otp/pid.h>

namespace otp {

/// A name as it is written down. Process only.
class ViaName {
 public:
  virtual ~ViaName() = default;
  /// Gives the name to the calling process; the error is who has it.
  virtual std::expected<void, Pid> register_name() const = 0;
  /// Who holds the name now; the null pid: nobody.
  virtual Pid whereis_name() const = 0;
  /// Whether it is the same name.
  virtual bool equals(const ViaName& other) const noexcept = 0;
};

/// Null: no such name.
using Via = std::shared_ptr<const ViaName>;

}  // namespace otp
