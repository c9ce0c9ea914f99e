#include "doctor/network_stages.h"

#include <algorithm>

#include "base/text.h"
#include "doctor/echo.h"

namespace adit::doctor {

namespace {

constexpr std::size_t most_asked = 64;

std::vector<ip::Address> all_of(const FarNetwork& network) {
  std::vector<ip::Address> hosts = network.named;
  for (const ip::Address& host : network.guessed) {
    if (hosts.size() < most_asked && std::ranges::find(hosts, host) == hosts.end()) {
      hosts.push_back(host);
    }
  }
  return hosts;
}

std::string list(const std::vector<ip::Address>& hosts) {
  constexpr std::size_t most = 4;
  std::vector<std::string> words;
  for (const ip::Address& host : hosts) {
    if (words.size() == most) {
      words.push_back(fmt::format("{} more", hosts.size() - most));
      break;
    }
    words.push_back(host.text());
  }
  return join(words, ", ");
}

class NetworkTest {
 public:
  NetworkTest(Report& report, Inside& tunnel, const InsidePlan& plan, const NetworkHelp& help,
              Rng& rng, const Limits& limits)
      : report_(report), tunnel_(tunnel), plan_(plan), help_(help), rng_(rng), limits_(limits) {}

  void run(const FarNetwork& network) {
    const std::string& id = network.label;
    const auto own = own_towards(plan_, network.network.address);
    if (!own) {
      return report_.not_tested(id, id,
                                fmt::format("the tunnel has no IPv{} address",
                                            static_cast<int>(network.network.address.family())));
    }
    std::vector<ip::Address> hosts = all_of(network);
    Asked asked = ask_hosts(tunnel_, rng_, *own, hosts, limits_.for_hosts);
    if (asked.answer) return forwarded(id, *asked.answer);
    auto here = ask_directly(hosts);
    if (!here && help_.search) {
      hosts = help_.search(network.network);
      if (!hosts.empty()) asked = ask_hosts(tunnel_, rng_, *own, hosts, limits_.for_hosts);
      if (asked.answer) return forwarded(id, *asked.answer);
      here = ask_directly(hosts);
    }
    if (here) return not_forwarded(id, *here, asked.complaint);
    nobody(network, asked.complaint);
  }

 private:
  void forwarded(const std::string& id, const Answer& answer) {
    report_.ok(id, id,
               fmt::format("{} answers through the tunnel in {}", answer.from.text(),
                           milliseconds(answer.round_trip)));
  }

  std::optional<Answer> ask_directly(const std::vector<ip::Address>& hosts) {
    if (help_.direct == nullptr || hosts.empty()) return std::nullopt;
    const auto own = help_.direct_own(hosts.front());
    if (!own) return std::nullopt;
    return ask_hosts(*help_.direct, rng_, *own, hosts, limits_.for_hosts).answer;
  }

  void not_forwarded(const std::string& id, const Answer& here, const std::string& complaint) {
    const Stage why = help_.why_not ? help_.why_not(here.from) : Stage{};
    std::string text = fmt::format("{} answers this host in {}, and not through the tunnel",
                                   here.from.text(), milliseconds(here.round_trip));
    if (!complaint.empty()) text += "; " + complaint;
    if (!why.evidence.empty()) text += ": " + why.evidence;
    report_.failed(id, id, text, why.cure);
  }

  void nobody(const FarNetwork& network, const std::string& complaint) {
    const std::string& id = network.label;
    const std::string heard = complaint.empty() ? "" : " (" + complaint + ")";
    if (help_.direct == nullptr && !network.named.empty()) {
      return report_.failed(
          id, id,
          fmt::format("{} does not answer through the tunnel{}", list(network.named), heard),
          "\"adit doctor\" on the server tells whether it forwards; look whether the host is up "
          "and "
          "answers ping");
    }
    const std::vector<ip::Address> asked = all_of(network);
    const std::string who = asked.empty() ? "no host is known there"
                            : help_.direct != nullptr
                                ? list(asked) + " does not answer this host either"
                                : "no host is known there (" + list(asked) + " does not answer)";
    report_.not_tested(id, id, who + heard, "name one that answers ping: --host ADDRESS");
  }

  Report& report_;
  Inside& tunnel_;
  const InsidePlan& plan_;
  const NetworkHelp& help_;
  Rng& rng_;
  const Limits& limits_;
};

}  // namespace

void test_networks(Report& report, Inside& tunnel, const InsidePlan& plan,
                   const std::vector<FarNetwork>& networks, const NetworkHelp& help, Rng& rng,
                   const Limits& limits) {
  NetworkTest test(report, tunnel, plan, help, rng, limits);
  for (const FarNetwork& network : networks) test.run(network);
}

void skip_networks(Report& report, const std::vector<FarNetwork>& networks,
                   const std::string& why) {
  for (const FarNetwork& network : networks) {
    report.not_tested(network.label, network.label, why);
  }
}

}  // namespace adit::doctor
