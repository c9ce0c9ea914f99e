#pragma once

#include <optional>

#include "proxy/dialogue.h"

namespace adit::proxy {

// What a proxy says after "Digest ": RFC 2617. Values as they stand between their quotation marks.
struct DigestChallenge {
  std::string realm, nonce;
  std::string algorithm;  // empty: MD5
  std::optional<std::string> opaque;
  bool stale = false;  // the password was right, but its answer too old

  // Nothing: realm or nonce is missing.
  [[nodiscard]] static std::optional<DigestChallenge> parse(std::string_view parameters);
  [[nodiscard]] bool can_be_answered() const;
};

// What follows "Proxy-Authorization: Digest " for the first request after a challenge.
[[nodiscard]] std::string answer_digest(const DigestChallenge& challenge, const Credentials& who,
                                        std::string_view method, std::string_view uri,
                                        std::string_view client_nonce);

}  // namespace adit::proxy
