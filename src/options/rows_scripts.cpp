#include <algorithm>
#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void script_security(Use& use) {
  constexpr std::int64_t highest = 3;
  auto level = use.integer(0);
  if (!level) return;
  if (*level > highest) {
    level = highest;
    use.warn("the highest level is 3");
  }
  use.config().scripts.security = static_cast<int>(*level);
}

// Commas in these two commands have always stood for blanks.
template <auto Member>
void set_script_with_commas(Use& use) {
  set_script<Member>(use);
  Script& script = use.scripts().*Member;
  std::string command = use.word(0);
  std::ranges::replace(command, ',', ' ');
  if (auto words = split_words(command); words && !words->empty()) script.words = std::move(*words);
}

void ipchange(Use& use) { set_script_with_commas<&Scripts::ipchange>(use); }
void tls_verify(Use& use) { set_script_with_commas<&Scripts::tls_verify>(use); }

void auth_user_pass_verify(Use& use) {
  if (!use.one_of(1, {"via-env", "via-file"})) return;
  set_script<&Scripts::auth_user_pass_verify>(use);
  use.scripts().auth_via_file = use.word(1) == "via-file";
}

// A single parameter is split like a line: "plugin pam.so 'login USERNAME'" and without quotes are
// one.
void plugin(Use& use) {
  std::vector<std::string> words = use.words();
  if (words.size() == 2) {
    const auto split = split_words(words[1]);
    if (!split) return use.error(split.error().what, split.error().advice);
    words.resize(1);
    words.insert(words.end(), split->begin(), split->end());
  }
  use.scripts().plugins.push_back({std::move(words), use.at()});
}

// clang-format off
constexpr std::array scripts_rows{
    Row{.name = "script-security", .args = {1, 1, "0..3"}, .change = Change::now,
        .help = "Which external programs may run.", .apply = script_security},
    Row{.name = "up", .args = {1, 1, "cmd"},
        .help = "Run after tun open.", .apply = set_script<&Scripts::up>},
    Row{.name = "down", .args = {1, 1, "cmd"}, .change = Change::now,
        .help = "Run after tun close (or before with down-pre).",
        .apply = set_script<&Scripts::down>},
    Row{.name = "up-restart", .help = "Run up/down on restarts too.",
        .apply = set_flag<&Config::scripts, &Scripts::up_restart>},
    Row{.name = "down-pre", .change = Change::now,
        .help = "Run down script before closing tun.",
        .apply = set_flag<&Config::scripts, &Scripts::down_pre>},
    Row{.name = "route-up", .args = {1, 1, "cmd"}, .change = Change::now,
        .help = "Run after routes added.", .apply = set_script<&Scripts::route_up>},
    Row{.name = "route-pre-down", .args = {1, 1, "cmd"}, .change = Change::now,
        .help = "Run before routes removed.", .apply = set_script<&Scripts::route_pre_down>},
    Row{.name = "ipchange", .args = {1, 1, "cmd"},
        .help = "Run when remote address is learned/changes.", .apply = ipchange},
    Row{.name = "client-connect", .args = {1, 1, "cmd"}, .change = Change::now, .judges = true,
        .help = "Run on client connect; may write options file.",
        .apply = set_script<&Scripts::client_connect>},
    Row{.name = "client-disconnect", .args = {1, 1, "cmd"}, .change = Change::now,
        .help = "Run when client instance closes.",
        .apply = set_script<&Scripts::client_disconnect>},
    Row{.name = "learn-address", .args = {1, 1, "cmd"}, .change = Change::now, .judges = true,
        .help = "Run on address add/update/delete.", .apply = set_script<&Scripts::learn_address>},
    Row{.name = "auth-user-pass-verify", .args = {2, 2, "cmd via-env|via-file"},
        .change = Change::handshakes, .judges = true,
        .help = "Script that checks username/password.",
        .apply = auth_user_pass_verify},
    Row{.name = "client-crresponse", .args = {1, 1, "cmd"}, .change = Change::handshakes,
        .help = "Run when client answers challenge (CR_RESPONSE).",
        .apply = set_script<&Scripts::client_crresponse>},
    Row{.name = "tls-verify", .args = {1, 1, "cmd"}, .change = Change::handshakes, .judges = true,
        .help = "Script per certificate depth.", .apply = tls_verify},
    Row{.name = "tls-crypt-v2-verify", .args = {1, 1, "cmd"}, .change = Change::new_sessions,
        .judges = true, .help = "Script checks key metadata.",
        .apply = set_script<&Scripts::tls_crypt_v2_verify>},
    Row{.name = "tls-export-cert", .args = {1, 1, "dir"}, .change = Change::handshakes,
        .help = "Write peer PEM to dir; env peer_cert.",
        .apply = set_text<&Config::scripts, &Scripts::tls_export_cert>},
    Row{.name = "plugin", .args = {1, many, "so [args]"}, .judges = true, .help = "Load plugin.",
        .apply = plugin},
    Row{.name = "iproute", .args = {1, 1, "path"}, .state = State::accepted,
        .note = "addresses and routes are set by netlink, without a program",
        .help = "Path of ip(8)."},
};
// clang-format on

}  // namespace

Page scripts_page() { return {"Scripts", scripts_rows}; }

}  // namespace adit::options
