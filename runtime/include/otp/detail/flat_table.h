// Keys and what is kept under each, in one array: who looks up waits for memory once, where a table
// of nodes makes it wait for one after the other. (Of our own, as no library's header may be in a
// public one: a program may have another version of it.)
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace otp::detail {

/// Open addressing with linear probing; what is erased leaves no mark. Grows and shrinks. Its user
/// hashes keys, and never to 0. Owned by one thread at a time.
template <class K, class T>
class FlatTable {
  struct Item {
    K key;
    T value;
  };

 public:
  FlatTable() = default;
  FlatTable(const FlatTable&) = delete;
  FlatTable& operator=(const FlatTable&) = delete;
  ~FlatTable() { clear(); }

  std::size_t size() const noexcept { return size_; }
  /// How many there is memory for.
  std::size_t capacity() const noexcept {
    return places_ == nullptr ? 0 : std::size_t{1} << (64 - shift_);
  }

  /// Null: nothing is there. Until something else comes or goes.
  T* find(std::uint64_t hash, const K& key) {
    if (places_ == nullptr) return nullptr;
    for (std::size_t i = home(hash); places_[i].hash != 0; i = next(i)) {
      if (places_[i].hash == hash && places_[i].item().key == key) return &places_[i].item().value;
    }
    return nullptr;
  }
  /// The key must be new. What throws, for want of memory, has changed nothing.
  void add(std::uint64_t hash, K key, T value) {
    Stored stored = store({std::move(key), std::move(value)});
    if (places_ == nullptr || (size_ + 1) * 8 > capacity() * most_eighths)
      move_to(places_ == nullptr ? least : capacity() * 2);
    put(hash, std::move(stored));
    ++size_;
  }
  /// Those with this hash for which `goes(key, value)` is true.
  template <class Goes>
  void erase_if(std::uint64_t hash, Goes goes) {
    if (places_ == nullptr) return;
    for (std::size_t i = home(hash); places_[i].hash != 0;) {
      if (places_[i].hash == hash &&
          goes(std::as_const(places_[i].item().key), places_[i].item().value)) {
        erase_at(i);  // another may have come here
      } else {
        i = next(i);
      }
    }
    shrink();
  }
  /// `use(key, value)` for each with this hash.
  template <class Use>
  void for_each_of(std::uint64_t hash, Use use) {
    if (places_ == nullptr) return;
    for (std::size_t i = home(hash); places_[i].hash != 0; i = next(i)) {
      if (places_[i].hash == hash)
        use(std::as_const(places_[i].item().key), places_[i].item().value);
    }
  }
  /// For each of all.
  template <class Use>
  void for_each(Use use) {
    for (std::size_t i = 0; i < capacity(); ++i) {
      if (places_[i].hash != 0) use(std::as_const(places_[i].item().key), places_[i].item().value);
    }
  }
  void clear() noexcept {
    for (std::size_t i = 0; i < capacity(); ++i) {
      if (places_[i].hash != 0) std::destroy_at(&places_[i].stored());
    }
    delete[] std::exchange(places_, nullptr);
    size_ = 0;
  }

 private:
  /// Items are moved about: one whose move may throw has a place of its own.
  static constexpr bool in_place = std::is_nothrow_move_constructible_v<Item>;
  using Stored = std::conditional_t<in_place, Item, std::unique_ptr<Item>>;
  static Stored store(Item&& item) {
    if constexpr (in_place)
      return std::move(item);
    else
      return std::make_unique<Item>(std::move(item));
  }

  struct Place {
    std::uint64_t hash = 0;  ///< the item's; 0: none is here
    alignas(Stored) std::byte memory[sizeof(Stored)];

    Stored& stored() noexcept { return *std::launder(reinterpret_cast<Stored*>(memory)); }
    Item& item() noexcept {
      if constexpr (in_place)
        return stored();
      else
        return *stored();
    }
  };
  static constexpr std::size_t least = 8;         ///< places
  static constexpr std::size_t most_eighths = 5;  ///< of them are taken

  /// Hashes of numbers are the numbers themselves: they are mixed here.
  std::size_t home(std::uint64_t hash) const noexcept {
    return (hash * 0x9e3779b97f4a7c15U) >> shift_;
  }
  std::size_t next(std::size_t i) const noexcept { return (i + 1) & (capacity() - 1); }

  void put(std::uint64_t hash, Stored&& stored) noexcept {
    std::size_t i = home(hash);
    while (places_[i].hash != 0) i = next(i);
    ::new (places_[i].memory) Stored(std::move(stored));
    places_[i].hash = hash;
  }
  /// Fills the gap with one that would be there if it had been free.
  void erase_at(std::size_t gap) noexcept {
    std::destroy_at(&places_[gap].stored());
    --size_;
    for (std::size_t i = next(gap); places_[i].hash != 0; i = next(i)) {
      const std::size_t from_home = (i - home(places_[i].hash)) & (capacity() - 1);
      if (from_home < ((i - gap) & (capacity() - 1))) continue;
      Stored& moved = places_[i].stored();
      ::new (places_[gap].memory) Stored(std::move(moved));
      std::destroy_at(&moved);
      places_[gap].hash = places_[i].hash;
      gap = i;
    }
    places_[gap].hash = 0;
  }
  void move_to(std::size_t capacity) {
    auto* const places = new Place[capacity];
    const std::size_t old_capacity = this->capacity();
    Place* const old = std::exchange(places_, places);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(capacity));
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (old[i].hash == 0) continue;
      Stored& moved = old[i].stored();
      put(old[i].hash, std::move(moved));
      std::destroy_at(&moved);
    }
    delete[] old;
  }
  /// A peak may be over.
  void shrink() noexcept {
    if (capacity() <= least || size_ * 8 > capacity()) return;
    try {
      move_to(capacity() / 2);
    } catch (const std::bad_alloc&) {  // it stays as large as it is
    }
  }

  Place* places_ = nullptr;
  std::size_t size_ = 0;
  unsigned shift_ = 64;  ///< of a hash, to get a place
};

}  // namespace otp::detail
