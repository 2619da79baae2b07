#include "io/tcp_port.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "process/await_answer.h"

namespace otp::detail {
namespace {

constexpr std::size_t compact_above = std::size_t{64} * 1024;    // bytes that are done with
constexpr std::size_t kept_when_empty = std::size_t{16} * 1024;  // bytes of a buffer
constexpr std::size_t longest_line = std::size_t{64} * 1024;  // unless packet_size says otherwise
constexpr int reads_at_once = 16;                             // then others' events are looked at
constexpr unsigned linger_limit_ms = 30'000;  // for a peer that does not take what waits

std::unexpected<InetError> in_handshake() { return std::unexpected(InetError::system(EALREADY)); }

/// The length of a packet, most significant byte first.
std::size_t packet_length(std::string_view header) noexcept {
  std::size_t length = 0;
  for (const char c : header) length = length << 8U | static_cast<unsigned char>(c);
  return length;
}

std::size_t header_size(gen_tcp::Packet packet) noexcept {
  switch (packet) {
    case gen_tcp::Packet::raw:
    case gen_tcp::Packet::line:
      return 0;
    case gen_tcp::Packet::length1:
      return 1;
    case gen_tcp::Packet::length2:
      return 2;
    case gen_tcp::Packet::length4:
      return 4;
  }
  std::unreachable();
}

/// What goes before the data of a packet.
struct PacketHeader {
  std::array<char, 4> bytes{};
  std::size_t size = 0;
  std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// None when so much does not fit into a packet.
std::optional<PacketHeader> make_header(gen_tcp::Packet packet, std::size_t length) noexcept {
  PacketHeader header{.size = header_size(packet)};
  if (header.size != 0 && length >> 8 * header.size != 0) return std::nullopt;
  for (std::size_t i = 0; i < header.size; ++i)
    header.bytes[i] = static_cast<char>(length >> 8 * (header.size - 1 - i));
  return header;
}

}  // namespace

void compact(std::string& buffer, std::size_t& done) noexcept {
  const std::size_t left = buffer.size() - done;
  if (left != 0 && (done < compact_above || done < left)) return;
  if (left == 0 && buffer.capacity() > kept_when_empty)
    std::string().swap(buffer);
  else
    buffer.erase(0, done);
  done = 0;
}

// ---- Reading ----

/// Null when there is nothing now. A view of a buffer of the thread.
std::optional<std::string_view> TcpPort::read_system(bool& end) noexcept {
  if (!readable_ || ended_) return std::nullopt;
  const std::span<char> buffer = thread_buffer();
  ssize_t count = 0;
  do {
    count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
  } while (count < 0 && last_errno() == EINTR);
  if (count < 0) {
    const int error = last_errno();
    if (error == EAGAIN) {
      readable_ = may_stop_short_ = false;
      return std::nullopt;
    }
    ended_ = broken_ = true;
    // To the user a reset is an end as another.
    if (error != ECONNRESET && !failure_) failure_ = InetError::system(error);
    return std::string_view();
  }
  // What fills less than there was room for was all; more comes with an event of its own.
  if (static_cast<std::size_t>(count) < buffer.size() && !may_stop_short_) readable_ = false;
  end = count == 0;
  return std::string_view(buffer.data(), static_cast<std::size_t>(count));
}

bool TcpPort::fill() noexcept try {
  bool end = false;
  const auto arrived = read_system(end);
  if (!arrived) return false;
  if (end) {
    ended_ = true;
  } else if (codec_ == nullptr) {
    input_.append(*arrived);
  } else if (!ended_) {
    decode(*arrived);
  }
  return true;
} catch (const std::bad_alloc&) {
  drop_input();
  return true;
}

void TcpPort::decode(std::string_view arrived) {
  const auto decoded = codec_->decode(arrived, input_, output_);
  flush();  // of a failure tells the peer why
  if (!decoded) fail(decoded.error());
  ended_ = ended_ || codec_->ended();
}

void TcpPort::drop_input() noexcept {
  std::string().swap(input_);
  taken_ = searched_ = 0;
  fail(InetError::system(ENOMEM));
}

void TcpPort::fail(InetError error) noexcept {
  ended_ = true;
  broken_ = true;
  if (!failure_) failure_ = std::move(error);
}

std::string TcpPort::take(std::size_t skip, std::size_t length) {
  std::string packet;
  if (taken_ + skip == 0 && length == input_.size()) {
    packet.swap(input_);
  } else {
    packet = input_.substr(taken_ + skip, length);
    taken_ += skip + length;
    compact(input_, taken_);
  }
  searched_ = 0;
  return packet;
}

std::optional<std::string> TcpPort::take_line() {
  const std::size_t longest = options_.packet_size == 0 ? longest_line : options_.packet_size;
  const std::string_view there = std::string_view(input_).substr(taken_, longest);
  const std::size_t found = there.find('\n', searched_);
  if (found != there.npos) return take(0, found + 1);
  if (there.size() == longest) return take(0, longest);
  searched_ = there.size();
  return std::nullopt;
}

std::optional<std::string> TcpPort::take_counted(std::size_t header) {
  const std::string_view there = std::string_view(input_).substr(taken_);
  if (there.size() < header) return std::nullopt;
  const std::size_t length = packet_length(there.substr(0, header));
  if (options_.packet_size != 0 && length > options_.packet_size) {
    input_.clear();
    taken_ = 0;
    fail(InetError::system(EMSGSIZE));
    return std::nullopt;
  }
  if (there.size() - header < length) return std::nullopt;
  return take(header, length);
}

std::optional<std::string> TcpPort::take_packet(std::size_t length) {
  const std::size_t there = input_.size() - taken_;
  switch (options_.packet) {
    case gen_tcp::Packet::raw:
      if (there == 0 || there < length) return std::nullopt;
      return take(0, length == 0 ? there : length);
    case gen_tcp::Packet::line:
      return take_line();
    default:
      return take_counted(header_size(options_.packet));
  }
}

std::optional<std::string> TcpPort::take_message() noexcept try {
  return take_packet(0);
} catch (const std::bad_alloc&) {
  drop_input();
  return std::nullopt;
}

std::expected<std::string, InetError> TcpPort::recv(Process& self, std::size_t length,
                                                    Nanoseconds deadline) {
  Lock lock(mutex_);
  if (active_.left() != 0 || (length != 0 && options_.packet != gen_tcp::Packet::raw))
    return std::unexpected(InetError::system(EINVAL));
  std::optional<std::string> packet;
  const auto ready = [&] {
    if (readable_ || lingering_ || handshaking_) return true;
    packet = take_packet(length);  // of what another reader has brought with its own
    return packet || ended_;
  };
  for (;;) {
    if (gone()) return closed_error();
    if (handshaking_) return in_handshake();
    if (!packet) packet = take_packet(length);
    if (packet) {
      if (readable_ || taken_ < input_.size()) wake_first(readers_);
      return std::move(*packet);
    }
    if (ended_) {
      const InetError error = failure();
      close_after_end(lock);
      return std::unexpected(error);
    }
    if (fill()) continue;
    if (!wait(self, lock, readers_, deadline, ready)) return std::unexpected(InetError::timeout());
  }
}

// ---- Active mode ----

template <class M>
void TcpPort::tell_owner(M message) noexcept {
  node_.send(owner_, make_value(std::move(message)));
}

void TcpPort::take_step(const ActiveStep& step) noexcept {
  active_ = step.mode;
  if (step.passive) tell_owner(gen_tcp::Passive{handle()});
}

void TcpPort::pump(Lock& lock) noexcept {
  for (int reads = 0; delivers();) {
    if (auto packet = take_message()) {
      tell_owner(gen_tcp::Data{handle(), std::move(*packet)});
      take_step(after_message(active_));
    } else if (ended_) {
      if (failure_) tell_owner(gen_tcp::Error{handle(), *failure_});
      tell_owner(gen_tcp::Closed{handle()});
      close_after_end(lock);
    } else if (++reads > reads_at_once) {
      node_.schedulers().poller().rearm(descriptor_);
      return;
    } else if (!fill()) {
      return;
    }
  }
}

std::expected<void, InetError> TcpPort::set_active(Active active) {
  Lock lock(mutex_);
  if (gone()) return closed_error();
  const auto step = change_active(active_, active);
  if (!step) return std::unexpected(step.error());
  take_step(*step);
  pump(lock);
  return {};
}

std::expected<void, InetError> TcpPort::pause(const Process& self) {
  const std::lock_guard lock(mutex_);
  if (gone()) return closed_error();
  if (owner_ != self.pid()) return std::unexpected(InetError::other("not_owner", {}));
  ++paused_;
  return {};
}

void TcpPort::resume() noexcept {
  Lock lock(mutex_);
  --paused_;
  pump(lock);
}

std::expected<void, InetError> TcpPort::set_packet(gen_tcp::Packet packet) {
  Lock lock(mutex_);
  if (gone()) return closed_error();
  options_.packet = packet;
  searched_ = 0;
  pump(lock);
  return {};
}

// ---- Writing ----

/// How much of it the system has taken.
std::size_t TcpPort::write_system(std::string_view header, std::string_view data) noexcept {
  std::array<iovec, 2> parts{{{const_cast<char*>(header.data()), header.size()},
                              {const_cast<char*>(data.data()), data.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t count = 0;
  do {
    // The plain call is the cheaper one, and what nearly everybody needs.
    count = header.empty() ? ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL)
                           : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
  } while (count < 0 && last_errno() == EINTR);
  if (count >= 0) {
    if (static_cast<std::size_t>(count) < header.size() + data.size()) writable_ = false;
    return static_cast<std::size_t>(count);
  }
  writable_ = false;
  if (last_errno() == EAGAIN) return 0;
  output_.clear();
  sent_ = 0;
  broken_ = true;
  ended_ = true;  // whatever it was: the connection is over
  return 0;
}

void TcpPort::flush() noexcept {
  while (writable_ && waiting_output() != 0)
    sent_ += write_system({}, std::string_view(output_).substr(sent_));
  compact(output_, sent_);
  if (!write_shut_ || end_sent_ || broken_ || waiting_output() != 0) return;
  end_sent_ = ::shutdown(descriptor_, SHUT_WR) == 0;
  broken_ = !end_sent_;
}

void TcpPort::end_codec() noexcept {
  try {
    if (codec_ != nullptr && takes_output()) codec_->end(output_);
  } catch (const std::bad_alloc&) {
    broken_ = true;  // the peer learns of the end from the system
  }
  flush();
}

/// Not when the end comes: until the user knows of it, what it sends is still for the peer, which
/// may have shut but one direction.
void TcpPort::close_after_end(Lock& lock) noexcept {
  end_codec();
  close_now(lock);
}

std::unexpected<InetError> TcpPort::break_off(Lock& lock, InetError error) {
  fail(error);
  wake_all(readers_);
  wake_all(writers_);
  pump(lock);
  return std::unexpected(std::move(error));
}

std::expected<void, InetError> TcpPort::send(Process& self, std::string_view data) {
  Lock lock(mutex_);
  const auto wait_for_room = [&] {
    if (waiting_output() <= options_.high_watermark) return true;
    return wait(self, lock, writers_, deadline_of(self, options_.send_timeout),
                [this] { return waiting_output() <= options_.low_watermark || !takes_output(); });
  };
  const auto too_late = [&] {
    if (options_.send_timeout_close) close_now(lock);
    return std::unexpected(InetError::timeout());
  };
  if (!wait_for_room()) return too_late();
  if (!takes_output()) return closed_error();
  if (handshaking_) return in_handshake();
  const auto made = make_header(options_.packet, data.size());
  if (!made) return std::unexpected(InetError::system(EMSGSIZE));
  const std::string_view header = made->view();
  const std::size_t before = output_.size();
  try {
    if (codec_ != nullptr) {
      const auto encoded = codec_->encode(std::string(header).append(data), output_);
      if (!encoded) {
        output_.resize(before);
        return break_off(lock, encoded.error());
      }
    } else {
      std::size_t taken = 0;
      if (writable_ && waiting_output() == 0) taken = write_system(header, data);
      if (!broken_) {  // else nobody would ever take what waits
        if (taken < header.size()) output_.append(header.substr(taken));
        if (taken < header.size() + data.size())
          output_.append(data.substr(taken - std::min(taken, header.size())));
      }
    }
  } catch (const std::bad_alloc&) {
    return break_off(lock, InetError::system(ENOMEM));
  }
  flush();
  if (broken_) {
    pump(lock);
    return closed_error();
  }
  if (!wait_for_room()) return too_late();
  if (gone() || broken_) return closed_error();
  return {};
}

std::expected<void, InetError> TcpPort::shutdown_write(Process& self) {
  Lock lock(mutex_);
  if (gone() || broken_) return closed_error();
  if (handshaking_) return in_handshake();
  if (!write_shut_) {
    if (codec_ != nullptr) codec_->end(output_);
    write_shut_ = true;
    flush();
  }
  if (!wait(self, lock, writers_, deadline_of(self, options_.send_timeout),
            [this] { return end_sent_ || broken_ || lingering_; }))
    return std::unexpected(InetError::timeout());
  if (!end_sent_) return closed_error();
  return {};
}

void TcpPort::close_gracefully() noexcept {
  Lock lock(mutex_);
  if (gone()) return;
  end_codec();
  if (waiting_output() == 0 || broken_) {
    close_now(lock);
    return;
  }
  lingering_ = true;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_USER_TIMEOUT, &linger_limit_ms, sizeof linger_limit_ms);
  wake_all(readers_);
  wake_all(writers_);
}

// ---- Events ----

void TcpPort::ready(std::uint32_t events) noexcept {
  Lock lock(mutex_);
  if (closed_) return;
  note_events(events);
  flush();
  if (lingering_) {
    if (waiting_output() == 0 || broken_) close_now(lock);
    return;
  }
  if (waiting_output() <= options_.low_watermark || broken_) wake_all(writers_);
  if (delivers()) {
    pump(lock);
  } else if (readable_ || ended_) {
    wake_first(readers_);
  }
}

std::expected<void, InetError> TcpPort::await_connected(Process& self, Nanoseconds deadline) {
  Lock lock(mutex_);
  if (!wait(self, lock, writers_, deadline, [this] { return writable_; }))
    return std::unexpected(InetError::timeout());
  if (closed_) return closed_error();
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return std::unexpected(InetError::system(error));
  handshaking_ = false;
  pump(lock);
  return {};
}

std::expected<SocketAddress, InetError> TcpPort::peer_address() {
  const std::lock_guard lock(mutex_);
  if (gone()) return closed_error();
  return address_of(descriptor_, true);
}

std::expected<void, InetError> TcpPort::start_codec(Process& self,
                                                    std::unique_ptr<StreamCodec> codec,
                                                    Nanoseconds deadline) {
  Lock lock(mutex_);
  if (!takes_output()) return closed_error();
  if (codec_ != nullptr || handshaking_) return in_handshake();
  if (active_.left() != 0) {
    close_now(lock);  // what follows is not meant to be in the clear
    return std::unexpected(InetError::system(EINVAL));
  }
  handshaking_ = true;
  wake_all(readers_);  // what comes now is not for them
  /// Without its handshake a connection is of no use. An exit signal leaves by exception.
  struct Ending {
    TcpPort& port;
    Lock& lock;
    bool over = false;
    ~Ending() {
      if (over || port.closed_) return;
      port.flush();  // tells the peer why
      port.close_now(lock);
    }
  } ending{*this, lock};
  std::string arrived = take(0, input_.size() - taken_);
  for (;;) {
    const auto over = codec->handshake(arrived, output_);
    if (!over) return std::unexpected(over.error());
    flush();
    if (*over) break;
    bool end = false;
    std::optional<std::string_view> more;
    while (!(more = read_system(end))) {
      if (!wait(self, lock, readers_, deadline, [this] { return readable_ || ended_; }))
        return std::unexpected(InetError::timeout());
      if (closed_) return closed_error();
    }
    if (end || ended_) return std::unexpected(failure());
    arrived = *more;
  }
  ending.over = true;
  codec_ = std::move(codec);
  handshaking_ = false;
  decode({});  // what has come behind the handshake
  pump(lock);
  return {};
}

}  // namespace otp::detail
