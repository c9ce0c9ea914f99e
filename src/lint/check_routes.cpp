#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "lint/checks.h"

// Routes that lie in each other's way.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;
using options::Issues;

struct Line {
  ip::Prefix network;
  std::string gateway, metric;
  options::Location at;
};

class RouteCheck {
 public:
  RouteCheck(const Config& config, Issues& issues) : config_(config), issues_(issues) {
    for (const options::RouteLine& line : config.routes.v4) {
      const auto network = ip::Prefix::parse(line.network, line.netmask);
      if (network && line.at.line > 0)
        lines_.push_back({*network, line.gateway, line.metric, line.at});
    }
    for (const options::RouteLine6& line : config.routes.v6) {
      const auto network = ip::Prefix::parse(line.prefix);
      if (network && line.at.line > 0)
        lines_.push_back({*network, line.gateway, line.metric, line.at});
    }
  }

  void run() {
    constexpr std::size_t most = 500;  // the work grows with the square
    if (lines_.size() > most) return;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) check_pair(lines_[j], lines_[i]);
      check_own_network(lines_[i]);
      check_remotes(lines_[i]);
    }
    for (const options::Said& said : config_.said) {
      if (said.name == "push" && !said.words.empty()) check_pushed(said);
    }
  }

 private:
  void warn(const options::Location& at, std::string message, std::string advice) {
    issues_.push_back({Issue::Severity::warning, at, {}, std::move(message), std::move(advice)});
  }

  void check_pair(const Line& first, const Line& second) {
    if (!first.network.overlaps(second.network)) return;
    const bool same_way = first.gateway == second.gateway;
    if (first.network == second.network) {
      if (!same_way || first.metric != second.metric) return;
      return warn(second.at, fmt::format("the same route stands in {}", first.at.text()),
                  "remove one of them");
    }
    if (!same_way) return;  // an exception from a wider route
    const bool first_is_wider = first.network.length < second.network.length;
    const Line& narrow = first_is_wider ? second : first;
    const Line& wide = first_is_wider ? first : second;
    if (config_.mode == options::Mode::server) return;  // each may lead to another client
    warn(narrow.at,
         fmt::format("{} lies within {} ({}), which leads the same way", narrow.network.text(),
                     wide.network.text(), wide.at.text()),
         "remove the narrower one");
  }

  void check_own_network(const Line& line) {
    const auto& own =
        line.network.address.is_v4() ? config_.server.network : config_.server.network6;
    const bool into_tunnel = line.gateway.empty() || line.gateway == "vpn_gateway";
    if (!own || !into_tunnel || !line.network.overlaps(*own)) return;
    warn(line.at,
         fmt::format("{} overlaps the tunnel's own network {}, to which there is a route anyway",
                     line.network.text(), own->text()),
         "remove the line, or give the tunnel a network of its own");
  }

  void check_remotes(const Line& line) {
    if (!line.gateway.empty() && line.gateway != "vpn_gateway") return;
    if (config_.client.allow_recursive_routing) return;
    for (const options::Connection& remote : config_.remotes.list) {
      const auto address = ip::Address::parse(remote.remote);
      if (!address || !line.network.contains(*address) || line.network.length == 0) continue;
      return warn(line.at,
                  fmt::format("it sends packets for the server itself, {}, into the tunnel: they "
                              "never arrive",
                              address->text()),
                  fmt::format("add \"route {} 255.255.255.255 net_gateway\"", address->text()));
    }
  }

  void check_pushed(const options::Said& said) {
    const auto words = adit::words(said.words.front());
    const auto& own = config_.server.network;
    if (!own || words.size() < 3 || words[0] != "route" || words.size() > 3) return;
    const auto network = ip::Prefix::parse(words[1], words[2]);
    if (!network || network->length == 0 || !network->overlaps(*own)) return;
    if (network->is_host()) return;
    warn(said.at,
         fmt::format("{} overlaps the tunnel's own network {}", network->text(), own->text()),
         "clients have a route to the tunnel's network without it (or by client-to-client)");
  }

  const Config& config_;
  Issues& issues_;
  std::vector<Line> lines_;
};

}  // namespace

void check_routes(const Config& config, Issues& issues) { RouteCheck(config, issues).run(); }

}  // namespace adit::lint
