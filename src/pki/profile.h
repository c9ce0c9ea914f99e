#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "pki/export.h"
#include "pki/name.h"

namespace adit::pki {

enum class Transport : std::uint8_t { udp, tcp };

struct ProfileSettings {
  std::string host;  // name or address that clients reach the server under
  std::uint16_t port = 1194;
  Transport transport = Transport::udp;
};

// A complete .ovpn file; secret, since the client's keys are in it.
[[nodiscard]] Result<SecretText> render_client_profile(const ProfileSettings& settings,
                                                       const Exported& exported);

struct ServerSettings {
  Name name;              // of the server's certificate
  std::string directory;  // of the authority, as the server will see it
  std::uint16_t port = 1194;
  Transport transport = Transport::udp;
  std::string network = "10.8.0.0";
  std::string netmask = "255.255.255.0";
  std::string client_config_dir = "ccd";
  std::string pool_file = "ipp.txt";
  std::string status_file = "status.log";
};

[[nodiscard]] Result<std::string> render_server_config(const ServerSettings& settings);

}  // namespace adit::pki
