// Erlang: a module, which is a file, for the types of a schema and for each construct with clients.
#include <cstdio>

#include "lower/beam.h"

namespace otpc::lower {
namespace {

std::string escaped(const std::string& text, char quote) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') result += '\\';
    if (byte >= 0x20 && byte != 0x7F) {
      result += c;
      continue;
    }
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    char code[16];
    std::snprintf(code, sizeof code, "\\x{%X}", byte);
    result += code;
  }
  return result;
}

/// EDoc reads XHTML with marks of its own.
std::string edoc(const std::string& line) {
  std::string text;
  for (const char c : line) {
    if (c == '&')
      text += "&amp;";
    else if (c == '<')
      text += "&lt;";
    else if (c == '>')
      text += "&gt;";
    else if (c == '@')
      text += "&#64;";
    else if (c == '`')
      text += "&#96;";
    else if (c == '[')
      text += "&#91;";
    else if (c == '=')
      text += "&#61;";
    else
      text += c;
  }
  return text;
}

class Erlang final : public Beam {
 public:
  using Beam::Beam;

 private:
  std::string language() const override { return "erlang"; }
  /// Quotes are never wrong, and needed for what is a word of the language.
  std::string atom(const std::string& name) const override {
    const bool plain = is_word(name) && beam_name(name) == name;
    return plain ? name : "'" + escaped(name, '\'') + "'";
  }
  std::string text(const std::string& utf8) const override {
    return "<<\"" + escaped(utf8, '"') + "\"/utf8>>";
  }
  std::string literal(const std::string& plain) const override {
    return "\"" + escaped(plain, '"') + "\"";
  }
  std::string variable(const std::string& name) const override { return beam_pascal(name); }
  std::string remote_type(const model::Module& module, const std::string& name) const override {
    return module_name(module) + ":" + name + "()";
  }
  std::string string_type() const override { return "unicode:unicode_binary()"; }
  std::string map_type(const std::string& key, const std::string& value) const override {
    return "#{" + key + " => " + value + "}";
  }
  std::string key_type(const std::string& key, bool required,
                       const std::string& value) const override {
    return atom(key) + (required ? " := " : " => ") + value;
  }
  std::string map_of_keys(const std::string& keys) const override { return "#{" + keys + "}"; }
  std::string none_type() const override { return "undefined"; }
  std::string none() const override { return "undefined"; }

  std::string module_name(const model::Module& module) const override {
    std::string name;
    for (const std::string& part : module.path) name += (name.empty() ? "" : "_") + beam_name(part);
    return is_erlang_module(name) ? name + "_" : name;
  }
  std::string module_name(const model::Declaration& declaration) const override {
    std::string name;
    for (const std::string& part : declaration.module->path) name += beam_name(part) + "_";
    name += beam_name(declaration.name);
    return is_erlang_module(name) ? name + "_" : name;
  }
  std::string path(const model::Module& module) const override {
    return module_name(module) + ".erl";
  }
  std::string path(const model::Declaration& declaration) const override {
    return module_name(declaration) + ".erl";
  }

  std::string comment(const std::string& doc, Documented what) const override {
    if (doc.empty()) return {};
    std::string text;
    for (const std::string& line : lines(doc)) {
      const char* tag = text.empty() && what != Documented::type ? "%% @doc " : "%% ";
      text += (line.empty() ? "%%" : tag + edoc(line)) + "\n";
    }
    return text;
  }
};

}  // namespace

std::vector<File> lower_erlang(const model::Module& module, const std::string& generator_version) {
  return Erlang(generator_version).files(module);
}

}  // namespace otpc::lower
