#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "firewall/plan.h"

namespace adit::firewall {

// Our only table: "inet adit". Chains of one owner bear its name in front: "server-forward".
inline constexpr std::string_view table_name = "adit";

// The places where an owner may have a base chain.
enum class Place { forward, input, prerouting, postrouting };
inline constexpr Place places[] = {Place::forward, Place::input, Place::prerouting,
                                   Place::postrouting};
[[nodiscard]] std::string chain_name(std::string_view owner, Place place);
// Whose chain this is; empty when the name is none of ours.
[[nodiscard]] std::string owner_of_chain(std::string_view chain);

// A device as nft matches it: "tun0", or "tun*" for the plan's "tun".
[[nodiscard]] std::string device_pattern(std::string_view device);

// Sorted, and without those that lie within another of the list, which nft refuses in a set.
[[nodiscard]] std::vector<ip::Prefix> without_overlaps(std::vector<ip::Prefix> prefixes);

// A base chain and its rules, in nft's words and without the chain's name.
struct ChainText {
  Place place = Place::forward;
  std::string head;  // "type filter hook forward priority filter; policy accept;"
  std::vector<std::string> rules;
};

// The chains that a plan wants; those it has no use for are missing.
// Errors: an owner, device or prefix that cannot be; the user's fault.
[[nodiscard]] Result<std::vector<ChainText>> chains_of(const Plan& plan);

// One transaction, in nft's language, that puts this owner's chains in the place of those it has,
// if any, and touches nothing else.
[[nodiscard]] Result<std::string> render(const Plan& plan);

// One transaction that removes this owner's chains, or the whole table when it is the last.
[[nodiscard]] std::string render_removal(std::string_view owner, bool last);

}  // namespace adit::firewall
