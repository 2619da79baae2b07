// Makes nearly valid schemas of valid ones: words, statements and numbers are left out, doubled,
// moved and exchanged. Every other time bytes are changed as libFuzzer does it, which is how text
// that is no schema at all comes about.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

/// Of the language, from its grammar.
constexpr auto words = std::to_array<std::string_view>({
#include "words.inc"
});
constexpr auto literals = std::to_array<std::string_view>({"0",
                                                           "1",
                                                           "-1",
                                                           "255",
                                                           "256",
                                                           "18446744073709551615",
                                                           "18446744073709551616",
                                                           "0x",
                                                           "1e400",
                                                           "0.5",
                                                           "5s",
                                                           "100ms..10s",
                                                           "99999999999d",
                                                           "\"\"",
                                                           "\"*\"",
                                                           "none",
                                                           "true",
                                                           "[]",
                                                           "[1, 2]",
                                                           "infinity",
                                                           "env.pool"});

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// A token with the white space before it.
using Tokens = std::vector<std::string>;

std::string_view bare(std::string_view token) {
  return token.substr(std::min(token.find_first_not_of(" \t\r\n"), token.size()));
}

Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (text.substr(end, 2) == "//") {
      end = std::min(text.find('\n', end), text.size());
    } else if (end < text.size() && text[end] == '"') {
      end = std::min(text.find_first_of("\"\n", end + 1), text.size() - 1) + 1;
    } else if (end < text.size() && is_word(text[end])) {
      while (end < text.size() && is_word(text[end])) ++end;
    } else if (end < text.size()) {
      ++end;
    }
    tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

class Mutation {
 public:
  Mutation(std::string_view text, unsigned seed) : tokens_(tokens_of(text)), random_(seed) {}

  std::string run() {
    for (std::size_t times = 1 + below(3); times > 0 && !tokens_.empty(); --times) once();
    std::string text;
    for (const std::string& token : tokens_) text += token;
    return text;
  }

 private:
  void once() {
    const std::size_t at = below(tokens_.size());
    switch (below(10)) {
      case 0:
        tokens_.erase(begin(at));
        break;
      case 1:
        tokens_.insert(begin(at), std::string(tokens_[at]));
        break;
      case 2:
        std::swap(tokens_[at], tokens_[below(tokens_.size())]);
        break;
      case 3:
        replace(at, bare(tokens_[below(tokens_.size())]));
        break;
      case 4:
        replace(at, words[below(words.size())]);
        break;
      case 5:
        replace(at, literals[below(literals.size())]);
        break;
      case 6:
        rename(at);
        break;
      case 7:
        replace(at, "list<" + std::string(bare(tokens_[at])) + ">");
        break;
      case 8:
        erase_statement(at);
        break;
      default:
        copy_statement(at);
        break;
    }
  }

  void replace(std::size_t at, std::string_view by) {
    const std::string old = std::exchange(tokens_[at], {});
    tokens_[at] = old.substr(0, old.size() - bare(old).size()) + std::string(by);
  }

  /// Everywhere: what refers to it goes on doing so.
  void rename(std::size_t at) {
    const std::string name(bare(tokens_[at]));
    const std::string other(bare(tokens_[below(tokens_.size())]));
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (bare(tokens_[i]) == name) replace(i, other);
    }
  }

  /// From behind one `;` or brace to the next `;`, or to the `}` of a block.
  std::pair<std::size_t, std::size_t> statement(std::size_t at) const {
    const auto ends = [&](std::size_t i) {
      const std::string_view token = bare(tokens_[i]);
      return token == ";" || token == "{" || token == "}";
    };
    std::size_t first = at;
    while (first > 0 && !ends(first - 1)) --first;
    std::size_t last = at;
    for (int depth = 0; last < tokens_.size(); ++last) {
      const std::string_view token = bare(tokens_[last]);
      if (token == "{") ++depth;
      if (token == "}") --depth;
      if (depth <= 0 && ends(last)) break;
    }
    return {first, std::min(last + 1, tokens_.size())};
  }

  void erase_statement(std::size_t at) {
    const auto [first, last] = statement(at);
    tokens_.erase(begin(first), begin(last));
  }

  void copy_statement(std::size_t at) {
    const auto [first, last] = statement(at);
    const Tokens copied(begin(first), begin(last));
    const auto to = statement(below(tokens_.size())).first;
    tokens_.insert(begin(to), copied.begin(), copied.end());
  }

  Tokens::iterator begin(std::size_t at) {
    return tokens_.begin() + static_cast<std::ptrdiff_t>(at);
  }

  std::size_t below(std::size_t limit) { return random_() % limit; }

  Tokens tokens_;
  std::minstd_rand random_;
};

std::size_t put(std::string_view text, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(text.size(), max_size);
  std::memcpy(data, text.data(), size);
  return size;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  if (size == 0 || seed % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  return put(Mutation(text, seed / 2).run(), data, max_size);
}

/// The declarations of both, or both as two files.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t max_size,
                                                 unsigned seed) {
  const std::string first(reinterpret_cast<const char*>(data1), size1);
  const std::string second(reinterpret_cast<const char*>(data2), size2);
  if (seed % 4 == 0) return put(first + "\n//// next file\n" + second, out, max_size);
  const std::size_t behind_module = std::min(second.find(';') + 1, second.size());
  return put(first + second.substr(behind_module), out, max_size);
}
