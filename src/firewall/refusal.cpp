#include "firewall/refusal.h"

#include <string_view>

#include "base/text.h"

namespace adit::firewall {

namespace {

constexpr std::string_view mark = "Error: ";

struct Refused {
  std::string why;   // "Operation not supported"
  std::string rule;  // the line of the transaction, if one is to blame
};

// The library shows the line it stumbled over below the message, and marks below that.
Refused first_refused(std::string_view told) {
  Refused refused;
  const auto lines = split(told, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto at = lines[i].find(mark);
    if (at == std::string_view::npos) continue;
    refused.why = lines[i].substr(at + mark.size());
    if (i + 1 < lines.size()) refused.rule = trim(lines[i + 1]);
    break;
  }
  if (refused.why.empty()) refused.why = trim(lines.front());
  return refused;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_unsupported(std::string_view why) {
  return has(why, "not supported") || has(why, "No such file or directory");
}

bool is_nat(std::string_view rule) {
  return has(rule, "type nat ") || has(rule, " masquerade") || has(rule, " snat ") ||
         has(rule, " dnat ");
}

}  // namespace

Error not_permitted() {
  return {"this process may not change or read packet filter rules: Operation not permitted",
          "run it as root; a container needs the capability NET_ADMIN (docker run --cap-add "
          "NET_ADMIN)"};
}

Error no_nftables(const std::string& why) {
  return {"this kernel offers no nf_tables: " + why,
          "load it (\"modprobe nf_tables\"), in a container on its host; or use --no-firewall and "
          "let the host's firewall do the forwarding"};
}

Error explain_refusal(const std::string& told, const std::string& transaction) {
  const Refused refused = first_refused(told);
  if (has(told, "Operation not permitted")) return not_permitted();
  if (has(told, "cache initialization failed") || has(refused.rule, "add table")) {
    return no_nftables(refused.why);
  }
  Error error{refused.why + (refused.rule.empty() ? "" : ": " + refused.rule), {}};
  if (!is_unsupported(refused.why)) return error;
  if (is_nat(refused.rule)) {
    error.advice =
        "this kernel lacks address translation in nf_tables: load it (\"modprobe -a nft_chain_nat "
        "nft_nat nft_masq\"), in a container on its host, or do without --snat, --full-tunnel and "
        "--map";
  } else if (has(transaction, refused.rule)) {
    error.advice =
        "this kernel lacks what the rule needs: load the modules nft_ct, nft_reject_inet and "
        "nft_counter, in a container on its host";
  }
  return error;
}

}  // namespace adit::firewall
