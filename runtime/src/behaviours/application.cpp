// A program that consists of applications.
//
// Two parties. The thread that called run_application waits for signals and for the end of the
// program's process, in one poll; it touches no process state. That process has the application
// controller start and stop the applications.
#include <otp/application.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>

#include <otp/receive.h>
#include <otp/report.h>

#include "behaviours/application_controller.h"
#include "behaviours/env.h"

namespace otp {
namespace {

constexpr const char* program_process = "init";

struct StopRequest {
  int status = 0;
};

void complain(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

/// Dependencies first, each once.
void order(const ApplicationSpec& spec, std::vector<const ApplicationSpec*>& ordered) {
  for (const ApplicationSpec* each : ordered) {
    if (each->name == spec.name) return;
  }
  for (const ApplicationSpec& needed : spec.depends) order(needed, ordered);
  ordered.push_back(&spec);
}

/// The program's own process: starts its applications, waits for an end, stops them in reverse.
class Program {
 public:
  Program(std::vector<const ApplicationSpec*> specs, const std::map<std::string, Env>& env,
          std::move_only_function<void()> body)
      : specs_(std::move(specs)), env_(env), body_(std::move(body)) {}

  int run() {
    trap_exit(true);
    register_name(program_process, self());
    detail::own_applications(self());
    int status = start_all();
    if (status == 0) status = wait_for_end();
    stop_all();
    return status;
  }

 private:
  int start_all() {
    for (const ApplicationSpec* spec : specs_) {
      application::EnvSettings settings{{spec->name, {}}};
      for (const auto& [key, value] : env_.at(spec->name).values())
        settings.front().second.emplace_back(key, value);
      application::set_env(settings, {.persistent = true});
      auto begun = application::load(*spec);
      if (begun) begun = application::start(spec->name, ApplicationType::permanent);
      if (!begun) {
        complain("application `" + spec->name + "` did not start: " + to_string(begun.error()) +
                 ". The applications started before it are being stopped.");
        return static_cast<int>(ExitStatus::start_failed);
      }
    }
    return 0;
  }

  int wait_for_end() {
    if (body_) body_pid_ = spawn_link(std::move(body_));
    std::optional<int> status;
    while (!status) {
      receive(on([&](StopRequest request) { status = request.status; }),
              on([&](const Exit& exit) { status = end_of_body(exit); }),
              on([&](const detail::ApplicationEnded& ended) { status = end_of(ended); }));
    }
    return *status;
  }

  std::optional<int> end_of_body(const Exit& exit) {
    if (exit.pid != body_pid_) return std::nullopt;
    body_pid_ = {};
    if (!exit.reason.is_abnormal()) return static_cast<int>(ExitStatus::stopped);
    complain("the program's body ended: " + to_string(exit.reason));
    return static_cast<int>(ExitStatus::body_failed);
  }

  static int end_of(const detail::ApplicationEnded& ended) {
    if (ended.reason.payload<ReachedMaxRestartIntensity>() != nullptr) {
      complain("application `" + ended.name +
               "` ended: its root supervisor gave up after too many restarts");
      return static_cast<int>(ExitStatus::crashed);
    }
    if (!ended.reason.is_abnormal()) return static_cast<int>(ExitStatus::stopped);
    complain("application `" + ended.name + "` ended: " + to_string(ended.reason));
    return static_cast<int>(ended.had_started ? ExitStatus::crashed : ExitStatus::start_failed);
  }

  void stop_all() {
    if (body_pid_) {
      const Ref gone = monitor(body_pid_);
      exit(body_pid_, ExitReason::kill());
      detail::await_down(gone);
    }
    for (const std::string& name : application::which_applications())
      static_cast<void>(application::stop(name));
  }

  std::vector<const ApplicationSpec*> specs_;
  const std::map<std::string, Env>& env_;
  std::move_only_function<void()> body_;
  Pid body_pid_;
};

/// Throws std::system_error when it is none.
int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), what);
  return descriptor;
}

/// The two signals, blocked in this thread and every one that it makes after this, and readable
/// from a file descriptor.
class SignalGuard {
 public:
  SignalGuard() : signals_(ending_signals()), fd_(open(signals_)) {
    pthread_sigmask(SIG_BLOCK, &signals_, &former_);
  }
  ~SignalGuard() {
    close(fd_);
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  int fd() const noexcept { return fd_; }
  int take() const noexcept {
    signalfd_siginfo info{};
    return read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  static sigset_t ending_signals() noexcept {
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
  }
  static int open(const sigset_t& signals) {
    return checked(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  }

  const sigset_t signals_;
  const int fd_;
  sigset_t former_{};
};

/// Tells one thread that another has come to its end.
class EndEvent {
 public:
  EndEvent() : fd_(checked(eventfd(0, EFD_CLOEXEC), "eventfd")) {}
  ~EndEvent() { close(fd_); }
  EndEvent(const EndEvent&) = delete;
  EndEvent& operator=(const EndEvent&) = delete;

  /// Readable when it has happened.
  int fd() const noexcept { return fd_; }
  void happened() const noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(!write(fd_, &one, sizeof one));
  }
  /// What was written before `happened` is seen after.
  void await() const noexcept {
    std::uint64_t ends = 0;
    static_cast<void>(!read(fd_, &ends, sizeof ends));
  }

 private:
  const int fd_;
};

/// Waits until the program's process has ended, passing signals on to it: by its pid, as a signal
/// may come before it has its name.
void serve_signals(Runtime& runtime, const SignalGuard& signals, int ended, Pid program) {
  bool stopping = false;
  for (;;) {
    pollfd fds[] = {{.fd = ended, .events = POLLIN, .revents = 0},
                    {.fd = signals.fd(), .events = POLLIN, .revents = 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents != 0) return;
    const int signal = signals.take();
    if (signal == 0) continue;
    if (std::exchange(stopping, true)) {
      complain("second signal: the program ends without waiting for its applications");
      std::_Exit(128 + signal);
    }
    complain(std::string(signal == SIGINT ? "SIGINT" : "SIGTERM") +
             ": the applications are being stopped");
    runtime.invoke([program] { send(program, StopRequest{0}); });
  }
}

int run_program(Runtime& runtime, const SignalGuard& signals, const EndEvent& ended,
                Program& program) {
  int status = static_cast<int>(ExitStatus::crashed);
  const Pid pid = runtime.invoke([&] {
    return spawn([&] {
      struct AtEnd {
        const EndEvent& ended;
        ~AtEnd() { ended.happened(); }
      } const at_end{ended};
      status = program.run();
    });
  });
  serve_signals(runtime, signals, ended.fd(), pid);
  ended.await();
  return status;
}

std::string program_name(int argc, const char* const* argv) {
  return argc > 0 ? argv[0] : "program";
}

/// As the command line says, unless the program has said where its reports go.
RuntimeOptions with_sink(RuntimeOptions options, const detail::CommandLine& command_line) {
  if (options.reports == nullptr) {
    const ReportOptions reports{.progress = command_line.progress_reports};
    options.reports =
        command_line.json_reports ? json_sink(stderr, reports) : text_sink(stderr, reports);
  }
  return options;
}

}  // namespace

void stop_applications(int status) {
  if (const auto program = whereis(program_process)) send(*program, StopRequest{status});
}

int run_application(int argc, const char* const* argv, const ApplicationSpec& root,
                    ApplicationOptions options) {
  std::vector<const ApplicationSpec*> specs;
  order(root, specs);
  const auto bad_config = [](const detail::ConfigErrors& errors) {
    for (const std::string& error : errors) complain(error);
    return static_cast<int>(ExitStatus::bad_config);
  };
  const auto command_line = detail::parse_command_line(argc, argv);
  if (!command_line) return bad_config(command_line.error());
  if (command_line->help) {
    std::fputs(detail::usage(program_name(argc, argv), specs).c_str(), stdout);
    return 0;
  }
  const auto configuration = detail::load_env(
      specs, *command_line, [](const std::string& name) { return std::getenv(name.c_str()); });
  if (!configuration) return bad_config(configuration.error());
  if (command_line->show_config) {
    std::fputs(configuration->shown.c_str(), stdout);
    return 0;
  }

  // The members are made in this order: the threads of the sink and of the runtime inherit what the
  // signals do.
  struct Machine {
    Machine(RuntimeOptions options, const detail::CommandLine& command_line)
        : runtime(with_sink(std::move(options), command_line)) {}
    const SignalGuard signals;
    const EndEvent ended;
    Runtime runtime;
  };
  std::optional<Machine> machine;
  try {
    machine.emplace(std::move(options.runtime), *command_line);
  } catch (const std::system_error& error) {
    complain(std::string("the program did not start: ") + error.what());
    return static_cast<int>(ExitStatus::start_failed);
  }
  Program program(std::move(specs), configuration->env, std::move(options.body));
  return run_program(machine->runtime, machine->signals, machine->ended, program);
}

}  // namespace otp
