#include <array>
#include <charconv>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

template <auto Member>
void switches(Use& use) {
  auto& into = use.config().tokens.*Member;
  for (const std::string& word : use.words()) into.push_back(word != "0");
  if (!use.has(0)) into.push_back(true);
}

void private_mode(Use& use) {
  for (const std::string& word : use.words()) {
    unsigned mode = 0;
    std::string_view digits = word;
    if (digits.starts_with("0x")) digits.remove_prefix(2);
    const auto [stop, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), mode, 16);
    if (failure != std::errc{} || stop != digits.data() + digits.size()) {
      return use.error("\"" + shown(word) + "\" is not a hexadecimal number", "write it as 0x4");
    }
    use.config().tokens.private_mode.push_back(mode);
  }
}

void show_ids(Use& use) {
  Tool& chosen = use.config().tool;
  chosen.kind = Tool::Kind::show_tokens;
  chosen.token_module = use.word(0);
  chosen.token_login = use.has(1) && use.word(1) != "0";
}

// clang-format off
constexpr std::array tokens_rows{
    Row{.name = "pkcs11-providers", .args = {1, many, "so..."}, .help = "PKCS#11 modules.",
        .apply = append_words<&Config::tokens, &Tokens::modules>},
    Row{.name = "pkcs11-id", .args = {1, 1, "id"}, .help = "Token object id.",
        .apply = set_text<&Config::tokens, &Tokens::id>},
    Row{.name = "pkcs11-id-management", .help = "Ask id over management.",
        .apply = set_flag<&Config::tokens, &Tokens::id_by_manager>},
    Row{.name = "pkcs11-pin-cache", .args = {1, 1, "sec"}, .help = "PIN cache time.",
        .apply = set_number<&Config::tokens, &Tokens::pin_cache, -1>},
    Row{.name = "pkcs11-protected-authentication", .args = {0, many, "0|1..."},
        .help = "PIN pad login.", .apply = switches<&Tokens::protected_authentication>},
    Row{.name = "pkcs11-private-mode", .args = {1, many, "hex..."}, .help = "Key access mode mask.",
        .apply = private_mode},
    Row{.name = "pkcs11-cert-private", .args = {0, many, "0|1..."},
        .help = "Certificate needs login.", .apply = switches<&Tokens::certificate_is_private>},
    Row{.name = "show-pkcs11-ids", .args = {0, 2, "[module] [login]"}, .change = Change::nothing,
        .help = "List token ids.", .apply = show_ids},
};
// clang-format on

}  // namespace

Page tokens_page() { return {"Keys on tokens", tokens_rows}; }

}  // namespace adit::options
