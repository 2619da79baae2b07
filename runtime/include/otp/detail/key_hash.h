// The hash of whatever the schema language allows as a key: also of what the standard library has
// no hash for, such as tuples, lists and durations.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <tuple>

namespace otp::detail {

struct KeyHash {
  template <class K>
  std::size_t operator()(const K& key) const {
    if constexpr (requires { std::hash<K>{}(key); }) {
      return std::hash<K>{}(key);
    } else if constexpr (requires { key.has_value(); }) {
      return key.has_value() ? mix(1, (*this)(*key)) : 0;
    } else if constexpr (requires { key.text(); }) {
      return (*this)(key.text());
    } else if constexpr (requires { key.time_since_epoch(); }) {
      return (*this)(key.time_since_epoch().count());
    } else if constexpr (requires { key.count(); }) {
      return (*this)(key.count());
    } else if constexpr (requires { key.begin(); }) {
      std::size_t result = key.size();
      for (const auto& each : key) result = mix(result, (*this)(each));
      return result;
    } else {
      return std::apply(
          [this](const auto&... parts) {
            std::size_t result = sizeof...(parts);
            ((result = mix(result, (*this)(parts))), ...);
            return result;
          },
          key);
    }
  }

 private:
  /// Of two hashes one, in which the order counts.
  static std::size_t mix(std::size_t sum, std::size_t next) {
    return sum ^ (next + 0x9e3779b97f4a7c15 + (sum << 6) + (sum >> 2));
  }
};

}  // namespace otp::detail
