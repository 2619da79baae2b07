// A name outside the local names: what OTP writes {via, Module, Name}.
//
//   auto cart = shop::Cart::start_link({}, {.via = carts.via(17)});   // takes the name
//   shop::Cart{carts.via(17)}.add(line);                              // resolved at each use
//
// Registry::via and global::via make them. Source: gen_server(3), server_name() and server_ref().
#pragma once

#include <expected>
#include <functional>

#include <otp/pid.h>

namespace otp {

struct Via {
  /// Gives the name to the calling process; the error is who has it.
  std::function<std::expected<void, Pid>()> register_caller;
  /// A pid that stands for whoever holds the name at the time of each send.
  std::function<Pid()> address;
};

}  // namespace otp
