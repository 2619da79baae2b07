// Ownership: an Impl owns one multi handle (which owns the connection) and a set of easy handles
// that are used again for each post. Everything runs on the thread that calls post(); libcurl
// starts no thread of its own here because addresses are resolved before (numeric) or by its own
// resolver inside curl_multi_perform.
//
// Why one failure ends the whole post: all streams share one connection, so when it breaks, no
// other stream will be answered either. libcurl would silently send each of them again on a new
// connection, which the caller must decide (it counts retries); so the first broken stream takes
// the rest along.
#include "http_client.h"

#include <curl/curl.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "certificate.h"

namespace misiva::http {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using Headers = std::unique_ptr<curl_slist, FreeList>;

std::size_t discard(char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// A stream of its own that failed: the connection goes on.
bool only_this_stream(CURLcode code) noexcept { return code == CURLE_HTTP2_STREAM; }

Fault classify(CURLcode code, bool was_connected) noexcept {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return Fault::misconfigured;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return Fault::untrusted;
    case CURLE_OPERATION_TIMEDOUT:
      return Fault::timeout;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      // After a loss libcurl has already tried to connect anew: what matters is the loss.
      return was_connected ? Fault::lost : Fault::unreachable;
    case CURLE_SSL_CONNECT_ERROR:
      return was_connected ? Fault::lost : Fault::untrusted;
    default:
      return Fault::lost;
  }
}

std::string advice(Fault fault) {
  switch (fault) {
    case Fault::misconfigured:
      return "check the address and the certificate files";
    case Fault::unreachable:
      return "is the push server running, and is the port right?";
    case Fault::untrusted:
      return "the server's certificate must be valid today, name this host and be signed by the CA "
             "file; "
             "ours must be accepted by the server";
    case Fault::lost:
      return "what was not answered will be sent again";
    case Fault::timeout:
      return "the server is overloaded or stuck; raise the request timeout if it is only slow";
    case Fault::protocol:
      return "the server must speak HTTP/2 over TLS";
  }
  std::unreachable();
}

Failure make_failure(const std::string& url, Fault fault, std::string_view what) {
  return {fault, url + ": " + std::string(what) + ": " + advice(fault)};
}

void initialise_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

bool is_transient(Fault fault) noexcept {
  return fault == Fault::unreachable || fault == Fault::lost || fault == Fault::timeout;
}

bool is_transient_status(int status) noexcept {
  return status == 429 || (status >= 500 && status <= 599);
}

struct Client::Impl {
  struct Slot {
    Easy easy;
    std::size_t index = 0;
    bool active = false;
    char error[CURL_ERROR_SIZE] = {};
  };

  explicit Impl(Endpoint given) : endpoint(std::move(given)), url(endpoint.url) {
    curl_slist* list = curl_slist_append(nullptr, "content-type: application/json");
    headers.reset(list);
  }
  ~Impl() {
    disconnect();
    slots.clear();
  }

  void connect_lazily();
  void disconnect();
  void start(Slot& slot, const Request& request, std::size_t index);
  void set_fixed_options(CURL* easy) const;
  std::optional<Failure> finish(CURLMsg& message, const OnAnswer& on_answer);
  std::optional<Failure> drain(const OnAnswer& on_answer);
  void abandon();

  Endpoint endpoint;
  std::string url;
  Headers headers;
  Multi multi;
  std::vector<std::unique_ptr<Slot>> slots;
  std::size_t in_flight = 0;
  bool was_connected = false;  ///< an answer came over the present connection
};

void Client::Impl::connect_lazily() {
  if (multi) return;
  multi.reset(curl_multi_init());
  curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
}

void Client::Impl::disconnect() {
  abandon();
  multi.reset();
  was_connected = false;
}

void Client::Impl::abandon() {
  for (auto& slot : slots) {
    if (!slot->active) continue;
    curl_multi_remove_handle(multi.get(), slot->easy.get());
    slot->active = false;
  }
  in_flight = 0;
}

void Client::Impl::set_fixed_options(CURL* easy) const {
  const auto timeout_ms = static_cast<long>(endpoint.timeout.count());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT,
                   1L);  // wait for the one connection instead of opening more
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_CAINFO, endpoint.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLCERT, endpoint.certificate_file.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, endpoint.key_file.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &discard);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL,
                   1L);  // other threads run here; signals belong to the runtime
}

void Client::Impl::start(Slot& slot, const Request& request, std::size_t index) {
  if (!slot.easy) {
    slot.easy.reset(curl_easy_init());
    set_fixed_options(slot.easy.get());
    curl_easy_setopt(slot.easy.get(), CURLOPT_ERRORBUFFER, slot.error);
    curl_easy_setopt(slot.easy.get(), CURLOPT_PRIVATE, &slot);
  }
  CURL* easy = slot.easy.get();
  slot.index = index;
  slot.error[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_URL, (url + request.path).c_str());
  // The body stays in the caller's span, which outlives the post.
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  curl_multi_add_handle(multi.get(), easy);
  slot.active = true;
  ++in_flight;
}

std::optional<Failure> Client::Impl::finish(CURLMsg& message, const OnAnswer& on_answer) {
  CURL* easy = message.easy_handle;
  const CURLcode code = message.data.result;
  Slot* slot = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
  curl_multi_remove_handle(multi.get(), easy);  // `message` is gone from here on
  slot->active = false;
  --in_flight;
  if (only_this_stream(code)) return std::nullopt;
  if (code != CURLE_OK) {
    const char* what = slot->error[0] != '\0' ? slot->error : curl_easy_strerror(code);
    return make_failure(url, classify(code, was_connected), what);
  }
  long version = 0;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (version != CURL_HTTP_VERSION_2_0) {
    return make_failure(url, Fault::protocol, "answered in another version of HTTP");
  }
  was_connected = true;
  on_answer(slot->index, static_cast<int>(status));
  return std::nullopt;
}

std::optional<Failure> Client::Impl::drain(const OnAnswer& on_answer) {
  std::optional<Failure> failure;
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // Answers that arrived together with the loss still count: go on reading.
    auto failed = finish(*message, on_answer);
    if (failed && !failure) failure = std::move(failed);
  }
  return failure;
}

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

std::expected<Client, Failure> Client::open(Endpoint endpoint) {
  initialise_curl_once();
  const auto wrong = [&](std::string text) {
    return std::unexpected(Failure{Fault::misconfigured, std::move(text)});
  };
  if (!endpoint.url.starts_with("https://")) {
    return wrong("server `" + endpoint.url + "`: the address must look like https://host:port");
  }
  while (endpoint.url.ends_with('/')) endpoint.url.pop_back();
  if (auto good = check_certificate(endpoint.ca_file); !good) return wrong("CA " + good.error());
  if (auto good = check_certificate(endpoint.certificate_file); !good)
    return wrong("client " + good.error());
  if (auto good = check_key(endpoint.key_file, endpoint.certificate_file); !good)
    return wrong(good.error());
  return Client{std::make_unique<Impl>(std::move(endpoint))};
}

std::expected<void, Failure> Client::post(std::span<const Request> requests,
                                          const OnAnswer& on_answer) {
  Impl& self = *impl_;
  self.connect_lazily();
  while (self.slots.size() < requests.size()) self.slots.push_back(std::make_unique<Impl::Slot>());
  for (std::size_t i = 0; i < requests.size(); ++i) self.start(*self.slots[i], requests[i], i);
  while (self.in_flight > 0) {
    int running = 0;
    curl_multi_perform(self.multi.get(), &running);
    if (auto failure = self.drain(on_answer)) {
      self.disconnect();
      return std::unexpected(*std::move(failure));
    }
    if (self.in_flight > 0) curl_multi_poll(self.multi.get(), nullptr, 0, 1000, nullptr);
  }
  return {};
}

}  // namespace misiva::http
