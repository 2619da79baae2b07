// The ledger's bookkeeping, without processes: what happened to each device of the present
// dispatch.
//
//   Book book;
//   book.open({"device-1", "device-2"});
//   book.sent("device-1");
//   book.acknowledged("device-1");
//   book.is_settled();                       // no: device-2 waits
//
// Whatever order the news come in, each device counts once in exactly one of waiting, in flight,
// acknowledged and rejected; an acknowledgement is final. News about a device that is not of this
// dispatch are ignored (a connection may still tell of the former one).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace misiva {

class Book {
 public:
  struct Counts {
    std::uint32_t devices = 0;
    std::uint32_t acknowledged = 0;
    std::uint32_t rejected = 0;
    std::uint32_t in_flight = 0;
    std::uint32_t lost = 0;     ///< how often a sending ended without an answer
    std::uint32_t retries = 0;  ///< sendings after the first, device by device
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  /// Begins a dispatch; a device that is named twice counts once.
  void open(const std::vector<std::string>& devices);
  void sent(const std::string& device);
  /// The sending did not happen after all: the server could not be reached.
  void unsent(const std::string& device);
  void acknowledged(const std::string& device);
  void lost(const std::string& device);
  void give_up(const std::string& device);

  /// Those that still want their notification: neither acknowledged nor given up.
  std::vector<std::string> pending(const std::vector<std::string>& devices) const;
  const Counts& counts() const noexcept { return counts_; }
  std::uint32_t remaining() const noexcept {
    return counts_.devices - counts_.acknowledged - counts_.rejected;
  }
  bool is_settled() const noexcept { return remaining() == 0; }

 private:
  enum class State : std::uint8_t { waiting, in_flight, acknowledged, rejected };
  struct Entry {
    State state = State::waiting;
    std::uint32_t sendings = 0;
  };
  Entry* find_open(const std::string& device);
  void settle(const std::string& device, State state, std::uint32_t& count);

  std::unordered_map<std::string, Entry> entries_;
  Counts counts_;
};

}  // namespace misiva
