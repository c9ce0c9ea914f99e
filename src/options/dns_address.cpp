#include "options/dns_address.h"

#include "base/text.h"

namespace adit::options {

namespace {

std::optional<ip::Address> host_before_port(std::string_view host) {
  if (!host.starts_with('[')) return ip::Address::parse_v4(host);
  if (!host.ends_with(']')) return std::nullopt;
  return ip::Address::parse_v6(host.substr(1, host.size() - 2));
}

}  // namespace

std::optional<ip::Endpoint> parse_dns_address(std::string_view text) {
  if (const auto alone = ip::Address::parse(text)) return ip::Endpoint{*alone, 0, 0};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto host = host_before_port(text.substr(0, colon));
  const auto port = to_number<std::uint16_t>(text.substr(colon + 1));
  if (!host || !port) return std::nullopt;
  return ip::Endpoint{*host, *port, 0};
}

}  // namespace adit::options
