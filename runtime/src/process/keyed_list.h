// Entries that are added at the end and removed by their key, wherever they stand. Most processes
// have a watcher or two and owe nobody an answer: few entries are searched one by one, and take no
// more than a vector does. A server may owe answers to a million: so many are found by an index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace otp::detail {

/// What `Item::key()` returns tells its items apart. For one thread at a time.
template <typename Item,
          typename Hash =
              std::hash<std::remove_cvref_t<decltype(std::declval<const Item&>().key())>>>
class KeyedList {
 public:
  using Key = std::remove_cvref_t<decltype(std::declval<const Item&>().key())>;

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  bool contains(const Key& key) const noexcept { return find(key) != entries_.size(); }

  /// The key must be new. Throws std::bad_alloc; nothing is added then.
  void add(Item item) {
    if (entries_.size() >= few && !index_) make_index();
    const Key key = item.key();
    entries_.push_back({.item = std::move(item), .number = next_number_});
    if (index_) {
      try {
        index_->emplace(key, entries_.size() - 1);
      } catch (...) {
        entries_.pop_back();
        throw;
      }
    }
    ++next_number_;
  }

  /// True when it was there.
  bool remove(const Key& key) noexcept { return take(key).has_value(); }
  std::optional<Item> take(const Key& key) noexcept {
    const std::size_t place = find(key);
    return place == entries_.size() ? std::nullopt : std::optional(take_at(place));
  }
  /// Those of which `goes(item)` is true.
  template <typename Goes>
  void remove_if(Goes&& goes) noexcept {
    for (std::size_t i = entries_.size(); i-- > 0;) {
      if (goes(entries_[i].item)) take_at(i);
    }
  }

  /// The one that was added last of those that are left; null when there is none.
  const Item* last() const noexcept {
    const auto found = std::ranges::max_element(entries_, {}, &Entry::number);
    return found == entries_.end() ? nullptr : &found->item;
  }

  /// Calls `use(item)` for each, in the order of their adding.
  template <typename Use>
  void for_each(Use&& use) {
    if (!std::ranges::is_sorted(entries_, {}, &Entry::number)) {
      std::ranges::sort(entries_, {}, &Entry::number);
      for (std::size_t i = 0; index_ && i < entries_.size(); ++i)
        index_->at(entries_[i].item.key()) = i;
    }
    for (const Entry& each : entries_) use(each.item);
  }

 private:
  struct Entry {
    Item item;
    std::uint64_t number = 0;  ///< grows: an entry that goes leaves its place to the last
  };
  using Index = boost::unordered_flat_map<Key, std::size_t, Hash>;
  static constexpr std::size_t few = 32;
  static constexpr std::size_t kept = 4;  ///< places, when it is empty

  void make_index() {
    auto index = std::make_unique<Index>();
    for (std::size_t i = 0; i < entries_.size(); ++i) index->emplace(entries_[i].item.key(), i);
    index_ = std::move(index);
  }

  Item take_at(std::size_t place) noexcept {
    if (index_) index_->erase(entries_[place].item.key());
    Item item = std::move(entries_[place].item);
    if (place != entries_.size() - 1) {
      if (index_) index_->at(entries_.back().item.key()) = place;
      entries_[place] = std::move(entries_.back());
    }
    entries_.pop_back();
    if (entries_.empty() && entries_.capacity() > kept) *this = {};  // a peak is over
    return item;
  }

  std::size_t find(const Key& key) const noexcept {
    if (index_) {
      const auto found = index_->find(key);
      return found == index_->end() ? entries_.size() : found->second;
    }
    const auto found =
        std::ranges::find_if(entries_, [&](const Entry& each) { return each.item.key() == key; });
    return static_cast<std::size_t>(found - entries_.begin());
  }

  std::vector<Entry> entries_;
  std::unique_ptr<Index> index_;
  std::uint64_t next_number_ = 0;
};

}  // namespace otp::detail
