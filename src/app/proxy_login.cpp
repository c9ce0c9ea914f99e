#include "app/proxy_login.h"

#include "app/management_host.h"
#include "base/text.h"
#include "node/wrapping.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

Result<proxy::Credentials> ask_proxy_credentials(Runtime& runtime, const options::Config& config,
                                                 const std::string& kind) {
  if (asks_manager(runtime, config)) {
    auto given = ask_manager(runtime, management::PasswordQuestion{kind, true, {}});
    if (!given) return fail("interrupted");
    return proxy::Credentials{std::move(given->username), std::move(given->password)};
  }
  auto answer = system::ask_credentials(kind);
  if (!answer) return fail_with(answer.error());
  return proxy::Credentials{std::move(answer->user), std::move(answer->password)};
}

}  // namespace

Result<proxy::Credentials> proxy_credentials(Runtime& runtime, const options::Config& config,
                                             const options::FileOrInline& from,
                                             const std::string& kind) {
  if (!from.defined() || from.path == "stdin") return ask_proxy_credentials(runtime, config, kind);
  auto text = node::load_text(from, kind, runtime.store);
  if (!text) return fail_with(text.error());
  const auto found = lines(*text);
  proxy::Credentials who;
  if (!found.empty()) who.user = trim(found[0]);
  if (found.size() > 1) who.password = SecretText(std::string(found[1]));
  explicit_bzero(text->data(), text->size());
  if (!who.user.empty() && !who.password.empty()) return who;
  return fail_with({fmt::format("{}: {} does not hold a user name and a password", from.at.text(),
                                from.is_inline ? "the block" : from.path),
                    "write the name in its first line and the password in the second"});
}

}  // namespace adit::app
