// A schema as written: names not resolved, values not checked, places and comments kept.
//
// Plain values. What a broken source did not give is empty; who reads the tree must not count on a
// part to be there unless the parser's rule for it has no error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/source_manager.h"

namespace otpc::ast {

using source::Span;

/// `u8`, `list`: what no declaration is needed for, and none may be called.
std::span<const std::string_view> built_in_types() noexcept;
bool is_built_in_type(std::string_view name) noexcept;

struct Name {
  std::string text;
  Span span;
};

/// `shop::cart`, `Money`.
struct Path {
  std::vector<Name> parts;
  Span span;
  std::string text() const;
};

enum class ValueKind : std::uint8_t {
  integer,
  floating,
  text,
  boolean,
  none,
  duration,
  path,
  list
};

/// A constant expression.
struct Value {
  ValueKind kind = ValueKind::none;
  Span span;
  bool negative = false;
  bool overflow = false;        ///< a number beyond 64 bits, or a float too near 0
  bool inexact = false;         ///< a duration of no whole nanoseconds, which `text` has
  std::uint64_t magnitude = 0;  ///< integer; duration in nanoseconds
  double floating = 0;
  bool boolean = false;
  std::string text;  ///< also the digits of a number beyond 64 bits, at most 10,000
  Path path;         ///< `max_lines`, `Reason.checkout`, `env.pool`, with dots or `::`
  std::vector<Value> items;
};

struct Type {
  Path path;  ///< empty for a tuple
  std::vector<Type> arguments;
  std::optional<Value> count;  ///< the N of `array<T, N>`
  bool tuple = false;
  bool optional = false;
  bool optional_twice = false;
  Span span;
};

struct Annotation {
  Name name;
  struct Argument {
    Name name;  ///< empty when positional
    Value value;
  };
  std::vector<Argument> arguments;
  Span span;
};

/// Where an annotation of that name belongs: "`@private` stands before a field"; empty for what is
/// no annotation.
std::string place_of_annotation(std::string_view name);

struct Decorated {
  std::string doc;  ///< the text of the `///` lines before it
  std::vector<Annotation> annotations;
  Name name;
  Span span;
  bool broken = false;  ///< a syntax error in it was told: a part may be missing
};

/// `in 1..10`
struct Range {
  Span word;
  Value min;
  Value max;
};

/// A field, a parameter, a configuration key.
struct Field : Decorated {
  Type type;
  std::optional<Value> fallback;
  std::optional<Range> range;
};

struct Const : Decorated {
  Type type;
  std::optional<Value> value;
};
struct Alias : Decorated {
  Type type;
};
struct Struct : Decorated {
  std::vector<Field> fields;
};
struct EnumMember : Decorated {};
struct Enum : Decorated {
  std::vector<EnumMember> members;
  bool open = false;
};
struct Case : Decorated {
  std::vector<Field> fields;
};
/// A union or an error.
struct Union : Decorated {
  std::vector<Case> cases;
  bool open = false;
  bool is_error = false;
};

/// `mailbox limit 10000 overflow reject`
struct Mailbox {
  std::optional<Value> limit;
  Name overflow;
  Span span;
};
/// `upgrade from 2`
struct Upgrade {
  std::optional<Value> from;
  Span span;
};
/// What a process kept in a version before, which the contract file knows.
struct OldState {
  std::uint64_t version = 0;
  std::vector<Field> fields;
};
struct Uses {
  Path server;
  Name kind;  ///< call, cast, topic...; empty when not said
  Span span;
};
struct Init : Decorated {
  std::vector<Field> parameters;
  Path throws;
};
enum class MessageKind : std::uint8_t { call, cast, info, continue_ };
struct Message : Decorated {
  MessageKind kind = MessageKind::call;
  std::vector<Field> parameters;
  std::optional<Type> result;
  Path throws;
  std::optional<Value> timeout;
  std::optional<Value> every;
  Span every_span;            ///< of the word
  std::vector<Name> targets;  ///< of a state machine: where it may lead
};
struct Protocol : Decorated {
  std::vector<Message> messages;
};
/// What servers and state machines share.
struct ServerBase : Decorated {
  std::vector<Uses> uses;
  std::vector<Init> inits;
  std::vector<Span> terminate;
  std::vector<Span> trap_exit;
  std::optional<Value> hibernate;
  std::vector<Mailbox> mailboxes;
  std::vector<Upgrade> upgrades;
  std::vector<OldState> old_states;  ///< the oldest first
  bool old_states_unclear = false;   ///< the contract file cannot be read, or has another name
};
struct Server : ServerBase {
  std::vector<Path> protocols;
  std::optional<std::vector<Field>> state;
  std::vector<Message> messages;
};

/// `state_timeout 5s to failed`, `timeout retry 1s`.
struct StateTimeout {
  Name name;  ///< empty: the state's own
  Value after;
  std::vector<Name> targets;
  Span span;
};
/// One `state a, b { ... }`, or `any { ... }`.
struct State {
  std::string doc;
  std::vector<Name> names;
  bool final = false;
  Span span;
  std::vector<Span> enter;
  std::vector<StateTimeout> timeouts;
  std::vector<Name> postponed;
  std::vector<Message> events;
};
struct Statem : ServerBase {
  Name first;  ///< the state in which init leaves it
  std::optional<std::vector<Field>> data;
  std::vector<State> states;
  std::vector<State> any;
};

struct Events : Decorated {
  std::vector<Case> events;
};
struct Handler : Decorated {
  Path manager;
  std::vector<Init> inits;
  std::vector<Name> on;
  std::vector<Message> messages;
  std::vector<Span> terminate;
  std::vector<Span> trap_exit;
};
struct Topic : Decorated {
  std::vector<Field> parameters;
  std::vector<Case> cases;
};
struct Task : Decorated {
  std::vector<Field> parameters;
  std::optional<Type> result;
  Path throws;
  std::optional<Value> timeout;
  std::optional<Value> every;
  Span every_span;  ///< of the word
};
struct Agent : Decorated {
  Type state;
};
struct Registry : Decorated {
  std::vector<Span> unique;
  std::vector<Span> duplicate;
  std::vector<Type> keys;
  std::vector<Path> names;
  std::optional<Value> partitions;
};

struct Argument {
  Name name;
  Value value;
};
struct Child : Decorated {  ///< `name` is its id
  Path target;
  std::vector<Argument> arguments;
  Name restart;
  std::optional<Value> shutdown;
  Span significant;
  std::optional<Value> registered;
  std::optional<Value> partitions;
  Name partition_key;
  Span partitions_span;
  Span by_span;
  struct Handler {
    Path handler;
    std::vector<Argument> arguments;
    Span span;
  };
  std::vector<Handler> handlers;
  Span handlers_span;
};
enum class SupervisorKind : std::uint8_t { supervisor, dynamic, partition };
struct Supervisor : Decorated {
  SupervisorKind kind = SupervisorKind::supervisor;
  Name strategy;
  std::optional<Value> intensity;
  std::optional<Value> period;
  Span intensity_span;
  Name auto_shutdown;
  std::vector<Child> children;
  std::optional<Value> max_children;
  Span max_children_span;  ///< of the word
  std::optional<Value> backoff_min;
  std::optional<Value> backoff_max;
  Span backoff_span;
};

struct Application : Decorated {
  std::vector<Field> env;         ///< of all `env_blocks`
  std::vector<Span> env_blocks;   ///< one, when it is right
  std::vector<Span> phase_lists;  ///< likewise
  std::vector<Path> depends;
  std::vector<Path> starts;
  std::vector<Name> start_phases;
};

using Declaration =
    std::variant<Const, Alias, Struct, Enum, Union, Protocol, Server, Statem, Events, Handler,
                 Topic, Task, Agent, Registry, Supervisor, Application>;

struct Import {
  Path module;
  std::vector<Name> names;   ///< empty: nothing but the dependency
  std::vector<Span> commas;  ///< between them, and perhaps one behind
  Span span;
  std::vector<Annotation> annotations;
};

/// `@allow(infinite_timeout, reason: "...")`, wherever it stands.
struct Allow {
  Annotation annotation;
  Span covers;
};

struct File {
  source::FileId file = 0;
  Path module;
  std::string doc;
  std::optional<Value> version;
  Name none;                            ///< how an absent value is written; empty: not said
  std::vector<Annotation> annotations;  ///< of the module
  bool incomplete = false;              ///< errors kept something out that may have been declared
  bool starts_unclear = false;          ///< errors where a supervisor or application is or may be
  bool version_unclear = false;         ///< of the module: its line has an error
  std::set<std::string> lost;           ///< words of what was not understood: may be declared there
  std::size_t nameless = 0;             ///< declarations whose name is not known
  std::vector<Allow> allows;
  std::vector<Span> idle_docs;  ///< `///` lines with nothing behind them
  std::vector<Import> imports;
  std::vector<Declaration> declarations;
};

/// What every declaration has.
const Decorated& decorated(const Declaration& declaration);

}  // namespace otpc::ast
