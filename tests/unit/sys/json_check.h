// Whether a line is one JSON object in valid UTF-8, as RFC 8259 and RFC 3629 have it; written apart
// from the writer, so that both do not make the same mistake.
#pragma once

#include <cstdint>
#include <string_view>

namespace otp::testing {

class JsonCheck {
 public:
  explicit JsonCheck(std::string_view text) : text_(text) {}
  bool whole() { return object() && at_ == text_.size(); }

 private:
  bool eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool object() {
    if (!eat('{')) return false;
    if (eat('}')) return true;
    do {
      if (!string() || !eat(':') || !value()) return false;
    } while (eat(','));
    return eat('}');
  }
  bool value() {
    if (!eat('[')) return string();
    if (eat(']')) return true;
    do {
      if (!string()) return false;
    } while (eat(','));
    return eat(']');
  }
  bool string() {
    if (!eat('"')) return false;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' ? !escape() : !character()) return false;
    }
    return eat('"');
  }
  bool escape() {
    ++at_;
    if (at_ >= text_.size()) return false;
    const char kind = text_[at_++];
    if (kind != 'u') return std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= text_.size() ||
          std::string_view("0123456789abcdefABCDEF").find(text_[at_]) == std::string_view::npos)
        return false;
    }
    return true;
  }
  /// One code point: no control, not overlong, no surrogate, at most U+10FFFF.
  bool character() {
    const auto lead = static_cast<unsigned char>(text_[at_++]);
    if (lead < 0x80) return lead >= 0x20;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return false;
    std::uint32_t point = lead & (0x3FU >> more);
    for (int i = 0; i < more; ++i, ++at_) {
      if (at_ >= text_.size()) return false;
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if ((byte & 0xC0U) != 0x80U) return false;
      point = point << 6U | (byte & 0x3FU);
    }
    constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    return point >= least[more] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline bool is_json(std::string_view line) { return JsonCheck(line).whole(); }

}  // namespace otp::testing
