#include "certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace misiva::http {
namespace {

template <auto free_function>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    free_function(object);
  }
};
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using File = std::unique_ptr<std::FILE, FreeWith<std::fclose>>;

std::expected<File, std::string> open_file(const std::string& name, const char* what) {
  if (name.empty()) return std::unexpected(std::string(what) + " is not set: name a PEM file");
  File file{std::fopen(name.c_str(), "re")};
  if (!file) return std::unexpected(std::string(what) + " `" + name + "`: " + std::strerror(errno));
  return file;
}

std::expected<Certificate, std::string> load_certificate(const std::string& name) {
  auto file = open_file(name, "certificate");
  if (!file) return std::unexpected(file.error());
  Certificate certificate{PEM_read_X509(file->get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  if (certificate) return certificate;
  return std::unexpected(
      "certificate `" + name +
      "` holds no PEM certificate: it must begin with -----BEGIN CERTIFICATE-----");
}

std::string print_time(const ASN1_TIME* time) {
  Bio bio{BIO_new(BIO_s_mem())};
  ASN1_TIME_print(bio.get(), time);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::expected<void, std::string> check_certificate(const std::string& file) {
  const auto certificate = load_certificate(file);
  if (!certificate) return std::unexpected(certificate.error());
  const ASN1_TIME* first = X509_get0_notBefore(certificate->get());
  const ASN1_TIME* last = X509_get0_notAfter(certificate->get());
  if (X509_cmp_current_time(last) < 0) {
    return std::unexpected("certificate `" + file + "` expired on " + print_time(last) +
                           ": renew it and start again");
  }
  if (X509_cmp_current_time(first) > 0) {
    return std::unexpected("certificate `" + file + "` is not valid before " + print_time(first) +
                           ": check this machine's clock, or wait");
  }
  return {};
}

std::expected<void, std::string> check_key(const std::string& key_file,
                                           const std::string& certificate_file) {
  const auto certificate = load_certificate(certificate_file);
  if (!certificate) return std::unexpected(certificate.error());
  const auto file = open_file(key_file, "private key");
  if (!file) return std::unexpected(file.error());
  const Key key{PEM_read_PrivateKey(file->get(), nullptr, nullptr, nullptr)};
  const bool matches = key && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (!key)
    return std::unexpected("private key `" + key_file + "` holds no unencrypted PEM private key");
  if (!matches) {
    return std::unexpected("private key `" + key_file + "` does not belong to certificate `" +
                           certificate_file + "`: give the pair that was made together");
  }
  return {};
}

}  // namespace misiva::http
