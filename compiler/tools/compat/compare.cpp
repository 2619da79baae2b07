#include "tools/compat/compare.h"

#include <algorithm>
#include <array>

#include <llvm/ADT/StringRef.h>

namespace otpc::tools {
namespace {

constexpr std::array rows{
#define OTP_CHANGE(id, wire, source, what) ChangeRow{#id, wire, source, what},
#include "tools/compat/changes.def"
#undef OTP_CHANGE
};

/// What may be taken for each other: parts of one group are told apart by their names.
enum class Group : std::uint8_t {
  declaration,
  message,
  member,  ///< of an enum; a case
  keyed,   ///< fields of a map, which are found by their names
  positional,
  key,
  event_kept,  ///< taken by a handler
  machine_state,
  protocol,
  import,
  state,
  removed
};

Group group_of(const Part& part, const Part& owner) {
  const std::string& kind = part.kind;
  if (kind == "import") return Group::import;
  if (kind == "removed") return Group::removed;
  if (kind == "state") return Group::state;
  if (owner.kind == "module") return Group::declaration;
  if (kind == "protocol") return Group::protocol;
  if (kind == "machine_state") return Group::machine_state;
  if (kind == "on") return Group::event_kept;
  if (kind == "member" || kind == "case") return Group::member;
  if (kind == "key") return Group::key;
  if (kind == "parameter") return Group::positional;
  if (kind == "field" || kind == "init") return Group::keyed;
  return Group::message;
}

bool may_be_missing(const Part& field) {
  return field.has("default") || llvm::StringRef(field.fact("type")).ends_with("?");
}

bool is_pid(llvm::StringRef type) {
  return type == "pid" || (type.starts_with("pid<") && type.ends_with(">"));
}

/// "`u32`", or "nothing".
std::string quoted(const std::string& text) { return text.empty() ? "nothing" : "`" + text + "`"; }

/// With the names that types have on the wire.
const std::string& wire_type(const Part& part, const std::string& key = "type") {
  return part.fact((part.has("wire_" + key) ? "wire_" : "") + key);
}

/// 1 unless it is said.
std::uint64_t version_of(const Part& module) {
  std::uint64_t version = 1;
  if (module.has("version")) llvm::StringRef(module.fact("version")).getAsInteger(10, version);
  return version;
}

class Comparison {
 public:
  std::vector<Change> run(const Part& before, const Part& after) {
    if (before.name != after.name)
      add(ChangeId::module_renamed, after, "was " + quoted(before.name), before, after);
    fact(before, after, "version",
         version_of(after) < version_of(before) ? ChangeId::version_lowered
                                                : ChangeId::version_changed,
         "is of version");
    if (const std::string &old = before.fact("none"), &now = after.fact("none"); old != now) {
      const auto written = [](const std::string& none) {
        return none.empty() ? "not at all" : "as " + quoted(none);
      };
      add(ChangeId::none_changed, after,
          "writes what is absent " + written(now) + ", and before " + written(old), before, after);
    }
    parts(before, after);
    return std::move(changes_);
  }

 private:
  void add(ChangeId id, const Part& named, std::string text, const Part& before,
           const Part& after) {
    std::string path;
    for (const std::string& each : path_) path += each + ".";
    changes_.push_back(
        {id, path + named.name, std::move(text), before.place, after.place, after.span, {}, {}});
  }

  /// Of what the way already ends in.
  void add_to_owner(ChangeId id, std::string text, const Part& before, const Part& owner) {
    path_.pop_back();
    add(id, owner, std::move(text), before, owner);
    path_.push_back(owner.name);
  }

  /// Something said of both that is said otherwise now.
  bool fact(const Part& before, const Part& after, const char* key, ChangeId id,
            const std::string& what) {
    if (before.fact(key) == after.fact(key)) return false;
    add(id, after, what + " " + quoted(after.fact(key)) + ", was " + quoted(before.fact(key)),
        before, after);
    return true;
  }
  /// Something that is so or is not.
  void flag(const Part& before, const Part& after, const char* key, ChangeId comes, ChangeId goes,
            const std::string& what) {
    if (before.has(key) == after.has(key)) return;
    add(after.has(key) ? comes : goes, after, (after.has(key) ? "is now " : "is no longer ") + what,
        before, after);
  }

  // ---- Parts ----

  void parts(const Part& before, const Part& after) {
    positional(before, after, Group::positional);
    positional(before, after, Group::key);
    if (is_tuple(before) && is_tuple(after)) positional(before, after, Group::keyed);
    std::vector<const Part*> taken;
    for (const Part& each : after.parts) {
      if (by_position(group_of(each, after), after)) continue;
      const Part* old = find(each, before, after);
      if (old == nullptr) {
        const std::size_t first = changes_.size();
        added(each, before, after);
        for (std::size_t i = first; i < changes_.size(); ++i) changes_[i].comes = each.kind;
        continue;
      }
      both(*old, each, before, after);
      taken.push_back(old);
    }
    for (const Part& each : before.parts) {
      const bool is_gone = std::ranges::find(taken, &each) == taken.end();
      if (!is_gone || by_position(group_of(each, before), after)) continue;
      const std::size_t first = changes_.size();
      gone(each, before, after);
      for (std::size_t i = first; i < changes_.size(); ++i) changes_[i].goes = each.kind;
    }
    order(before, after);
  }

  static bool is_tuple(const Part& owner) { return owner.has("record") || owner.has("in_flat"); }
  static bool by_position(Group group, const Part& owner) {
    return group == Group::positional || group == Group::key ||
           (group == Group::keyed && is_tuple(owner));
  }

  static const Part* find(const Part& part, const Part& before, const Part& after) {
    const Group group = group_of(part, after);
    const Part* same_name = nullptr;
    for (const Part& each : before.parts) {
      if (group_of(each, before) != group) continue;
      if (group == Group::state) return states_of(before).back();
      if (each.wire_name() == part.wire_name()) return &each;
      if (each.name == part.name) same_name = &each;
    }
    return same_name;
  }

  void added(const Part& part, const Part& before, const Part& after) {
    const auto revived = std::ranges::find_if(before.parts, [&](const Part& each) {
      return each.kind == "removed" && each.name == part.wire_name();
    });
    const Group group = group_of(part, after);
    if (revived != before.parts.end() && group != Group::removed)
      return add(ChangeId::name_reused, part, "was removed, and is used again", *revived, part);
    const std::string is = "is added: a " + part.kind;
    switch (group) {
      case Group::declaration:
        return add(ChangeId::declaration_added, part, is, before, part);
      case Group::message:
        return add(ChangeId::message_added, part, is, before, part);
      case Group::member:
        return add(before.has("open") ? ChangeId::member_added_open : ChangeId::member_added, part,
                   is, before, part);
      case Group::keyed:
        return add(!may_be_missing(part) ? ChangeId::field_added_required
                   : &part == &after.parts.back() || is_last_field(part, before, after)
                       ? ChangeId::field_added_optional
                       : ChangeId::field_inserted_optional,
                   part, is, before, part);
      case Group::event_kept:
        return add(ChangeId::handled_events_changed, part, "is handled now", before, part);
      case Group::machine_state:
        return add(ChangeId::machine_states_changed, part, is, before, part);
      case Group::protocol:
        return add(ChangeId::protocol_added, part, "is implemented now", before, part);
      case Group::state:
        return add_to_owner(ChangeId::state_changed, "declares what it keeps", before, after);
      case Group::positional:
      case Group::key:
      case Group::import:  // what comes from there shows where it is used
      case Group::removed:
        return;
    }
  }

  /// Whether every field behind it is new too.
  static bool is_last_field(const Part& part, const Part& before, const Part& after) {
    for (const Part* each = &part; each != &after.parts.back() + 1; ++each) {
      if (group_of(*each, after) == Group::keyed && find(*each, before, after) != nullptr)
        return false;
    }
    return true;
  }

  void gone(const Part& part, const Part& before, const Part& after) {
    const std::string is = "is gone: it was a " + part.kind;
    switch (group_of(part, before)) {
      case Group::declaration: {
        constexpr std::array data{"const", "alias", "struct", "enum", "union", "error", "protocol"};
        const bool is_data = std::ranges::find(data, part.kind) != data.end();
        return add(is_data ? ChangeId::data_removed : ChangeId::process_removed, part, is, part,
                   after);
      }
      case Group::message:
        return add(ChangeId::message_removed, part, is, part, after);
      case Group::member:
        return add(after.has("open") && before.has("open") ? ChangeId::member_removed_open
                                                           : ChangeId::member_removed,
                   part, is, part, after);
      case Group::keyed:
        return add(may_be_missing(part) ? ChangeId::field_removed_optional
                                        : ChangeId::field_removed_required,
                   part, is, part, after);
      case Group::event_kept:
        return add(ChangeId::handled_events_changed, part, "is not handled any more", part, after);
      case Group::machine_state:
        return add(ChangeId::machine_states_changed, part, is, part, after);
      case Group::protocol:
        return add(ChangeId::protocol_removed, part, "is not implemented any more", part, after);
      case Group::state: {
        const bool has_state =
            std::ranges::any_of(after.parts, [](const Part& each) { return each.kind == "state"; });
        if (!has_state && &part == states_of(before).back())
          add_to_owner(ChangeId::state_changed, "does not declare any more what it keeps", part,
                       after);
        return;
      }
      case Group::positional:
      case Group::key:
      case Group::import:
      case Group::removed:
        return;
    }
  }

  /// What is found by its name, and stands in another order.
  void order(const Part& before, const Part& after) {
    const auto names = [](const Part& owner, const Part& other, Group group) {
      std::vector<std::string> result;
      for (const Part& each : owner.parts) {
        if (group_of(each, owner) == group && find(each, other, owner) != nullptr)
          result.push_back(each.wire_name());
      }
      return result;
    };
    const bool of_enum = after.kind == "enum";
    const bool of_map = after.kind == "struct" || after.kind == "case" ||
                        (after.kind == "server" || after.kind == "statem");
    if (!of_enum && (!of_map || is_tuple(after))) return;
    const Group group = of_enum ? Group::member : Group::keyed;
    if (names(before, after, group) == names(after, before, group)) return;
    add(of_enum ? ChangeId::members_reordered : ChangeId::fields_reordered, after,
        "has what it had in another order", before, after);
  }

  // ---- One part ----

  void both(const Part& before, const Part& after, const Part& owner_before,
            const Part& owner_after) {
    const Group group = group_of(after, owner_after);
    if (group == Group::state) return state(before, after, owner_after);
    if (group == Group::import)
      return static_cast<void>(fact(before, after, "from", ChangeId::import_changed, "comes from"));
    if (before.wire_name() != after.wire_name())
      add(ChangeId::wire_name_changed, after,
          "is " + quoted(after.wire_name()) + " on the wire, was " + quoted(before.wire_name()),
          before, after);
    else if (before.name != after.name)
      add(ChangeId::renamed, after, "was called " + quoted(before.name), before, after);
    fact(before, after, "deprecated", ChangeId::deprecated_changed, "is deprecated since");
    if (before.kind != after.kind) {
      add(group == Group::message ? ChangeId::message_kind_changed : ChangeId::kind_changed, after,
          "is a " + after.kind + ", was a " + before.kind, before, after);
      return;
    }
    facts(before, after, group);
    path_.push_back(after.name);
    // The cases of a flat union are tuples: their fields are told apart by where they stand.
    if (owner_before.has("flat") && owner_after.has("flat")) {
      Part old = before;
      Part now = after;
      old.facts["in_flat"] = now.facts["in_flat"] = "true";
      parts(old, now);
    } else {
      parts(before, after);
    }
    path_.pop_back();
  }

  void facts(const Part& before, const Part& after, Group group) {
    if (group == Group::keyed)
      field(before, after);
    else if (group == Group::declaration)
      declaration(before, after);
    if (wire_type(before, "result") != wire_type(after, "result"))
      fact(before, after, "result", ChangeId::result_changed, "answers");
    fact(before, after, "throws", ChangeId::throws_changed, "throws");
    fact(before, after, "timeout", ChangeId::timeout_changed, "waits");
    fact(before, after, "every", ChangeId::every_changed, "comes every");
    for (const auto& [key, id] : {std::pair{"deferred", ChangeId::deferred_changed},
                                  {"blocking", ChangeId::blocking_changed},
                                  {"priority", ChangeId::priority_changed},
                                  {"transient", ChangeId::transient_changed},
                                  {"record", ChangeId::representation_changed},
                                  {"flat", ChangeId::representation_changed},
                                  {"duplicate", ChangeId::keys_changed}})
      flag(before, after, key, id, id, std::string("`") + key + "`");
    flag(before, after, "json_keys", ChangeId::json_keys_added, ChangeId::json_keys_removed,
         "`json_keys`");
    flag(before, after, "open",
         after.kind == "enum" ? ChangeId::enum_opened : ChangeId::union_opened, ChangeId::closed,
         "open");
    fact(before, after, "elixir", ChangeId::elixir_changed, "is the Elixir struct");
    fact(before, after, "manager", ChangeId::manager_changed, "is for");
  }

  void declaration(const Part& before, const Part& after) {
    if (wire_type(before) != wire_type(after))
      fact(before, after, "type", ChangeId::local_type_changed, "is of type");
    fact(before, after, "value", ChangeId::value_changed, "is");
  }

  void field(const Part& before, const Part& after) {
    const std::string& type = after.fact("type");
    const std::string& old_type = before.fact("type");
    if (wire_type(before) != wire_type(after)) {
      const bool pids = is_pid(type) && is_pid(old_type);
      add(pids ? ChangeId::pid_changed : ChangeId::type_changed, after,
          "is of type " + quoted(type) + ", was " + quoted(old_type), before, after);
    }
    if (before.has("default") && after.has("default"))
      fact(before, after, "default", ChangeId::default_changed, "is without a value");
    else if (after.has("default"))
      add(ChangeId::default_added, after, "has a default now", before, after);
    else if (before.has("default"))
      add(ChangeId::default_removed, after, "has no default any more", before, after);
  }

  void state(const Part& before, const Part& after, const Part& owner) {
    const auto shape = [](const Part& part) {
      std::string text;
      for (const Part& each : part.parts) text += each.name + ": " + each.fact("type") + "; ";
      return text;
    };
    if (shape(before) == shape(after)) return;
    const bool same = before.name == after.name;
    add_to_owner(same ? ChangeId::state_rewritten : ChangeId::state_changed,
                 "keeps { " + shape(after) + "}, kept { " + shape(before) + "}" +
                     (same ? ", both in version " + after.name : ""),
                 before, owner);
  }

  // ---- By their places ----

  void positional(const Part& before, const Part& after, Group group) {
    const auto of_group = [&](const Part& owner) {
      std::vector<const Part*> result;
      for (const Part& each : owner.parts) {
        if (group_of(each, owner) == group) result.push_back(&each);
      }
      return result;
    };
    const auto old = of_group(before);
    const auto now = of_group(after);
    const std::size_t common = std::min(old.size(), now.size());
    for (std::size_t i = 0; i < common; ++i) {
      if (old[i]->name != now[i]->name)
        add(group == Group::keyed ? ChangeId::renamed : ChangeId::parameter_renamed, *now[i],
            "was called " + quoted(old[i]->name), *old[i], *now[i]);
      field(*old[i], *now[i]);
    }
    for (std::size_t i = common; i < now.size(); ++i)
      add(group != Group::positional ? ChangeId::tuple_changed
          : may_be_missing(*now[i])  ? ChangeId::parameter_added_optional
                                     : ChangeId::parameter_added_required,
          *now[i], "is added", before, *now[i]);
    for (std::size_t i = common; i < old.size(); ++i)
      add(group == Group::positional ? ChangeId::parameter_removed : ChangeId::tuple_changed,
          *old[i], "is gone", *old[i], after);
  }

  std::vector<Change> changes_;
  std::vector<std::string> path_;
};

}  // namespace

const ChangeRow& row(ChangeId id) { return rows[static_cast<std::size_t>(id)]; }

std::vector<Change> compare(const Contract& before, const Contract& after) {
  return Comparison().run(before.module, after.module);
}

std::vector<Change> compare(const std::vector<Contract>& before,
                            const std::vector<Contract>& after) {
  if (before.size() == 1 && after.size() == 1) return compare(before.front(), after.front());
  const auto named = [](const std::vector<Contract>& all, const std::string& name) {
    const auto found =
        std::ranges::find_if(all, [&](const Contract& each) { return each.module.name == name; });
    return found == all.end() ? nullptr : &*found;
  };
  std::vector<Change> changes;
  const auto whole = [&](ChangeId id, const Part& module, const char* text) {
    changes.push_back({id, module.name, text, module.place, module.place, module.span, {}, {}});
  };
  for (const Contract& now : after) {
    if (const Contract* old = named(before, now.module.name))
      std::ranges::move(compare(*old, now), std::back_inserter(changes));
    else
      whole(ChangeId::module_added, now.module, "is added");
  }
  for (const Contract& old : before) {
    if (named(after, old.module.name) == nullptr)
      whole(ChangeId::module_removed, old.module, "is gone");
  }
  return changes;
}

}  // namespace otpc::tools
