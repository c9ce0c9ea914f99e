#include "app/client_login.h"

#include "app/management_host.h"
#include "base/text.h"
#include "node/wrapping.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

// The first two lines of the file; either may be missing.
Result<session::Credentials> read_file(const options::FileOrInline& file, ports::StorePort& store) {
  auto text = node::load_text(file, "auth-user-pass", store);
  if (!text) return fail_with(text.error());
  session::Credentials found;
  const auto lines = split(*text, '\n');
  found.username = trim(lines[0]);
  if (lines.size() > 1) {
    std::string_view password = lines[1];
    if (password.ends_with('\r')) password.remove_suffix(1);
    found.password = SecretText(std::string(password));
  }
  explicit_bzero(text->data(), text->size());
  return found;
}

// The answer to a static challenge travels with the password. source: surfaces 21
Status answer_challenge(const options::Client& wanted, session::Credentials& found) {
  if (!wanted.static_challenge) return {};
  auto answer =
      system::ask("CHALLENGE: " + wanted.static_challenge->text, wanted.static_challenge->echo);
  if (!answer) return fail_with(answer.error());
  found.password = SecretText("SCRV1:" + to_base64(as_bytes(found.password.reveal())) + ":" +
                              to_base64(as_bytes(answer->reveal())));
  return {};
}

Result<session::Credentials> ask_name_and_password(const options::Client& wanted,
                                                   ports::StorePort& store) {
  session::Credentials found;
  if (wanted.auth_user_pass_file.defined()) {
    auto read = read_file(wanted.auth_user_pass_file, store);
    if (!read) return read;
    found = std::move(*read);
  }
  if (found.username.empty()) {
    auto answer = system::ask_credentials("Auth");
    if (!answer) return fail_with(answer.error());
    return session::Credentials{answer->user, answer->password};
  }
  if (found.password.empty()) {
    auto answer = system::ask("Enter Auth Password:", false);
    if (!answer) return fail_with(answer.error());
    found.password = *answer;
  }
  return found;
}

}  // namespace

Result<session::Credentials> ask_credentials(const options::Client& wanted,
                                             ports::StorePort& store) {
  auto found = ask_name_and_password(wanted, store);
  if (!found) return found;
  if (Status answered = answer_challenge(wanted, *found); !answered) {
    return fail_with(answered.error());
  }
  return found;
}

Result<session::Credentials> ask_user(Runtime& runtime, const options::Config& config,
                                      bool challenged) {
  const options::Client& client = config.client;
  const bool by_manager = runtime.management && config.management.query_passwords &&
                          !client.auth_user_pass_file.defined();
  if (!by_manager) return ask_credentials(client, runtime.store);
  management::PasswordQuestion question{"Auth", true, {}};
  if (const auto& challenge = client.static_challenge; challenge && !challenged) {
    question.challenge = fmt::format(" SC:{},{}", challenge->echo ? 1 : 0, challenge->text);
  }
  auto given = ask_manager(runtime, std::move(question));
  if (!given) return fail("interrupted");
  return std::move(*given);
}

}  // namespace adit::app
