#include "lower/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringSet.h>

#include "lower/macros.h"

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

constexpr std::array<std::string_view, 29> owned_by_servers{
    "Args",        "Client",    "From",   "GenServer",     "Server", "ServerRef",
    "State",       "address",   "create", "exit",          "init",   "format_status",
    "code_change", "monitor",   "pid",    "self",          "start",  "handle_timeout",
    "start_link",  "terminate", "state",  "start_monitor", "stop",   "whereis",
    "child_spec",  "operator",  "reply",  "handle_info",   "Setup"};

/// Besides what servers own. Of a machine with one handler the events are types in its class.
constexpr std::array<std::string_view, 3> owned_by_machines{"Data", "StateAndData", "transitions"};
constexpr std::array<std::string_view, 16> owned_by_one_handler{
    "Begin",  "Begun",        "Event",      "NamedTimeout", "StatemMachine", "StatemServer",
    "Stay",   "StateTimeout", "begin",      "data",         "enter",         "Transition",
    "enters", "handle_event", "keep_state", "repeat_state"};

/// Of event managers and of what handles their events.
constexpr std::array<std::string_view, 15> owned_by_managers{
    "EventManager", "Handler",      "add_handler",      "add_sup_handler", "async_call",
    "call",         "handover",     "call_manager",     "delete_handler",  "make_request",
    "notify",       "swap_handler", "swap_sup_handler", "replace_state",   "which_handlers"};
constexpr std::array<std::string_view, 8> owned_by_handlers{
    "Handler",  "add_handler", "add_sup_handler", "delete_handler",
    "handover", "id",          "replace_state",   "spec"};

/// What the class of a declaration may have as a member.
constexpr std::array<std::string_view, 38> owned_by_classes{
    "Agent",       "Args",           "Client",       "Data",
    "Event",       "EventManager",   "Handler",      "Message",
    "Registry",    "Result",         "Server",       "ServerRef",
    "State",       "StateAndData",   "add_handler",  "add_sup_handler",
    "address",     "async",          "async_nolink", "at",
    "await",       "delete_handler", "id",           "notify",
    "open",        "publish",        "run",          "spec",
    "start",       "start_child",    "start_link",   "start_monitor",
    "subscribe",   "subscribers",    "sync_notify",  "transitions",
    "unsubscribe", "whereis"};

constexpr std::array<std::string_view, 4> owned_by_unions{"get_if", "is", "transient", "value"};
constexpr std::array<std::string_view, 6> owned_by_topics{
    "Event", "Message", "publish", "subscribe", "subscribers", "unsubscribe"};
constexpr std::array<std::string_view, 2> owned_by_messages_of_topics{"Event", "event"};

/// Nothing may be called so.
bool is_taken(llvm::StringRef name) {
  static const llvm::StringSet<> words = [] {
    llvm::StringSet<> all;
    all.insert(keywords.begin(), keywords.end());
    llvm::SmallVector<llvm::StringRef> macros;
    llvm::SplitString(c_macros, macros);
    all.insert_range(macros);
    return all;
  }();
  // C++ keeps what begins so for itself.
  const bool kept = name.starts_with("__") ||
                    (name.size() > 1 && name.starts_with("_") && llvm::isUpper(name[1]));
  return kept || name.starts_with("SYS_") || words.contains(name);
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// What an `upgrade` gives a class: `upgrade_from_1`, `StateV1`, `DataV1`.
bool is_of_upgrade(llvm::StringRef name) {
  if (name.starts_with("upgrade_from_")) return true;
  const bool old = name.consume_front("StateV") || name.consume_front("DataV");
  return old && !name.empty() && llvm::all_of(name, llvm::isDigit);
}

bool is_owned_by_servers(std::string_view name) {
  return contains(owned_by_servers, name) || is_of_upgrade(name);
}

bool is_owned(Place place, const std::string& name) {
  switch (place) {
    case Place::plain:
      return false;
    case Place::declaration:
      return name == "to_string";
    case Place::message:
      return is_owned_by_servers(name);
    case Place::machine:
      return is_owned_by_servers(name) || contains(owned_by_machines, name);
    case Place::one_handler:
      return is_owned(Place::machine, name) || contains(owned_by_one_handler, name);
    case Place::handler_of_state:
      // Of a state `otp`.
      return is_owned_by_servers(name) || name == "keep_state" || name == "repeat_state" ||
             name.starts_with("otp_");
    case Place::event:
      return is_owned_by_servers(name) || contains(owned_by_managers, name);
    case Place::handler_call:
      return is_owned_by_servers(name) || contains(owned_by_handlers, name);
    case Place::union_case:
      return contains(owned_by_unions, name);
    case Place::topic_case:
      return is_owned(Place::union_case, name) || contains(owned_by_topics, name);
    case Place::topic_key:
      return contains(owned_by_messages_of_topics, name);
    case Place::top_namespace:
      return name == "std" || name == "otp";
  }
  return false;
}

}  // namespace

std::string cpp_name(const std::string& name, Place place) {
  return is_taken(name) || is_owned(place, name) ? name + "_" : name;
}

std::string cpp_name(const model::Declaration& declaration) {
  using enum model::DeclarationKind;
  const bool is_data = declaration.kind == constant || declaration.kind == alias ||
                       declaration.kind == structure || declaration.kind == enumeration ||
                       declaration.kind == choice;
  // In C++ no member has the name of its class.
  if (!is_data && contains(owned_by_classes, declaration.name)) return declaration.name + "_";
  return cpp_name(declaration.name, Place::declaration);
}

std::string cpp_name(const model::Message& message, const model::Declaration& owner) {
  // `trap_exit;` brings it; who declares one by hand is told.
  if (message.kind == model::MessageKind::exit) return message.name;
  if (owner.kind == model::DeclarationKind::handler)
    return cpp_name(message.name, Place::handler_call);
  const auto* machine = dynamic_cast<const model::Statem*>(&owner);
  if (machine == nullptr) return cpp_name(message.name, Place::message);
  return cpp_name(message.name, machine->one_handler ? Place::one_handler : Place::machine);
}

std::string cpp_message_type(const model::Message& message, const model::Declaration& owner) {
  // A client has members of its own that are called `try_get` and `async_get`.
  const bool hidden = owner.name == "try" || owner.name == "async";
  return cpp_name(owner.name + "_" + message.name) + (hidden ? "_" : "");
}

std::string cpp_namespace(const model::Module& module) {
  std::string text;
  for (const std::string& part : module.path) {
    text += "::" + cpp_name(part, text.empty() ? Place::top_namespace : Place::plain);
  }
  return text;
}

std::string qualified_name(const model::Declaration& declaration) {
  return cpp_namespace(*declaration.module) + "::" + cpp_name(declaration);
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
