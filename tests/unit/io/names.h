// A name with addresses of several families, whatever machine the tests run on: this program has a
// getaddrinfo of its own, which knows one name more than the system's.
#pragma once

namespace otp {

/// In this order: an address of a family that has no streams and no datagrams, ::1, 127.0.0.1.
inline constexpr const char* several_families = "several-families.test";

}  // namespace otp
