#include <algorithm>

#include <fmt/core.h>

#include "lint/checks.h"

// Settings of sizes that fight each other.

namespace adit::lint {

namespace {

using options::Config;
using options::Connection;
using options::Findings;

constexpr unsigned ipv6_least = 1280;
constexpr unsigned usual_mtu = 1500;

void check_link_mtu(const Connection& link, const Findings& found) {
  if (!link.link_mtu) return;
  const unsigned inside = tun_mtu_within(*link.link_mtu);
  found.warn(
      "link-mtu",
      fmt::format("it is obsolete: it counts what goes into UDP, so packets outside are 28 "
                  "bytes larger, and a stock server pushes tun-mtu {} all the same",
                  usual_mtu),
      inside == 0 ? "write tun-mtu" : fmt::format("write \"tun-mtu {}\" in its place", inside));
}

void check_mssfix(const Connection& link, const Findings& found) {
  const bool plain = link.mssfix_kind == Connection::MssfixKind::payload;
  const unsigned mssfix = link.mssfix.value_or(0);
  if (mssfix == 0 || !plain) return;
  if (link.fragment && !link.fragment_counts_outer && mssfix > *link.fragment) {
    found.warn(
        "mssfix",
        fmt::format("mssfix {} is more than fragment {}: full packets of TCP are cut in two, "
                    "which mssfix is there to prevent",
                    mssfix, *link.fragment),
        fmt::format("write \"mssfix {}\", or mssfix alone, which takes the size of fragment",
                    *link.fragment));
  }
  if (link.tun_mtu && mssfix > *link.tun_mtu + 100) {
    found.warn("mssfix",
               fmt::format("mssfix {} does nothing beside tun-mtu {}, which keeps packets smaller",
                           mssfix, *link.tun_mtu),
               "remove one of the two");
  }
}

void check_tun_mtu(const Config& config, const Connection& link, const Findings& found) {
  if (!link.tun_mtu) return;
  const bool v6 =
      config.server.network6 || config.device.ifconfig_ipv6 || !config.routes.v6.empty();
  if (v6 && *link.tun_mtu < ipv6_least) {
    found.warn("tun-mtu", "IPv6 needs 1280 bytes: with less, none of its packets enter the tunnel",
               "write \"tun-mtu 1280\" or more; mssfix and fragment keep packets outside small");
  }
  if (*link.tun_mtu > usual_mtu && !link.proto.is_tcp() && !link.fragment) {
    found.note("tun-mtu",
               "packets of this size leave in several pieces wherever a path takes 1500");
  }
}

void check_fragment(const Connection& link, const Findings& found) {
  if (!link.fragment || *link.fragment == 0 || link.proto.is_tcp()) return;
  found.note("fragment", "it must stand at both ends; with one alone nothing passes");
}

}  // namespace

std::vector<const Connection*> links_of(const Config& config) {
  std::vector<const Connection*> links;
  for (const Connection& connection : config.remotes.list) links.push_back(&connection);
  if (links.empty()) links.push_back(&config.connection);
  return links;
}

unsigned tun_mtu_within(unsigned link_mtu) {
  constexpr unsigned around = 25;  // AEAD: head, packet id and tag, and a byte for compression
  constexpr unsigned least = 576;
  return link_mtu >= least + around && link_mtu <= 65535 ? link_mtu - around : 0;
}

void check_sizes(const Config& config, const Findings& found) {
  for (const Connection* link : links_of(config)) {
    check_link_mtu(*link, found);
    check_mssfix(*link, found);
    check_tun_mtu(config, *link, found);
    check_fragment(*link, found);
  }
}

}  // namespace adit::lint
