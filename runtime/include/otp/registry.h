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
// - `add` registers the caller, `add_for` any process. The entries of a process are gone soon after
//   its end.
// - Who holds a key when the registry's process ends gets an exit signal with the same reason, as
//   over a link (`shutdown` for `normal`): a new registry is empty, and would give the key again.
// - A handle belongs to that process. After its end each operation exits the caller with `noproc`,
//   as a call does, and `open` finds the next one. A via name finds it by itself, if the registry
//   has a name; else nobody holds it any more.
// - Looking up goes through no process: the table is shared, in partitions that are locked alone.
// - What remove_matching, update_value, match, count_match and select are given runs under the lock
//   of a partition. It must not suspend: no call, no send, no log. Nor may it use the registry,
//   where it could wait for itself for ever. What dispatch and lock are given runs without it.
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
#include <unordered_map>
#include <utility>
#include <vector>

#include <otp/call.h>
#include <otp/detail/key_hash.h>
#include <otp/receive.h>
#include <otp/server_ref.h>
#include <otp/start.h>
#include <otp/supervisor.h>

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

/// What the registry's process knows of its table.
class RegistryTableBase {
 public:
  virtual ~RegistryTableBase() = default;
  /// It was told by watch() that a process has come, or has gone.
  virtual void review(Pid pid) = 0;
  virtual void forget(Pid pid) = 0;
  /// Its process has ended: forgets everything. Who is to end with it.
  virtual std::vector<Pid> close() = 0;
};
/// What a registry ends with: who starts it, its application, or the node alone, as one that is
/// started by whoever comes first.
enum class RegistryLife : std::uint8_t { of_caller, of_application, of_node };
std::expected<Pid, StartError> start_registry(std::shared_ptr<RegistryTableBase> table,
                                              const StartOptions& options, RegistryLife life);
struct RunningRegistry {
  Pid pid;
  std::shared_ptr<RegistryTableBase> table;
};
/// None when nobody holds the name; throws std::invalid_argument when it is no registry.
std::optional<RunningRegistry> running_registry(Name name);
/// Throws std::runtime_error unless it has not started because its name is taken.
void require_contender(const StartError& error);
/// Lets the registry's process review another: begin to watch it, or cease. Never suspends.
void watch(Pid registry, Pid pid) noexcept;
/// Exits the caller with `noproc` when the registry's process has ended.
void require_running(Pid registry);

/// Wakes who waits for a lock.
struct LockFreed {
  Ref wait;
};

/// The entries of one key, oldest first. That one lies in the table itself: a unique key has no
/// other.
template <class Entry>
class RegistryEntries {
 public:
  bool empty() const noexcept { return !first_; }
  void add(Entry entry) {
    if (first_) {
      others_.push_back(std::move(entry));
    } else {
      first_.emplace(std::move(entry));
    }
  }
  template <class F>
  void for_each(F f) {
    if (first_) f(*first_);
    std::ranges::for_each(others_, f);
  }
  /// Null: none fits.
  template <class Fits>
  const Entry* find_if(Fits fits) const {
    if (!first_ || fits(*first_)) return first_ ? &*first_ : nullptr;
    const auto found = std::ranges::find_if(others_, fits);
    return found == others_.end() ? nullptr : &*found;
  }
  /// How many.
  template <class Fits>
  std::size_t erase_if(Fits fits) {
    const bool first_goes = first_ && fits(std::as_const(*first_));
    const std::size_t erased = std::erase_if(others_, fits) + (first_goes ? 1 : 0);
    if (!first_goes) return erased;
    first_.reset();
    if (!others_.empty()) {
      first_.emplace(std::move(others_.front()));
      others_.erase(others_.begin());
    }
    return erased;
  }

 private:
  std::optional<Entry> first_;
  std::vector<Entry> others_;
};

template <class K, class V>
class RegistryTable final : public RegistryTableBase {
 public:
  struct Entry {
    Pid pid;
    V value;
  };
  using Entries = RegistryEntries<Entry>;
  struct Waiter {
    Pid pid;
    Ref wait;
  };
  struct Lock {
    Pid holder;
    std::vector<Waiter> waiters;
  };
  struct Partition {
    std::mutex mutex;
    std::unordered_map<K, Entries, detail::KeyHash> entries;
    std::map<K, Lock> locks;
  };
  /// Which keys a process has entries under, each once: for its end. Whoever is here is watched by
  /// the registry's process, and stays until it has ended.
  struct Holders {
    std::mutex mutex;
    std::unordered_map<Pid, std::set<K>> keys;
  };

  explicit RegistryTable(RegistryOptions given)
      : options(std::move(given)),
        partitions(options.partitions * locks_in_partition),
        holders(partitions.size()) {}

  Partition& of(const K& key) { return partitions[detail::KeyHash{}(key) % partitions.size()]; }

  /// Who holds a unique key; null: nobody. Any thread.
  Pid holder(const K& key) {
    Partition& partition = of(key);
    const std::lock_guard lock(partition.mutex);
    const auto found = partition.entries.find(key);
    if (found == partition.entries.end()) return {};
    const Entry* const first = found->second.find_if([](const Entry&) { return true; });
    return first == nullptr ? Pid{} : first->pid;
  }
  /// Runs `f` with the entries of a key, if there are any; empty ones go.
  template <class F>
  void change(const K& key, F f) {
    Partition& partition = of(key);
    const std::lock_guard lock(partition.mutex);
    const auto entries = partition.entries.find(key);
    if (entries == partition.entries.end()) return;
    f(entries->second);
    if (entries->second.empty()) partition.entries.erase(entries);
  }

  Holders& of(Pid pid) { return holders[std::hash<Pid>{}(pid) % holders.size()]; }
  /// True: the process is to be watched from now on.
  [[nodiscard]] bool note_key(Pid pid, const K& key) {
    Holders& shard = of(pid);
    const std::lock_guard lock(shard.mutex);
    const auto [held, is_new] = shard.keys.try_emplace(pid);
    held->second.insert(key);
    return is_new;
  }
  void forget_key(Pid pid, const K& key) {
    Holders& shard = of(pid);
    const std::lock_guard lock(shard.mutex);
    if (const auto held = shard.keys.find(pid); held != shard.keys.end()) held->second.erase(key);
  }
  std::set<K> keys_of(Pid pid) {
    Holders& shard = of(pid);
    const std::lock_guard lock(shard.mutex);
    const auto held = shard.keys.find(pid);
    return held == shard.keys.end() ? std::set<K>() : held->second;
  }
  void review(Pid pid) override { monitor(pid); }  // once: see note_key
  void forget(Pid pid) override {
    std::set<K> held;
    {
      Holders& shard = of(pid);
      const std::lock_guard lock(shard.mutex);
      if (auto ended = shard.keys.extract(pid)) held = std::move(ended.mapped());
    }
    for (const K& key : held) {
      change(key, [pid](Entries& entries) {
        entries.erase_if([pid](const Entry& entry) { return entry.pid == pid; });
      });
    }
  }
  std::vector<Pid> close() override {
    std::vector<Pid> holding;
    for (Holders& shard : holders) {
      const std::lock_guard lock(shard.mutex);
      for (const auto& [pid, keys] : shard.keys) {
        if (!keys.empty()) holding.push_back(pid);
      }
      decltype(shard.keys)().swap(shard.keys);  // clear() would keep the buckets
    }
    for (Partition& partition : partitions) {
      const std::lock_guard lock(partition.mutex);
      decltype(partition.entries)().swap(partition.entries);
    }
    return holding;
  }

  /// Schedulers that meet at a lock put each other to sleep, which costs more than all that is done
  /// under it. Odd, so that even numbers do not share half of them.
  static constexpr std::size_t locks_in_partition = 17;

  const RegistryOptions options;
  std::vector<Partition> partitions;
  std::vector<Holders> holders;
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
  using Entry = typename Table::Entry;
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
    if (auto running = detail::running_registry(name)) return of(name, *std::move(running));
    throw std::invalid_argument("no registry runs under the name `" + std::string(name.text()) +
                                "`");
  }
  /// The same; one that does not run is started, and belongs to no application.
  static Registry ensure(Name name, const RegistryOptions& options = {}) {
    for (;;) {
      if (auto running = detail::running_registry(name)) return of(name, *std::move(running));
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
  /// The same for another process: Elixir's Registry has no such function.
  std::expected<void, AlreadyRegistered> add_for(Pid pid, const K& key, V value = {}) const {
    auto& partition = table().of(key);
    {
      const std::lock_guard lock(partition.mutex);
      auto& entries = partition.entries[key];
      if (is_unique() && !entries.empty()) {
        if (const Entry* const there = entries.find_if(has_living))
          return std::unexpected(AlreadyRegistered{there->pid});
        entries = {};  // of a dead process, which the registry has not been told of yet
      }
      entries.add({pid, value});
    }
    if (table_->note_key(pid, key)) detail::watch(address(), pid);
    if (!otp::is_alive(address())) table_->forget(pid);  // it may have been closed before this
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
    std::size_t removed = 0;
    table().change(key, [&](Entries& entries) {
      removed = entries.erase_if(
          [&](const Entry& each) { return each.pid == me && fits(std::as_const(each.value)); });
      if (entries.find_if([me](const Entry& each) { return each.pid == me; }) == nullptr)
        table_->forget_key(me, key);
    });
    if (removed != 0) tell(Event::Kind::unregistered, key, me, std::nullopt);
  }
  /// The entries of every process under `key`.
  void remove_all(const K& key) const {
    std::set<Pid> holders;
    table().change(key, [&](Entries& entries) {
      entries.for_each([&](const Entry& each) {
        if (holders.insert(each.pid).second) table_->forget_key(each.pid, key);
      });
      entries = {};
    });
    for (const Pid pid : holders) tell(Event::Kind::unregistered, key, pid, std::nullopt);
  }
  /// Changes the caller's own value of a unique key: the new and the old one; none when the caller
  /// does not hold the key. `f` runs under the partition's lock: see above. Throws
  /// std::invalid_argument in a duplicate registry.
  template <class F>
  std::optional<std::pair<V, V>> update_value(const K& key, F f) const {
    if (!is_unique()) throw std::invalid_argument("Registry: update_value needs unique keys");
    const Pid me = self();
    std::optional<std::pair<V, V>> result;
    table().change(key, [&](Entries& entries) {
      entries.for_each([&](Entry& each) {
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
    auto& partition = table().of(key);
    const std::lock_guard lock(partition.mutex);
    const auto entries = partition.entries.find(key);
    if (entries == partition.entries.end()) return std::nullopt;
    const Entry* const alive = entries->second.find_if(has_living);
    return alive == nullptr ? std::nullopt : std::optional(alive->pid);
  }
  std::vector<Entry> lookup(const K& key) const {
    return match(key, [](const V&) { return true; });
  }
  /// The entries of a key whose value fits. `fits` runs under the partition's lock: see above.
  template <class Fits>
  std::vector<Entry> match(const K& key, Fits fits) const {
    auto& partition = table().of(key);
    std::vector<Entry> found;
    const std::lock_guard lock(partition.mutex);
    const auto entries = partition.entries.find(key);
    if (entries == partition.entries.end()) return found;
    entries->second.for_each([&](const Entry& each) {
      if (has_living(each) && fits(each.value)) found.push_back(each);
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
    std::vector<K> keys;
    if (!otp::is_alive(pid)) return keys;
    for (const K& key : table().keys_of(pid)) keys.insert(keys.end(), values(key, pid).size(), key);
    return keys;
  }
  /// Every (key, entry) for which `fits(key, pid, value)`, which runs under a partition's lock: see
  /// above.
  template <class Fits>
  std::vector<std::pair<K, Entry>> select(Fits fits) const {
    std::vector<std::pair<K, Entry>> found;
    for (auto& partition : table().partitions) {
      const std::lock_guard lock(partition.mutex);
      for (auto& [key, entries] : partition.entries) {
        entries.for_each([&](const Entry& each) {
          if (has_living(each) && fits(key, each.pid, each.value)) found.emplace_back(key, each);
        });
      }
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
    struct Held {
      const Registry& registry;
      const K& key;
      ~Held() { registry.release(key); }
    } const held{*this, key};
    return f();
  }

 private:
  Registry(Pid pid, Name name, std::shared_ptr<Table> table)
      : ServerRef(pid), name_(name), table_(std::move(table)) {}

  static Registry of(Name name, detail::RunningRegistry running) {
    auto table = std::dynamic_pointer_cast<Table>(std::move(running.table));
    if (table == nullptr)
      throw std::invalid_argument("Registry `" + std::string(name.text()) +
                                  "` has other keys or values");
    return Registry(running.pid, name, std::move(table));
  }
  static std::expected<Registry, StartError> begin(RegistryOptions options,
                                                   const StartOptions& start,
                                                   detail::RegistryLife life) {
    if (options.partitions == 0)
      throw std::invalid_argument("Registry: partitions must be positive");
    auto table = std::make_shared<Table>(std::move(options));
    const auto pid = detail::start_registry(table, start, life);
    if (!pid) return std::unexpected(pid.error());
    return Registry(*pid, start.name, std::move(table));
  }

  using Entries = typename Table::Entries;
  static bool has_living(const Entry& entry) { return otp::is_alive(entry.pid); }

  bool is_unique() const noexcept { return table_->options.keys == RegistryKeys::unique; }

  class KeyName final : public ViaName {
   public:
    KeyName(const Registry& registry, K key, V value)
        : registry_(registry), key_(std::move(key)), value_(std::move(value)) {}
    std::expected<void, Pid> register_name() const override {
      const auto added = registry_.successor().value_or(registry_).add(key_, value_);
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
    return running ? std::optional(of(name_, *std::move(running))) : std::nullopt;
  }
  bool is_same(const Registry& other) const noexcept {
    return table_ == other.table_ || (name_ && name_ == other.name_);
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
        if (!taken.holder || !otp::is_alive(taken.holder)) {
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
