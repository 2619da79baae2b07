#include "tools/doc/doc.h"

#include <algorithm>
#include <map>

#include "tools/doc/markup.h"

namespace otpc::tools {
namespace {

using llvm::json::Array;
using llvm::json::Object;
using model::DeclarationKind;

using Cells = std::vector<std::string>;

/// "list", as a heading says it.
const char* heading(const model::Declaration& declaration) {
  switch (declaration.kind) {
    case DeclarationKind::constant:
      return "constant";
    case DeclarationKind::alias:
      return "alias";
    case DeclarationKind::structure:
      return "struct";
    case DeclarationKind::enumeration:
      return "enum";
    case DeclarationKind::choice:
      return static_cast<const model::Union&>(declaration).is_error ? "error" : "union";
    case DeclarationKind::protocol:
      return "protocol";
    case DeclarationKind::server:
      return "server";
    case DeclarationKind::statem:
      return "statem";
    case DeclarationKind::events:
      return "events";
    case DeclarationKind::handler:
      return "handler";
    case DeclarationKind::topic:
      return "topic";
    case DeclarationKind::task:
      return "task";
    case DeclarationKind::agent:
      return "agent";
    case DeclarationKind::registry:
      return "registry";
    case DeclarationKind::supervisor:
      switch (static_cast<const model::Supervisor&>(declaration).type) {
        case model::SupervisorKind::supervisor:
          return "supervisor";
        case model::SupervisorKind::dynamic:
          return "dynamic supervisor";
        case model::SupervisorKind::partition:
          return "partition supervisor";
      }
      return "";
    case DeclarationKind::application:
      return "application";
  }
  return "";
}

/// An application may have the name of something else.
std::string anchor(const model::Declaration& declaration) {
  const bool shared = declaration.kind == DeclarationKind::application;
  return (shared ? "application-" : "") + declaration.name;
}

const char* word(model::MessageKind kind) {
  constexpr const char* words[] = {"call", "cast", "info", "down", "exit", "continue", "topic"};
  return words[static_cast<std::size_t>(kind)];
}

/// Who refers to whom, over all modules: what a page says beside the declaration itself.
class References {
 public:
  explicit References(const model::Program& program) {
    for (const auto& module : program.modules) {
      for (const auto& each : module->declarations) read(*each);
    }
  }
  using List = std::vector<const model::Declaration*>;
  const List& users_of(const model::Declaration& target) { return users_[&target]; }
  const List& starters_of(const model::Declaration& target) { return starters_[&target]; }
  const List& implementers_of(const model::Declaration& target) { return implementers_[&target]; }

 private:
  void read(const model::Declaration& from) {
    if (const auto* server = dynamic_cast<const model::Server*>(&from)) {
      for (const model::Uses& each : server->uses) add(users_, each.target, from);
      for (const model::Topic* each : server->topics) add(users_, each, from);
      for (const model::Protocol* each : server->protocols) add(implementers_, each, from);
    }
    if (const auto* handler = dynamic_cast<const model::Handler*>(&from))
      add(users_, handler->manager, from);
    if (const auto* supervisor = dynamic_cast<const model::Supervisor*>(&from)) {
      for (const model::Child& each : supervisor->children) add(starters_, each.target, from);
    }
    if (const auto* application = dynamic_cast<const model::Application*>(&from))
      add(starters_, application->start, from);
  }
  using Index = std::map<const model::Declaration*, List>;
  static void add(Index& index, const model::Declaration* target, const model::Declaration& from) {
    if (target != nullptr && std::ranges::find(index[target], &from) == index[target].end())
      index[target].push_back(&from);
  }
  Index users_;
  Index starters_;
  Index implementers_;
};

class Page {
 public:
  Page(const DocModule& about, const std::map<const model::Module*, std::string>& paths,
       References& references, Markup markup)
      : about_(about), paths_(paths), references_(references), markup_(markup) {}

  Object data() {
    Array sections;
    Array contents;
    for (const auto& each : about_.module->declarations) {
      contents.push_back(Object{{"kind", heading(*each)}, {"link", linked(*each)}});
      sections.push_back(section(*each));
    }
    const std::uint64_t version = about_.module->version;
    return Object{{"title", about_.module->name()},
                  {"has_version", version != 0},
                  {"version", std::to_string(version)},
                  {"has_doc", !about_.module->doc.empty()},
                  {"doc", markup_.paragraphs(about_.module->doc)},
                  {"has_index", true},
                  {"index", up() + "index" + markup_.suffix()},
                  {"contents", std::move(contents)},
                  {"sections", std::move(sections)}};
  }

 private:
  // ---- Links ----

  std::string up() const {
    const std::string& own = paths_.at(about_.module);
    std::string path;
    for (auto depth = std::ranges::count(own, '/'); depth > 0; --depth) path += "../";
    return path;
  }
  /// Nothing leads to a module that has no page.
  std::string linked(const model::Declaration& target) const {
    const auto page = paths_.find(target.module);
    if (page == paths_.end()) return markup_.text(target.name);
    const std::string file = target.module == about_.module ? "" : up() + page->second;
    return markup_.link(target.name, file + "#" + anchor(target));
  }
  std::string linked(const std::vector<const model::Declaration*>& all) const {
    std::string list;
    for (const model::Declaration* each : all) list += (list.empty() ? "" : ", ") + linked(*each);
    return list;
  }
  std::string type(const model::Type& written) const {
    const auto arguments = [&] {
      std::string list;
      for (const model::Type& each : written.arguments)
        list += (list.empty() ? "" : ", ") + type(each);
      return list;
    };
    switch (written.kind) {
      case model::TypeKind::user:
        return linked(*written.user);
      case model::TypeKind::optional:
        return arguments() + "?";
      case model::TypeKind::tuple:
        return "(" + arguments() + ")";
      case model::TypeKind::pid:
        return written.user == nullptr ? "pid" : "pid&lt;" + linked(*written.user) + "&gt;";
      case model::TypeKind::array:
        return "array&lt;" + arguments() + ", " + std::to_string(written.count) + "&gt;";
      case model::TypeKind::list:
      case model::TypeKind::map:
      case model::TypeKind::set:
        return std::string(model::word(written.kind)) + "&lt;" + arguments() + "&gt;";
      default:
        return written.text();
    }
  }

  // ---- Tables and lists ----

  void table(const char* title, const Cells& head, const std::vector<Cells>& rows) {
    if (rows.empty()) return;
    Array made;
    for (const Cells& each : rows) made.push_back(Object{{"cells", Array(each)}});
    tables_.push_back(Object{{"title", title}, {"head", Array(head)}, {"rows", std::move(made)}});
  }
  struct Item {
    std::size_t depth;
    std::string text;
  };
  void list(const char* title, const std::vector<Item>& items) {
    if (items.empty()) return;
    Array made;
    for (const Item& each : items) {
      made.push_back(Object{{"indent", std::string(2 * each.depth, ' ')},
                            {"depth", std::to_string(2 * each.depth)},
                            {"text", each.text}});
    }
    lists_.push_back(Object{{"title", title}, {"titled", *title != 0}, {"items", std::move(made)}});
  }
  void fact(const std::string& what, const std::string& text) {
    if (!text.empty()) facts_.push_back({0, what + ": " + text});
  }

  template <class Part>
  std::string told(const Part& part) const {
    return markup_.cell(model::told(part.doc, part.life));
  }
  void fields(const char* title, const std::vector<model::Field>& all) {
    std::vector<Cells> rows;
    for (const model::Field& each : all) {
      const std::string fallback = each.fallback ? markup_.code(each.fallback->written()) : "";
      rows.push_back({markup_.code(each.name), type(each.type), fallback, told(each)});
    }
    table(title, {"name", "type", "default", ""}, rows);
  }
  std::string parameters(const std::vector<model::Field>& all) const {
    std::string text;
    for (const model::Field& each : all) {
      text += (text.empty() ? "" : ", ") + markup_.text(each.name) + ": " + type(each.type);
      if (each.fallback && each.fallback->kind != model::ValueKind::none)
        text += " = " + markup_.text(each.fallback->written());
    }
    return text.empty() ? text : "(" + text + ")";
  }
  void cases(const char* title, const std::vector<model::Case>& all) {
    std::vector<Cells> rows;
    for (const model::Case& each : all)
      rows.push_back({markup_.code(each.name), parameters(each.fields), told(each)});
    table(title, {"name", "carries", ""}, rows);
  }
  std::string answer(const std::optional<model::Type>& result, const model::Union* throws) const {
    const std::string value = result ? type(*result) : "ok";
    return throws == nullptr ? value : value + " or " + linked(*throws);
  }
  void messages(const std::vector<model::Message>& all) {
    std::vector<Cells> rows;
    for (const model::Message& each : all) {
      const bool is_call = each.kind == model::MessageKind::call;
      std::string notes = told(each);
      const auto note = [&](const std::string& text) {
        notes += (notes.empty() ? "" : " ") + text;
      };
      if (each.every_ns != 0) note("Every " + model::duration_text(each.every_ns) + ".");
      if (each.deferred) note("May be answered later.");
      if (each.blocking) note("Runs on the blocking pool.");
      if (each.priority) note("Of high priority.");
      if (each.protocol != nullptr && each.protocol != current_)
        note("Of " + linked(*each.protocol) + ".");
      if (each.topic != nullptr) note("From " + linked(*each.topic) + ".");
      rows.push_back({word(each.kind), markup_.code(each.name) + parameters(each.parameters),
                      is_call ? answer(each.result, each.throws) : "",
                      is_call ? model::duration_text(each.timeout_ns) : "", notes});
    }
    table("Messages", {"", "message", "answer", "waits", ""}, rows);
  }

  // ---- Declarations ----

  Object section(const model::Declaration& each) {
    tables_ = {};
    lists_ = {};
    facts_.clear();
    current_ = &each;
    declaration(each);
    fact("Used by", linked(references_.users_of(each)));
    fact("Implemented by", linked(references_.implementers_of(each)));
    fact("Started by", linked(references_.starters_of(each)));
    if (!each.life.was.empty()) fact("On the wire", markup_.code(each.life.was));
    list("", facts_);
    return Object{{"kind", heading(each)},
                  {"name", each.name},
                  {"anchor", anchor(each)},
                  {"doc", markup_.paragraphs(model::told(each.doc, each.life))},
                  {"has_doc", !model::told(each.doc, each.life).empty()},
                  {"tables", std::move(tables_)},
                  {"lists", std::move(lists_)}};
  }

  void declaration(const model::Declaration& each) {
    switch (each.kind) {
      case DeclarationKind::constant: {
        const auto& constant = static_cast<const model::Const&>(each);
        fact("Value", markup_.code(constant.value.written()));
        return fact("Type", type(constant.type));
      }
      case DeclarationKind::alias:
        return fact("Type", type(static_cast<const model::Alias&>(each).type));
      case DeclarationKind::structure:
        return fields("Fields", static_cast<const model::Struct&>(each).fields);
      case DeclarationKind::enumeration:
        return enumeration(static_cast<const model::Enum&>(each));
      case DeclarationKind::choice: {
        const auto& choice = static_cast<const model::Union&>(each);
        cases("Cases", choice.cases);
        return choice.open ? fact("Open", "other cases survive") : void();
      }
      case DeclarationKind::protocol:
        return messages(static_cast<const model::Protocol&>(each).messages);
      case DeclarationKind::server:
        return server(static_cast<const model::Server&>(each));
      case DeclarationKind::statem:
        return statem(static_cast<const model::Statem&>(each));
      case DeclarationKind::events:
        return cases("Events", static_cast<const model::Events&>(each).events);
      case DeclarationKind::handler:
        return handler(static_cast<const model::Handler&>(each));
      case DeclarationKind::topic: {
        const auto& topic = static_cast<const model::Topic&>(each);
        fields("Key", topic.parameters);
        return cases("Messages", topic.cases);
      }
      case DeclarationKind::task: {
        const auto& task = static_cast<const model::Task&>(each);
        fields("Parameters", task.parameters);
        fact("Answers", answer(task.result, task.throws));
        return fact("Waits", model::duration_text(task.timeout_ns));
      }
      case DeclarationKind::agent:
        return fact("State", type(static_cast<const model::Agent&>(each).state));
      case DeclarationKind::registry: {
        const auto& registry = static_cast<const model::Registry&>(each);
        fact("Keys",
             std::string(registry.unique ? "unique, " : "duplicate, ") + type(registry.key));
        return fact("Names", registry.names == nullptr ? "" : linked(*registry.names));
      }
      case DeclarationKind::supervisor:
        return supervisor(static_cast<const model::Supervisor&>(each));
      case DeclarationKind::application:
        return application(static_cast<const model::Application&>(each));
    }
  }

  void enumeration(const model::Enum& each) {
    std::vector<Cells> rows;
    for (const model::EnumMember& member : each.members)
      rows.push_back({markup_.code(member.name), told(member)});
    table("Members", {"name", ""}, rows);
    if (each.open) fact("Open", "other values survive");
  }

  void server(const model::Server& each) {
    fields("Starts with", each.parameters);
    if (each.init_throws != nullptr) fact("Start fails with", linked(*each.init_throws));
    if (each.state) fields("State", *each.state);
    messages(each.messages);
    std::string uses;
    for (const model::Uses& used : each.uses) {
      uses += (uses.empty() ? "" : ", ") + linked(*used.target) +
              (used.kind.empty() ? "" : " (" + used.kind + ")");
    }
    for (const model::Topic* topic : each.topics)
      uses += (uses.empty() ? "" : ", ") + linked(*topic) + " (topic)";
    fact("Uses", uses);
    if (each.mailbox) {
      fact("Mailbox", "at most " + std::to_string(each.mailbox->limit) + ", then " +
                          markup_.code(model::word(each.mailbox->overflow)));
    }
  }

  void statem(const model::Statem& each) {
    server(each);
    if (each.data) fields("Data", *each.data);
    std::vector<Item> items;
    for (const model::State& state : each.states) {
      const bool first = &state == &each.states[each.first];
      items.push_back({0, markup_.code(state.name) + (first         ? ", in which it begins"
                                                      : state.final ? ", in which it ends"
                                                                    : "")});
      ways(each, state, items);
    }
    if (!each.any.events.empty()) {
      items.push_back({0, "in any other"});
      ways(each, each.any, items);
    }
    list("States", items);
  }
  void ways(const model::Statem& machine, const model::State& state, std::vector<Item>& items) {
    const auto way = [&](const std::string& what, const model::StateClause& clause) {
      std::string targets;
      for (const std::size_t target : clause.targets)
        targets += (targets.empty() ? " to " : " or ") + markup_.code(machine.states[target].name);
      items.push_back({1, what + targets});
    };
    for (const model::StateClause& each : state.events)
      way(markup_.code(machine.messages[each.message].name), each);
    for (const model::StateClause& each : state.timeouts)
      way("after " + model::duration_text(each.after_ns), each);
    for (const std::size_t each : state.postponed)
      items.push_back({1, markup_.code(machine.messages[each].name) + " is postponed"});
  }

  void handler(const model::Handler& each) {
    if (each.manager != nullptr) fact("For", linked(*each.manager));
    fields("Starts with", each.parameters);
    std::string events;
    for (const model::Case* event : each.on)
      events += (events.empty() ? "" : ", ") + markup_.code(event->name);
    fact("Takes", events);
    messages(each.messages);
  }

  void supervisor(const model::Supervisor& each) {
    fact("Strategy", markup_.code(model::word(each.strategy)));
    fact("Intensity",
         std::to_string(each.intensity) + " restarts in " + model::duration_text(each.period_ns));
    std::vector<Cells> rows;
    for (const model::Child& child : each.children) {
      const std::string shutdown =
          child.shutdown_ns == 0 ? "brutal_kill" : model::duration_text(child.shutdown_ns);
      rows.push_back({markup_.code(child.id), child.target == nullptr ? "" : linked(*child.target),
                      model::word(child.restart), shutdown});
    }
    table("Children, in the order in which they start", {"id", "runs", "restart", "shutdown"},
          rows);
  }

  void application(const model::Application& each) {
    fields("Configuration", each.env);
    std::string depends;
    for (const model::Application* other : each.depends)
      depends += (depends.empty() ? "" : ", ") + linked(*other);
    fact("Depends on", depends);
    std::vector<Item> tree;
    if (each.start != nullptr) grow(*each.start, 0, tree);
    list("Tree", tree);
  }
  /// Checked schemas have no cycles.
  void grow(const model::Declaration& node, std::size_t depth, std::vector<Item>& tree) {
    tree.push_back({depth, linked(node)});
    const auto* supervisor = dynamic_cast<const model::Supervisor*>(&node);
    if (supervisor == nullptr) return;
    for (const model::Child& each : supervisor->children) {
      if (each.target != nullptr) grow(*each.target, depth + 1, tree);
    }
  }

  const DocModule& about_;
  const std::map<const model::Module*, std::string>& paths_;
  References& references_;
  Markup markup_;
  const model::Declaration* current_ = nullptr;
  Array tables_;
  Array lists_;
  std::vector<Item> facts_;
};

}  // namespace

std::vector<DocPage> pages_about(llvm::ArrayRef<DocModule> modules, const model::Program& program,
                                 DocFormat format) {
  const Markup markup(format);
  References references(program);
  std::map<const model::Module*, std::string> paths;
  for (const DocModule& each : modules)
    paths[each.module] = llvm::StringRef(each.file).rsplit(".otp").first.str() + markup.suffix();
  std::vector<DocPage> pages;
  Array contents;
  for (const DocModule& each : modules) {
    const std::string& path = paths.at(each.module);
    contents.push_back(
        Object{{"kind", "module"}, {"link", markup.link(each.module->name(), path)}});
    pages.push_back({path, Page(each, paths, references, markup).data()});
  }
  pages.push_back({std::string("index") + markup.suffix(), Object{{"title", "Modules"},
                                                                  {"has_version", false},
                                                                  {"has_doc", false},
                                                                  {"has_index", false},
                                                                  {"doc", ""},
                                                                  {"contents", std::move(contents)},
                                                                  {"sections", Array()}}});
  return pages;
}

}  // namespace otpc::tools
