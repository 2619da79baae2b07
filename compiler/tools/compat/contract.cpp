#include "tools/compat/contract.h"

#include <algorithm>

namespace otpc::tools {
namespace {

using model::DeclarationKind;

constexpr const char* state = "state";

class Writer {
 public:
  explicit Writer(Contract& contract) : contract_(contract) {}

  void declaration(const model::Declaration& each) {
    if (const auto* made = dynamic_cast<const model::Struct*>(&each)) {
      add(each.name, "struct", "", each.span);
      fields(made->fields, each.name, "field");
    } else if (const auto* enumeration = dynamic_cast<const model::Enum*>(&each)) {
      add(each.name, "enum", openness(enumeration->open), each.span);
      for (const model::EnumMember& member : enumeration->members)
        add(each.name + "." + member.name, "member", "", member.span);
    } else if (const auto* choice = dynamic_cast<const model::Union*>(&each)) {
      add(each.name, choice->is_error ? "error" : "union", openness(choice->open), each.span);
      cases(choice->cases, each.name, "case");
    } else if (const auto* protocol = dynamic_cast<const model::Protocol*>(&each)) {
      add(each.name, "protocol", "", each.span);
      messages(protocol->messages, each.name, true);
    } else if (const auto* server = dynamic_cast<const model::Server*>(&each)) {
      this->server(*server);
    } else if (const auto* events = dynamic_cast<const model::Events*>(&each)) {
      add(each.name, "events", "", each.span);
      cases(events->events, each.name, "event");
    } else if (const auto* topic = dynamic_cast<const model::Topic*>(&each)) {
      add(each.name, "topic", "", each.span);
      parameters(topic->parameters, each.name);
      cases(topic->cases, each.name, "message");
    } else if (const auto* agent = dynamic_cast<const model::Agent*>(&each)) {
      add(each.name, "agent", agent->state.text(), each.span);
    } else if (const auto* registry = dynamic_cast<const model::Registry*>(&each)) {
      add(each.name, "registry",
          (registry->unique ? "unique, key " : "duplicate, key ") + registry->key.text(),
          each.span);
    }
  }

 private:
  static std::string openness(bool open) { return open ? "open" : "closed"; }

  void add(const std::string& path, std::string kind, std::string shape, source::Span span,
           bool needed = false) {
    contract_.promises[path] = {std::move(kind), std::move(shape), needed, span};
  }

  void fields(const std::vector<model::Field>& fields, const std::string& owner, const char* kind) {
    for (const model::Field& each : fields)
      add(owner + "." + each.name, kind, each.type.text(), each.span, !each.fallback);
  }

  /// Those of a message stand in a tuple: their places count.
  void parameters(const std::vector<model::Field>& parameters, const std::string& owner) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const model::Field& each = parameters[i];
      add(owner + "." + each.name, "parameter " + std::to_string(i + 1), each.type.text(),
          each.span, !each.fallback);
    }
  }

  void cases(const std::vector<model::Case>& cases, const std::string& owner, const char* kind) {
    for (const model::Case& each : cases) {
      add(owner + "." + each.name, kind, "", each.span);
      fields(each.fields, owner + "." + each.name, "field");
    }
  }

  /// `inherited`: also those of a protocol, which is a contract of its own.
  void messages(const std::vector<model::Message>& messages, const std::string& owner,
                bool inherited) {
    for (const model::Message& each : messages) {
      if (!inherited && each.protocol != nullptr) continue;
      using enum model::MessageKind;
      if (each.kind != call && each.kind != cast && each.kind != info) continue;
      std::string shape = each.result ? "-> " + each.result->text() : "";
      if (each.throws != nullptr)
        shape += (shape.empty() ? "" : " ") + ("throws " + each.throws->name);
      const char* kind = each.kind == call ? "call" : each.kind == cast ? "cast" : "info";
      add(owner + "." + each.name, kind, shape, each.span);
      parameters(each.parameters, owner + "." + each.name);
    }
  }

  void server(const model::Server& server) {
    add(server.name, server.kind == DeclarationKind::statem ? "statem" : "server", "", server.span);
    for (const model::Protocol* each : server.protocols)
      add(server.name + "." + each->name, "protocol", "", server.span);
    messages(server.messages, server.name, false);
    if (!server.state || server.upgrades.empty()) return;
    // It does not travel, and is kept for those that migrate it. No message has braces in its name.
    std::string shape;
    for (const model::Field& each : *server.state)
      shape += each.name + ": " + each.type.text() + "; ";
    std::string from;
    for (const model::Upgrade& each : server.upgrades) from += " " + std::to_string(each.from);
    add(server.name + "." + state + "{}", state + from, shape, server.span);
  }

  Contract& contract_;
};

bool is_state(const std::string& path) { return llvm::StringRef(path).ends_with("{}"); }

std::string owner_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

class Comparison {
 public:
  Comparison(const Contract& before, const Contract& after, diagnostics::Engine& diagnostics)
      : before_(before), after_(after), diagnostics_(diagnostics) {}

  void run() {
    for (const auto& [path, promise] : before_.promises) {
      const auto found = after_.promises.find(path);
      if (is_state(path))
        upgraded(path, promise);
      else if (found == after_.promises.end())
        gone(path, promise);
      else
        changed(path, promise, found->second);
    }
    for (const auto& [path, promise] : after_.promises) {
      if (!before_.promises.contains(path) && !is_state(path)) added(path, promise);
    }
  }

 private:
  diagnostics::Builder breaking(source::Span span, const std::string& message) {
    return diagnostics_.emit(diagnostics::Id::breaking_change, span, message);
  }

  /// Where the name would stand now.
  source::Span place(const std::string& path) const {
    for (std::string at = path; !at.empty(); at = owner_of(at)) {
      const auto found = after_.promises.find(at);
      if (found != after_.promises.end()) return found->second.span;
    }
    return after_.span;
  }

  void gone(const std::string& path, const Promise& promise) {
    const std::string owner = owner_of(path);
    if (!owner.empty() && !after_.promises.contains(owner)) return;  // told of the owner
    // Who reads a field that has a default does without it.
    if (promise.kind == "field" && !promise.needed) return;
    breaking(place(path), "`" + path + "` is gone, and peers still use it")
        .note("it was a " + promise.kind)
        .help("keep it until no peer of version " + std::to_string(before_.version) + " is left");
  }

  void changed(const std::string& path, const Promise& was, const Promise& is) {
    if (was.kind != is.kind) {
      breaking(is.span, "`" + path + "` was " + was.kind + " and is " + is.kind)
          .help("give the new one another name");
    } else if (was.shape != is.shape) {
      if (was.shape == "closed") return;  // open takes all that closed did
      const auto shown = [](const std::string& shape) {
        return shape.empty() ? std::string("nothing") : "`" + shape + "`";
      };
      breaking(is.span, "`" + path + "` was " + shown(was.shape) + " and is " + shown(is.shape))
          .help("give the new one another name");
    } else if (!was.needed && is.needed) {
      breaking(is.span, "`" + path + "` has no default any more, and old peers leave it out")
          .help("give it a default, or make it optional with `?`");
    }
  }

  void added(const std::string& path, const Promise& promise) {
    const std::string owner = owner_of(path);
    const auto before = before_.promises.find(owner);
    if (before == before_.promises.end()) return;  // new as a whole
    if (promise.needed) {
      breaking(promise.span, "`" + path + "` is new and has no default, and old peers leave it out")
          .help("give it a default, or make it optional with `?`");
    } else if ((promise.kind == "member" || promise.kind == "case") &&
               before->second.shape == "closed") {
      breaking(promise.span, "`" + path + "` is new, and old peers know all of `" + owner + "`")
          .help("let peers that know it go first: make `" + owner + "` open with `..`");
    }
  }

  void upgraded(const std::string& path, const Promise& was) {
    const std::string server = owner_of(path);
    const auto found = after_.promises.find(path);
    const auto owner = after_.promises.find(server);
    if (owner == after_.promises.end()) return;
    if (found != after_.promises.end()) {
      const bool said = llvm::StringRef(found->second.kind + " ")
                            .contains(" " + std::to_string(before_.version) + " ");
      if (found->second.shape == was.shape || said) return;
    }
    diagnostics_.emit(diagnostics::Id::upgrade_gap, owner->second.span, server, before_.version)
        .note("its state was { " + was.shape + "}")
        .help("raise the version of the module and add `upgrade from " +
              std::to_string(before_.version) + ";`");
  }

  const Contract& before_;
  const Contract& after_;
  diagnostics::Engine& diagnostics_;
};

}  // namespace

Contract contract_of(const model::Module& module) {
  Contract contract{module.name(), std::max<std::uint64_t>(module.version, 1), module.span, {}};
  Writer writer(contract);
  for (const auto& each : module.declarations) writer.declaration(*each);
  return contract;
}

std::string to_text(const Contract& contract) {
  std::string text;
  llvm::raw_string_ostream out(text);
  const auto quoted = [](const std::string& each) { return llvm::json::Value(each); };
  out << "{\n  \"module\": " << quoted(contract.module) << ",\n  \"version\": " << contract.version
      << ",\n  \"promises\": {";
  const char* separator = "\n";
  for (const auto& [path, promise] : contract.promises) {
    out << separator << "    " << quoted(path) << ": [" << quoted(promise.kind) << ", "
        << quoted(promise.shape) << ", " << (promise.needed ? "true" : "false") << "]";
    separator = ",\n";
  }
  out << "\n  }\n}\n";
  return text;
}

llvm::Expected<Contract> from_text(llvm::StringRef text) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  if (!value) return value.takeError();
  const auto wrong = [](const char* what) {
    return llvm::createStringError(std::errc::invalid_argument, what);
  };
  const llvm::json::Object* root = value->getAsObject();
  const llvm::json::Object* promises = root == nullptr ? nullptr : root->getObject("promises");
  if (promises == nullptr) return wrong("it lists no promises");
  const auto module = root->getString("module");
  const auto version = root->getInteger("version");
  if (!module || !version || *version < 1) return wrong("it names no module and version");
  Contract contract{module->str(), static_cast<std::uint64_t>(*version), {}, {}};
  for (const auto& [path, entry] : *promises) {
    const llvm::json::Array* parts = entry.getAsArray();
    if (parts == nullptr || parts->size() != 3) return wrong("a promise has three parts");
    const auto kind = (*parts)[0].getAsString();
    const auto shape = (*parts)[1].getAsString();
    const auto needed = (*parts)[2].getAsBoolean();
    if (!kind || !shape || !needed) return wrong("a promise is a kind, a shape and a boolean");
    contract.promises[path.str()] = {kind->str(), shape->str(), *needed, {}};
  }
  return contract;
}

void compare(const Contract& before, const Contract& after, diagnostics::Engine& diagnostics) {
  Comparison(before, after, diagnostics).run();
}

}  // namespace otpc::tools
