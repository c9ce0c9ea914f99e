#include "setup/addresses.h"

#include <algorithm>

#include "setup/server_text.h"

namespace adit::setup {

namespace {

bool is_in_pool(const ServerFacts& facts, const ip::Address& address) {
  return facts.pool && facts.pool->first <= address && address <= facts.pool->second;
}

const ClientFile* holder(const ServerFacts& facts, const ip::Address& address) {
  for (const ClientFile& client : facts.clients) {
    if (client.fixed == address) return &client;
  }
  return nullptr;
}

std::string advice(const ServerFacts& facts) {
  const auto free = free_fixed_address(facts);
  return free ? "free is " + free->text() : "all addresses outside of the pool are taken";
}

}  // namespace

Status check_fixed_address(const ServerFacts& facts, const std::string& client,
                           const ip::Address& address) {
  if (!facts.network || !facts.subnet) {
    return fail_with({"fixed addresses need \"server\" and \"topology subnet\" in server.conf",
                      "write \"topology subnet\" there, then: adit up"});
  }
  if (facts.ccd.empty()) {
    return fail_with({"fixed addresses need \"client-config-dir\" in server.conf",
                      "write \"client-config-dir ccd\" there, then: adit up"});
  }
  const ip::Prefix& network = *facts.network;
  const std::string text = address.text();
  if (!network.contains(address)) {
    return fail_with(
        {fmt::format("{} is not in the tunnel's network {}", text, network.text()), advice(facts)});
  }
  if (address == network.address || address == network.broadcast()) {
    return fail_with({text + " is not an address for a host", advice(facts)});
  }
  if (address == network.address.plus(1)) {
    return fail_with({text + " is the server's own", advice(facts)});
  }
  const ClientFile* other = holder(facts, address);
  if (other != nullptr && other->name != client) {
    return fail_with(
        {fmt::format("{} is the fixed address of {}", text, other->name), advice(facts)});
  }
  if (is_in_pool(facts, address)) {
    return fail_with({fmt::format("{} lies among those given to any client ({} to {})", text,
                                  facts.pool->first.text(), facts.pool->second.text()),
                      advice(facts)});
  }
  return {};
}

std::optional<ip::Address> free_fixed_address(const ServerFacts& facts) {
  if (!facts.network) return std::nullopt;
  const Halves halves = halves_of(*facts.network);
  for (ip::Address one = halves.first_fixed; one < halves.first_pool; one = one.plus(1)) {
    if (holder(facts, one) == nullptr && !is_in_pool(facts, one)) return one;
  }
  return std::nullopt;
}

std::optional<ip::Address> matching_address6(const ServerFacts& facts, const ip::Address& fixed) {
  if (!facts.network || !facts.network6 || !facts.network->contains(fixed)) return std::nullopt;
  const std::uint32_t number = fixed.v4_number() - facts.network->address.v4_number();
  if (number >= first_pool6) return std::nullopt;
  return facts.network6->address.plus(number);
}

Status set_fixed_address(ConfText& file, const ServerFacts& facts, const ip::Address& address) {
  if (!facts.network) return fail("server.conf names no network");
  file.set({"ifconfig-push", address.text(), facts.network->netmask().text()});
  const auto address6 = matching_address6(facts, address);
  if (!address6) return {};
  file.set({"ifconfig-ipv6-push", fmt::format("{}/{}", address6->text(), facts.network6->length)});
  return {};
}

}  // namespace adit::setup
