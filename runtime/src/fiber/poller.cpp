#include "fiber/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace otp::detail {
namespace {

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}

constexpr std::uint64_t interrupted = ~std::uint64_t{0};

}  // namespace

Poller::Descriptor::Descriptor(int descriptor, const char* made_by)
    : descriptor_(checked(descriptor, made_by)) {}
Poller::Descriptor::~Descriptor() { close(descriptor_); }

Poller::Poller()
    : epoll_(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
      interrupt_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"),
      events_(std::make_unique<epoll_event[]>(batch)) {
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = interrupted}};
  checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, interrupt_.get(), &event), "epoll_ctl");
}

Poller::~Poller() {
  for (std::size_t i = 0; i < most_chunks; ++i) {
    Chunk* const chunk = chunks_[i].load();
    if (chunk == nullptr) continue;
    std::destroy_at(chunk);
    unmap_memory(chunk, sizeof(Chunk));
  }
}

Poller::Slot* Poller::slot(int descriptor, bool make) {
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= most_chunks * slots_in_chunk) return nullptr;
  std::atomic<Chunk*>& chunk = chunks_[index / slots_in_chunk];
  Chunk* found = chunk.load(std::memory_order_acquire);
  if (found == nullptr && make) {
    void* const memory = map_memory(sizeof(Chunk));
    auto* const fresh = new (memory) Chunk{};
    if (chunk.compare_exchange_strong(found, fresh)) {
      found = fresh;
    } else {
      unmap_memory(memory, sizeof(Chunk));
    }
  }
  return found == nullptr ? nullptr : &(*found)[index % slots_in_chunk];
}

int Poller::add(int descriptor, std::shared_ptr<Pollable> target) {
  Slot* const own = slot(descriptor, true);
  if (own == nullptr) return EMFILE;
  std::uint32_t serial = 0;
  {
    const std::lock_guard lock(own->lock);
    serial = ++own->serial;
    own->target = std::move(target);
  }
  const int error = control(EPOLL_CTL_ADD, descriptor, serial);
  if (error != 0) remove(descriptor);
  return error;
}

int Poller::control(int operation, int descriptor, std::uint32_t serial) noexcept {
  epoll_event event{
      .events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
      .data = {.u64 = std::uint64_t{serial} << 32U | static_cast<std::uint32_t>(descriptor)}};
  return epoll_ctl(epoll_.get(), operation, descriptor, &event) == 0 ? 0 : errno;
}

void Poller::rearm(int descriptor) noexcept {
  Slot* const own = slot(descriptor, false);
  const std::lock_guard lock(own->lock);
  control(EPOLL_CTL_MOD, descriptor, own->serial);
}

void Poller::remove(int descriptor) noexcept {
  Slot* const own = slot(descriptor, false);
  std::shared_ptr<Pollable> target;  // may be the last: released outside the lock
  const std::lock_guard lock(own->lock);
  ++own->serial;
  target.swap(own->target);
}

std::shared_ptr<Pollable> Poller::target_of(std::uint64_t registration) noexcept {
  Slot* const own = slot(static_cast<int>(registration & 0xffff'ffffU), false);
  const std::lock_guard lock(own->lock);
  return own->serial == registration >> 32U ? own->target : nullptr;
}

void Poller::wait(Nanoseconds time, std::size_t most) noexcept {
  const auto room = static_cast<int>(std::clamp(most, std::size_t{1}, batch));
  int count = -1;
  if (time > 0 && has_pwait2_) {
    const timespec timeout{.tv_sec = time / 1'000'000'000, .tv_nsec = time % 1'000'000'000};
    count = epoll_pwait2(epoll_.get(), events_.get(), room, &timeout, nullptr);
    if (count < 0 && errno != EINTR) has_pwait2_ = false;
  }
  if (time <= 0 || !has_pwait2_) {
    const Nanoseconds ms = time <= 0 ? time : (time - 1) / 1'000'000 + 1;
    count = epoll_wait(epoll_.get(), events_.get(), room,
                       static_cast<int>(std::clamp<Nanoseconds>(ms, -1, 60'000)));
  }
  looks_.fetch_add(1, std::memory_order_relaxed);
  taken_ = static_cast<std::size_t>(std::max(count, 0));
}

void Poller::dispatch() noexcept {
  const std::size_t taken = std::exchange(taken_, 0);
  for (std::size_t i = 0; i < taken; ++i) {
    const epoll_event& event = events_[i];
    if (event.data.u64 == interrupted) continue;
    if (const auto target = target_of(event.data.u64)) target->ready(event.events);
  }
}

void Poller::look() noexcept {
  if (!try_enter()) return;
  wait(0, batch);
  dispatch();
  leave();
}

void Poller::interrupt() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(interrupt_.get(), &one, sizeof one));
}

}  // namespace otp::detail
