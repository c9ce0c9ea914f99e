#include "pki/profile.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <initializer_list>
#include <optional>

#include "base/text.h"
#include "pki/layout.h"

namespace adit::pki {

namespace {

// As one word of a configuration file, whatever it holds.
std::string in_quotes(std::string_view word) {
  if (!word.empty() && word.find_first_of(" \"'\\#;") == std::string_view::npos) {
    return std::string(word);
  }
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

Status check_host(const std::string& host) {
  const auto belongs = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(".-_:%").find(c) != std::string_view::npos;
  };
  if (!host.empty() && host.front() != '-' && std::ranges::all_of(host, belongs)) return {};
  return fail_with({fmt::format("\"{}\" is not the name or address of a server", printable(host)),
                    "give the name clients reach it under, for example vpn.example.com"});
}

Status check_port(std::uint16_t port) {
  if (port != 0) return {};
  return fail_with({"port 0 cannot be used", "choose 1 to 65535; OpenVPN's own is 1194"});
}

std::optional<std::uint32_t> ipv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

Status check_subnet(const ServerSettings& settings) {
  const auto network = ipv4(settings.network);
  const auto mask = ipv4(settings.netmask);
  const bool is_mask = mask && (~*mask & (~*mask + 1)) == 0;
  if (network && is_mask && (*network & ~*mask) == 0) return {};
  return fail_with({fmt::format("\"{} {}\" is not a network and its mask",
                                printable(settings.network), printable(settings.netmask)),
                    "for example: 10.8.0.0 255.255.255.0"});
}

Status check_paths(const ServerSettings& settings) {
  for (const std::string* path : {&settings.directory, &settings.client_config_dir,
                                  &settings.pool_file, &settings.status_file}) {
    if (!path->empty() && std::ranges::none_of(*path, is_control)) continue;
    return fail("\"{}\" is not a path for a configuration file", printable(*path));
  }
  return {};
}

// Every piece is built in room taken once, so that no outgrown copy of a key stays behind.
SecretText joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return SecretText(std::move(text));
}

SecretText block(std::string_view label, std::string_view content) {
  const std::string_view line_end = content.ends_with('\n') ? "" : "\n";
  return joined({"<", label, ">\n", content, line_end, "</", label, ">\n"});
}

std::string client_options(const ProfileSettings& settings) {
  return fmt::format(
      "client\n"
      "dev tun\n"
      "proto {}\n"
      "remote {} {}\n"
      "nobind\n"
      "resolv-retry infinite\n"
      "persist-tun\n"
      "remote-cert-tls server\n"
      "verb 3\n",
      settings.transport == Transport::udp ? "udp" : "tcp-client", settings.host, settings.port);
}

}  // namespace

Result<SecretText> render_client_profile(const ProfileSettings& settings,
                                         const Exported& exported) {
  const Status ok = check_host(settings.host).and_then([&] { return check_port(settings.port); });
  if (!ok) return fail_with(ok.error());
  const SecretText ca = block("ca", exported.ca);
  const SecretText certificate = block("cert", exported.certificate);
  const SecretText key = block("key", exported.key.reveal());
  const SecretText tls_crypt_v2 = block("tls-crypt-v2", exported.tls_crypt_v2.reveal());
  return joined({client_options(settings), ca.reveal(), certificate.reveal(), key.reveal(),
                 tls_crypt_v2.reveal()});
}

Result<std::string> render_server_config(const ServerSettings& settings) {
  const Status ok =
      check_port(settings.port).and_then([&] { return check_subnet(settings); }).and_then([&] {
        return check_paths(settings);
      });
  if (!ok) return fail_with(ok.error());
  const auto path = [&](std::string_view file) {
    return in_quotes(fmt::format("{}/{}", settings.directory, file));
  };
  const bool udp = settings.transport == Transport::udp;
  std::string text =
      fmt::format("port {}\nproto {}\ndev tun\ntopology subnet\nserver {} {}\n", settings.port,
                  udp ? "udp" : "tcp-server", settings.network, settings.netmask);
  text += fmt::format("ca {}\ncert {}\nkey {}\ncrl-verify {}\ndh none\ntls-crypt-v2 {}\n",
                      path(layout::ca_bundle), path(layout::certificate_of(settings.name)),
                      path(layout::key_of(settings.name)), path(layout::crl),
                      path(layout::tls_crypt_v2_server));
  text += fmt::format(
      "keepalive 10 60\npersist-key\npersist-tun\nclient-config-dir {}\n"
      "ifconfig-pool-persist {}\nstatus {}\nverb 3\n",
      in_quotes(settings.client_config_dir), in_quotes(settings.pool_file),
      in_quotes(settings.status_file));
  // Only a datagram transport knows it; with TCP it is an error.
  if (udp) text += "explicit-exit-notify 1\n";
  return text;
}

}  // namespace adit::pki
