#include "firewall/verdicts.h"

#include <algorithm>

namespace adit::firewall {

Verdict verdict_of_extension(std::string_view target) {
  constexpr std::string_view harmless[] = {
      "LOG",  "NFLOG",    "ULOG",  "MARK",     "CONNMARK", "TCPMSS", "CT", "NOTRACK", "TOS",
      "DSCP", "CHECKSUM", "TRACE", "CLASSIFY", "SET",      "TTL",    "HL", "ACCOUNT", "AUDIT"};
  if (target == "ACCEPT") return Verdict::accept;
  if (target == "DROP" || target == "REJECT") return Verdict::drop;
  if (target == "RETURN") return Verdict::come_back;
  return std::ranges::find(harmless, target) == std::end(harmless) ? Verdict::unknown
                                                                   : Verdict::proceed;
}

}  // namespace adit::firewall
