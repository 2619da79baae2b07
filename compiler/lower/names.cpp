#include "lower/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <llvm/ADT/StringSet.h>

namespace otpc::lower {
namespace {

constexpr std::array<std::string_view, 97> keywords{"alignas",
                                                    "alignof",
                                                    "and",
                                                    "and_eq",
                                                    "asm",
                                                    "auto",
                                                    "bitand",
                                                    "bitor",
                                                    "bool",
                                                    "break",
                                                    "case",
                                                    "catch",
                                                    "char",
                                                    "char16_t",
                                                    "char32_t",
                                                    "char8_t",
                                                    "class",
                                                    "co_await",
                                                    "co_return",
                                                    "co_yield",
                                                    "compl",
                                                    "concept",
                                                    "const",
                                                    "const_cast",
                                                    "consteval",
                                                    "constexpr",
                                                    "constinit",
                                                    "continue",
                                                    "decltype",
                                                    "default",
                                                    "delete",
                                                    "do",
                                                    "double",
                                                    "dynamic_cast",
                                                    "else",
                                                    "enum",
                                                    "explicit",
                                                    "export",
                                                    "extern",
                                                    "false",
                                                    "final",
                                                    "float",
                                                    "for",
                                                    "friend",
                                                    "goto",
                                                    "if",
                                                    "import",
                                                    "inline",
                                                    "int",
                                                    "long",
                                                    "module",
                                                    "mutable",
                                                    "namespace",
                                                    "new",
                                                    "noexcept",
                                                    "not",
                                                    "not_eq",
                                                    "nullptr",
                                                    "operator",
                                                    "or",
                                                    "or_eq",
                                                    "override",
                                                    "private",
                                                    "protected",
                                                    "public",
                                                    "register",
                                                    "reinterpret_cast",
                                                    "requires",
                                                    "return",
                                                    "short",
                                                    "signed",
                                                    "sizeof",
                                                    "static",
                                                    "static_assert",
                                                    "static_cast",
                                                    "struct",
                                                    "switch",
                                                    "template",
                                                    "this",
                                                    "thread_local",
                                                    "throw",
                                                    "true",
                                                    "try",
                                                    "typedef",
                                                    "typeid",
                                                    "typename",
                                                    "union",
                                                    "unsigned",
                                                    "using",
                                                    "virtual",
                                                    "void",
                                                    "volatile",
                                                    "wchar_t",
                                                    "while",
                                                    "xor",
                                                    "xor_eq",
                                                    "_"};

/// Macros that common system headers define in plain names.
constexpr std::array<std::string_view, 51> macros{"BUFSIZ",
                                                  "CHAR_BIT",
                                                  "EDOM",
                                                  "EOF",
                                                  "ERANGE",
                                                  "EXIT_FAILURE",
                                                  "EXIT_SUCCESS",
                                                  "FALSE",
                                                  "HUGE_VAL",
                                                  "INFINITY",
                                                  "INT_MAX",
                                                  "INT_MIN",
                                                  "LONG_MAX",
                                                  "NAN",
                                                  "NDEBUG",
                                                  "NULL",
                                                  "RAND_MAX",
                                                  "SEEK_CUR",
                                                  "SEEK_END",
                                                  "SEEK_SET",
                                                  "SIGINT",
                                                  "SIGTERM",
                                                  "SIG_DFL",
                                                  "SIG_ERR",
                                                  "SIG_IGN",
                                                  "TRUE",
                                                  "UINT_MAX",
                                                  "assert",
                                                  "errno",
                                                  "htonl",
                                                  "htons",
                                                  "linux",
                                                  "major",
                                                  "makedev",
                                                  "minor",
                                                  "ntohl",
                                                  "ntohs",
                                                  "offsetof",
                                                  "setjmp",
                                                  "si_pid",
                                                  "sigev_notify_function",
                                                  "st_atime",
                                                  "stderr",
                                                  "stdin",
                                                  "stdout",
                                                  "unix",
                                                  "va_arg",
                                                  "va_end",
                                                  "va_start",
                                                  "va_list",
                                                  "_Bool"};

constexpr std::array<std::string_view, 27> owned_by_servers{
    "Args",        "Client",    "From",   "GenServer",     "Server", "ServerRef",
    "State",       "address",   "create", "exit",          "init",   "format_status",
    "code_change", "monitor",   "pid",    "self",          "start",  "handle_timeout",
    "start_link",  "terminate", "state",  "start_monitor", "stop",   "whereis",
    "child_spec",  "operator",  "reply"};

constexpr std::array<std::string_view, 4> owned_by_unions{"get_if", "is", "transient", "value"};

/// Nothing may be called so.
bool is_taken(std::string_view name) {
  static const llvm::StringSet<> words = [] {
    llvm::StringSet<> all;
    all.insert(keywords.begin(), keywords.end());
    all.insert(macros.begin(), macros.end());
    return all;
  }();
  return words.contains(name);
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::string cpp_name(const std::string& name, Place place) {
  const bool taken = is_taken(name) ||
                     (place == Place::message && contains(owned_by_servers, name)) ||
                     (place == Place::union_case && contains(owned_by_unions, name)) ||
                     (place == Place::message && name.starts_with("upgrade_from_")) ||
                     (place == Place::top_namespace && (name == "std" || name == "otp"));
  return taken ? name + "_" : name;
}

std::string cpp_namespace(const model::Module& module) {
  std::string text;
  for (const std::string& part : module.path) {
    text += "::" + cpp_name(part, text.empty() ? Place::top_namespace : Place::plain);
  }
  return text;
}

std::string qualified_name(const model::Declaration& declaration) {
  return cpp_namespace(*declaration.module) + "::" + cpp_name(declaration.name);
}

std::string pascal_case(const std::string& name) {
  std::string text;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    text += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = false;
  }
  return text;
}

}  // namespace otpc::lower
