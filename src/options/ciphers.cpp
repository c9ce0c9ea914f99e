#include "options/ciphers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace adit::options {

namespace {

constexpr std::array<std::string_view, 17> known_ciphers{
    "AES-128-CBC",
    "AES-128-GCM",
    "AES-192-CBC",
    "AES-192-GCM",
    "AES-256-CBC",
    "AES-256-GCM",
    "ARIA-128-CBC",
    "ARIA-192-CBC",
    "ARIA-256-CBC",
    "BF-CBC",
    "CAMELLIA-128-CBC",
    "CAMELLIA-192-CBC",
    "CAMELLIA-256-CBC",
    "CAST5-CBC",
    "CHACHA20-POLY1305",
    "DES-EDE3-CBC",
    "none",
};

void append_unique(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

std::optional<std::string> known_cipher(std::string_view name) {
  const std::string wanted = to_upper(name);
  const auto* const found = std::ranges::find_if(
      known_ciphers, [&](std::string_view cipher) { return to_upper(cipher) == wanted; });
  if (found == known_ciphers.end()) return std::nullopt;
  return std::string(*found);
}

bool authenticates_itself(std::string_view cipher) {
  return cipher.ends_with("-GCM") || cipher == "CHACHA20-POLY1305";
}

std::string weakness_of(std::string_view cipher) {
  if (cipher == "none") {
    return "with the cipher \"none\" everything in the tunnel travels in clear text";
  }
  for (const char* old : {"BF-CBC", "CAST5-CBC", "DES-EDE3-CBC"}) {
    if (cipher != old) continue;
    return std::string(old) + " is weak: its blocks of 64 bits do not last long (SWEET32)";
  }
  return {};
}

const std::vector<std::string>& default_ciphers() {
  static const std::vector<std::string> names{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"};
  return names;
}

CipherList read_cipher_list(std::string_view text) {
  CipherList list;
  for (std::string_view part : split(text, ':')) {
    const bool optional = part.starts_with('?');
    if (optional) part.remove_prefix(1);
    if (part == "DEFAULT") {
      for (const std::string& name : default_ciphers()) append_unique(list.names, name);
    } else if (const auto name = known_cipher(part)) {
      append_unique(list.names, *name);
    } else {
      (optional ? list.left_out : list.unknown).emplace_back(part);
    }
  }
  return list;
}

}  // namespace adit::options
