#include <algorithm>
#include <cmath>
#include <limits>

#include <llvm/ADT/StringRef.h>
#include <llvm/Support/FormatVariadic.h>

#include "sema/module_checker.h"
#include "sema/type_habits.h"

namespace otpc::sema {
namespace {

using model::Type;
using model::TypeKind;
using model::Value;

struct Range {
  std::uint64_t below;  ///< the most negative value is -below
  std::uint64_t above;
};

Range range_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::i8:
      return {128, 127};
    case TypeKind::i16:
      return {32768, 32767};
    case TypeKind::i32:
      return {2147483648U, 2147483647};
    case TypeKind::i64:
      return {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1};
    case TypeKind::u8:
      return {0, 255};
    case TypeKind::u16:
      return {0, 65535};
    case TypeKind::u32:
      return {0, 4294967295U};
    default:
      return {0, std::numeric_limits<std::uint64_t>::max()};
  }
}

/// As it would be written, cut when it is long.
std::string quoted(llvm::StringRef text) {
  constexpr std::size_t longest = 24;
  std::string result;
  for (const char letter : text) {
    const bool begins_character = (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
    if (begins_character && result.size() >= longest) return "\"" + result + "...\"";
    if (letter == '\n')
      result += "\\n";
    else if (letter == '"' || letter == '\\')
      result += {'\\', letter};
    else
      result += letter;
  }
  return "\"" + result + "\"";
}

}  // namespace

std::uint64_t highest(const model::Type& type) { return range_of(type.kind).above; }

std::string shown(const ast::Value& value) {
  switch (value.kind) {
    case ast::ValueKind::integer:
      return value.overflow ? "the number"
                            : "`" + std::string(value.negative ? "-" : "") +
                                  std::to_string(value.magnitude) + "`";
    case ast::ValueKind::floating:
      return "`" + std::string(value.negative ? "-" : "") + value.text + "`";
    case ast::ValueKind::text:
      return "`" + quoted(value.text) + "`";
    case ast::ValueKind::boolean:
      return value.boolean ? "`true`" : "`false`";
    case ast::ValueKind::none:
      return "`none`";
    case ast::ValueKind::duration:
      return value.overflow
                 ? "the duration"
                 : "the duration `" + std::string(value.negative ? "-" : "") + value.text + "`";
    case ast::ValueKind::path: {
      std::string text;
      for (const ast::Name& part : value.path.parts) text += (text.empty() ? "" : ".") + part.text;
      return "`" + text + "`";
    }
    case ast::ValueKind::list:
      return "a list of " + std::to_string(value.items.size());
  }
  return "";
}

namespace {

/// Of UTF-8, where each begins with a byte that goes on with none.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

/// Words of other languages, and a text without its quotes.
Meant meant_value(const ast::Value& written, const Type& type) {
  if (written.path.parts.size() == 1) {
    const llvm::StringRef value = value_of_habit(written.path.text());
    if (value == "none") return {"what is absent is `none`, of a type that ends in `?`", "", true};
    if (!value.empty()) return {"write `" + value.str() + "`", value.str(), true};
  }
  const bool is_text =
      type.kind == TypeKind::string || type.kind == TypeKind::atom || type.kind == TypeKind::bytes;
  if (!is_text) return {};
  const std::string text = "\"" + llvm::StringRef(shown(written)).trim('`').str() + "\"";
  return {"a text stands in quotes: " + text, text};
}

}  // namespace

void ModuleChecker::label_parameter(diagnostics::Builder builder) const {
  if (given_to_ != nullptr) builder.label(given_to_->span, "for this parameter");
}

void ModuleChecker::mismatch(const ast::Value& written, const Type& type) {
  auto builder = diagnostics_.emit(Id::value_type, written.span, shown(written), type.text());
  label_parameter(builder);
  if (type.kind == TypeKind::duration && written.kind == ast::ValueKind::integer) {
    builder
        .help("give a unit: `" + std::to_string(written.magnitude) + "ms`, or ns, us, s, min, h, d")
        .fix(diagnostics::FixLevel::placeholder,
             {written.span.file, written.span.end, written.span.end}, "ms");
  }
  if (type.kind == TypeKind::bigint && written.kind == ast::ValueKind::floating)
    builder.help("write all digits: numbers with a point or an exponent are `f32` or `f64`");
  if (type.kind == TypeKind::map) {
    builder.help("the one map that can be written here is the empty one, `[]`");
  }
  if (type.kind == TypeKind::user && written.kind == ast::ValueKind::text &&
      type.user->kind == model::DeclarationKind::enumeration) {
    const auto& members = static_cast<const model::Enum&>(*type.user).members;
    if (std::ranges::find(members, written.text, &model::EnumMember::name) == members.end()) {
      std::vector<std::string> names;
      for (const model::EnumMember& each : members) names.push_back(each.name);
      builder.members(names);
    } else {
      builder.help("a member of an enum stands without quotes: `" + written.text + "`")
          .fix(diagnostics::FixLevel::maybe, written.span, written.text);
    }
  }
  if (type.kind == TypeKind::string && written.kind == ast::ValueKind::path) {
    builder.help("a text stands in quotes: \"" + written.path.text() + "\"")
        .fix(diagnostics::FixLevel::maybe, written.span, "\"" + written.path.text() + "\"");
  }
}

std::optional<Value> ModuleChecker::integer_value(const ast::Value& written, const Type& type,
                                                  const model::Const* constant) {
  const Range range = range_of(type.kind);
  const bool whole = type.kind == TypeKind::bigint;
  const bool fits = whole ? !written.overflow || !written.text.empty()
                          : !written.overflow &&
                                written.magnitude <= (written.negative ? range.below : range.above);
  if (fits) {
    Value value;
    value.kind = model::ValueKind::integer;
    value.negative = written.negative && written.magnitude != 0;
    value.magnitude = written.magnitude;
    if (written.overflow) {
      value.negative = written.negative;
      value.text = written.text;
    }
    return value;
  }
  const std::string bounds = whole ? "at most 10,000 digits"
                                   : (range.below == 0 ? "0" : "-" + std::to_string(range.below)) +
                                         " to " + std::to_string(range.above);
  tell_range(written, constant, type.text(), bounds);
  return std::nullopt;
}

void ModuleChecker::tell_range(const ast::Value& written, const model::Const* constant,
                               const std::string& what, const std::string& bounds) {
  const std::string value =
      constant == nullptr ? "" : ", which is " + constant->value.digits() + ",";
  auto builder =
      diagnostics_.emit(Id::value_range, written.span, shown(written) + value, what, bounds);
  label_parameter(builder);
  label_constant(builder, constant);
}

void ModuleChecker::label_constant(diagnostics::Builder builder, const model::Const* constant) {
  if (constant != nullptr) builder.label(constant->span, "it is " + constant->value.digits());
}

std::optional<Value> ModuleChecker::floating_value(const ast::Value& written, const Type& type) {
  double magnitude = written.floating;
  bool finite = !written.overflow;
  if (written.kind == ast::ValueKind::integer) {
    magnitude = static_cast<double>(written.magnitude);
    const llvm::StringRef digits = written.text;
    if (written.overflow) finite = !digits.empty() && !digits.getAsDouble(magnitude);
  }
  finite = finite && std::isfinite(magnitude);
  const double most = type.kind == TypeKind::f32 ? std::numeric_limits<float>::max()
                                                 : std::numeric_limits<double>::max();
  const double least = type.kind == TypeKind::f32 ? std::numeric_limits<float>::denorm_min()
                                                  : std::numeric_limits<double>::denorm_min();
  const bool underflow = written.kind == ast::ValueKind::floating &&
                         (written.overflow ? written.floating == 0 : magnitude != 0) &&
                         magnitude < least;
  if (underflow) {
    diagnostics_.emit(Id::value_range, written.span, shown(written), type.text(),
                      type.kind == TypeKind::f32 ? "0, or at least 1.4012985e-45"
                                                 : "0, or at least 4.9406565e-324");
    return std::nullopt;
  }
  if (!finite || magnitude > most) {
    diagnostics_.emit(Id::value_range, written.span, shown(written), type.text(),
                      finite ? "at most 3.4028235e38" : "finite numbers");
    return std::nullopt;
  }
  Value value;
  value.kind = model::ValueKind::floating;
  value.floating = written.negative ? -magnitude : magnitude;
  return value;
}

std::optional<Value> ModuleChecker::value(const ast::Value& written, const Type& type) {
  if (type.kind == TypeKind::invalid) return std::nullopt;
  if (type.kind == TypeKind::optional) {
    if (written.kind != ast::ValueKind::none) return value(written, type.arguments.front());
    return Value{};
  }
  Value result;
  std::map<std::string, source::Span> seen;  // of a set
  switch (written.kind) {
    case ast::ValueKind::integer:
      if (type.is_integer() || type.kind == TypeKind::bigint) return integer_value(written, type);
      if (type.kind == TypeKind::f32 || type.kind == TypeKind::f64)
        return floating_value(written, type);
      break;
    case ast::ValueKind::floating:
      if (type.kind != TypeKind::f32 && type.kind != TypeKind::f64) break;
      return floating_value(written, type);
    case ast::ValueKind::text:
      if (type.kind != TypeKind::string && type.kind != TypeKind::atom &&
          type.kind != TypeKind::bytes)
        break;
      if (type.kind == TypeKind::atom && characters(written.text) > longest_atom) {
        diagnostics_.emit(Id::value_range, written.span,
                          "a text of " + std::to_string(characters(written.text)) + " characters",
                          "atom", "at most " + std::to_string(longest_atom));
        return std::nullopt;
      }
      result.kind = model::ValueKind::text;
      result.text = written.text;
      return result;
    case ast::ValueKind::boolean:
      if (type.kind != TypeKind::boolean) break;
      result.kind = model::ValueKind::boolean;
      result.boolean = written.boolean;
      return result;
    case ast::ValueKind::duration:
      if (type.kind != TypeKind::duration) break;
      if (written.overflow || written.negative) {
        diagnostics_.emit(Id::value_range, written.span, shown(written), "duration",
                          "0 to 292 years");
        return std::nullopt;
      }
      if (written.inexact) {
        diagnostics_.emit(Id::inexact_duration, written.span, shown(written));
        return std::nullopt;
      }
      result.kind = model::ValueKind::duration;
      result.magnitude = written.magnitude;
      return result;
    case ast::ValueKind::list:
      result.kind = model::ValueKind::list;
      if (type.kind == TypeKind::map && written.items.empty()) return result;
      if (type.kind != TypeKind::list && type.kind != TypeKind::set && type.kind != TypeKind::array)
        break;
      if (type.kind == TypeKind::array && written.items.size() != type.count) {
        diagnostics_.emit(Id::value_type, written.span,
                          "a list of " + std::to_string(written.items.size()), type.text());
        return std::nullopt;
      }
      for (const ast::Value& item : written.items) {
        auto each = value(item, type.arguments.front());
        if (!each) continue;
        if (type.kind == TypeKind::set) {
          const auto [first, fresh] = seen.emplace(each->written(), item.span);
          if (!fresh)
            diagnostics_.emit(Id::duplicate_member, item.span, each->written(), type.text())
                .label(first->second, "first here")
                .help("delete one: a set has each value once");
        }
        result.items.push_back(std::move(*each));
      }
      return result;
    case ast::ValueKind::path: {
      auto named = path_value(written, type);
      const auto constant = scope_.find(written.path.text());
      if (named && constant != scope_.end() &&
          constant->second->kind == model::DeclarationKind::constant)
        named->constant = constant->second;
      return named;
    }
    case ast::ValueKind::none:
      break;
  }
  mismatch(written, type);
  return std::nullopt;
}

/// `Colour.red`, of an enum that is called `Color`; `evn.limit`.
bool ModuleChecker::is_told_owner(const ast::Name& owner, const Type& type) {
  if (owner.text == "env") return false;
  std::vector<std::string> owners = names_of(scope_, [](const model::Declaration& each) {
    return each.kind == model::DeclarationKind::enumeration;
  });
  if (given_to_ != nullptr) owners.emplace_back("env");
  const std::string* const meant = diagnostics::nearest(owner.text, owners);
  const bool is_enum =
      type.kind == TypeKind::user && type.user->kind == model::DeclarationKind::enumeration;
  if (meant == nullptr && !is_enum) return false;
  const bool is_env = meant != nullptr && *meant == "env";
  auto builder =
      diagnostics_.emit(Id::unknown_name, owner.span, is_env ? "name" : "enum", owner.text);
  if (meant == nullptr)
    builder.help("a member of `" + type.user->name + "` is wanted");
  else
    builder.suggest(owner.text, owners);
  return true;
}

std::optional<Value> ModuleChecker::path_value(const ast::Value& written, const Type& type) {
  const std::vector<ast::Name>& parts = written.path.parts;
  if (type.kind == TypeKind::user && type.user->kind == model::DeclarationKind::enumeration) {
    const auto& enumeration = static_cast<const model::Enum&>(*type.user);
    const bool named =
        parts.size() == 1 || (parts.size() == 2 && parts[0].text == enumeration.name);
    if (named && !(parts.size() == 1 && scope_.contains(parts[0].text) &&
                   scope_[parts[0].text]->kind == model::DeclarationKind::constant)) {
      std::vector<std::string> members;
      for (const model::EnumMember& member : enumeration.members) members.push_back(member.name);
      if (std::ranges::find(members, parts.back().text) == members.end()) {
        if (is_told_as_removed(parts.back().text, written.span, enumeration.removed))
          return std::nullopt;
        if (enumeration.broken) return std::nullopt;  // it may be what is broken there
        auto builder =
            diagnostics_.emit(Id::unknown_name, written.span,
                              "member of `" + enumeration.name + "` called", parts.back().text);
        if (const Meant meant = meant_value(written, type); meant.certain)
          tell_meant(builder, meant);
        else
          builder.suggest(parts.back().text, members).members(members);
        return std::nullopt;
      }
      Value result;
      result.kind = model::ValueKind::member;
      result.text = parts.back().text;
      result.user = &enumeration;
      return result;
    }
  }
  if (parts.size() == 2) {
    const auto owner = scope_.find(parts[0].text);
    if (owner != scope_.end() && owner->second->kind == model::DeclarationKind::enumeration) {
      used_.insert(owner->second);
      diagnostics_.emit(Id::value_type, written.span, shown(written), type.text())
          .label(owner->second->span, "it is one of these");
      return std::nullopt;
    }
    if (owner == scope_.end() && is_told_owner(parts[0], type)) return std::nullopt;
  }
  model::Declaration* found = find(
      written.path, "constant",
      [](const model::Declaration& each) { return each.kind == model::DeclarationKind::constant; },
      meant_value(written, type));
  if (found == nullptr) return std::nullopt;
  if (found->kind != model::DeclarationKind::constant) {
    diagnostics_.emit(Id::wrong_kind, written.span, written.path.text(), described(*found),
                      "a value");
    return std::nullopt;
  }
  auto& constant = static_cast<model::Const&>(*found);
  if (found->module == &module_) check(std::get<ast::Const>(*written_.at(found)), constant);
  if (constant.type.kind == TypeKind::invalid) return std::nullopt;
  const bool both_integers = constant.type.is_integer() && type.is_integer();
  if (both_integers) {
    ast::Value copy = written;
    copy.negative = constant.value.negative;
    copy.magnitude = constant.value.magnitude;
    return integer_value(copy, type, &constant);
  }
  if (constant.type.text() == type.text()) return constant.value;
  label_parameter(diagnostics_.emit(Id::value_type, written.span, shown(written), type.text())
                      .label(found->span, "it is of type `" + constant.type.text() + "`"));
  return std::nullopt;
}

std::optional<std::uint64_t> ModuleChecker::number(const ast::Value& written, std::uint64_t min,
                                                   std::uint64_t max) {
  std::uint64_t magnitude = written.magnitude;
  if (written.kind == ast::ValueKind::path) {
    model::Type type;
    type.kind = model::TypeKind::u64;
    const auto constant = value(written, type);
    if (!constant) return std::nullopt;
    magnitude = constant->magnitude;
  } else if (written.kind != ast::ValueKind::integer || written.negative || written.overflow) {
    return std::nullopt;
  }
  return magnitude >= min && magnitude <= max ? std::optional(magnitude) : std::nullopt;
}

const model::Const* ModuleChecker::integer_constant(const ast::Value& written) const {
  if (written.kind != ast::ValueKind::path || written.path.parts.size() != 1) return nullptr;
  const auto found = scope_.find(written.path.parts.front().text);
  if (found == scope_.end()) return nullptr;
  const auto* constant = dynamic_cast<const model::Const*>(found->second);
  // A negative one is told to be no u64.
  const bool fits = constant != nullptr && constant->type.is_integer() && !constant->value.negative;
  return fits ? constant : nullptr;
}

void ModuleChecker::bad_number(const ast::Value& written, const char* what,
                               const std::string& bounds) {
  const model::Const* constant = integer_constant(written);
  if (written.kind == ast::ValueKind::integer || constant != nullptr)
    tell_range(written, constant, what, bounds);
  else if (!is_told(written))
    diagnostics_.emit(Id::value_type, written.span, shown(written), "u32");
}

std::optional<std::uint64_t> ModuleChecker::duration(const ast::Value& written,
                                                     bool infinity_allowed) {
  if (!infinity_allowed && written.kind == ast::ValueKind::path &&
      written.path.text() == "infinity" && !scope_.contains("infinity")) {
    diagnostics_.emit(Id::value_type, written.span, "`infinity`", "duration")
        .help("write how long: only a time-out and `shutdown` may be `infinity`");
    return std::nullopt;
  }
  if (infinity_allowed && written.kind == ast::ValueKind::path && written.path.text() == "infinity")
    return model::infinite;
  if (infinity_allowed && written.kind == ast::ValueKind::path && written.path.parts.size() == 1 &&
      is_infinity_of_habit(written.path.text()) && !scope_.contains(written.path.text())) {
    diagnostics_.emit(Id::unknown_name, written.span, "constant", written.path.text())
        .help("what never ends is `infinity`")
        .fix(diagnostics::FixLevel::maybe, written.span, "infinity");
    return std::nullopt;
  }
  model::Type type;
  type.kind = TypeKind::duration;
  const auto checked = value(written, type);
  return checked ? std::optional(checked->magnitude) : std::nullopt;
}

model::Field ModuleChecker::field(const ast::Field& written, bool is_kept) {
  model::Field result;
  result.name = written.name.text;
  result.doc = written.doc;
  result.span = written.name.span;
  result.type = type(written.type);
  result.is_private = has_annotation(written, "private");
  check_reserved(written.name);
  result.life = is_kept ? life(written, {"private"}) : life(written, {});
  if (written.fallback) {
    result.fallback = value(*written.fallback, result.type);
    if (!result.fallback) result.fallback.emplace();  // a wrong one is told, and not missed
  }
  if (!written.fallback && result.type.kind == TypeKind::optional) result.fallback = Value{};
  return result;
}

std::vector<model::Field> ModuleChecker::fields(const std::vector<ast::Field>& written,
                                                std::string_view owner, bool trailing_defaults,
                                                std::vector<model::Removed>* removed) {
  std::vector<model::Field> result;
  result.reserve(written.size());
  const ast::Field* with_default = nullptr;
  bool out_of_order = false;
  std::map<std::string_view, source::Span> names;
  for (const ast::Field& each : written) {
    if (removed != nullptr && is_removed(each, "field", *removed)) continue;
    result.push_back(field(each, owner == "state" || owner == "data"));
    const auto [first, fresh] = names.emplace(each.name.text, result.back().span);
    if (!fresh) {
      diagnostics_.emit(Id::duplicate_member, each.name.span, each.name.text, owner)
          .label(first->second, "first here");
    }
    const bool has_default = each.fallback.has_value() || each.type.optional;
    if (trailing_defaults && with_default != nullptr && !has_default && !out_of_order) {
      out_of_order = true;  // the first tells it for all
      diagnostics_.emit(Id::default_order, each.name.span, each.name.text, with_default->name.text)
          .help("parameters without a default stand first");
    }
    if (has_default && with_default == nullptr) with_default = &each;
  }
  const std::vector<model::Removed> none;
  check_life(result, removed == nullptr ? none : *removed, std::string(owner));
  return result;
}

}  // namespace otpc::sema
