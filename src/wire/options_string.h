#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adit::wire {

// What the options consistency string says of one side. It only ever leads to warnings, and tells
// the cipher of a peer that cannot negotiate.
struct OptionsString {
  std::string dev_type = "tun";
  unsigned link_mtu = 1541;
  unsigned tun_mtu = 1500;
  std::string proto = "UDPv4";
  std::string ifconfig;  // "a b", point-to-point only
  bool tun_ipv6 = false;
  bool comp_lzo = false;
  bool mtu_dynamic = false;
  std::optional<int> keydir;
  std::optional<std::string> cipher;  // "[null-cipher]" for none; absent when not announced
  std::string auth = "SHA1";          // "[null-digest]" for none and AEAD
  unsigned keysize_bits = 128;
  bool secret = false;
  bool tls_auth = false;
  bool tls_server = false;

  [[nodiscard]] std::string text() const;
};

// The value behind a word of the string: "cipher" gives "AES-256-CBC" ("none" for the null cipher).
[[nodiscard]] std::optional<std::string> options_string_value(std::string_view text,
                                                              std::string_view word);

// Whether the word stands in the string, with or without a value.
[[nodiscard]] bool options_string_has(std::string_view text, std::string_view word);

// What a peer whose settings fit ours says: the roles and the two addresses change places.
[[nodiscard]] std::string mirrored_options_string(std::string_view ours);

struct OptionsMismatch {
  enum class Kind { differs, missing_here, missing_there } kind;
  std::string word;
  std::string expected;  // our item, empty when missing here
  std::string received;  // the peer's item, empty when missing there
};

// Compares what we expect the peer to say with what it said; items that versions disagree about
// (key-method, keydir, proto, tls-auth, tun-ipv6, cipher) are not compared.
[[nodiscard]] std::vector<OptionsMismatch> compare_options_strings(std::string_view expected,
                                                                   std::string_view received);

}  // namespace adit::wire
