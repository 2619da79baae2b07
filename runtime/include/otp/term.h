// Any Erlang term as a value: the `term` of a schema, and what an open union keeps of a case that
// it does not know.
//
//   const otp::Term point = otp::Term::tuple({otp::Term::atom("point"), 1, 2.5});
//   point.tag();                                    // "point"
//   point.get_if<otp::Term::Tuple>()->items[1];     // 1
//   point.text();                                   // {point,1,2.5}
//
// Immutable; copies share what they hold. Terms are ordered as Erlang orders them, but an integer
// and a float of the same value are different, as in `=:=`. The keys of a map are unique: of two
// equal ones the last counts. Source: Erlang's "Term Comparisons".
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <otp/bigint.h>
#include <otp/pid.h>
#include <otp/reference.h>

namespace otp {

class Term {
 public:
  struct Atom {
    std::string name;
  };
  struct Tuple {
    std::vector<Term> items;
  };
  struct Map {
    std::vector<std::pair<Term, Term>> entries;  ///< in the order of their keys
  };
  struct List {
    std::vector<Term> items;
  };
  using Binary = std::vector<std::byte>;
  /// In Erlang's order of types, numbers first.
  using Value = std::variant<BigInt, double, Atom, Ref, Pid, Tuple, Map, List, Binary>;

  /// The atom `undefined`.
  Term() : Term(Atom{"undefined"}) {}
  Term(Value value) : value_(std::make_shared<const Value>(std::move(value))) {}  // NOLINT
  template <std::integral T>
  Term(T value) : Term(Value(BigInt(value))) {}               // NOLINT
  Term(bool value) : Term(atom(value ? "true" : "false")) {}  // NOLINT
  Term(double value) : Term(Value(value)) {}                  // NOLINT
  Term(const char*) = delete;                                 ///< atom() or binary()

  static Term atom(std::string name) { return Value(Atom{std::move(name)}); }
  static Term tuple(std::vector<Term> items) { return Value(Tuple{std::move(items)}); }
  static Term list(std::vector<Term> items) { return Value(List{std::move(items)}); }
  /// Text as Elixir has it: a binary.
  static Term binary(std::string_view text) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
    return Value(Binary(bytes, bytes + text.size()));
  }
  static Term map(const std::vector<std::pair<Term, Term>>& entries) {
    std::map<Term, Term> unique;
    for (const auto& [key, value] : entries) unique.insert_or_assign(key, value);
    return Value(Map{{unique.begin(), unique.end()}});
  }

  const Value& value() const noexcept { return *value_; }
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(value_.get());
  }
  /// The name of an atom, or of the atom that a tuple begins with; empty otherwise.
  std::string_view tag() const noexcept {
    if (const auto* atom = get_if<Atom>()) return atom->name;
    const auto* tuple = get_if<Tuple>();
    return tuple != nullptr && !tuple->items.empty() &&
                   tuple->items.front().get_if<Atom>() != nullptr
               ? tuple->items.front().tag()
               : std::string_view();
  }
  /// As Erlang writes terms (`~w`), and reads all but pids and references. A float has the fewest
  /// digits that say which it is. Does not depend on the locale.
  std::string text() const;

  friend bool operator==(const Term& one, const Term& other) { return (one <=> other) == 0; }
  friend std::strong_ordering operator<=>(const Term& one, const Term& other);

 private:
  std::shared_ptr<const Value> value_;
};

namespace detail {

template <class T>
std::strong_ordering compare_items(const std::vector<T>& one, const std::vector<T>& other) {
  return std::lexicographical_compare_three_way(one.begin(), one.end(), other.begin(), other.end());
}
template <class T>
std::strong_ordering compare_sized(const std::vector<T>& one, const std::vector<T>& other) {
  const auto sizes = one.size() <=> other.size();
  return sizes != 0 ? sizes : compare_items(one, other);
}

struct CompareTerms {
  std::strong_ordering operator()(double one, double other) const {
    return std::strong_order(one, other);
  }
  std::strong_ordering operator()(const BigInt& one, const BigInt& other) const {
    return one <=> other;
  }
  std::strong_ordering operator()(const Term::Atom& one, const Term::Atom& other) const {
    return one.name <=> other.name;
  }
  std::strong_ordering operator()(const Term::Tuple& one, const Term::Tuple& other) const {
    return compare_sized(one.items, other.items);
  }
  std::strong_ordering operator()(const Term::List& one, const Term::List& other) const {
    return compare_items(one.items, other.items);
  }
  std::strong_ordering operator()(const Term::Binary& one, const Term::Binary& other) const {
    return compare_items(one, other);
  }
  /// First how many, then the keys, then the values.
  std::strong_ordering operator()(const Term::Map& one, const Term::Map& other) const {
    const auto part = [](const Term::Map& map, auto which) {
      std::vector<Term> items;
      for (const auto& each : map.entries) items.push_back(each.*which);
      return items;
    };
    using Entry = std::pair<Term, Term>;
    const auto keys = compare_sized(part(one, &Entry::first), part(other, &Entry::first));
    return keys != 0 ? keys : compare_items(part(one, &Entry::second), part(other, &Entry::second));
  }
  template <class T>
    requires std::same_as<T, Pid> || std::same_as<T, Ref>
  std::strong_ordering operator()(const T& one, const T& other) const {
    return one < other    ? std::strong_ordering::less
           : one == other ? std::strong_ordering::equal
                          : std::strong_ordering::greater;
  }
  template <class T, class U>
    requires(!std::same_as<T, U>)
  std::strong_ordering operator()(const T&, const U&) const {
    return std::strong_ordering::equal;  // told apart by their types before
  }
};

inline std::string joined(const std::vector<Term>& items) {
  std::string text;
  for (const Term& each : items) text += (text.empty() ? "" : ",") + each.text();
  return text;
}

inline bool is_reserved_in_erlang(std::string_view word) {
  constexpr std::array words{
      "after", "and",   "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr", "bxor",
      "case",  "catch", "cond",    "div",    "else",    "end",  "fun", "if",   "let", "maybe",
      "not",   "of",    "or",      "orelse", "receive", "rem",  "try", "when", "xor"};
  return std::ranges::find(words, word) != words.end();
}

/// Plain when it begins with a small letter and goes on with letters, digits, `_` and `@`.
inline std::string atom_text(const std::string& name) {
  const auto among = [](char each, char first, char last) { return each >= first && each <= last; };
  const bool plain =
      !name.empty() && among(name.front(), 'a', 'z') && std::ranges::all_of(name, [&](char each) {
        return among(each, 'a', 'z') || among(each, 'A', 'Z') || among(each, '0', '9') ||
               each == '_' || each == '@';
      });
  if (plain && !is_reserved_in_erlang(name)) return name;
  std::string text = "'";
  for (const char each : name) {
    const auto code = static_cast<unsigned char>(each);
    if (code < 0x20 || code == 0x7f) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      text += {'\\', 'x', '{', digits[code / 16], digits[code % 16], '}'};
      continue;
    }
    if (each == '\'' || each == '\\') text += '\\';
    text += each;
  }
  return text + "'";
}

struct TermText {
  std::string operator()(const BigInt& number) const { return number.text(); }
  std::string operator()(double number) const {
    std::array<char, 64> room;
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number).ptr;
    std::string text(room.data(), end);
    const std::size_t exponent = std::min(text.find('e'), text.size());
    if (text.find('.') == std::string::npos) text.insert(exponent, ".0");
    return text;
  }
  std::string operator()(const Term::Atom& atom) const { return atom_text(atom.name); }
  std::string operator()(const Ref& ref) const {
    return "#Ref<" + std::to_string(ref.node) + "." + std::to_string(ref.id) + ">";
  }
  std::string operator()(const Pid& pid) const { return to_string(pid); }
  std::string operator()(const Term::Tuple& tuple) const { return "{" + joined(tuple.items) + "}"; }
  std::string operator()(const Term::List& list) const { return "[" + joined(list.items) + "]"; }
  std::string operator()(const Term::Map& map) const {
    std::string text;
    for (const auto& [key, value] : map.entries)
      text += (text.empty() ? "" : ",") + key.text() + " => " + value.text();
    return "#{" + text + "}";
  }
  std::string operator()(const Term::Binary& binary) const {
    std::string text;
    for (const std::byte each : binary)
      text += (text.empty() ? "" : ",") + std::to_string(static_cast<unsigned>(each));
    return "<<" + text + ">>";
  }
};

/// Where Erlang's order puts numbers of both kinds.
inline double number_of(const Term::Value& value) {
  const auto* integer = std::get_if<BigInt>(&value);
  return integer == nullptr ? std::get<double>(value)
                            : std::strtod(integer->text().c_str(), nullptr);
}

}  // namespace detail

inline std::string Term::text() const { return std::visit(detail::TermText{}, *value_); }

inline std::strong_ordering operator<=>(const Term& one, const Term& other) {
  if (one.value_ == other.value_) return std::strong_ordering::equal;
  constexpr std::size_t number_kinds = 2;
  const std::size_t kind = one.value().index();
  const std::size_t other_kind = other.value().index();
  if (kind == other_kind) return std::visit(detail::CompareTerms{}, one.value(), other.value());
  if (kind < number_kinds && other_kind < number_kinds) {
    const auto order =
        std::strong_order(detail::number_of(one.value()), detail::number_of(other.value()));
    if (order != 0) return order;
  }
  return kind <=> other_kind;
}

}  // namespace otp
