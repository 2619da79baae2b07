// Any C++ value, handed on as it is: the `opaque` of a schema.
//
//   otp::Opaque socket(connection);                  // copied in
//   if (const auto* found = socket.get_if<Connection>()) found->send(...);
//
// Copies share one value, which nobody changes. It never leaves its node: no other knows what it
// is. Two are equal when they share their value.
#pragma once

#include <any>
#include <concepts>
#include <memory>
#include <utility>

namespace otp {

class Opaque {
 public:
  Opaque() = default;
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, Opaque>)
  explicit Opaque(T&& value) : value_(std::make_shared<const std::any>(std::forward<T>(value))) {}

  /// Null when it holds something else, or nothing.
  template <class T>
  const T* get_if() const noexcept {
    return value_ == nullptr ? nullptr : std::any_cast<T>(value_.get());
  }
  bool has_value() const noexcept { return value_ != nullptr; }

  friend bool operator==(const Opaque&, const Opaque&) = default;

 private:
  std::shared_ptr<const std::any> value_;
};

}  // namespace otp
