// One HTTP/2 connection over TLS with a client certificate, for one connection server.
//
//   auto client =
//       misiva::http::Client::open({.url = "https://127.0.0.1:8443", .ca_file = ..., ...});
//   auto sent = client->post(requests, [&](std::size_t i, int status) {
//     ...                                          // requests[i] was answered
//   });
//   if (!sent) report(sent.error().text);
//
// Guarantees
// - All requests of one post() are in flight together, as streams of one connection, which stays
//   open between posts.
// - A request that was not answered may or may not have reached the server: send it again (at least
//   once).
// - post() returns within about the endpoint's timeout after the last sign of life. It blocks its
//   thread: call it where blocking is allowed, in a `@blocking` handler.
// - A client belongs to one thread at a time; it may be moved between threads from one post() to
//   the next.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace misiva::http {

struct Endpoint {
  std::string url;                          ///< "https://host:port", without a path
  std::string ca_file;                      ///< PEM: who may have signed the server's certificate
  std::string certificate_file;             ///< PEM: what we show to the server
  std::string key_file;                     ///< PEM: its private key
  std::chrono::milliseconds timeout{5000};  ///< to connect, and for a request once it is sent
};

enum class Fault : std::uint8_t {
  misconfigured,  ///< a file or an address that cannot work; nothing was sent
  unreachable,    ///< nobody listens, or no route
  untrusted,      ///< a certificate, theirs or ours, was refused
  lost,           ///< the connection broke with requests in flight
  timeout,        ///< no answer in time
  protocol,       ///< the peer does not speak HTTP/2
};

/// True when the same request may succeed later without anybody changing anything.
bool is_transient(Fault fault) noexcept;

/// True when an HTTP status says "later" (429 and 5xx) rather than "never".
bool is_transient_status(int status) noexcept;

struct Failure {
  Fault fault = Fault::lost;
  std::string text;  ///< one paragraph: where, what, and how to mend it
};

struct Request {
  std::string path;  ///< "/3/device/000042"
  std::string body;
};

class Client {
 public:
  /// Checks the address and the files, dates of our certificate included; connects to nobody yet.
  static std::expected<Client, Failure> open(Endpoint endpoint);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Called on the posting thread for each answer as it comes, in any order.
  using OnAnswer = std::function<void(std::size_t index, int status)>;

  /// Posts all requests and waits for the answers. A failure means that the connection is gone; the
  /// next post() makes a new one. A request whose stream alone was reset gets no answer, and no
  /// failure either.
  std::expected<void, Failure> post(std::span<const Request> requests, const OnAnswer& on_answer);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace misiva::http
