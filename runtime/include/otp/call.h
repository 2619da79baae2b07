// Calls: what fails them, and requests that are answered later.
//
//   std::int64_t n = counter.get();           // a failed call exits the caller
//   auto tried = counter.try_get(100ms);      // std::expected<std::int64_t, otp::CallError>
//   otp::Request<std::int64_t> request = counter.async_get();
//   auto answer = otp::await(request, 1s);    // std::expected<std::int64_t, otp::CallError>
//
// A call fails with `noproc` (nobody there), the server's exit reason (it died meanwhile),
// `timeout` (it may still have been executed; the late reply is dropped), `calling_self`, or
// `bad_request` (the server does not know the message). Source: gen_server(3), call/3,
// send_request/2, wait_response/2; erlang:alias/1 for the dropped replies.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include <otp/detail/behaviour.h>
#include <otp/detail/exit_exception.h>
#include <otp/process.h>

namespace otp {

/// Why a call failed, and which.
struct CallError {
  ExitReason reason;
  std::string call;  ///< "Counter.get to <0.7.1> within 5000 ms"
};
std::string to_string(const CallError& error);

/// What a failed call throws in its caller. Uncaught, the caller ends with `{reason, call}`.
class CallExit : public detail::ExitException {
 public:
  explicit CallExit(CallError error)
      : ExitException(ExitReason::call_failed(error.reason, error.call)),
        error_(std::move(error)) {}
  const CallError& error() const noexcept { return error_; }

 private:
  CallError error_;
};

/// The two ways in which a `try_` of a call that `throws E` goes wrong, in one type.
template <class E>
struct CallErrorOr : std::variant<CallError, E> {
  using std::variant<CallError, E>::variant;
  /// The schema's error, when the server answered with it.
  const E* error() const noexcept { return std::get_if<E>(this); }
  /// The call's failure, when there was no answer.
  const CallError* failure() const noexcept { return std::get_if<CallError>(this); }
};

/// How long the caller of the request that this process is handling still waits; `otherwise` when
/// there is no such request, or it waits for ever. A call made meanwhile need not wait longer:
///   stock.reserve(sku, otp::time_left());
/// Never negative. Process only.
Timeout time_left(Timeout otherwise = std::chrono::seconds{5});

namespace detail {
/// Takes the result out of an answer; the address of one instantiation per call type.
template <class R>
using TakeResult = R (*)(CallBase&);
}  // namespace detail

/// A call under way. Copies name the same request; only the process that made it can await it,
/// once.
template <class R>
struct Request {
  std::uint64_t id = 0;
  detail::TakeResult<R> take = nullptr;
  Pid target;
  const char* name = "";
};

namespace detail {
template <class R>
R result_of(Request<R>);  // only for decltype
CallError request_failure(const CallBase* answer, const char* name, Pid target, Timeout timeout);

/// What the answer to a request says; null: none has come in time.
template <class R>
std::expected<R, CallError> outcome_of(const Request<R>& request, CallBase* answer,
                                       Timeout timeout) {
  if (answer == nullptr || answer->state != static_cast<std::uint8_t>(CallState::replied))
    return std::unexpected(request_failure(answer, request.name, request.target, timeout));
  if constexpr (std::is_void_v<R>)
    return {};
  else
    return request.take(*answer);
}
}  // namespace detail

/// Waits for the answer. At the time-out the request stays open: await it again, or abandon() it.
template <class R>
std::expected<R, CallError> await(const Request<R>& request,
                                  Timeout timeout = std::chrono::seconds{5}) {
  const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::wait_request(&request.id, 1, timeout));
  return detail::outcome_of(request, answer.get(), timeout);
}

/// Waits for the first of several; its index and its answer. At the deadline the index is
/// requests.size() and the answer a time-out; all stay open.
template <class R>
std::pair<std::size_t, std::expected<R, CallError>> await_any(std::span<const Request<R>> requests,
                                                              Timeout timeout) {
  std::vector<std::uint64_t> ids;
  for (const auto& request : requests) ids.push_back(request.id);
  const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
      detail::wait_request(ids.data(), ids.size(), timeout));
  if (answer == nullptr) {
    return {requests.size(),
            std::unexpected(detail::request_failure(nullptr, "await_any", {}, timeout))};
  }
  std::size_t index = 0;
  while (ids[index] != answer->request) ++index;
  return {index, detail::outcome_of(requests[index], answer.get(), timeout)};
}

/// Gives a request up: its answer will be dropped.
template <class R>
void abandon(const Request<R>& request) noexcept {
  detail::abandon_request(request.target, request.id);
}

}  // namespace otp
