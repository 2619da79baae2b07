// Elixir: a module, in a file of its own, for the types of a schema and for each construct with
// clients.
#include <cstdio>

#include "lower/beam.h"

namespace otpc::lower {
namespace {

/// Between double quotes, also of a heredoc.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '#') result += '\\';
    if (byte >= 0x20 && byte != 0x7F) {
      result += c;
      continue;
    }
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    char code[16];
    std::snprintf(code, sizeof code, "\\u{%X}", byte);
    result += code;
  }
  return result;
}

class Elixir final : public Beam {
 public:
  using Beam::Beam;

 private:
  std::string language() const override { return "elixir"; }
  std::string atom(const std::string& name) const override {
    if (name == "nil" || name == "true" || name == "false") return name;
    return is_word(name) ? ":" + name : ":\"" + escaped(name) + "\"";
  }
  std::string text(const std::string& utf8) const override { return "\"" + escaped(utf8) + "\""; }
  std::string literal(const std::string& plain) const override { return text(plain); }
  std::string variable(const std::string& name) const override { return beam_name(name); }
  std::string remote_type(const model::Module& module, const std::string& name) const override {
    return module_name(module) + "." + name + "()";
  }
  std::string string_type() const override { return "String.t()"; }
  std::string map_type(const std::string& key, const std::string& value) const override {
    return "%{optional(" + key + ") => " + value + "}";
  }
  std::string key_type(const std::string& key, bool required,
                       const std::string& value) const override {
    return (required ? "required(" : "optional(") + atom(key) + ") => " + value;
  }
  std::string map_of_keys(const std::string& keys) const override { return "%{" + keys + "}"; }
  std::string none_type() const override { return "nil | :undefined"; }
  std::string none() const override { return "nil"; }

  std::string module_name(const model::Module& module) const override {
    std::string name;
    for (const std::string& part : module.path) {
      std::string own = beam_pascal(part);
      if (name.empty() && is_elixir_module(own)) own += '_';
      name += (name.empty() ? "" : ".") + own;
    }
    return name;
  }
  std::string module_name(const model::Declaration& declaration) const override {
    return module_name(*declaration.module) + "." + beam_pascal(declaration.name);
  }
  std::string path(const model::Module& module) const override { return folder(module) + ".ex"; }
  std::string path(const model::Declaration& declaration) const override {
    return folder(*declaration.module) + "/" + beam_name(declaration.name) + ".ex";
  }
  static std::string folder(const model::Module& module) {
    std::string path;
    for (const std::string& part : module.path) path += (path.empty() ? "" : "/") + beam_name(part);
    return path;
  }

  std::string comment(const std::string& doc, Documented what) const override {
    if (doc.empty()) return {};
    constexpr const char* attributes[] = {"@moduledoc", "@typedoc", "@doc"};
    std::string text = "  " + std::string(attributes[static_cast<std::size_t>(what)]) + " \"\"\"\n";
    for (const std::string& line : lines(doc))
      text += (line.empty() ? "" : "  " + escaped(line)) + "\n";
    return text + "  \"\"\"" + (what == Documented::module ? "" : "\n");
  }
};

}  // namespace

std::vector<File> lower_elixir(const model::Module& module, const std::string& generator_version) {
  return Elixir(generator_version).files(module);
}

}  // namespace otpc::lower
