// A push server for one test: certificates and nghttpd by the loopback script, in a folder that is
// removed again.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "http_client.h"

namespace misiva::testing {

class LoopbackServer {
 public:
  LoopbackServer();
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  /// Starts serving and waits until the port answers.
  void start();
  /// Ends the server for good (SIGTERM to the script).
  void stop();
  /// kill -9; the script brings the server back after its outage.
  void crash() const;
  /// Waits until a server runs again, another one than `former`.
  void await_restart(pid_t former) const;

  pid_t pid() const;
  http::Endpoint endpoint() const;
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  /// What the server's own log says about a figure: "requests", "devices" or "duplicates".
  long logged(const std::string& figure) const;

 private:
  std::filesystem::path folder_;
  std::string port_;
  pid_t script_ = -1;
};

/// Runs a program and returns its exit status.
int run_command(const std::string& command);

}  // namespace misiva::testing
