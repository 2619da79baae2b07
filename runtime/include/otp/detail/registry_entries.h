// What a registry keeps under one key.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <otp/pid.h>

namespace otp::detail {

/// A process of this node, in a word.
struct LocalPid {
  std::uint32_t id = 0;
  std::uint32_t serial = 0;

  explicit LocalPid(Pid pid) noexcept : id(pid.id), serial(pid.serial) {}
  operator Pid() const noexcept { return {.id = id, .serial = serial}; }
  friend bool operator==(LocalPid, LocalPid) = default;
};

/// The entries of one key, oldest first; at least one. That one lies in the table itself: a unique
/// key has no other.
template <class Held>
class RegistryEntries {
 public:
  explicit RegistryEntries(Held first) : first_(std::move(first)) {}

  const Held& first() const noexcept { return first_; }
  void add(Held held) {
    if (others_) return others_->push_back(std::move(held));
    auto others = std::make_unique<std::vector<Held>>();
    others->push_back(std::move(held));
    others_ = std::move(others);
  }
  template <class F>
  void for_each(F f) {
    f(first_);
    if (others_) std::ranges::for_each(*others_, f);
  }
  /// Null: none fits.
  template <class Fits>
  const Held* find_if(Fits fits) const {
    if (fits(first_)) return &first_;
    if (!others_) return nullptr;
    const auto found = std::ranges::find_if(*others_, fits);
    return found == others_->end() ? nullptr : &*found;
  }
  /// True: that would be all, and the last one stays until this goes as a whole.
  template <class Fits>
  bool erase_if(Fits fits) {
    const bool first_goes = fits(std::as_const(first_));
    if (others_ && std::erase_if(*others_, fits) != 0 && others_->empty()) others_.reset();
    if (!first_goes || !others_) return first_goes;
    first_ = std::move(others_->front());
    others_->erase(others_->begin());
    if (others_->empty()) others_.reset();
    return false;
  }

 private:
  Held first_;
  std::unique_ptr<std::vector<Held>> others_;
};

}  // namespace otp::detail
