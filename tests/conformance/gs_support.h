// What the GS cases share: a generated server whose callbacks are what the test says.
#pragma once

#include <functional>
#include <map>

#include "gs.otp.h"
#include "proc_support.h"

namespace otp::conformance {

using gs_cases::Plain;
using gs_cases::Subject;
using gs_cases::Trapping;

class SubjectImpl;

/// The callbacks of one Subject. What is not given answers with its argument, and does nothing
/// else.
struct Script {
  std::function<Init(SubjectImpl&)> init = [](SubjectImpl&) { return Init(ok()); };
  std::function<Reply<std::int64_t>(SubjectImpl&, std::int64_t)> ask =
      [](SubjectImpl&, std::int64_t n) { return Reply<std::int64_t>(n); };
  std::function<Reply<void>(SubjectImpl&)> sync = [](SubjectImpl&) { return Reply<void>(); };
  std::function<DeferredReply<std::int64_t>(SubjectImpl&, std::int64_t, From<std::int64_t>)> later =
      [](SubjectImpl&, std::int64_t n, const From<std::int64_t>&) {
        return DeferredReply<std::int64_t>(n);
      };
  std::function<NoReply(SubjectImpl&, std::int64_t)> tell = [](SubjectImpl&, std::int64_t) {
    return NoReply();
  };
  std::function<NoReply(SubjectImpl&, std::int64_t)> note = [](SubjectImpl&, std::int64_t) {
    return NoReply();
  };
  std::function<NoReply(SubjectImpl&, std::int64_t)> go = [](SubjectImpl&, std::int64_t) {
    return NoReply();
  };
  std::function<NoReply(SubjectImpl&)> timed_out = [](SubjectImpl&) { return NoReply(); };
  std::function<void(SubjectImpl&, const ExitReason&)> terminate = [](SubjectImpl&,
                                                                      const ExitReason&) {};
};

class SubjectImpl final : public gs_cases::SubjectServer {
 public:
  Init init(gs_cases::SubjectArgs args) override;
  Reply<std::int64_t> ask(std::int64_t n, From<std::int64_t>) override {
    state.last = n;
    return script_.ask(*this, n);
  }
  Reply<void> sync(From<void>) override { return script_.sync(*this); }
  DeferredReply<std::int64_t> later(std::int64_t n, From<std::int64_t> from) override {
    return script_.later(*this, n, from);
  }
  NoReply tell(std::int64_t n) override { return script_.tell(*this, n); }
  NoReply note(std::int64_t n) override { return script_.note(*this, n); }
  NoReply go(std::int64_t n) override { return script_.go(*this, n); }
  NoReply handle_timeout() override { return script_.timed_out(*this); }
  void terminate(const ExitReason& reason) override { script_.terminate(*this, reason); }

  using SubjectServer::continue_go;
  using SubjectServer::info_note;
  using SubjectServer::self;
  using SubjectServer::state;

  /// For scripts: what a test remembers between two callbacks.
  std::string seen;
  std::vector<otp::From<std::int64_t>> waiting;

 private:
  Script script_;
};

/// The init argument of a Subject that follows `script`.
std::int64_t play(Script script);

/// A Subject that follows `script`, unlinked.
inline Subject subject(Script script = {}, const StartOptions& options = {}) {
  return Subject::start({.script = play(std::move(script))}, options).value();
}

class Gs : public Proc {};

}  // namespace otp::conformance
