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

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <unordered_map>
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
    if (empty()) first_ = 0;  // it may have been moved from
    if (!places_.try_emplace(request.id, entries_.size()).second)
      throw std::invalid_argument("RequestCollection: the request is in it already");
    ids_.push_back(request.id);
    entries_.push_back(Entry{request, std::move(label)});
  }
  std::size_t size() const noexcept { return places_.size(); }
  bool empty() const noexcept { return places_.empty(); }
  /// The open requests, in the order in which they were added.
  std::vector<std::pair<Request<R>, Label>> to_list() const {
    std::vector<std::pair<Request<R>, Label>> list;
    for (const auto& each : entries_) {
      if (each) list.emplace_back(each->request, each->label);
    }
    return list;
  }

  /// The next answer, taken out. None when the collection is empty (`no_request`). At the time-out
  /// every request is abandoned, and the response is that time-out, with the label of the first.
  std::optional<Response> receive_response(Timeout timeout) {
    std::optional<Response> response = wait_response(timeout);
    if (response && !answered_) {
      for (const auto& each : entries_) {
        if (each) abandon(each->request);
      }
      *this = {};
    }
    return response;
  }
  std::optional<Response> receive_response(TimePoint deadline) {
    return receive_response(deadline - monotonic_time());
  }

  /// The same, but at the time-out all requests stay open.
  std::optional<Response> wait_response(Timeout timeout) {
    if (empty()) return std::nullopt;
    const std::unique_ptr<detail::CallBase, detail::MessageDeleter> answer(
        detail::wait_request(ids_.data() + first_, ids_.size() - first_, timeout));
    answered_ = answer != nullptr;
    if (!answered_) {
      return Response{std::unexpected(detail::request_failure(nullptr, "await_any", {}, timeout)),
                      entries_[first_]->label};
    }
    Entry entry = take_out(places_.at(answer->request));
    return Response{detail::outcome_of(entry.request, answer.get(), timeout),
                    std::move(entry.label)};
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

  Entry take_out(std::size_t place) {
    Entry entry = *std::move(entries_[place]);
    places_.erase(ids_[place]);
    ids_[place] = 0;  // nobody's: it is never answered
    entries_[place].reset();
    while (first_ < entries_.size() && !entries_[first_]) ++first_;
    if (entries_.size() > 2 * size()) close_gaps();
    return entry;
  }
  void close_gaps() {
    RequestCollection dense;
    for (auto& each : entries_) {
      if (each) dense.add(each->request, std::move(each->label));
    }
    dense.answered_ = answered_;
    *this = std::move(dense);
  }

  // In the order of adding; what is taken out leaves a gap, so that nothing has to move.
  std::vector<std::uint64_t> ids_;
  std::vector<std::optional<Entry>> entries_;
  std::size_t first_ = 0;                                  ///< before it there are only gaps
  std::unordered_map<std::uint64_t, std::size_t> places_;  ///< of the open requests, by id
  bool answered_ = false;                                  ///< by the last wait
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
