// One end of a TCP connection, with or without TLS: gen_tcp::Socket is a handle of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <otp/gen_tcp.h>

#include "io/descriptor_port.h"

namespace otp::detail {

/// Forgets the first `done` bytes of a buffer, when that is worth its while. However much is there,
/// to empty it moves no more than there was. A connection that waits does not keep what a burst has
/// needed.
void compact(std::string& buffer, std::size_t& done) noexcept;

/// What turns bytes on the wire into data and back: TLS. Under the port's lock.
class StreamCodec {
 public:
  virtual ~StreamCodec() = default;
  /// Goes on with the handshake after `arrived` has come; true when it is over. `output` gets what
  /// the peer is to be sent.
  virtual std::expected<bool, InetError> handshake(std::string_view arrived,
                                                   std::string& output) = 0;
  virtual std::expected<void, InetError> decode(std::string_view arrived, std::string& data,
                                                std::string& output) = 0;
  /// A failure is for good: `output` may have got a part.
  virtual std::expected<void, InetError> encode(std::string_view data, std::string& output) = 0;
  /// The peer has said that it sends nothing more.
  virtual bool ended() const noexcept = 0;
  /// This side says so.
  virtual void end(std::string& output) = 0;
};

class TcpPort final : public DescriptorPort {
 public:
  TcpPort(Node& node, int descriptor, const gen_tcp::Options& options)
      : DescriptorPort(node, descriptor),
        options_(options),
        active_(first_active(options.active)) {}

  void ready(std::uint32_t events) noexcept override;

  /// Before it is opened: it is not connected yet, and says so by becoming writable.
  void begin_connecting() noexcept {
    writable_ = false;
    handshaking_ = true;
  }
  std::expected<void, InetError> await_connected(Process& self, Nanoseconds deadline);
  std::expected<void, InetError> send(Process& self, std::string_view data);
  std::expected<std::string, InetError> recv(Process& self, std::size_t length,
                                             Nanoseconds deadline);
  std::expected<void, InetError> shutdown_write(Process& self);
  /// After what waits has gone out.
  void close_gracefully() noexcept;
  void owner_ended(Node&, Pid, std::uint64_t) noexcept override { close_gracefully(); }
  std::expected<void, InetError> set_active(Active active);
  /// Sends the owner nothing until `resume`, whatever its mode. `not_owner` unless `self` is it.
  std::expected<void, InetError> pause(const Process& self);
  void resume() noexcept;
  std::expected<void, InetError> set_packet(gen_tcp::Packet packet);
  std::expected<SocketAddress, InetError> peer_address();

  /// From now on the stream is `codec`'s; waits until its handshake is over, during which nobody
  /// else can use it. A failure closes it, and so does the end of the caller. `einval` in active
  /// mode, in which bytes may have gone past the codec to the owner already.
  std::expected<void, InetError> start_codec(Process& self, std::unique_ptr<StreamCodec> codec,
                                             Nanoseconds deadline);

 private:
  bool gone() const noexcept { return closed_ || lingering_; }
  bool takes_output() const noexcept { return !gone() && !write_shut_ && !broken_; }
  bool delivers() const noexcept {
    return active_.left() != 0 && paused_ == 0 && !handshaking_ && !gone();
  }
  std::size_t waiting_output() const noexcept { return output_.size() - sent_; }
  /// Takes what the system has; false when that is nothing now. The end counts as something.
  bool fill() noexcept;
  std::optional<std::string_view> read_system(bool& end) noexcept;
  /// By the codec, for the user.
  void decode(std::string_view arrived);
  std::optional<std::string> take_packet(std::size_t length);
  /// For the owner. No memory for it is a failure of the connection.
  std::optional<std::string> take_message() noexcept;
  std::optional<std::string> take_line();
  std::optional<std::string> take_counted(std::size_t header);
  std::string take(std::size_t skip, std::size_t length);
  InetError failure() const { return failure_ ? *failure_ : InetError::closed(); }
  void fail(InetError error) noexcept;
  /// There is no memory for what has come.
  void drop_input() noexcept;
  /// What the user has sent did not become a whole.
  std::unexpected<InetError> break_off(Lock& lock, InetError error);
  void take_step(const ActiveStep& step) noexcept;
  /// Sends to the owner what it has asked for.
  void pump(Lock& lock) noexcept;
  template <class M>
  void tell_owner(M message) noexcept;
  /// Writes what waits, as far as the system takes it, and the end behind it.
  void flush() noexcept;
  /// Tells the peer, if the codec has a way to, that nothing more comes.
  void end_codec() noexcept;
  /// The user has been told that the peer has ended.
  void close_after_end(Lock& lock) noexcept;
  std::size_t write_system(std::string_view header, std::string_view data) noexcept;
  gen_tcp::Socket handle() {
    return gen_tcp::Socket(std::static_pointer_cast<TcpPort>(shared_from_this()));
  }

  gen_tcp::Options options_;
  Active active_;
  std::unique_ptr<StreamCodec> codec_;
  std::string input_;  ///< arrived and not asked for, from `taken_` on
  std::size_t taken_ = 0;
  std::size_t searched_ = 0;  ///< of what is there, without a newline
  std::string output_;        ///< waits for the system, from `sent_` on
  std::size_t sent_ = 0;
  bool ended_ = false;       ///< nothing more comes
  bool broken_ = false;      ///< nothing more can be sent
  bool write_shut_ = false;  ///< the user sends nothing more
  bool end_sent_ = false;    ///< the peer has been told so, after what waited
  bool lingering_ = false;   ///< closed for everybody, as soon as what waits has gone out
  bool handshaking_ = false;
  unsigned paused_ = 0;
  std::optional<InetError> failure_;
};

}  // namespace otp::detail
