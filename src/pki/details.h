#pragma once

#include <string>
#include <vector>

#include "pki/entry.h"

namespace adit::pki {

// One certificate in full.
struct Details {
  Entry entry;
  std::string subject;
  std::string issuer;
  std::string key;          // "EC P-256", "RSA 2048", "ED25519"
  std::string signature;    // "ecdsa-with-SHA256"
  std::string fingerprint;  // SHA-256, in hexadecimal with colons
  std::string file;
  bool has_key = false;  // the private key lies beside it
  bool key_is_protected = false;
  std::vector<std::string> weaknesses{};  // why peers of today refuse it
  std::vector<Entry> others{};            // earlier certificates of the same name
};

// Lines for a terminal, and one object for programs.
[[nodiscard]] std::string render_details(const Details& details, WallTime now);
[[nodiscard]] std::string render_details_json(const Details& details, WallTime now);

}  // namespace adit::pki
