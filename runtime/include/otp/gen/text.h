// The declared state of a server as text, for crash reports. Types it does not know are shown as
// `...`.
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <otp/pid.h>

namespace otp::gen {

template <class T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_enum_v<T>)
    return std::string(to_string(value));
  else if constexpr (std::is_arithmetic_v<T>)
    return std::to_string(value);
  else if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return '"' + std::string(value) + '"';
  else if constexpr (std::is_same_v<T, Pid>)
    return to_string(value);
  else if constexpr (requires {
                       { value.text() } -> std::convertible_to<std::string>;
                     })
    return value.text();
  else if constexpr (requires {
                       value.has_value();
                       *value;
                     })
    return value ? text_of(*value) : "none";
  else if constexpr (requires {
                       value.size();
                       value.begin();
                     })
    return "[" + std::to_string(value.size()) + " elements]";
  else
    return "...";
}

/// `, name: value`
template <class T>
std::string field_text(std::string_view name, const T& value, bool first) {
  return (first ? "" : ", ") + std::string(name) + ": " + text_of(value);
}

}  // namespace otp::gen
