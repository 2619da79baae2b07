#include "book.h"

namespace misiva {

void Book::open(const std::vector<std::string>& devices) {
  entries_.clear();
  entries_.reserve(devices.size());
  for (const auto& device : devices) entries_.try_emplace(device);
  counts_ = {.devices = static_cast<std::uint32_t>(entries_.size())};
}

Book::Entry* Book::find_open(const std::string& device) {
  const auto found = entries_.find(device);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  const bool is_final = entry.state == State::acknowledged || entry.state == State::rejected;
  return is_final ? nullptr : &entry;
}

void Book::sent(const std::string& device) {
  Entry* entry = find_open(device);
  if (entry == nullptr) return;
  if (entry->sendings > 0) ++counts_.retries;
  if (entry->state != State::in_flight) ++counts_.in_flight;
  *entry = {.state = State::in_flight, .sendings = entry->sendings + 1};
}

void Book::unsent(const std::string& device) {
  Entry* entry = find_open(device);
  if (entry == nullptr || entry->state != State::in_flight) return;
  --counts_.in_flight;
  *entry = {.state = State::waiting, .sendings = entry->sendings - 1};
  if (entry->sendings > 0) --counts_.retries;
}

void Book::lost(const std::string& device) {
  Entry* entry = find_open(device);
  if (entry == nullptr || entry->state != State::in_flight) return;
  entry->state = State::waiting;
  --counts_.in_flight;
  ++counts_.lost;
}

void Book::acknowledged(const std::string& device) {
  settle(device, State::acknowledged, counts_.acknowledged);
}

void Book::give_up(const std::string& device) { settle(device, State::rejected, counts_.rejected); }

void Book::settle(const std::string& device, State state, std::uint32_t& count) {
  Entry* entry = find_open(device);
  if (entry == nullptr) return;
  if (entry->state == State::in_flight) --counts_.in_flight;
  entry->state = state;
  ++count;
}

std::vector<std::string> Book::pending(const std::vector<std::string>& devices) const {
  std::vector<std::string> waiting;
  for (const auto& device : devices) {
    const auto found = entries_.find(device);
    if (found == entries_.end()) continue;
    const State state = found->second.state;
    if (state == State::waiting || state == State::in_flight) waiting.push_back(device);
  }
  return waiting;
}

}  // namespace misiva
