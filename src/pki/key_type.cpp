#include "pki/key_type.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace adit::pki {

namespace {

// The first word of each type is the one we print.
constexpr std::array type_words{
    std::pair{"ec", KeyType::ecdsa_p256},    std::pair{"rsa2048", KeyType::rsa_2048},
    std::pair{"rsa3072", KeyType::rsa_3072}, std::pair{"rsa4096", KeyType::rsa_4096},
    std::pair{"ed25519", KeyType::ed25519},  std::pair{"ecdsa", KeyType::ecdsa_p256},
    std::pair{"rsa", KeyType::rsa_2048},
};

}  // namespace

const char* name(KeyType type) {
  for (const auto& [word, meaning] : type_words) {
    if (meaning == type) return word;
  }
  return "unknown";
}

Result<KeyType> parse_key_type(std::string_view text) {
  for (const auto& [word, meaning] : type_words) {
    if (text == word) return meaning;
  }
  return fail_with({fmt::format("there is no key type \"{}\"", printable(text)),
                    "choose ec, rsa2048, rsa3072, rsa4096 or ed25519"});
}

}  // namespace adit::pki
