// Several requests at once: a collection that hands out answers as they come, and multi_call.
//
//   otp::RequestCollection<std::int64_t, std::string> requests;
//   requests.add(east.async_count(), "east");
//   requests.add(west.async_count(), "west");
//   while (auto answer = requests.receive_response(otp::monotonic_time() + 1s)) {
//     std::print("{}: {}", answer->label, answer->result.value());
//   }
//
// A collection is a value of the process that made its requests. `receive_response` takes the
// request out; `wait_response` leaves those that are not answered open at the time-out, to be
// waited for again; dropping the collection drops nothing: abandon() does. Process only. Source:
// gen_server(3) reqids_add/3, receive_response/3, wait_response/3, check_response/3, multi_call/4.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <otp/call.h>
#include <otp/gen_server.h>

namespace otp {

template <class R, class Label>
class RequestCollection {
 public:
  /// The answer to one request, or why there is none.
  struct Response {
    std::expected<R, CallError> result;
    Label label;
  };

  /// Throws std::invalid_argument when the request is in it already (badarg).
  void add(const Request<R>& request, Label label) {
    const auto is_it = [&](const Entry& each) { return each.request.id == request.id; };
    if (std::any_of(entries_.begin(), entries_.end(), is_it))
      throw std::invalid_argument("RequestCollection: the request is in it already");
    entries_.push_back({request, std::move(label)});
  }
  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  /// The open requests, in the order in which they were added.
  std::vector<std::pair<Request<R>, Label>> to_list() const {
    std::vector<std::pair<Request<R>, Label>> list;
    for (const Entry& each : entries_) list.emplace_back(each.request, each.label);
    return list;
  }

  /// The next answer, taken out. None when the collection is empty (`no_request`). At the time-out
  /// every request is abandoned, and the response is that time-out, with the label of the first.
  std::optional<Response> receive_response(Timeout timeout) {
    std::optional<Response> response = wait_response(timeout);
    if (response && !answered_) {
      for (const Entry& each : entries_) abandon(each.request);
      entries_.clear();
    }
    return response;
  }
  std::optional<Response> receive_response(TimePoint deadline) {
    return receive_response(deadline - monotonic_time());
  }

  /// The same, but at the time-out all requests stay open.
  std::optional<Response> wait_response(Timeout timeout) {
    if (entries_.empty()) return std::nullopt;
    std::vector<Request<R>> requests;
    for (const Entry& each : entries_) requests.push_back(each.request);
    auto [index, result] = await_any<R>(requests, timeout);
    answered_ = index < entries_.size();
    const auto entry = entries_.begin() + static_cast<std::ptrdiff_t>(answered_ ? index : 0);
    Response response{std::move(result), entry->label};
    if (answered_) entries_.erase(entry);
    return response;
  }
  std::optional<Response> wait_response(TimePoint deadline) {
    return wait_response(deadline - monotonic_time());
  }

  /// An answer that is there already; none otherwise (`no_reply`).
  std::optional<Response> check_response() {
    std::optional<Response> response = wait_response(Duration::zero());
    return answered_ ? std::move(response) : std::nullopt;
  }

 private:
  struct Entry {
    Request<R> request;
    Label label;
  };
  std::vector<Entry> entries_;
  bool answered_ = false;  ///< by the last wait
};

/// What several servers said to the same request.
template <class Client, class R>
struct MultiReplies {
  std::vector<std::pair<Client, R>> replies;
  std::vector<std::pair<Client, CallError>> bad;
};

/// Sends one request to each server and waits for all answers, all in all at most `timeout`:
///   otp::multi_call(servers, [](const Counter& each) { return each.async_get(); });
/// Both lists are in the order of `servers`.
template <class Client, class Send>
auto multi_call(const std::vector<Client>& servers, Send send,
                Timeout timeout = std::chrono::seconds{5}) {
  using R = decltype(detail::result_of(send(servers.front())));
  std::vector<Request<R>> requests;
  for (const Client& server : servers) requests.push_back(send(server));
  const bool endless = timeout.is_infinite();
  const TimePoint deadline = endless ? TimePoint::max() : monotonic_time() + timeout.value;
  MultiReplies<Client, R> result;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto answer = await(requests[i], endless ? infinity : Timeout(deadline - monotonic_time()));
    if (answer) {
      result.replies.emplace_back(servers[i], *std::move(answer));
    } else {
      abandon(requests[i]);
      result.bad.emplace_back(servers[i], std::move(answer).error());
    }
  }
  return result;
}

}  // namespace otp
