#include "app/token_host.h"

#include <cstdio>

#include "app/management_host.h"
#include "base/text.h"
#include "node/lines.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

constexpr const char* system_module = ADIT_TOKEN_PROXY;  // for who names none

template <typename Value>
Value nth(const std::vector<Value>& values, std::size_t at) {
  return at < values.size() ? values[at] : Value{};
}

std::vector<tokens::Module> modules_of(const options::Tokens& wanted) {
  std::vector<std::string> paths = wanted.modules;
  if (paths.empty()) paths.emplace_back(system_module);
  std::vector<tokens::Module> modules;
  for (std::size_t at = 0; at < paths.size(); ++at) {
    modules.push_back({paths[at], nth(wanted.protected_authentication, at),
                       nth(wanted.private_mode, at), nth(wanted.certificate_is_private, at)});
  }
  return modules;
}

}  // namespace

Result<std::unique_ptr<TokenHost>> TokenHost::open(Runtime& runtime,
                                                   const options::Config& config) {
  std::unique_ptr<TokenHost> made(new TokenHost(runtime, config));
  tokens::Prompts& prompts = *made;
  auto keys = tokens::TokenKeys::open(modules_of(config.tokens), config.tokens.pin_cache, prompts,
                                      runtime.log);
  if (!keys) return fail_with(keys.error());
  made->keys_ = std::move(*keys);
  return made;
}

bool TokenHost::by_manager() const { return asks_manager(runtime_, config_); }

// A peer that waits for our signature does not wait for ever.
Duration TokenHost::patience() const {
  return starting_ ? any_time : Duration(config_.channel.hand_window);
}

Result<std::string> TokenHost::ask(const management::NeedQuestion& question) {
  if (by_manager()) {
    auto answer = ask_manager_for_need(runtime_, question, patience());
    if (!answer) return fail("interrupted");
    return std::move(*answer);
  }
  const bool yes_or_no = question.kind == management::NeedQuestion::Kind::confirmation;
  auto answer = system::ask(
      fmt::format("{}|{}|{}:", yes_or_no ? "NEED-OK" : "NEED-STR", question.type, question.message),
      true);
  if (!answer) return fail_with(answer.error());
  return answer->reveal();
}

bool TokenHost::insert(const std::string& token) {
  asked_by_library_ = true;
  const auto answer = ask({management::NeedQuestion::Kind::confirmation, "token-insertion-request",
                           "Please insert " + token + " token"});
  asked_by_library_ = false;
  return answer == "ok";
}

std::optional<SecretText> TokenHost::pin(const std::string& token) {
  const std::string type = token + " token";
  if (by_manager()) {
    asked_by_library_ = true;
    auto given = ask_manager_for_pin(runtime_, type, patience());
    asked_by_library_ = false;
    return given;
  }
  auto answer = system::ask("Enter " + type + " Password:", false);
  if (answer) return std::move(*answer);
  runtime_.log.error("{}", answer.error().text());
  return std::nullopt;
}

Result<std::string> TokenHost::id() {
  if (!config_.tokens.id_by_manager) return config_.tokens.id;
  return ask({management::NeedQuestion::Kind::text, "pkcs11-id-request",
              "Please specify PKCS#11 id to use"});
}

Result<std::unique_ptr<tokens::TokenKey>> TokenHost::key() {
  starting_ = true;
  const auto wanted = id();
  if (!wanted) return fail_with(wanted.error());
  auto found = keys_->key(*wanted);
  starting_ = false;
  if (found) return found;
  runtime_.log.error("{}", found.error().text());
  return fail_with({fmt::format("Cannot load certificate \"{}\" using PKCS#11 interface", *wanted),
                    "adit --show-pkcs11-ids MODULE lists what is there"});
}

std::vector<management::TokenEntry> TokenHost::entries() {
  std::vector<management::TokenEntry> entries;
  if (asked_by_library_) return entries;  // it holds its locks, and would wait for itself
  const auto found = keys_->certificates(false);
  if (!found) return entries;
  for (const tokens::TokenCertificate& one : *found) {
    entries.push_back({one.id, to_base64(one.der)});
  }
  return entries;
}

// ---- --show-pkcs11-ids ----

namespace {

// Asks at the terminal only.
class TerminalPrompts final : public tokens::Prompts {
 public:
  bool insert(const std::string&) override { return false; }
  std::optional<SecretText> pin(const std::string& token) override {
    auto answer = system::ask("Please enter '" + token + "' token PIN or 'cancel': ", false);
    if (!answer || answer->reveal() == "cancel") return std::nullopt;
    return std::move(*answer);
  }
};

int refuse_token(const Runtime& runtime, const std::string& why) {
  runtime.log.fatal("{}", why);
  runtime.log.fatal("{}", node::lines::exits_fatally);
  return 1;
}

}  // namespace

int show_tokens(Runtime& runtime, const options::Tool& tool) {
  TerminalPrompts prompts;
  const std::string module = tool.token_module.empty() ? system_module : tool.token_module;
  const auto keys = tokens::TokenKeys::open({{module, false, 0, tool.token_login}}, std::nullopt,
                                            prompts, runtime.log);
  if (!keys) return refuse_token(runtime, keys.error().text());
  if ((*keys)->loaded() == 0) {
    return refuse_token(runtime, "Failed to add PKCS#11 provider '" + module);
  }
  const auto found = (*keys)->certificates(true);
  if (!found) return refuse_token(runtime, found.error().text());
  std::printf(
      "\nThe following objects are available for use.\n"
      "Each object shown below may be used as parameter to\n"
      "--pkcs11-id option please remember to use single quote mark.\n");
  for (const tokens::TokenCertificate& one : *found) {
    const tls::CertificateName name = tls::name_of(one.der);
    std::printf(
        "\nCertificate\n"
        "       DN:             %s\n"
        "       Serial:         %s\n"
        "       Serialized id:  %s\n",
        name.subject.c_str(), to_upper(name.serial).c_str(), one.id.c_str());
  }
  return 0;
}

}  // namespace adit::app
