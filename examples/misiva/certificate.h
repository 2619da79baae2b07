// Looks at a PEM certificate before it is used, so that a mistake is named by its file and not by a
// TLS alert.
#pragma once

#include <expected>
#include <string>

namespace misiva::http {

/// Says what is wrong with a certificate file (missing, not PEM, not valid yet, expired) and how to
/// mend it.
std::expected<void, std::string> check_certificate(const std::string& file);

/// The same for a private key, which must be the certificate's.
std::expected<void, std::string> check_key(const std::string& key_file,
                                           const std::string& certificate_file);

}  // namespace misiva::http
