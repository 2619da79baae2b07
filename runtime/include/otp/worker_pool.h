// A pool of workers: processes that are lent to one borrower at a time.
//
//   auto pool = otp::WorkerPool::start_link(
//       {.worker = [] { return connection_spec(); }, .size = 5}, {.name = "db"}).value();
//   auto rows = pool.transaction(
//       [&](otp::Pid worker) { return db::Connection(worker).query(sql); });
//
// - Workers are temporary children of a dynamic supervisor of the pool's own. One that ends is
//   replaced at once; so is one whose borrower ends with it, as nobody knows in which state it is.
// - Who asks while all are lent waits in turn, as long as its time-out. With `max_overflow` so many
//   more are started for who would wait, and stopped when they come back.
// Process only. Source: Erlang's poolboy.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <type_traits>

#include <otp/call.h>
#include <otp/supervisor.h>

namespace otp {

struct WorkerPoolSpec {
  /// Its restart type is not used: the pool sees to a successor itself.
  std::function<ChildSpec()> worker{};
  std::size_t size = 5;
  std::size_t max_overflow = 0;
};

struct WorkerPoolStatus {
  std::size_t idle = 0;
  std::size_t lent = 0;
  std::size_t overflow = 0;  ///< of those that are lent
  std::size_t waiting = 0;   ///< for a worker
  friend bool operator==(const WorkerPoolStatus&, const WorkerPoolStatus&) = default;
};

class WorkerPool : public ServerRef {
 public:
  using ServerRef::ServerRef;

  /// Fails when a worker does not start. Throws std::invalid_argument without a worker or a size.
  static std::expected<WorkerPool, StartError> start_link(WorkerPoolSpec spec,
                                                          const StartOptions& options = {});

  /// A worker for the caller, until check_in, or the caller's end. The error is `timeout`, why none
  /// can be started, or why the pool has ended.
  std::expected<Pid, CallError> check_out(Timeout timeout = std::chrono::seconds{5}) const;
  /// A pid that is not lent is none of the pool's business.
  void check_in(Pid worker) const;
  /// Runs `f` with a worker, which comes back in every case. Fails as a call does.
  template <class F>
  std::invoke_result_t<F&, Pid> transaction(F f, Timeout timeout = std::chrono::seconds{5}) const {
    const std::expected<Pid, CallError> worker = check_out(timeout);
    if (!worker) throw CallExit(worker.error());
    struct Lent {
      const WorkerPool& pool;
      Pid worker;
      ~Lent() { pool.check_in(worker); }
    } const lent{*this, *worker};
    return f(*worker);
  }
  WorkerPoolStatus status() const;
};

}  // namespace otp
