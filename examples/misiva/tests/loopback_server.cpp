#include "loopback_server.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace misiva::testing {
namespace {

constexpr const char* loopback = MISIVA_LOOPBACK;  // the script's path, given by CMake

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string text;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  if (::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void await(const std::function<bool()>& condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(std::string("gave up on ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace

int run_command(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }

LoopbackServer::LoopbackServer() {
  std::string pattern = (std::filesystem::temp_directory_path() / "misiva-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = pattern;
  run_command(std::string(loopback) + " certificates " + folder_.string());
  port_ = output_of(std::string(loopback) + " free-port");
}

LoopbackServer::~LoopbackServer() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void LoopbackServer::start() {
  const std::string folder = folder_.string();
  std::array<char*, 5> arguments{const_cast<char*>(loopback), const_cast<char*>("serve"),
                                 const_cast<char*>(folder.c_str()), port_.data(), nullptr};
  if (::posix_spawn(&script_, loopback, nullptr, nullptr, arguments.data(), environ) != 0) {
    throw std::runtime_error(std::string("cannot start ") + loopback);
  }
  await_restart(-1);
}

void LoopbackServer::stop() {
  if (script_ < 0) return;
  ::kill(script_, SIGTERM);
  ::waitpid(script_, nullptr, 0);
  script_ = -1;
}

void LoopbackServer::crash() const { ::kill(pid(), SIGKILL); }

void LoopbackServer::await_restart(pid_t former) const {
  const std::string probe = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + port_ + "' 2>/dev/null";
  await([&] { return pid() > 0 && pid() != former && run_command(probe) == 0; }, "the server");
}

pid_t LoopbackServer::pid() const {
  std::ifstream file(folder_ / "server.pid");
  pid_t pid = -1;
  file >> pid;
  return pid;
}

http::Endpoint LoopbackServer::endpoint() const {
  return {.url = "https://127.0.0.1:" + port_,
          .ca_file = file("ca.pem"),
          .certificate_file = file("client.pem"),
          .key_file = file("client.key"),
          .timeout = std::chrono::seconds(60)};  // no test waits for it; the machine may be busy
}

long LoopbackServer::logged(const std::string& figure) const {
  std::istringstream lines(output_of(std::string(loopback) + " report " + folder_.string()));
  std::string name;
  long value = 0;
  while (lines >> name >> value) {
    if (name == figure) return value;
  }
  throw std::runtime_error("no figure " + figure);
}

}  // namespace misiva::testing
