// Listings of packet filters, others' and our own: nft's JSON and words, iptables' saved rules, the
// kernel's routes.

#include "firewall/iptables_save.h"
#include "firewall/judge.h"
#include "firewall/load.h"
#include "firewall/nft_listing.h"
#include "firewall/survey.h"
#include "firewall/watch.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

firewall::Plan some_plan() {
  firewall::Plan plan;
  plan.owner = "server";
  plan.device = "tun";
  plan.tunnel = {*ip::Prefix::parse("10.8.0.0/24"), *ip::Prefix::parse("fd00:8::/64")};
  plan.lans = {*ip::Prefix::parse("192.168.1.0/24")};
  plan.open = firewall::Port{};
  plan.full_tunnel = true;
  return plan;
}

}  // namespace

void try_input(Bytes input) {
  const std::string text(as_text(input));
  firewall::Situation situation;
  const bool json = text.starts_with('{');
  (json ? situation.nft_json : situation.iptables_nft4) = text;
  situation.nft_text = text;
  situation.legacy6 = text;
  situation.ufw_status = situation.ufw_added = text;
  situation.firewalld_state = situation.firewalld_zones = text;
  situation.routes4 = situation.routes6 = text;
  const firewall::Survey found = firewall::survey(some_plan(), situation);
  for (const firewall::Obstacle& obstacle : found.obstacles) {
    ADIT_ASSERT(!obstacle.who.empty() && !obstacle.rule.empty() && !obstacle.cure.empty());
  }
  (void)firewall::passing_hooks("server", situation);
  (void)firewall::missing_rules(some_plan(), text);
  (void)firewall::owners_in(firewall::chains_in(text, "server"));
}

}  // namespace adit::fuzz
