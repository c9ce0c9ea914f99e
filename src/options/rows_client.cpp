#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void client(Use& use) {
  use.config().client.pull = true;
  use.config().tls_role = TlsRole::client;
}

void pull_filter(Use& use) {
  using Action = Client::Filter::Action;
  Client::Filter filter{Action::accept, use.word(1)};
  if (use.choice<Action>(
          0, filter.action,
          {{"accept", Action::accept}, {"ignore", Action::ignore}, {"reject", Action::reject}})) {
    use.config().client.pull_filters.push_back(std::move(filter));
  }
}

void auth_user_pass(Use& use) {
  if (use.word(0) == "username-only" && !use.is_inline()) {
    return use.error("asking for the name alone, as OpenVPN 2.7 can, is not available yet",
                     "write \"auth-user-pass\", and give any password");
  }
  use.config().client.auth_user_pass = true;
  const bool asks = !use.has(0) || (use.word(0) == "stdin" && !use.is_inline());
  if (!asks) return set_file<&Config::client, &Client::auth_user_pass_file>(use);
  use.config().client.auth_user_pass_file = {};
}

void auth_retry(Use& use) {
  using Retry = Client::AuthRetry;
  use.choice<Retry>(
      0, use.config().client.auth_retry,
      {{"none", Retry::none}, {"nointeract", Retry::nointeract}, {"interact", Retry::interact}});
}

void auth_token(Use& use) {
  if (use.in_profile()) {
    use.note("tokens are made by the server itself");
    return;
  }
  (use.is_pushed() ? use.pulled().auth_token : use.config().client.auth_token) =
      SecretText(use.word(0));
}

void auth_token_user(Use& use) {
  const auto name = from_base64(use.word(0));
  if (!name) {
    use.error("the name is not in base64", "\"printf NAME | base64\" makes it");
  } else if (!use.in_profile()) {
    (use.is_pushed() ? use.pulled().auth_token_user : use.config().client.auth_token_user) =
        as_text(*name);
  }
}

void static_challenge(Use& use) {
  Client::Challenge challenge{use.word(0), false};
  if (!use.number(1, challenge.echo, 0, 1)) return;
  if (use.word(2) == "concat") {
    return use.error("an answer behind the password, as OpenVPN 2.7 can, is not available yet",
                     "write scrv1, if the server understands it");
  }
  if (use.has(2) && !use.one_of(2, {"scrv1"})) return;
  use.config().client.static_challenge = std::move(challenge);
}

// clang-format off
constexpr std::array client_rows{
    Row{.name = "client", .help = "Helper: pull + tls-client.", .apply = client},
    Row{.name = "pull", .help = "Accept pushed options.",
        .apply = set_flag<&Config::client, &Client::pull>},
    Row{.name = "pull-filter", .args = {2, 2, "accept|ignore|reject text"},
        .help = "First prefix match decides on pushed option.",
        .apply = pull_filter},
    Row{.name = "auth-user-pass", .args = {0, 1, "[file]"},
        .where = where::anywhere | where::inside,
        .help = "Send username/password to server.", .apply = auth_user_pass},
    Row{.name = "auth-retry", .args = {1, 1, "none|nointeract|interact"},
        .help = "Action on AUTH_FAILED: exit, retry, or ask again.",
        .apply = auth_retry},
    Row{.name = "auth-nocache",
        .help = "Forget passwords after use.",
        .apply = set_flag<&Config::client, &Client::auth_nocache>},
    Row{.name = "auth-token", .args = {1, 1, "token"},
        .where = where::anywhere | where::pushed | where::profile, .secret = true,
        .help = "Token used instead of password (pushed).", .apply = auth_token},
    Row{.name = "auth-token-user", .args = {1, 1, "base64-user"},
        .where = where::anywhere | where::pushed | where::profile,
        .help = "Username to send along with auth token (pushed).", .apply = auth_token_user},
    Row{.name = "static-challenge", .args = {2, 3, "text 0|1 [scrv1]"},
        .help = "Ask a second factor with password.",
        .apply = static_challenge},
    Row{.name = "push-peer-info",
        .help = "Send MAC, UV_*, GUI version etc.",
        .apply = set_flag<&Config::client, &Client::push_peer_info>},
    Row{.name = "up-delay", .help = "Open tun and run up after connect.",
        .apply = set_flag<&Config::client, &Client::up_delay>},
};
// clang-format on

}  // namespace

Page client_page() { return {"Client", client_rows}; }

}  // namespace adit::options
