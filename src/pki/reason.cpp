#include "pki/reason.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace adit::pki {

namespace {

constexpr std::array reason_words{
    std::pair{"unspecified", Reason::unspecified},
    std::pair{"keyCompromise", Reason::key_compromise},
    std::pair{"CACompromise", Reason::ca_compromise},
    std::pair{"affiliationChanged", Reason::affiliation_changed},
    std::pair{"superseded", Reason::superseded},
    std::pair{"cessationOfOperation", Reason::cessation_of_operation},
    std::pair{"certificateHold", Reason::certificate_hold},
};

}  // namespace

const char* name(Reason reason) {
  for (const auto& [word, meaning] : reason_words) {
    if (meaning == reason) return word;
  }
  return "unspecified";
}

Result<Reason> parse_reason(std::string_view text) {
  for (const auto& [word, meaning] : reason_words) {
    if (text == word) return meaning;
  }
  return fail_with({fmt::format("\"{}\" is not a reason for revocation", printable(text)),
                    "choose unspecified, keyCompromise, CACompromise, affiliationChanged, "
                    "superseded, cessationOfOperation or certificateHold"});
}

// source: the columns that "openssl ca -crl_compromise, -crl_CA_compromise, -crl_hold" write.
Reason reason_in_index(std::string_view text) {
  const std::string_view word = split(text, ',').front();
  if (word == "keyTime") return Reason::key_compromise;
  if (word == "CAkeyTime") return Reason::ca_compromise;
  if (word == "holdInstruction") return Reason::certificate_hold;
  return parse_reason(word).value_or(Reason::unspecified);
}

}  // namespace adit::pki
