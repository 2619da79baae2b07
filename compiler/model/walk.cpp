#include "model/walk.h"

#include <algorithm>

namespace otpc::model {
namespace {

/// The version of what no other node sees: it may refer to anything.
constexpr std::uint64_t never_sent = UINT64_MAX;

class Walk {
 public:
  Walk(const Declaration& declaration, llvm::function_ref<void(const TypeUse&)> see)
      : declaration_(declaration), added_(declaration.life.added), see_(see) {}

  void type(const Type& written, const std::string& owner, Span span, std::uint64_t added,
            const Value* fallback = nullptr) {
    see_({written, owner, span, std::max(added, added_), inherited_, fallback});
    for (const Type& part : written.arguments) type(part, owner, span, added);
  }
  void fields(const std::vector<Field>& all, std::uint64_t added = 0) {
    for (const Field& each : all)
      type(each.type, each.name, each.span, std::max(added, each.life.added),
           each.fallback ? &*each.fallback : nullptr);
  }
  void cases(const std::vector<Case>& all) {
    for (const Case& each : all) fields(each.fields, each.life.added);
  }
  void messages(const std::vector<Message>& all) {
    for (const Message& each : all) {
      if (each.kind == MessageKind::topic) continue;  // the topic's own
      inherited_ = each.protocol != nullptr && each.protocol != &declaration_;
      fields(each.parameters, each.life.added);
      if (each.result) type(*each.result, each.name, each.span, each.life.added);
    }
    inherited_ = false;
  }

 private:
  const Declaration& declaration_;
  std::uint64_t added_;
  bool inherited_ = false;
  llvm::function_ref<void(const TypeUse&)> see_;
};

}  // namespace

void for_each_type(const Declaration& declaration, llvm::function_ref<void(const TypeUse&)> see) {
  Walk walk(declaration, see);
  const auto own = [&](const Type& type) {
    walk.type(type, declaration.name, declaration.span, 0);
  };
  if (const auto* worker = dynamic_cast<const Worker*>(&declaration))
    walk.fields(worker->parameters);
  if (const auto* server = dynamic_cast<const Server*>(&declaration)) {
    if (server->state) walk.fields(*server->state, never_sent);
    for (const Upgrade& each : server->upgrades) walk.fields(each.state, never_sent);
    walk.messages(server->messages);
  }
  switch (declaration.kind) {
    case DeclarationKind::constant: {
      const auto& constant = static_cast<const Const&>(declaration);
      return walk.type(constant.type, constant.name, constant.span, 0, &constant.value);
    }
    case DeclarationKind::alias:
      return own(static_cast<const Alias&>(declaration).type);
    case DeclarationKind::structure:
      return walk.fields(static_cast<const Struct&>(declaration).fields);
    case DeclarationKind::choice:
      return walk.cases(static_cast<const Union&>(declaration).cases);
    case DeclarationKind::protocol:
      return walk.messages(static_cast<const Protocol&>(declaration).messages);
    case DeclarationKind::statem:
      if (const auto& data = static_cast<const Statem&>(declaration).data)
        walk.fields(*data, never_sent);
      return;
    case DeclarationKind::events:
      return walk.cases(static_cast<const Events&>(declaration).events);
    case DeclarationKind::handler: {
      const auto& handler = static_cast<const Handler&>(declaration);
      walk.fields(handler.parameters);
      return walk.messages(handler.messages);
    }
    case DeclarationKind::topic: {
      const auto& topic = static_cast<const Topic&>(declaration);
      walk.fields(topic.parameters);
      return walk.cases(topic.cases);
    }
    case DeclarationKind::task:
      if (const auto& result = static_cast<const Task&>(declaration).result) own(*result);
      return;
    case DeclarationKind::agent:
      return own(static_cast<const Agent&>(declaration).state);
    case DeclarationKind::registry:
      return own(static_cast<const Registry&>(declaration).key);
    case DeclarationKind::application:
      return walk.fields(static_cast<const Application&>(declaration).env);
    case DeclarationKind::enumeration:
    case DeclarationKind::server:
    case DeclarationKind::supervisor:
      return;
  }
}

void for_each_life(const Declaration& declaration, llvm::function_ref<void(const Life&)> see) {
  const auto all = [&](const auto& parts) {
    for (const auto& each : parts) see(each.life);
  };
  const auto cases = [&](const std::vector<Case>& parts) {
    all(parts);
    for (const Case& each : parts) all(each.fields);
  };
  const auto messages = [&](const std::vector<Message>& parts) {
    all(parts);
    for (const Message& each : parts) all(each.parameters);
  };
  see(declaration.life);
  if (const auto* worker = dynamic_cast<const Worker*>(&declaration)) all(worker->parameters);
  if (const auto* structure = dynamic_cast<const Struct*>(&declaration)) all(structure->fields);
  if (const auto* enumeration = dynamic_cast<const Enum*>(&declaration)) all(enumeration->members);
  if (const auto* choice = dynamic_cast<const Union*>(&declaration)) cases(choice->cases);
  if (const auto* protocol = dynamic_cast<const Protocol*>(&declaration))
    messages(protocol->messages);
  if (const auto* events = dynamic_cast<const Events*>(&declaration)) cases(events->events);
  if (const auto* topic = dynamic_cast<const Topic*>(&declaration)) {
    all(topic->parameters);
    cases(topic->cases);
  }
  if (const auto* handler = dynamic_cast<const Handler*>(&declaration)) {
    all(handler->parameters);
    messages(handler->messages);
  }
  if (const auto* application = dynamic_cast<const Application*>(&declaration))
    all(application->env);
  if (const auto* server = dynamic_cast<const Server*>(&declaration)) {
    if (server->state) all(*server->state);
    messages(server->messages);
  }
  if (const auto* machine = dynamic_cast<const Statem*>(&declaration)) {
    if (machine->data) all(*machine->data);
  }
}

}  // namespace otpc::model
