#pragma once

// The parts of compare().

#include <string>
#include <vector>

#include "lint/lint.h"
#include "options/ciphers.h"

namespace adit::lint {

// The two ends, and where it is told what keeps them apart. Of two ends with a static key either is
// the "server".
struct TalkCheck {
  const options::Config& server;
  const options::Config& client;
  options::Issues& issues;

  // The place is that of the option in the client's file, or else in the server's.
  void error(std::string_view option, std::string message, std::string advice = {}) const {
    add(options::Issue::Severity::error, option, std::move(message), std::move(advice));
  }
  void warn(std::string_view option, std::string message, std::string advice = {}) const {
    add(options::Issue::Severity::warning, option, std::move(message), std::move(advice));
  }
  void note(std::string_view option, std::string message, std::string advice = {}) const {
    add(options::Issue::Severity::note, option, std::move(message), std::move(advice));
  }
  void add(options::Issue::Severity severity, std::string_view option, std::string message,
           std::string advice) const;
};

// What an end says of its way to the other: of a client's remotes, the first.
[[nodiscard]] const options::Connection& link_of(const options::Config& config);

// tls-auth, tls-crypt, tls-crypt-v2.
void check_wrapping(const TalkCheck& talk);
// "secret".
void check_shared_key(const TalkCheck& talk);
void check_certificates_of_both(const TalkCheck& talk);
// Names and passwords.
void check_accounts_of_both(const TalkCheck& talk);

}  // namespace adit::lint
