// Pids, references and names: the values that identify things.
#include <atomic>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>

#include <otp/name.h>
#include <otp/pid.h>
#include <otp/reference.h>

namespace otp {
namespace {

constexpr std::size_t max_names = 1U << 20;

/// The program's names, as an Erlang node has its atom table. It only grows.
class NameTable {
 public:
  static NameTable& instance() {
    static NameTable table;
    return table;
  }

  std::uint32_t intern(std::string_view text) {
    {
      const std::shared_lock lock(mutex_);
      if (auto found = index_.find(text); found != index_.end()) return found->second;
    }
    const std::unique_lock lock(mutex_);
    if (auto found = index_.find(text); found != index_.end()) return found->second;
    if (texts_.size() >= max_names) {
      throw std::length_error(
          "more than 1,048,576 local names: names made from data belong in a registry");
    }
    const std::string& stored = texts_.emplace_back(text);
    const auto index = static_cast<std::uint32_t>(texts_.size());
    index_.emplace(stored, index);
    return index;
  }

  std::string_view text(std::uint32_t index) {
    const std::shared_lock lock(mutex_);
    return texts_[index - 1];
  }

 private:
  std::shared_mutex mutex_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
};

/// Threads take numbers in blocks, so that a fresh reference costs no shared write.
[[gnu::noinline]] std::uint64_t next_reference() noexcept {
  constexpr std::uint64_t block = 1U << 16;
  static std::atomic<std::uint64_t> next_block{1};
  thread_local std::uint64_t next = 0;
  thread_local std::uint64_t end = 0;
  if (next == end) {
    next = next_block.fetch_add(1, std::memory_order_relaxed) * block;
    end = next + block;
  }
  return next++;
}

}  // namespace

std::string to_string(Pid pid) {
  return "<" + std::to_string(pid.node) + "." + std::to_string(pid.id) + "." +
         std::to_string(pid.serial) + ">";
}

Ref make_ref() noexcept { return Ref{.id = next_reference()}; }

Name::Name(std::string_view text) : index_(text.empty() ? 0 : NameTable::instance().intern(text)) {}

std::string_view Name::text() const noexcept {
  return index_ == 0 ? std::string_view{} : NameTable::instance().text(index_);
}

}  // namespace otp
