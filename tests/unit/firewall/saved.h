#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "firewall/plan.h"
#include "firewall/situation.h"

namespace adit::firewall {

// Rule sets as they were listed on hosts that had them: tests/data/firewall/saved.
inline std::string saved_text(const std::string& name) {
  std::ifstream file(std::string(ADIT_SOURCE_DIR) + "/tests/data/firewall/saved/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Situation saved_situation(const std::string& name) {
  Situation situation;
  situation.nft_json = saved_text(name + ".json");
  situation.nft_text = saved_text(name + ".nft");
  situation.iptables_nft4 = saved_text(name + ".save4");
  situation.iptables_nft6 = saved_text(name + ".save6");
  situation.legacy4 = saved_text(name + ".legacy4");
  situation.ufw_status = saved_text(name + ".ufw-status");
  situation.ufw_added = saved_text(name + ".ufw-added");
  // 192.168.1.0/24 is behind eth1, the world behind eth0.
  situation.routes4 =
      "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth1\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
  return situation;
}

inline ip::Prefix net(const char* text) { return *ip::Prefix::parse(text); }

// A server with a network behind it and a site on the far side.
inline Plan office() {
  Plan plan;
  plan.owner = "server";
  plan.device = "tun0";
  plan.tunnel = {net("10.8.0.0/24")};
  plan.lans = {net("192.168.1.0/24")};
  plan.far = {net("192.168.50.0/24")};
  plan.open = Port{};
  return plan;
}

}  // namespace adit::firewall
