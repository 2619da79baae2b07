// An integer of any size: the `bigint` of a schema.
//
//   const otp::BigInt debt("-123456789012345678901234567890");
//   otp::BigInt(7) < otp::BigInt("70");
//   debt.as<std::int64_t>();        // none: it does not fit
//
// A value to keep, compare and hand on; who computes with such numbers has a library for it, and
// gives and takes their digits. There is one text for each value: no plus, no leading zeros.
#pragma once

#include <algorithm>
#include <charconv>
#include <compare>
#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace otp {

class BigInt {
 public:
  BigInt() = default;
  template <std::integral T>
  BigInt(T value) : text_(std::to_string(value)) {}  // NOLINT(google-explicit-constructor)
  /// Decimal digits, with a minus before them where it is negative; anything else throws.
  explicit BigInt(std::string_view digits) {
    auto parsed = parse(digits);
    if (!parsed) throw std::invalid_argument("no integer: " + std::string(digits));
    *this = *std::move(parsed);
  }

  static std::optional<BigInt> parse(std::string_view digits) {
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    const bool is_number = !digits.empty() && std::ranges::all_of(digits, [](char each) {
      return each >= '0' && each <= '9';
    });
    if (!is_number) return std::nullopt;
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    BigInt result;
    result.text_ = (negative && digits != "0" ? "-" : "") + std::string(digits);
    return result;
  }

  const std::string& text() const noexcept { return text_; }
  bool is_negative() const noexcept { return text_.front() == '-'; }
  /// The same number as a T; none when it does not fit.
  template <std::integral T>
  std::optional<T> as() const {
    T value{};
    const char* const end = text_.data() + text_.size();
    const auto [stopped, error] = std::from_chars(text_.data(), end, value);
    return error == std::errc{} && stopped == end ? std::optional<T>(value) : std::nullopt;
  }

  friend bool operator==(const BigInt&, const BigInt&) = default;
  friend std::strong_ordering operator<=>(const BigInt& one, const BigInt& other) noexcept {
    if (one.is_negative() != other.is_negative())
      return one.is_negative() ? std::strong_ordering::less : std::strong_ordering::greater;
    const auto sizes = one.text_.size() <=> other.text_.size();
    const auto sizes_or_digits = sizes != 0 ? sizes : one.text_.compare(other.text_) <=> 0;
    return one.is_negative() ? 0 <=> sizes_or_digits : sizes_or_digits;
  }

 private:
  std::string text_ = "0";
};

}  // namespace otp
