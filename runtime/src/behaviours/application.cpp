// The application controller: a process that starts the applications, waits for an end, and stops
// them in reverse.
//
// Two parties. The thread that called run_application waits for signals and for the controller's
// end, in one poll; it touches no process state. The controller is a process that traps exits;
// every root supervisor is linked to it.
#include <otp/application.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <otp/receive.h>
#include <otp/report.h>

#include "behaviours/env.h"

namespace otp {
namespace {

constexpr const char* controller_name = "application_controller";

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

class Controller {
 public:
  Controller(std::vector<const ApplicationSpec*> specs, const std::map<std::string, Env>& env,
             std::move_only_function<void()> body)
      : specs_(std::move(specs)), env_(env), body_(std::move(body)) {}

  int run() {
    trap_exit(true);
    register_name(controller_name, self());
    int status = start_all();
    if (status == 0) status = wait_for_end();
    stop_all();
    return status;
  }

 private:
  struct Running {
    const ApplicationSpec* spec;
    Pid root;
  };

  int start_all() {
    for (const ApplicationSpec* spec : specs_) {
      const auto root = spec->start(env_.at(spec->name));
      if (!root) {
        complain("application `" + spec->name + "` did not start: " + to_string(root.error()) +
                 ". The applications started before it are being stopped.");
        return static_cast<int>(ExitStatus::start_failed);
      }
      running_.push_back({spec, *root});
    }
    return 0;
  }

  int wait_for_end() {
    if (body_) body_pid_ = spawn_link(std::move(body_));
    std::optional<int> status;
    while (!status) {
      receive(on([&](StopRequest request) { status = request.status; }),
              on([&](const Exit& exit) { status = end_of(exit); }));
    }
    return *status;
  }

  std::optional<int> end_of(const Exit& exit) {
    if (exit.pid == body_pid_) {
      body_pid_ = {};
      if (!exit.reason.is_abnormal()) return static_cast<int>(ExitStatus::stopped);
      complain("the program's body ended: " + to_string(exit.reason));
      return static_cast<int>(ExitStatus::body_failed);
    }
    const auto ended = std::ranges::find(running_, exit.pid, &Running::root);
    if (ended == running_.end()) return std::nullopt;
    const ApplicationSpec& spec = *ended->spec;
    running_.erase(ended);
    if (exit.reason.payload<ReachedMaxRestartIntensity>() != nullptr) {
      complain("application `" + spec.name +
               "` ended: its root supervisor gave up after too many restarts");
      return static_cast<int>(ExitStatus::crashed);
    }
    if (!exit.reason.is_abnormal()) return static_cast<int>(ExitStatus::stopped);
    complain("application `" + spec.name + "` ended: " + to_string(exit.reason));
    return static_cast<int>(ExitStatus::crashed);
  }

  void stop_all() {
    if (body_pid_) stop_one(body_pid_, ExitReason::kill());
    while (!running_.empty()) {
      stop_one(running_.back().root, ExitReason::shutdown());
      running_.pop_back();
    }
  }

  static void stop_one(Pid pid, const ExitReason& reason) {
    const Ref ref = monitor(pid);
    exit(pid, reason);
    receive(on_if([ref](const Down& down) { return down.ref == ref; }, [](Down) {}));
  }

  std::vector<const ApplicationSpec*> specs_;
  const std::map<std::string, Env>& env_;
  std::move_only_function<void()> body_;
  std::vector<Running> running_;
  Pid body_pid_;
};

/// The two signals, blocked in every thread made after this, and readable from a file descriptor.
class SignalGuard {
 public:
  SignalGuard() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, &former_);
    fd_ = signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
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
  sigset_t signals_{};
  sigset_t former_{};
  int fd_ = -1;
};

/// Waits until the controller has ended, passing signals on to it.
void serve_signals(Runtime& runtime, const SignalGuard& signals, int ended) {
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
    runtime.invoke([] { stop_applications(0); });
  }
}

int run_controller(Runtime& runtime, const SignalGuard& signals, Controller& controller) {
  const int ended = eventfd(0, EFD_CLOEXEC);
  int status = static_cast<int>(ExitStatus::crashed);
  runtime.invoke([&] {
    spawn([&] {
      struct Ended {
        int fd;
        ~Ended() {
          const std::uint64_t one = 1;
          static_cast<void>(!write(fd, &one, sizeof one));
        }
      } const at_end{ended};
      status = controller.run();
    });
  });
  serve_signals(runtime, signals, ended);
  std::uint64_t ends = 0;
  static_cast<void>(!read(ended, &ends, sizeof ends));  // what was written before is seen after
  close(ended);
  return status;
}

std::string program_name(int argc, const char* const* argv) {
  return argc > 0 ? argv[0] : "program";
}

}  // namespace

void stop_applications(int status) {
  if (const auto controller = whereis(controller_name)) send(*controller, StopRequest{status});
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
  const auto env = detail::load_env(
      specs, *command_line, [](const std::string& name) { return std::getenv(name.c_str()); });
  if (!env) return bad_config(env.error());

  if (options.runtime.reports == nullptr) {
    const ReportOptions reports{.progress = command_line->progress_reports};
    options.runtime.reports =
        command_line->json_reports ? json_sink(stderr, reports) : text_sink(stderr, reports);
  }
  const SignalGuard signals;
  Runtime runtime(std::move(options.runtime));
  Controller controller(std::move(specs), *env, std::move(options.body));
  return run_controller(runtime, signals, controller);
}

}  // namespace otp
