#pragma once

// The outer sockets that a configuration asks for.

#include <memory>
#include <vector>

#include "base/log.h"
#include "options/config.h"
#include "system/tcp_connect.h"
#include "system/udp_group.h"

namespace adit::app {

[[nodiscard]] system::SocketSettings socket_settings(const options::Config& config);
[[nodiscard]] system::SocketSettings tcp_socket_settings(const options::Config& config);
[[nodiscard]] Result<std::uint16_t> port_number(const std::string& text, std::string_view what);

// How many pairs of lanes move this configuration's packets.
[[nodiscard]] std::size_t lanes_of(const options::Config& config);

// One socket for the only pair of lanes.
//
// remote_family  of the remote, for an unbound socket
[[nodiscard]] Result<std::unique_ptr<system::UdpLink>> open_udp(
    const options::Config& config, const options::Connection& connection,
    std::optional<ip::Family> remote_family, const Log& log);
// A server's in one place: one for each pair of lanes, and one for all but data packets; a single
// one, and a warning, where the kernel cannot do that.
[[nodiscard]] Result<std::vector<std::unique_ptr<system::UdpLink>>> open_udp_server(
    const options::Config& config, const options::Listen& listen, std::size_t count,
    const Log& log);
[[nodiscard]] Result<system::TcpListenSettings> tcp_listen_settings(const options::Config& config,
                                                                    const options::Listen& listen);

}  // namespace adit::app
