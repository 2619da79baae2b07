// The application controller: who is loaded, who runs, and what is configured.
//
// Each running application has a master (application_master.h). The controller itself never waits:
// whoever starts or stops an application waits for an answer, which comes when the master has told.
#include "behaviours/application_controller.h"

#include <algorithm>
#include <any>
#include <set>
#include <stdexcept>
#include <utility>

#include <otp/alias.h>
#include <otp/call.h>
#include <otp/logger.h>
#include <otp/receive.h>

#include "behaviours/application_master.h"

namespace otp {
namespace detail {
namespace {

constexpr const char* controller_name = "application_controller";

/// None: it went well.
using Failure = std::optional<ExitReason>;

struct Answer {
  Ref ref;
  std::any value;
};

std::string fault_in(const ApplicationSpec& spec) {
  if (spec.name.empty()) return "an application needs a name";
  std::set<std::string> seen;
  for (const EnvKey& key : spec.env) {
    if (key.name.empty()) return "a configuration key needs a name";
    if (!seen.insert(key.name).second) return "the key " + key.name + " is declared twice";
  }
  seen.clear();
  for (const std::string& phase : spec.start_phases) {
    if (!seen.insert(phase).second) return "the start phase " + phase + " stands twice";
  }
  return {};
}

class ApplicationController {
 public:
  /// Gives what is answered to the alias; none: that comes later.
  using Operation = std::function<std::optional<std::any>(ApplicationController&, const Alias&)>;
  struct Request {
    Alias reply_to;
    Operation operation;
  };

  void run() {
    trap_exit(true);
    for (bool goes_on = true; goes_on;) {
      receive(on([&](const Request& request) {
                if (auto value = request.operation(*this, request.reply_to))
                  answer(request.reply_to, std::move(*value));
              }),
              on([&](const ApplicationBegun& begun) { has_begun(begun); }),
              on([&](const ApplicationGone& gone) { is_gone(gone); }),
              on([&](const Exit& exit) {
                goes_on = exit.pid != parent();  // the node is being stopped
                if (goes_on) master_exited(exit);
              }));
    }
  }

  Failure load(const ApplicationSpec& spec) {
    if (const std::string fault = fault_in(spec); !fault.empty())
      return ExitReason("{bad_application," + fault + "}");
    if (loaded_.contains(spec.name)) return ExitReason("{already_loaded," + spec.name + "}");
    const std::uint8_t number = free_number();
    if (number == 0) return ExitReason("system_limit");
    loaded_.emplace(spec.name, Loaded{.spec = spec, .number = number});
    auto& values = env_[spec.name];
    for (const EnvKey& key : spec.env) {
      Entry& entry = values[key.name];
      if (key.fallback && !entry.persistent) entry.value = *key.fallback;
    }
    for (const ApplicationSpec& included : spec.included) load(included);
    return std::nullopt;
  }

  Failure unload(const std::string& name) {
    const auto found = loaded_.find(name);
    if (found == loaded_.end()) return ExitReason("{not_loaded," + name + "}");
    if (found->second.state != State::loaded) return ExitReason("{running," + name + "}");
    loaded_.erase(found);
    std::erase_if(env_[name], [](const auto& each) { return !each.second.persistent; });
    return std::nullopt;
  }

  std::optional<std::any> start(const std::string& name, ApplicationType type,
                                const Alias& reply_to) {
    const auto found = loaded_.find(name);
    if (found == loaded_.end()) return Failure(ExitReason("{not_loaded," + name + "}"));
    Loaded& application = found->second;
    if (application.state == State::starting) {
      application.waiting.push_back(reply_to);
      return std::nullopt;
    }
    if (application.state != State::loaded)
      return Failure(ExitReason("{already_started," + name + "}"));
    for (const ApplicationSpec& needed : application.spec.depends) {
      const auto dependency = loaded_.find(needed.name);
      if (dependency == loaded_.end() || dependency->second.state != State::running)
        return Failure(ExitReason("{not_started," + needed.name + "}"));
    }
    application.state = State::starting;
    application.type = type;
    application.waiting = {reply_to};
    application.master =
        spawn_link([controller = self(), spec = application.spec, env = env_of(name),
                    number = application.number] {
          run_application_master(controller, spec, env, number);
        });
    return std::nullopt;
  }

  std::optional<std::any> stop(const std::string& name, const Alias& reply_to) {
    const auto found = loaded_.find(name);
    if (found == loaded_.end() || found->second.state != State::running)
      return Failure(ExitReason("{not_started," + name + "}"));
    found->second.state = State::stopping;
    found->second.waiting = {reply_to};
    send(found->second.master, StopMaster{});
    return std::nullopt;
  }

  std::vector<std::string> running() const { return {order_.rbegin(), order_.rend()}; }
  std::vector<std::string> loaded() const {
    std::vector<std::string> names;
    for (const auto& [name, application] : loaded_) names.push_back(name);
    return names;
  }
  std::optional<std::string> name_of_number(std::uint8_t number) const {
    for (const auto& [name, application] : loaded_) {
      if (application.number == number) return name;
    }
    return std::nullopt;
  }
  std::optional<Pid> supervisor_of(const std::string& name) const {
    const auto found = loaded_.find(name);
    return found == loaded_.end() ? std::nullopt : found->second.root;
  }
  std::optional<ApplicationSpec> spec_of(const std::string& name) const {
    const auto found = loaded_.find(name);
    return found == loaded_.end() ? std::nullopt : std::optional(found->second.spec);
  }

  std::optional<EnvValue> get_env(const std::string& name, const std::string& key) const {
    const auto values = env_.find(name);
    if (values == env_.end()) return std::nullopt;
    const auto entry = values->second.find(key);
    return entry == values->second.end() ? std::nullopt : entry->second.value;
  }
  void set_env(const application::EnvSettings& settings, bool persistent) {
    for (const auto& [name, values] : settings) {
      for (const auto& [key, value] : values) {
        Entry& entry = env_[name][key];
        entry = {.value = value, .persistent = entry.persistent || persistent};
      }
    }
  }
  void unset_env(const std::string& name, const std::string& key) {
    if (const auto values = env_.find(name); values != env_.end()) values->second.erase(key);
  }

  void set_owner(Pid owner) { owner_ = owner; }

 private:
  enum class State : std::uint8_t { loaded, starting, running, stopping };
  struct Loaded {
    ApplicationSpec spec;
    std::uint8_t number = 0;
    State state = State::loaded;
    ApplicationType type = ApplicationType::temporary;
    Pid master{};
    std::optional<Pid> root{};
    std::vector<Alias> waiting{};  ///< for the end of its start or stop
  };
  struct Entry {
    std::optional<EnvValue> value{};
    bool persistent = false;
  };

  static void answer(const Alias& reply_to, std::any value) {
    send(reply_to, Answer{reply_to.ref, std::move(value)});
  }
  std::uint8_t free_number() const {
    for (unsigned number = 1; number <= UINT8_MAX; ++number) {
      if (!name_of_number(static_cast<std::uint8_t>(number)))
        return static_cast<std::uint8_t>(number);
    }
    return 0;
  }
  Env env_of(const std::string& name) const {
    std::map<std::string, EnvValue, std::less<>> values;
    if (const auto found = env_.find(name); found != env_.end()) {
      for (const auto& [key, entry] : found->second) {
        if (entry.value) values.emplace(key, *entry.value);
      }
    }
    return Env(std::move(values));
  }

  static void tell_waiting(Loaded& application, const Failure& failure) {
    for (const Alias& each : std::exchange(application.waiting, {})) answer(each, failure);
  }

  void has_begun(const ApplicationBegun& begun) {
    Loaded& application = loaded_.at(begun.name);
    if (begun.result) {
      application.state = State::running;
      application.root = *begun.result;
      order_.push_back(begun.name);
      tell_waiting(application, std::nullopt);
      return;
    }
    application.state = State::loaded;
    const ExitReason& reason = begun.result.error();
    tell_waiting(application, reason);
    report_end(begun.name, reason, application.type);
    if (ends_program(application.type, begun.exited))
      end_program({.name = begun.name, .reason = reason, .had_started = false});
  }

  void is_gone(const ApplicationGone& gone) {
    Loaded& application = loaded_.at(gone.name);
    application.state = State::loaded;
    application.root.reset();
    std::erase(order_, gone.name);
    tell_waiting(application, std::nullopt);
    if (gone.asked_for) return;
    report_end(gone.name, gone.reason, application.type);
    if (ends_program(application.type, gone.reason.is_normal()))
      end_program({.name = gone.name, .reason = gone.reason});
  }

  /// A master that was killed: its application has ended so.
  void master_exited(const Exit& exit) {
    for (auto& [name, application] : loaded_) {
      if (application.master != exit.pid || application.state == State::loaded) continue;
      if (application.state == State::starting)
        has_begun({.name = name, .result = std::unexpected(exit.reason)});
      else
        is_gone({.name = name, .reason = exit.reason});
      return;
    }
  }

  static void report_end(const std::string& name, const ExitReason& reason, ApplicationType type) {
    constexpr const char* types[] = {"permanent", "transient", "temporary"};
    log(LogLevel::notice, "application " + name + " ended: " + to_string(reason) +
                              "; type: " + types[static_cast<std::size_t>(type)]);
  }

  static bool ends_program(ApplicationType type, bool normally) {
    return type == ApplicationType::permanent || (type == ApplicationType::transient && !normally);
  }
  void end_program(ApplicationEnded ended) const {
    if (owner_)
      send(*owner_, std::move(ended));
    else
      stop_node(ExitReason::shutdown());
  }

  std::map<std::string, Loaded> loaded_;
  std::vector<std::string> order_;  ///< of those that run, as they were started
  std::map<std::string, std::map<std::string, Entry>> env_;
  std::optional<Pid> owner_;
};

/// The controller of this node, started at its first use.
Pid controller() {
  for (;;) {
    if (const auto running = whereis(controller_name)) return *running;
    const Pid started = spawn([] {
      set_application(0);
      try {
        register_name(controller_name, self());
      } catch (const std::invalid_argument&) {
        return;  // somebody was faster
      }
      ApplicationController().run();
    });
    const Ref watch = monitor(started);
    while (!whereis(controller_name)) {
      if (await_down(watch, std::chrono::milliseconds(1))) break;
    }
    demonitor(watch, flush);
  }
}

/// Runs an operation in the controller and waits for its answer.
template <class R>
R ask(ApplicationController::Operation operation) {
  const Pid target = controller();
  const Ref ref = monitor(target, {.alias = AliasMode::reply_demonitor});
  send(target, ApplicationController::Request{.reply_to = alias_of(ref),
                                              .operation = std::move(operation)});
  std::any value;
  std::optional<ExitReason> died;
  receive(on_if([ref](const Answer& answer) { return answer.ref == ref; },
                [&](Answer answer) { value = std::move(answer.value); }),
          on_if([ref](const Down& down) { return down.ref == ref; },
                [&](const Down& down) { died = down.reason; }));
  if (died) throw CallExit(CallError{.reason = *died, .call = controller_name});
  return std::any_cast<R>(std::move(value));
}

template <class F>
auto query(F f) {
  using R = std::invoke_result_t<F&, ApplicationController&>;
  return ask<R>([f](ApplicationController& controller, const Alias&) -> std::optional<std::any> {
    return std::any(R(f(controller)));
  });
}
template <class F>
void command(F f) {
  query([f](ApplicationController& controller) {
    f(controller);
    return true;
  });
}

std::expected<void, ExitReason> as_expected(Failure failure) {
  if (failure) return std::unexpected(std::move(*failure));
  return {};
}

}  // namespace

void own_applications(Pid owner) {
  command([owner](ApplicationController& controller) { controller.set_owner(owner); });
}

}  // namespace detail

namespace application {

using detail::ApplicationController;
using detail::Failure;

std::expected<void, ExitReason> load(ApplicationSpec spec) {
  return detail::as_expected(
      detail::query([spec = std::move(spec)](ApplicationController& c) { return c.load(spec); }));
}

std::expected<void, ExitReason> unload(const std::string& name) {
  return detail::as_expected(
      detail::query([name](ApplicationController& c) { return c.unload(name); }));
}

std::expected<void, ExitReason> start(const std::string& name, ApplicationType type) {
  return detail::as_expected(detail::ask<Failure>(
      [name, type](ApplicationController& c, const Alias& to) { return c.start(name, type, to); }));
}

std::expected<void, ExitReason> stop(const std::string& name) {
  return detail::as_expected(detail::ask<Failure>(
      [name](ApplicationController& c, const Alias& to) { return c.stop(name, to); }));
}

std::expected<std::vector<std::string>, ExitReason> ensure_all_started(const std::string& name,
                                                                       ApplicationType type) {
  std::vector<std::string> started;
  const auto begin = [&](const auto& again, const std::string& each) -> Failure {
    const auto spec = get_spec(each);
    if (!spec) return ExitReason("{" + each + ",{not_loaded," + each + "}}");
    for (const ApplicationSpec& needed : spec->depends) {
      if (!get_spec(needed.name)) static_cast<void>(load(needed));
      if (auto failure = again(again, needed.name)) return failure;
    }
    const auto result = start(each, type);
    if (result) started.push_back(each);
    if (!result && !to_string(result.error()).starts_with("{already_started,"))
      return ExitReason("{" + each + "," + to_string(result.error()) + "}");
    return std::nullopt;
  };
  const Failure failure = begin(begin, name);
  if (!failure) return started;
  for (auto each = started.rbegin(); each != started.rend(); ++each) static_cast<void>(stop(*each));
  return std::unexpected(*failure);
}

std::vector<std::string> which_applications() {
  return detail::query([](ApplicationController& c) { return c.running(); });
}
std::vector<std::string> loaded_applications() {
  return detail::query([](ApplicationController& c) { return c.loaded(); });
}

std::optional<std::string> get_application(Pid pid) {
  const std::uint8_t number = detail::application_of(pid);
  if (number == 0) return std::nullopt;
  return detail::query([number](ApplicationController& c) { return c.name_of_number(number); });
}

std::optional<Pid> get_supervisor(const std::string& name) {
  return detail::query([name](ApplicationController& c) { return c.supervisor_of(name); });
}

std::optional<ApplicationSpec> get_spec(const std::string& name) {
  return detail::query([name](ApplicationController& c) { return c.spec_of(name); });
}
std::optional<ApplicationSpec> get_spec() {
  const auto name = get_application();
  return name ? get_spec(*name) : std::nullopt;
}

std::optional<EnvValue> get_env(const std::string& name, const std::string& key) {
  return detail::query([name, key](ApplicationController& c) { return c.get_env(name, key); });
}
EnvValue get_env(const std::string& name, const std::string& key, EnvValue otherwise) {
  return get_env(name, key).value_or(std::move(otherwise));
}

void set_env(const EnvSettings& settings, SetEnvOptions options) {
  std::set<std::string> names;
  for (const auto& [name, values] : settings) {
    if (name.empty()) throw std::invalid_argument("set_env: an application needs a name");
    if (!names.insert(name).second)
      throw std::invalid_argument("set_env: the application " + name + " stands twice");
    std::set<std::string> keys;
    for (const auto& [key, value] : values) {
      if (key.empty()) throw std::invalid_argument("set_env: a key of " + name + " has no name");
      if (!keys.insert(key).second)
        throw std::invalid_argument("set_env: the key " + key + " of " + name + " stands twice");
    }
  }
  detail::command([settings, options](ApplicationController& c) {
    c.set_env(settings, options.persistent);
  });
}
void set_env(const std::string& name, const std::string& key, EnvValue value,
             SetEnvOptions options) {
  set_env({{name, {{key, std::move(value)}}}}, options);
}
void unset_env(const std::string& name, const std::string& key) {
  detail::command([name, key](ApplicationController& c) { c.unset_env(name, key); });
}

}  // namespace application
}  // namespace otp
