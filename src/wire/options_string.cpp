#include "wire/options_string.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace adit::wire {

std::string OptionsString::text() const {
  std::string out = "V4,dev-type " + dev_type + ",link-mtu " + std::to_string(link_mtu) +
                    ",tun-mtu " + std::to_string(tun_mtu) + ",proto " + proto;
  if (tun_ipv6) out += ",tun-ipv6";
  if (!ifconfig.empty()) out += ",ifconfig " + ifconfig;
  if (comp_lzo) out += ",comp-lzo";
  if (mtu_dynamic) out += ",mtu-dynamic";
  if (keydir) out += ",keydir " + std::to_string(*keydir);
  if (cipher) out += ",cipher " + *cipher;
  out += ",auth " + auth + ",keysize " + std::to_string(keysize_bits);
  if (secret) return out + ",secret";
  if (tls_auth) out += ",tls-auth";
  out += ",key-method 2,";
  return out + (tls_server ? "tls-server" : "tls-client");
}

namespace {

std::string_view first_word(std::string_view item) { return item.substr(0, item.find(' ')); }

bool ignored(std::string_view word) {
  constexpr std::array<std::string_view, 6> words{"key-method", "keydir",   "proto",
                                                  "tls-auth",   "tun-ipv6", "cipher"};
  return word.empty() || std::ranges::find(words, word) != words.end();
}

const std::string_view* find_word(const std::vector<std::string_view>& items,
                                  std::string_view word) {
  const auto found = std::ranges::find(items, word, first_word);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string> options_string_value(std::string_view text, std::string_view word) {
  const auto items = split(text, ',');
  const std::string_view* item = find_word(items, word);
  if (item == nullptr || item->size() <= word.size() + 1) return std::nullopt;
  const std::string_view value = item->substr(word.size() + 1);
  return std::string(value == "[null-cipher]" ? "none" : value);
}

bool options_string_has(std::string_view text, std::string_view word) {
  return find_word(split(text, ','), word) != nullptr;
}

std::string mirrored_options_string(std::string_view ours) {
  std::string out;
  bool first = true;
  for (std::string_view item : split(ours, ',')) {
    if (!std::exchange(first, false)) out += ',';
    const auto words = split(item, ' ');
    if (item == "tls-server") {
      out += "tls-client";
    } else if (item == "tls-client") {
      out += "tls-server";
    } else if (words[0] == "ifconfig" && words.size() == 3 && !words[2].starts_with("255.")) {
      out += "ifconfig " + std::string(words[2]) + ' ' + std::string(words[1]);
    } else {
      out += item;
    }
  }
  return out;
}

std::vector<OptionsMismatch> compare_options_strings(std::string_view expected,
                                                     std::string_view received) {
  std::vector<OptionsMismatch> mismatches;
  if (expected == received || expected.substr(0, 2) != received.substr(0, 2)) return mismatches;
  const auto ours = split(expected, ',');
  const auto theirs = split(received, ',');
  for (std::string_view item : ours) {
    const std::string word(first_word(item));
    if (ignored(word) || std::ranges::find(theirs, item) != theirs.end()) continue;
    const std::string_view* other = find_word(theirs, word);
    mismatches.push_back(
        {other != nullptr ? OptionsMismatch::Kind::differs : OptionsMismatch::Kind::missing_there,
         word, std::string(item), std::string(other != nullptr ? *other : "")});
  }
  for (std::string_view item : theirs) {
    const std::string word(first_word(item));
    if (ignored(word) || find_word(ours, word) != nullptr) continue;
    mismatches.push_back({OptionsMismatch::Kind::missing_here, word, {}, std::string(item)});
  }
  return mismatches;
}

}  // namespace adit::wire
