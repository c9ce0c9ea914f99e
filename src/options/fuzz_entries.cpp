#include "options/fuzz_entries.h"

#include <algorithm>

#include "base/assert.h"
#include "base/text.h"
#include "options/checks.h"
#include "options/client_profile.h"
#include "options/helpers.h"
#include "options/parser.h"
#include "options/push_update.h"
#include "options/pushed.h"

namespace adit::options {

namespace {

bool is_printable(std::string_view text) { return printable(text) == text; }

// The texts of issues are made from what came in; they go to logs and terminals.
void judge(const Issues& issues, std::string_view text) {
  const auto lines = 1 + std::ranges::count(text, '\n');
  for (const Issue& issue : issues) {
    ADIT_ASSERT(!issue.message.empty() && is_printable(issue.text()));
    ADIT_ASSERT(issue.at.line >= 0 && issue.at.line <= lines);
  }
}

std::vector<std::string> texts_of(const Issues& issues) {
  std::vector<std::string> texts;
  for (const Issue& issue : issues) texts.push_back(issue.text());
  return texts;
}

// Written with CR LF and a last comment, a configuration says the same; behind a backslash the end
// of a line is part of a word, though.
void try_other_spelling(std::string_view text, const Issues& issues) {
  if (text.ends_with('\\') || text.find("\\\n") != std::string_view::npos) return;
  std::string other;
  for (const char c : text) other += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const Parsed parsed = parse_text(other + "\r\n# the end\r\n", "fuzz");
  ADIT_ASSERT(texts_of(parsed.issues) == texts_of(issues));
}

Config completed(std::string_view text) {
  Parsed parsed = parse_text(text, "given");
  finish(parsed.config, parsed.issues);
  ADIT_ASSERT(parsed.ok());
  return std::move(parsed.config);
}

const Config& small_server() {
  static const Config config = completed("server 10.8.0.0 255.255.255.0\ndev tun\n");
  return config;
}

const Config& small_client() {
  static const Config config = completed("client\ndev tun\nremote a\n");
  return config;
}

bool usable(const Pulled& pulled) {
  const auto& ciphers = small_client().channel.data_ciphers;
  const bool cipher =
      pulled.cipher.empty() || std::ranges::find(ciphers, pulled.cipher) != ciphers.end();
  const bool mtu = !pulled.tun_mtu || (*pulled.tun_mtu >= 100 && *pulled.tun_mtu <= 1600);
  return cipher && mtu && !pulled.unknown_protocol;
}

// A token that stands nowhere else shows nowhere.
void judge_token(const std::string& token, std::string_view text, const Issues& issues) {
  const auto at = text.find(token);
  if (token.size() < 8 || at == text.npos || text.find(token, at + 1) != text.npos) return;
  for (const Issue& issue : issues) ADIT_ASSERT(issue.text().find(token) == std::string::npos);
}

// The same options as an update of what they have come to.
void try_update(const std::vector<std::string>& options, Pulled pulled) {
  const UpdateOutcome outcome = apply_update(options, small_client(), pulled);
  ADIT_ASSERT(usable(pulled));
  ADIT_ASSERT(!outcome.restart || has_errors(outcome.issues));
  for (const Issue& issue : outcome.issues) ADIT_ASSERT(is_printable(issue.text()));
  ADIT_ASSERT(update_between(options, options).empty());
  for (const std::string& option : update_between(options, {})) {
    ADIT_ASSERT(!update_kind(std::string_view(option).substr(1)).empty());
  }
}

}  // namespace

void try_config(std::string_view text) {
  Parsed parsed = parse_text(text, "fuzz");
  judge(parsed.issues, text);
  try_other_spelling(text, parsed.issues);
  finish(parsed.config, parsed.issues);
  judge(parsed.issues, text);
  if (parsed.config.tool.kind == Tool::Kind::none) judge(check(parsed.config), text);
  (void)files_of(parsed.config);
}

void try_client_profile(std::string_view text) {
  const auto [profile, issues] = parse_client_profile(text, "fuzz", small_server());
  judge(issues, text);
  judge(check_profiles({{"fuzz", profile}, {"twice", profile}}, small_server()), text);
  if (profile.ifconfig_push) {
    ADIT_ASSERT(profile.ifconfig_push->first.is_v4() && profile.ifconfig_push->second.is_v4());
  }
  if (const auto& v6 = profile.ifconfig_ipv6_push) {
    ADIT_ASSERT(v6->address.is_v6() && v6->bits <= 128);
  }
  for (const Iroute& route : profile.iroutes) {
    ADIT_ASSERT(route.prefix.address.masked(route.prefix.length) == route.prefix.address);
  }
}

void try_pushed(std::string_view text) {
  Pulled pulled = pulled_from(small_client());
  std::vector<std::string> options;
  for (const std::string_view option : split(text, ',')) options.emplace_back(option);
  const auto [verdict, issues, taken] = apply_pushed(options, small_client(), pulled);
  ADIT_ASSERT(taken.size() <= options.size());
  ADIT_ASSERT(verdict != PushVerdict::restart);  // for nothing is filtered
  ADIT_ASSERT(verdict == PushVerdict::fatal || usable(pulled));
  ADIT_ASSERT(verdict != PushVerdict::fatal || has_errors(issues));
  for (const Issue& issue : issues) ADIT_ASSERT(is_printable(issue.text()));
  judge_token(pulled.auth_token.reveal(), text, issues);
  if (verdict == PushVerdict::complete) try_update(options, pulled);
}

}  // namespace adit::options
