#include "behaviours/application_master.h"

#include <utility>

#include <otp/detail/exit_exception.h>
#include <otp/logger.h>
#include <otp/receive.h>

#include "process/crash.h"

namespace otp::detail {
namespace {

void stop_process(Pid pid, const ExitReason& reason) {
  const Ref watch = monitor(pid);
  exit(pid, reason);
  await_down(watch);
}

/// Tells now and then who is still there while an application is being stopped.
class ShutdownWatch {
 public:
  ShutdownWatch(const std::string& name, std::uint8_t number)
      : watcher_(spawn([name, number, master = self()] {
          set_application(0);
          const Ref gone = monitor(master);
          for (int seconds = 5;; seconds *= 2) {
            if (await_down(gone, std::chrono::seconds(seconds))) return;
            report(name, number, master, seconds);
          }
        })) {}
  ~ShutdownWatch() { exit(watcher_, ExitReason::kill()); }
  ShutdownWatch(const ShutdownWatch&) = delete;
  ShutdownWatch& operator=(const ShutdownWatch&) = delete;

 private:
  static void report(const std::string& name, std::uint8_t number, Pid master, int seconds) {
    std::string who;
    for (const Pid pid : processes_of_application(number)) {
      if (pid == master) continue;
      const auto info = process_info(pid, std::chrono::milliseconds(100));
      who += (who.empty() ? "" : ", ") + to_string(pid) + " (" +
             (info ? info->behaviour + (info->label.empty() ? "" : " " + info->label)
                   : std::string("busy")) +
             ")";
    }
    if (who.empty()) return;
    log(LogLevel::warning, "the stop of application " + name + " takes longer than " +
                               std::to_string(seconds) + " s; still alive: " + who);
  }

  Pid watcher_;
};

std::string call_of(const std::string& name) { return "{" + name + ",start,[normal,[]]}"; }

class Master {
 public:
  Master(Pid controller, const ApplicationSpec& spec, const Env& env, std::uint8_t number)
      : controller_(controller), spec_(spec), env_(env), number_(number) {}

  void run() {
    trap_exit(true);
    set_application(number_);
    ApplicationBegun begun = begin();
    if (!begun.result) {
      end_root();
      kill_the_rest();
      send(controller_, std::move(begun));
      return;
    }
    send(controller_, std::move(begun));
    ApplicationGone gone = wait_for_end();
    if (spec_.stop) contained(spec_.stop);
    kill_the_rest();
    send(controller_, std::move(gone));
  }

 private:
  ApplicationBegun begin() {
    try {
      if (spec_.start) {
        const auto root = spec_.start(env_);
        if (!root) return failed("{" + to_string(root.error()) + "," + call_of(spec_.name) + "}");
        root_ = *root;
      }
      for (const std::string& phase : spec_.start_phases) {
        if (!spec_.start_phase) break;
        if (const auto done = spec_.start_phase(phase); !done) {
          return failed("{" + to_string(done.error()) + ",{" + spec_.name + ",start_phase,[" +
                        phase + ",normal,[]]}}");
        }
      }
      return {.name = spec_.name, .result = root_};
    } catch (const ExitException& exit) {
      if (exit.from_signal()) throw;
      return ended_by(exit.reason());
    } catch (const std::exception&) {
      return ended_by(reason_of_exception());
    }
  }
  ApplicationBegun failed(const std::string& reason) const {
    return {.name = spec_.name, .result = std::unexpected(ExitReason(reason))};
  }
  ApplicationBegun ended_by(const ExitReason& reason) const {
    if (!reason.is_normal()) {
      return failed("{bad_return,{" + call_of(spec_.name) + ",{'EXIT'," + to_string(reason) +
                    "}}}");
    }
    ApplicationBegun begun = failed("{{'EXIT',normal}," + call_of(spec_.name) + "}");
    begun.exited = true;
    return begun;
  }

  ApplicationGone wait_for_end() {
    std::optional<ApplicationGone> gone;
    while (!gone) {
      receive(on([&](const StopMaster&) {
                gone = {.name = spec_.name, .reason = ExitReason::normal(), .asked_for = true};
              }),
              on([&](const Exit& exit) {
                const bool asked_for = exit.pid == controller_;
                if (asked_for || (root_ && exit.pid == *root_))
                  gone = {.name = spec_.name, .reason = exit.reason, .asked_for = asked_for};
              }));
    }
    if (gone->asked_for) {
      const ShutdownWatch watch(spec_.name, number_);
      if (spec_.prep_stop) contained(spec_.prep_stop);
      end_root();
    }
    return *gone;
  }

  void end_root() const {
    if (root_ && is_alive(*root_)) stop_process(*root_, ExitReason::shutdown());
  }
  void kill_the_rest() const {
    for (bool any = true; any;) {
      any = false;
      for (const Pid pid : processes_of_application(number_)) {
        if (pid == self()) continue;
        any = true;
        stop_process(pid, ExitReason::kill());
      }
    }
  }
  /// A callback that throws must not keep the application from ending.
  void contained(const std::function<void()>& callback) const {
    try {
      callback();
    } catch (const std::exception& thrown) {
      log(LogLevel::error, "application " + spec_.name + ": " + thrown.what());
    }
  }

  const Pid controller_;
  const ApplicationSpec& spec_;
  const Env& env_;
  const std::uint8_t number_;
  std::optional<Pid> root_;
};

}  // namespace

void run_application_master(Pid controller, const ApplicationSpec& spec, const Env& env,
                            std::uint8_t number) {
  Master(controller, spec, env, number).run();
}

}  // namespace otp::detail
