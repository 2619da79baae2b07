// A local name: what Erlang writes as an atom.
//
//   otp::register_name("counter", otp::self());
//   std::optional<otp::Pid> pid = otp::whereis("counter");
//
// Names are interned: comparing and hashing one costs as much as an integer, and a name is never
// freed. Like atoms, names are for the program's own fixed set of servers; for names made from data
// use a registry. At most 1,048,576 different names exist in a program (the BEAM's default atom
// limit); one more throws std::length_error.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace otp {

class Name {
 public:
  Name() = default;             ///< the empty name: addresses nobody
  Name(std::string_view text);  // NOLINT(google-explicit-constructor): written as its text
  Name(const char* text) : Name(std::string_view{text}) {}         // NOLINT
  Name(const std::string& text) : Name(std::string_view{text}) {}  // NOLINT

  std::string_view text() const noexcept;
  std::uint32_t index() const noexcept { return index_; }
  static Name from_index(std::uint32_t index) noexcept {
    Name name;
    name.index_ = index;
    return name;
  }
  explicit operator bool() const noexcept { return index_ != 0; }
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  std::uint32_t index_ = 0;
};

}  // namespace otp

template <>
struct std::hash<otp::Name> {
  std::size_t operator()(const otp::Name& name) const noexcept { return name.index(); }
};
