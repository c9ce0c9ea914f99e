#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "ip/address.h"
#include "system/loop.h"
#include "system/socket_options.h"

namespace adit::system {

struct TcpListenSettings {
  Stack stack = Stack::v4;
  std::optional<ip::Address> local;  // nothing: every address of the host
  std::uint16_t local_port = 1194;
  std::uint32_t local_scope_id = 0;
  SocketSettings socket;
};

// Takes incoming TCP connections on the control thread.
class TcpListener {
 public:
  // accepted gets a connected socket, or why none could be taken (too many open files); in that
  // case the listener rests for a second.
  using Accepted = std::function<void(Result<Fd>)>;
  [[nodiscard]] static Result<std::unique_ptr<TcpListener>> open(Loop& loop,
                                                                 const TcpListenSettings& settings,
                                                                 Accepted accepted);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  [[nodiscard]] ip::Endpoint local() const;
  [[nodiscard]] BufferSizes buffers() const { return buffer_sizes(socket_.get()); }

 private:
  TcpListener(Loop& loop, Fd socket, Accepted accepted)
      : loop_(loop), socket_(std::move(socket)), accepted_(std::move(accepted)) {}

  [[nodiscard]] Status watch();
  void take_connections();
  void rest(int error);

  Loop& loop_;
  Fd socket_;
  Accepted accepted_;
  TimerId resting_ = 0;
};

struct TcpConnectSettings {
  ip::Endpoint remote;
  std::optional<ip::Address> local;
  std::uint16_t local_port = 0;  // 0: any
  Duration timeout = std::chrono::seconds(120);
  SocketSettings socket;
};

// Makes one outgoing TCP connection at a time, on the control thread.
class TcpConnector {
 public:
  explicit TcpConnector(Loop& loop) : loop_(loop) {}
  ~TcpConnector() { cancel(); }
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;

  // done gets the connected socket, never from within connect(). Each call replaces the one before
  // it, whose done is then never called.
  using Done = std::function<void(Result<Fd>)>;
  void connect(const TcpConnectSettings& settings, Done done);
  void cancel();

 private:
  [[nodiscard]] Status begin(const TcpConnectSettings& settings);
  void finish();
  void end_with(Result<Fd> result);
  void let_go();

  Loop& loop_;
  Fd socket_;
  ip::Endpoint remote_;
  Done done_;
  TimerId timer_ = 0;
  bool watched_ = false;
};

}  // namespace adit::system
