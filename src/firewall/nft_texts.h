#pragma once

#include <map>
#include <string>

namespace adit::firewall {

// The rules' own words by "FAMILY TABLE HANDLE", from "nft -a list ruleset".
[[nodiscard]] std::map<std::string, std::string> read_nft_texts(const std::string& listing);

}  // namespace adit::firewall
