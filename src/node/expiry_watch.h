#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "tls/context.h"

namespace adit::node {

// Something that is good until a date.
struct Expiry {
  enum class Kind { certificate, authority, list } kind = Kind::certificate;
  std::string what;  // "cert server.crt (server.conf:5), \"CN=server\""
  WallTime until;
  std::string cure;
};

// The dates of the certificates and revocation lists in use: our own, those of the CAs.
[[nodiscard]] std::vector<Expiry> expiries_of(const tls::Setup& setup);

// Says 60, 30 and 7 days before a date, and when it has passed, that it is near: each once.
class ExpiryWatch {
 public:
  // What was told of a date that is still there is not told again.
  void set(std::vector<Expiry> dates);
  // What is to be said now; mostly nothing.
  [[nodiscard]] std::vector<std::string> due(WallTime now);
  [[nodiscard]] const std::vector<Expiry>& dates() const { return dates_; }

 private:
  std::vector<Expiry> dates_;
  std::vector<int> told_;  // of each date: the step
};

// "2026-12-01 12:00 UTC"
[[nodiscard]] std::string date_text(WallTime at);

}  // namespace adit::node
