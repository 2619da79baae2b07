// The checked schema: every name resolved, every value typed and in range. Immutable once sema has
// made it.
//
// Declarations are owned by their module and refer to each other by pointer, also across modules;
// the modules of a program live and die together (Program).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/source_manager.h"

namespace otpc::model {

using source::Span;

struct Module;
struct Server;

enum class DeclarationKind : std::uint8_t {
  constant,
  alias,
  structure,
  enumeration,
  choice,
  protocol,
  server,
  statem,
  events,
  handler,
  topic,
  task,
  agent,
  registry,
  supervisor,
  application
};

/// What @added, @deprecated and @was say of a part of the schema. A version of 0 is not said.
struct Life {
  std::uint64_t added = 0;
  std::uint64_t deprecated = 0;
  std::string use_instead;  ///< of what is deprecated
  Span use_instead_span;
  std::string was;  ///< the name that it keeps on the wire
};

/// What @removed says: it is gone, and its name is not free.
struct Removed {
  std::string what;  ///< "call", "field"
  std::string name;  ///< on the wire
  std::uint64_t version = 0;
  Span span;
  std::vector<std::string> parameters;  ///< of a message
};

struct Declaration {
  explicit Declaration(DeclarationKind what) : kind(what) {}
  virtual ~Declaration() = default;
  DeclarationKind kind;
  std::string name;
  std::string doc;
  Span span;            ///< of the name
  bool broken = false;  ///< has a syntax error: a part may be missing
  const Module* module = nullptr;
  Life life;
  std::vector<Removed> removed;  ///< of its members
  const std::string& wire_name() const { return life.was.empty() ? name : life.was; }
  /// `shop::cart.Cart`
  std::string qualified() const;
  /// The same as Erlang sees it.
  std::string wire_qualified() const;
};

enum class TypeKind : std::uint8_t {
  invalid,  ///< diagnosed already; fits everything
  boolean,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  f32,
  f64,
  string,
  bytes,
  atom,
  duration,
  time,
  ref,
  bigint,
  term,    ///< any Erlang term
  opaque,  ///< any C++ value, which never leaves its node
  list,
  map,
  set,
  array,
  optional,
  tuple,
  pid,
  user
};

struct Type {
  TypeKind kind = TypeKind::invalid;
  std::vector<Type> arguments;
  std::uint64_t count = 0;            ///< of an array
  const Declaration* user = nullptr;  ///< structure, enumeration, choice; the server of a pid
  /// As a schema writes it.
  std::string text() const;
  bool is_integer() const { return kind >= TypeKind::i8 && kind <= TypeKind::u64; }
  bool is_signed() const { return kind >= TypeKind::i8 && kind <= TypeKind::i64; }
};

enum class ValueKind : std::uint8_t {
  integer,
  floating,
  boolean,
  text,
  duration,
  none,
  member,
  list,
  env
};

/// A constant of a known type.
struct Value {
  ValueKind kind = ValueKind::none;
  bool negative = false;
  std::uint64_t magnitude = 0;  ///< integer; duration in nanoseconds
  double floating = 0;
  bool boolean = false;
  /// Text; name of the member or of the configuration key; digits of an integer beyond 64 bits.
  std::string text;
  const Declaration* user = nullptr;
  const Declaration* constant = nullptr;  ///< the one that was written
  std::vector<Value> items;
  /// Of an integer, with its sign.
  std::string digits() const;
  /// As a schema writes it.
  std::string written() const;
};

struct Field {
  std::string name;
  std::string doc;
  Span span;
  Type type;
  std::optional<Value> fallback;
  std::optional<Value> min;  ///< of a configuration key
  std::optional<Value> max;
  bool is_private = false;
  Life life = {};
  const std::string& wire_name() const { return life.was.empty() ? name : life.was; }
};

struct Const final : Declaration {
  Const() : Declaration(DeclarationKind::constant) {}
  Type type;
  Value value;
};
struct Alias final : Declaration {
  Alias() : Declaration(DeclarationKind::alias) {}
  Type type;
};
struct Struct final : Declaration {
  Struct() : Declaration(DeclarationKind::structure) {}
  std::vector<Field> fields;
  bool record = false;     ///< @record: a tuple with its name in front, for Erlang
  bool json_keys = false;  ///< @json_keys: also maps whose keys are binaries
  std::string elixir;      ///< @elixir: of which Elixir struct its map is
};
struct EnumMember {
  std::string name;
  std::string doc;
  Span span;
  Life life = {};
  const std::string& wire_name() const { return life.was.empty() ? name : life.was; }
};
struct Enum final : Declaration {
  Enum() : Declaration(DeclarationKind::enumeration) {}
  std::vector<EnumMember> members;
  bool open = false;
};
struct Case {
  std::string name;
  std::string doc;
  std::vector<Field> fields;
  bool transient = false;
  Span span;
  Life life = {};
  const std::string& wire_name() const { return life.was.empty() ? name : life.was; }
};
struct Union final : Declaration {
  Union() : Declaration(DeclarationKind::choice) {}
  std::vector<Case> cases;
  bool open = false;
  bool is_error = false;
  bool flat = false;  ///< @flat: its fields stand in the tuple itself, for Erlang
};

/// A doc comment with its versions behind it: "Since version 2."
std::string told(const std::string& doc, const Life& life);

inline constexpr std::uint64_t infinite = UINT64_MAX;
/// As a schema writes it: "250ms", "infinity".
std::string duration_text(std::uint64_t nanoseconds);

struct Protocol;
struct Topic;

enum class MessageKind : std::uint8_t { call, cast, info, down, exit, continue_, topic };
struct Message {
  MessageKind kind = MessageKind::call;
  std::string name;
  std::string doc;
  Span span;
  std::vector<Field> parameters;
  std::optional<Type> result;
  const Union* throws = nullptr;
  static constexpr std::uint64_t no_timeout = 0;
  std::uint64_t timeout_ns = 5'000'000'000;  ///< no_timeout: what was written is none; was told
  std::uint64_t every_ns = 0;                ///< 0: no timer
  bool deferred = false;
  bool blocking = false;
  bool priority = false;  ///< @priority(high): overtakes what waits
  Life life = {};
  const std::string& wire_name() const { return life.was.empty() ? name : life.was; }
  const Protocol* protocol = nullptr;  ///< whose message it is, when not the server's own
  const Topic* topic = nullptr;        ///< of kind topic: where it is published
  const Case* event = nullptr;         ///< of kind topic: which of its cases
};
struct Protocol final : Declaration {
  Protocol() : Declaration(DeclarationKind::protocol) {}
  std::vector<Message> messages;
};

/// What a supervisor may start as a worker.
struct Worker : Declaration {
  using Declaration::Declaration;
  std::vector<Field> parameters;  ///< of its init
};

struct Uses {
  const Worker* target = nullptr;
  const Server* server = nullptr;  ///< the target, when it is one
  std::string kind;                ///< "call", "cast", or empty: both; anything else was told
  Span span;
  bool may_call() const { return kind.empty() || kind == "call"; }
};
enum class Overflow : std::uint8_t { reject, drop_newest, drop_oldest, block };
struct Mailbox {
  std::uint64_t limit = 0;
  Overflow overflow = Overflow::reject;
};
/// `upgrade from 2`: what its state was, for the step to the version after.
struct Upgrade {
  std::uint64_t from = 0;
  std::vector<Field> state;
  Span span;
};
/// A server, and what a state machine has in common with it: for its clients it is one.
struct Server : Worker {
  Server() : Server(DeclarationKind::server) {}
  const Union* init_throws = nullptr;
  std::optional<std::vector<Field>> state;
  std::vector<Message> messages;
  bool messages_unclear = false;  ///< errors may have kept some out
  std::vector<const Protocol*> protocols;
  std::vector<const Topic*> topics;
  std::vector<Uses> uses;
  bool terminate = false;
  bool trap_exit = false;
  bool skip_expired = false;
  std::optional<std::uint64_t> hibernate_ns;
  std::optional<Mailbox> mailbox;
  std::vector<Upgrade> upgrades;  ///< the oldest first

 protected:
  explicit Server(DeclarationKind what) : Worker(what) {}
};

/// A clause of a state: an event or a time-out, and the states it may lead to.
struct StateClause {
  std::size_t message = 0;           ///< event: index into the machine's messages
  std::string name;                  ///< time-out: empty for the state's own
  std::uint64_t after_ns = 0;        ///< time-out
  std::vector<std::size_t> targets;  ///< indices of states
  Span span;
};
struct State {
  std::string name;  ///< empty: `any`
  std::string doc;
  Span span;
  bool final = false;
  bool enter = false;
  std::vector<StateClause> events;
  std::vector<StateClause> timeouts;
  std::vector<std::size_t> postponed;  ///< indices of messages
};
/// Its messages are the events of all states, each once.
struct Statem final : Server {
  Statem() : Server(DeclarationKind::statem) {}
  std::optional<std::vector<Field>> data;
  std::vector<State> states;
  State any;
  std::size_t first = 0;
  bool one_handler = false;  ///< @callback_mode(handle_event_function)
};

struct Events final : Worker {
  Events() : Worker(DeclarationKind::events) {}
  std::vector<Case> events;
};
struct Handler final : Declaration {
  Handler() : Declaration(DeclarationKind::handler) {}
  const Events* manager = nullptr;
  std::vector<Field> parameters;
  const Union* init_throws = nullptr;
  std::vector<const Case*> on;
  std::vector<Message> messages;  ///< calls
  bool terminate = false;
};
struct Topic final : Declaration {
  Topic() : Declaration(DeclarationKind::topic) {}
  std::vector<Field> parameters;
  std::vector<Case> cases;
};
struct Task final : Worker {
  Task() : Worker(DeclarationKind::task) {}
  std::optional<Type> result;
  const Union* throws = nullptr;
  std::uint64_t timeout_ns = 5'000'000'000;
};
struct Agent final : Worker {
  Agent() : Worker(DeclarationKind::agent) {}
  Type state;
};
struct Registry final : Worker {
  Registry() : Worker(DeclarationKind::registry) {}
  bool unique = true;
  Type key;
  const Server* names = nullptr;  ///< whose processes hold the keys
  std::uint64_t partitions = 1;
};

enum class Strategy : std::uint8_t { one_for_one, one_for_all, rest_for_one };
enum class AutoShutdown : std::uint8_t { never, any_significant, all_significant };
enum class Restart : std::uint8_t { permanent, transient, temporary };

/// As a schema writes them.
const char* word(TypeKind kind);
const char* word(Overflow overflow);
const char* word(Strategy strategy);
const char* word(AutoShutdown value);
const char* word(Restart restart);

struct Argument {
  const Field* parameter = nullptr;
  Value value;
  Span span;  ///< of the value
};
struct Child {
  std::string id;
  Span span;
  const Declaration* target = nullptr;  ///< a worker or a supervisor; null when diagnosed
  std::vector<Argument> arguments;      ///< those given
  Restart restart = Restart::permanent;
  std::uint64_t shutdown_ns = 0;  ///< 0: brutal_kill; `infinite`
  bool significant = false;
  std::string registered;
  Span registered_span;
  struct Handler {
    const model::Handler* handler = nullptr;
    std::vector<Argument> arguments;
  };
  std::vector<Handler> handlers;  ///< of an event manager, in the order in which they are added
};
struct Application;
enum class SupervisorKind : std::uint8_t { supervisor, dynamic, partition };
struct Supervisor final : Declaration {
  Supervisor() : Declaration(DeclarationKind::supervisor) {}
  SupervisorKind type = SupervisorKind::supervisor;
  Strategy strategy = Strategy::one_for_one;
  std::uint64_t intensity = 3;
  std::uint64_t period_ns = 5'000'000'000;
  AutoShutdown auto_shutdown = AutoShutdown::never;
  std::vector<Child> children;
  std::optional<std::uint64_t> max_children;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> backoff_ns;  ///< first and longest delay
  std::uint64_t partitions = 0;             ///< 0: as many as there are schedulers
  const Field* partition_number = nullptr;  ///< the parameter of init that gets it
  std::optional<Type> partition_key;
  std::string partition_key_name;
  const Application* env = nullptr;  ///< whose configuration it or a supervisor below it uses
  bool is_dynamic() const { return type == SupervisorKind::dynamic; }
};
struct Application final : Declaration {
  Application() : Declaration(DeclarationKind::application) {}
  std::vector<Field> env;
  std::vector<const Application*> depends;
  std::vector<Span> depends_spans;  ///< of their names, in the same order
  bool depends_unclear = false;     ///< on one more, which is not known
  const Supervisor* start = nullptr;
  std::vector<std::string> start_phases;
};

/// How an absent `T?` of a map is written.
enum class None : std::uint8_t { omit, undefined, nil };
const char* word(None none);

struct Module {
  std::vector<std::string> path;
  std::string doc;
  source::FileId file = 0;
  Span span;
  bool incomplete = false;      ///< has errors that may have kept declarations out
  bool starts_unclear = false;  ///< it may start more than was understood
  std::uint64_t version = 0;    ///< 0: not said
  None none = None::omit;
  std::vector<const Module*> imports;
  std::vector<std::unique_ptr<Declaration>> declarations;  ///< in the order of the source
  std::vector<Removed> removed;                            ///< declarations that are gone
  std::string name() const;                                ///< `shop::cart`
};

/// All modules of a compilation, imports before importers.
struct Program {
  std::vector<std::unique_ptr<Module>> modules;
};

}  // namespace otpc::model
