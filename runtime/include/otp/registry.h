// Registry: names made from data, and who holds them, with a value each.
//
//   auto carts =
//       otp::Registry<std::int64_t>::start_link({.keys = otp::RegistryKeys::unique}).value();
//   carts.add(17);                                                     // the caller holds key 17
//   auto cart = shop::Cart::start_link({}, {.via = carts.via(18)});    // the new server holds 18
//   if (auto found = carts.whereis(18)) shop::Cart(*found).add_line(...);
//   carts.dispatch(17, [](const auto& entries) {
//     for (const auto& each : entries) otp::send(each.pid, Tick{});
//   });
//
// - Unique: one holder for a key; a second gets the first as its error. Duplicate: any number, also
//   several times the same process: publish and subscribe.
// - `add` registers the caller, `add_for` any process. The entries of a process are gone when it
//   ends, before a link or a monitor tells of that; of a table that is held up just then, soon
//   after: until they are, nobody is shown them.
// - Who holds a key when the registry's process ends gets an exit signal with the same reason, as
//   over a link (`shutdown` for `normal`): a new registry is empty, and would give the key again.
// - A handle belongs to that process. After its end each operation exits the caller with `noproc`,
//   as a call does, and `open` finds the next one. A via name finds it by itself, if the registry
//   has a name; else nobody holds it any more.
// - Looking up goes through no process: the table is shared, in partitions that are locked alone.
// - What remove_matching, update_value, match, count_match and select are given runs under the lock
//   of a partition. It must not suspend: no call, no send, no log. Nor may it use the registry,
//   where it could wait for itself for ever. What dispatch and lock are given runs without it.
//   Values are destroyed under it, too, by whoever removes them, or ends.
// - The handle is a value, to be copied and sent; `open` finds a registry by name. Keys are hashed
//   and ordered.
// - Listeners, processes with a local name, get a RegistryEvent for each registration and each
//   explicit unregistration.
// Process only. Source: Elixir's Registry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <otp/call.h>
#include <otp/detail/flat_table.h>
#include <otp/detail/key_hash.h>
#include <otp/detail/possession.h>
#include <otp/detail/registry_entries.h>
#include <otp/detail/registry_process.h>
#include <otp/receive.h>
#include <otp/server_ref.h>
#include <otp/start.h>

namespace otp {

enum class RegistryKeys : std::uint8_t { unique, duplicate };

struct RegistryOptions {
  RegistryKeys keys = RegistryKeys::unique;
  std::size_t partitions = 1;
  std::vector<Name> listeners{};
};

/// What a listener gets.
template <class K, class V>
struct RegistryEvent {
  enum class Kind : std::uint8_t { registered, unregistered };
  Kind kind = Kind::registered;
  Name registry;
  K key;
  Pid pid;
  std::optional<V> value;  ///< of a registration
};

/// A registration was refused.
struct AlreadyRegistered {
  Pid pid;  ///< who holds the key
};

namespace detail {

/// Wakes who waits for a lock.
struct LockFreed {
  Ref wait;
};

/// A process possesses the hashes of its keys: what it has under them is found without a table of
/// who has which.
template <class K, class V>
class RegistryTable final : public RegistryTableBase {
 public:
  struct Held {
    LocalPid pid;
    [[no_unique_address]] V value;
  };
  using Entries = RegistryEntries<Held>;
  struct Waiter {
    Pid pid;
    Ref wait;
  };
  struct Lock {
    Pid holder;
    std::vector<Waiter> waiters;
  };
  struct alignas(64) Partition {
    std::mutex mutex;
    FlatTable<K, Entries> entries;
    std::map<K, Lock> locks;
  };

  explicit RegistryTable(RegistryOptions given)
      : options(std::move(given)), partitions(options.partitions * locks_in_partition) {}

  static std::uint64_t hash_of(const K& key) {
    const std::size_t hash = KeyHash{}(key);
    return hash == 0 ? 1 : hash;  // see FlatTable
  }
  Partition& of_hash(std::uint64_t hash) { return partitions[hash % partitions.size()]; }
  Partition& of(const K& key) { return of_hash(hash_of(key)); }

  /// Who holds a unique key, or first registered another; null: nobody. Any thread.
  Pid holder(const K& key) {
    Pid holder;
    read(key, [&](const Entries& entries) { holder = entries.first().pid; });
    return holder;
  }
  /// Runs `f` with the entries of a key, if there are any.
  template <class F>
  void read(const K& key, F f) {
    const std::uint64_t hash = hash_of(key);
    Partition& partition = of_hash(hash);
    const std::lock_guard lock(partition.mutex);
    if (Entries* const entries = partition.entries.find(hash, key)) f(*entries);
  }
  /// Erases the entries of a key that fit; whose they were.
  template <class Fits>
  std::set<Pid> erase(const K& key, Fits fits) {
    std::set<Pid> owners;
    const std::uint64_t hash = hash_of(key);
    Partition& partition = of_hash(hash);
    const std::lock_guard lock(partition.mutex);
    partition.entries.erase_if(hash, [&](const K& each, Entries& entries) {
      if (!(each == key)) return false;
      std::vector<bool> goes;  // first, as `fits` may throw
      entries.for_each([&](const Held& held) {
        goes.push_back(fits(held));
        if (goes.back()) owners.insert(held.pid);
      });
      auto next = goes.cbegin();
      return entries.erase_if([&](const Held&) { return *next++; });
    });
    for (const Pid pid : owners) {
      std::size_t left = 0;
      for_each_key(partition, hash, pid, [&](const K&) { ++left; });
      if (left == 0) dispossess(pid, *this, hash);
    }
    return owners;
  }
  /// Once for each entry.
  std::vector<K> keys(Pid pid) {
    std::vector<K> keys;
    for (const std::uint64_t hash : parts_of(pid, *this)) {
      Partition& partition = of_hash(hash);
      const std::lock_guard lock(partition.mutex);
      for_each_key(partition, hash, pid, [&](const K& key) { keys.push_back(key); });
    }
    std::sort(keys.begin(), keys.end(), std::less<K>{});
    return keys;
  }
  void forget(Pid pid, std::uint64_t hash) override {
    Partition& partition = of_hash(hash);
    const std::lock_guard lock(partition.mutex);
    forget_in(partition, pid, hash);
  }
  void owner_ended(Node& node, Pid owner, std::uint64_t hash) noexcept override {
    Partition& partition = of_hash(hash);
    std::unique_lock lock(partition.mutex, std::defer_lock);
    if (lock_soon(lock)) {
      forget_in(partition, owner, hash);
    } else {  // what another runs under it may never end
      RegistryTableBase::owner_ended(node, owner, hash);
    }
  }
  std::vector<Pid> close() override {
    std::set<std::pair<Pid, std::uint64_t>> held;
    for (Partition& partition : partitions) {
      const std::lock_guard lock(partition.mutex);
      partition.entries.for_each([&](const K& key, Entries& entries) {
        entries.for_each([&](const Held& each) { held.emplace(each.pid, hash_of(key)); });
      });
      partition.entries.clear();
    }
    std::vector<Pid> holding;
    for (const auto& [pid, hash] : held) {
      dispossess(pid, *this, hash);
      if (holding.empty() || holding.back() != pid) holding.push_back(pid);
    }
    return holding;
  }

  /// Schedulers that meet at a lock put each other to sleep, which costs more than all that is done
  /// under it. Odd, so that even numbers do not share half of them.
  static constexpr std::size_t locks_in_partition = 17;

  const RegistryOptions options;
  std::vector<Partition> partitions;

 private:
  /// Under the lock, as the other.
  static void forget_in(Partition& partition, Pid pid, std::uint64_t hash) {
    partition.entries.erase_if(hash, [pid](const K&, Entries& entries) {
      return entries.erase_if([pid](const Held& held) { return held.pid == pid; });
    });
  }
  /// `use(key)` for each entry of a process under keys with this hash.
  template <class Use>
  static void for_each_key(Partition& partition, std::uint64_t hash, Pid pid, Use use) {
    partition.entries.for_each_of(hash, [&](const K& key, Entries& entries) {
      entries.for_each([&](const Held& held) {
        if (held.pid == pid) use(key);
      });
    });
  }
};

}  // namespace detail

/// What stands for a value where none is needed.
struct NoValue {
  friend bool operator==(NoValue, NoValue) = default;
};

template <class K, class V = NoValue>
class Registry : public ServerRef {
  using Table = detail::RegistryTable<K, V>;

 public:
  struct Entry {
    Pid pid;
    V value;
  };
  using Event = RegistryEvent<K, V>;

  /// Linked to the caller. Throws std::invalid_argument for no partition at all.
  static std::expected<Registry, StartError> start_link(RegistryOptions options = {},
                                                        const StartOptions& start = {}) {
    return begin(std::move(options), start, detail::RegistryLife::of_caller);
  }
  static std::expected<Registry, StartError> start(RegistryOptions options = {},
                                                   const StartOptions& start = {}) {
    return begin(std::move(options), start, detail::RegistryLife::of_application);
  }
  /// The registry that runs under `name`. Throws std::invalid_argument when none does, or one of
  /// other types.
  static Registry open(Name name) {
    if (auto running = detail::running_registry(name)) return of(name, std::move(running));
    throw std::invalid_argument("no registry runs under the name `" + std::string(name.text()) +
                                "`");
  }
  /// The same; one that does not run is started, and belongs to no application.
  static Registry ensure(Name name, const RegistryOptions& options = {}) {
    for (;;) {
      if (auto running = detail::running_registry(name)) return of(name, std::move(running));
      const auto started = begin(options, {.name = name}, detail::RegistryLife::of_node);
      if (started) return *started;
      detail::require_contender(started.error());
      yield();  // somebody else is about to have started it, or it is about to have ended
    }
  }

  // ---- Registering the caller ----

  std::expected<void, AlreadyRegistered> add(const K& key, V value = {}) const {
    return add_for(self(), key, std::move(value));
  }
  /// The same for another process of this node: Elixir's Registry has no such function. Throws
  /// std::invalid_argument for one of another node.
  std::expected<void, AlreadyRegistered> add_for(Pid pid, const K& key, V value = {}) const {
    if (pid.node != 0)
      throw std::invalid_argument("Registry: " + to_string(pid) + " is no process of this node");
    const std::uint64_t hash = Table::hash_of(key);
    {
      auto& partition = table().of_hash(hash);
      const std::lock_guard lock(partition.mutex);
      Held held{detail::LocalPid(pid), value};
      Entries* const entries = partition.entries.find(hash, key);
      if (entries == nullptr) {
        partition.entries.add(hash, key, Entries(std::move(held)));
      } else if (!is_unique()) {
        entries->add(std::move(held));
      } else if (const Held* const there = entries->find_if(has_living)) {
        return std::unexpected(AlreadyRegistered{there->pid});
      } else {
        *entries = Entries(std::move(held));  // of a process that is ending
      }
    }
    own(pid, hash);
    detail::require_running(address());
    tell(Event::Kind::registered, key, pid, std::move(value));
    return {};
  }
  /// All entries of the caller under `key`. An absent key is none.
  void remove(const K& key) const {
    remove_matching(key, [](const V&) { return true; });
  }
  /// Those whose value fits. `fits` runs under the partition's lock: see above.
  template <class Fits>
  void remove_matching(const K& key, Fits fits) const {
    const Pid me = self();
    const auto removed = table().erase(
        key, [&](const Held& each) { return each.pid == me && fits(std::as_const(each.value)); });
    if (!removed.empty()) tell(Event::Kind::unregistered, key, me, std::nullopt);
  }
  /// The entries of every process under `key`.
  void remove_all(const K& key) const {
    for (const Pid pid : table().erase(key, [](const Held&) { return true; }))
      tell(Event::Kind::unregistered, key, pid, std::nullopt);
  }
  /// Changes the caller's own value of a unique key: the new and the old one; none when the caller
  /// does not hold the key. `f` runs under the partition's lock: see above. Throws
  /// std::invalid_argument in a duplicate registry.
  template <class F>
  std::optional<std::pair<V, V>> update_value(const K& key, F f) const {
    if (!is_unique()) throw std::invalid_argument("Registry: update_value needs unique keys");
    const Pid me = self();
    std::optional<std::pair<V, V>> result;
    table().read(key, [&](Entries& entries) {
      entries.for_each([&](Held& each) {
        if (each.pid != me) return;
        V old = each.value;
        each.value = f(std::as_const(old));
        result.emplace(each.value, std::move(old));
      });
    });
    return result;
  }
  /// The key as a name, for StartOptions::via and ServerRef. Throws std::invalid_argument in a
  /// duplicate registry.
  Via via(K key, V value = {}) const {
    if (!is_unique()) throw std::invalid_argument("Registry: a via name needs unique keys");
    return std::make_shared<KeyName>(*this, std::move(key), std::move(value));
  }

  // ---- Looking up ----

  /// Who holds a unique key, or first registered a duplicate one.
  std::optional<Pid> whereis(const K& key) const {
    Pid holder = table().holder(key);
    if (holder && !otp::is_alive(holder)) {
      holder = {};
      table_->read(key, [&](const Entries& entries) {
        if (const Held* const alive = entries.find_if(has_living)) holder = alive->pid;
      });
    }
    return holder ? std::optional(holder) : std::nullopt;
  }
  std::vector<Entry> lookup(const K& key) const {
    return match(key, [](const V&) { return true; });
  }
  /// The entries of a key whose value fits. `fits` runs under the partition's lock: see above.
  template <class Fits>
  std::vector<Entry> match(const K& key, Fits fits) const {
    std::vector<Entry> found;
    table().read(key, [&](Entries& entries) {
      entries.for_each([&](const Held& each) {
        if (has_living(each) && fits(each.value)) found.push_back({each.pid, each.value});
      });
    });
    return found;
  }
  template <class Fits>
  std::size_t count_match(const K& key, Fits fits) const {
    return match(key, std::move(fits)).size();
  }
  std::vector<V> values(const K& key, Pid pid) const {
    std::vector<V> values;
    for (Entry& each : lookup(key)) {
      if (each.pid == pid) values.push_back(std::move(each.value));
    }
    return values;
  }
  /// The keys of a process, once for each entry.
  std::vector<K> keys(Pid pid) const {
    return otp::is_alive(pid) ? table().keys(pid) : std::vector<K>();
  }
  /// Every (key, entry) for which `fits(key, pid, value)`, which runs under a partition's lock: see
  /// above.
  template <class Fits>
  std::vector<std::pair<K, Entry>> select(Fits fits) const {
    std::vector<std::pair<K, Entry>> found;
    for (auto& partition : table().partitions) {
      const std::lock_guard lock(partition.mutex);
      partition.entries.for_each([&](const K& key, Entries& entries) {
        entries.for_each([&](const Held& each) {
          const Pid pid = each.pid;
          if (has_living(each) && fits(key, pid, each.value))
            found.emplace_back(key, Entry{pid, each.value});
        });
      });
    }
    return found;
  }
  std::size_t count() const {
    return select([](const K&, Pid, const V&) { return true; }).size();
  }

  /// Runs `f` with a copy of the entries of a key, if there are any, in the caller, without a lock.
  template <class F>
  void dispatch(const K& key, F f) const {
    const std::vector<Entry> entries = lookup(key);
    if (!entries.empty()) f(entries);
  }

  /// Runs `f` while no other process is inside `lock` for the same key; its value. A holder that
  /// ends gives the lock up. Throws std::logic_error inside of `f`, for the same key.
  template <class F>
  std::invoke_result_t<F&> lock(const K& key, F f) const {
    acquire(key);
    struct Inside {
      const Registry& registry;
      const K& key;
      ~Inside() { registry.release(key); }
    } const held{*this, key};
    return f();
  }

 private:
  Registry(Name name, std::shared_ptr<Table> table)
      : ServerRef(table->process), name_(name), table_(std::move(table)) {}

  static Registry of(Name name, std::shared_ptr<detail::RegistryTableBase> running) {
    auto table = std::dynamic_pointer_cast<Table>(std::move(running));
    if (table == nullptr)
      throw std::invalid_argument("Registry `" + std::string(name.text()) +
                                  "` has other keys or values");
    return Registry(name, std::move(table));
  }
  static std::expected<Registry, StartError> begin(RegistryOptions options,
                                                   const StartOptions& start,
                                                   detail::RegistryLife life) {
    if (options.partitions == 0)
      throw std::invalid_argument("Registry: partitions must be positive");
    auto table = std::make_shared<Table>(std::move(options));
    const auto started = detail::start_registry(table, start, life);
    if (!started) return std::unexpected(started.error());
    return Registry(start.name, std::move(table));
  }

  using Held = typename Table::Held;
  using Entries = typename Table::Entries;
  static bool has_living(const Held& held) { return detail::is_living(held.pid); }

  bool is_unique() const noexcept { return table_->options.keys == RegistryKeys::unique; }

  class KeyName final : public ViaName {
   public:
    KeyName(const Registry& registry, K key, V value)
        : registry_(registry), key_(std::move(key)), value_(std::move(value)) {}
    std::expected<void, Pid> register_name() const override {
      const auto next = registry_.successor();
      const auto added = (next ? *next : registry_).add(key_, value_);
      if (!added) return std::unexpected(added.error().pid);
      return {};
    }
    Pid whereis_name() const override {
      if (const Pid holder = registry_.table_->holder(key_)) return holder;
      const auto next = registry_.successor();
      return next ? next->table_->holder(key_) : Pid{};
    }
    bool equals(const ViaName& other) const noexcept override {
      const auto* const same = dynamic_cast<const KeyName*>(&other);
      return same != nullptr && same->registry_.is_same(registry_) && same->key_ == key_;
    }

   private:
    const Registry registry_;
    const K key_;
    const V value_;
  };

  Table& table() const {
    detail::require_running(address());
    return *table_;
  }
  /// What has its name now, when it has ended. None on a thread that is no process: what that
  /// sends vanishes.
  std::optional<Registry> successor() const {
    if (!name_ || !in_process() || otp::is_alive(address())) return std::nullopt;
    auto running = detail::running_registry(name_);
    return running ? std::optional(of(name_, std::move(running))) : std::nullopt;
  }
  bool is_same(const Registry& other) const noexcept {
    return table_ == other.table_ || (name_ && name_ == other.name_);
  }

  /// What is in the table already goes with its owner, or with the registry, if either has ended
  /// before this.
  void own(Pid pid, std::uint64_t hash) const {
    const auto forget = [&] { table_->forget(pid, hash); };
    try {
      if (!detail::possess(pid, table_, hash)) return forget();
    } catch (...) {
      forget();
      throw;
    }
    if (otp::is_alive(address())) return;
    detail::dispossess(pid, *table_, hash);
    forget();
  }

  void tell(typename Event::Kind kind, const K& key, Pid pid, std::optional<V> value) const {
    for (const Name listener : table_->options.listeners) {
      if (const auto to = otp::whereis(listener)) send(*to, Event{kind, name_, key, pid, value});
    }
  }

  void acquire(const K& key) const {
    const Pid me = self();
    for (;;) {
      auto& partition = table().of(key);
      const Ref wait = make_ref();
      Pid holder;
      {
        const std::lock_guard lock(partition.mutex);
        auto& taken = partition.locks[key];
        std::erase_if(taken.waiters, [me](const auto& each) { return each.pid == me; });
        if (taken.holder == me)
          throw std::logic_error("Registry::lock: the caller is inside of it");
        if (!taken.holder || !detail::is_living(taken.holder)) {
          taken.holder = me;
          return;
        }
        holder = taken.holder;
        taken.waiters.push_back({me, wait});
      }
      const Ref watch = otp::monitor(holder);
      receive(on_if([&](const detail::LockFreed& freed) { return freed.wait == wait; },
                    [](const detail::LockFreed&) {}),
              on_if([&](const Down& down) { return down.ref == watch; }, [](const Down&) {}));
      demonitor(watch, flush);
    }
  }

  /// By the holder; by one that was given up as lost meanwhile nothing.
  void release(const K& key) const noexcept {
    const Pid me = self();
    auto& partition = table_->of(key);
    const std::lock_guard lock(partition.mutex);
    const auto held = partition.locks.find(key);
    if (held == partition.locks.end() || held->second.holder != me) return;
    for (const auto& each : held->second.waiters)
      detail::post_message(each.pid, detail::make_value(detail::LockFreed{each.wait}));
    partition.locks.erase(held);
  }

  Name name_;
  std::shared_ptr<Table> table_;
};

}  // namespace otp
