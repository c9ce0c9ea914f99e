#include <algorithm>
#include <array>
#include <iterator>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void management(Use& use) {
  Management& management = use.config().management;
  if (use.word(1) != "unix" && !use.port(1)) return;
  management.address = use.word(0);
  management.port = use.word(1);
  management.password_file = use.word(2);
}

// Nothing said of paddings means the one that all managers know.
void external_key(Use& use) {
  Management::ExternalKey key;
  const std::pair<std::string_view, bool&> known[] = {{"nopadding", key.no_padding},
                                                      {"pkcs1", key.pkcs1},
                                                      {"pss", key.pss},
                                                      {"digest", key.digest}};
  for (const std::string& word : use.words()) {
    const auto* found = std::ranges::find(known, word, [](const auto& one) { return one.first; });
    if (found == std::end(known)) {
      return use.error("Unknown management-external-key flag: " + word,
                       "nopadding, pkcs1, pss and digest are known");
    }
    found->second = true;
  }
  if (!key.no_padding) key.pkcs1 = true;
  use.config().management.external_key = key;
}

// clang-format off
constexpr std::array management_rows{
    Row{.name = "management",
        .args = {2, 3, "host port [password-file] | path unix [password-file]"},
        .help = "Control socket; host `tunnel` = over VPN.", .apply = management},
    Row{.name = "management-client",
        .help = "Connect out instead of listening.",
        .apply = set_flag<&Config::management, &Management::connects_out>},
    Row{.name = "management-client-user", .args = {1, 1, "name"}, .help = "Allowed peer uid (unix).",
        .apply = set_text<&Config::management, &Management::client_user>},
    Row{.name = "management-client-group", .args = {1, 1, "name"}, .help = "Allowed peer gid (unix).",
        .apply = set_text<&Config::management, &Management::client_group>},
    Row{.name = "management-client-auth", .judges = true,
        .help = "Management decides client authentication.",
        .apply = set_flag<&Config::management, &Management::client_auth>},
    Row{.name = "management-hold",
        .help = "Start hibernating until `hold release`.",
        .apply = set_flag<&Config::management, &Management::hold>},
    Row{.name = "management-query-passwords",
        .help = "Ask passwords over management.",
        .apply = set_flag<&Config::management, &Management::query_passwords>},
    Row{.name = "management-query-remote",
        .help = "Ask remote over management.",
        .apply = set_flag<&Config::management, &Management::query_remote>},
    Row{.name = "management-query-proxy",
        .help = "Ask proxy over management.",
        .apply = set_flag<&Config::management, &Management::query_proxy>},
    Row{.name = "management-signal",
        .help = "SIGUSR1 when management disconnects.",
        .apply = set_flag<&Config::management, &Management::signal>},
    Row{.name = "management-forget-disconnect",
        .help = "Forget passwords when management disconnects.",
        .apply = set_flag<&Config::management, &Management::forget_disconnect>},
    Row{.name = "management-up-down",
        .help = "Report tun up/down as >UPDOWN.",
        .apply = set_flag<&Config::management, &Management::up_down>},
    Row{.name = "management-log-cache", .args = {1, 1, "n>=1"},
        .help = "Log lines kept for management.",
        .apply = set_number<&Config::management, &Management::log_cache, 1>},
    Row{.name = "management-external-key", .args = {0, many, "[nopadding] [pkcs1] [pss] [digest]"},
        .help = "Sign via management.", .apply = external_key},
    Row{.name = "management-external-cert", .args = {1, 1, "hint"},
        .help = "Get certificate via management.",
        .apply = set_text<&Config::management, &Management::external_cert>},
};
// clang-format on

}  // namespace

Page management_page() { return {"Management interface", management_rows}; }

}  // namespace adit::options
