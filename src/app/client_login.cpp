#include "app/client_login.h"

#include <csignal>

#include "app/management_host.h"
#include "base/text.h"
#include "node/wrapping.h"
#include "system/terminal.h"
#include "wire/control_message.h"

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

// The server's own question, put to whoever sits at the terminal. source: surfaces 21
Result<session::Credentials> answer_back(std::string_view reason) {
  const auto challenge = wire::parse_challenge(reason);
  if (!challenge) return fail("ERROR: received malformed challenge request from server");
  auto answer = system::ask("CHALLENGE: " + printable(challenge->text), challenge->echo);
  if (!answer) return fail_with(answer.error());
  return session::Credentials{challenge->user, SecretText(challenge->answered(answer->reveal()))};
}

// Both stand there, so that nobody needs to be asked.
bool stands_on_disk(const options::Client& wanted, ports::StorePort& store) {
  if (!wanted.auth_user_pass_file.defined() || wanted.static_challenge) return false;
  const auto found = read_file(wanted.auth_user_pass_file, store);
  return found && !found->username.empty() && !found->password.empty();
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

Status ClientLogin::log_in() {
  node::ClientMemory& memory = remembered_.memory;
  const bool known = remembered_.asked && !memory.forgotten;
  if (!config_.client.auth_user_pass || known || !memory.token.empty()) return {};
  const std::string challenge = std::exchange(challenge_, {});
  auto answer = ask(challenge);
  if (!answer) return use_what_was_read(answer.error());
  remember(std::move(*answer), challenge.empty() && stands_on_disk(config_.client, runtime_.store));
  return {};
}

Status ClientLogin::use_what_was_read(const Error& error) {
  node::ClientMemory& memory = remembered_.memory;
  if (!memory.on_disk || memory.credentials.password.empty()) return fail_with(error);
  runtime_.log.warn("{}: what was read before is used", error.text());
  memory.forgotten = false;
  return {};
}

void ClientLogin::remember(session::Credentials credentials, bool on_disk) {
  remembered_.memory.credentials = std::move(credentials);
  remembered_.memory.on_disk = on_disk;
  remembered_.memory.forgotten = false;
  remembered_.asked = true;
}

Result<session::Credentials> ClientLogin::ask(std::string_view challenge) {
  if (auto question = question_for_manager(challenge)) {
    auto given = ask_manager(runtime_, std::move(*question));
    if (!given) return fail("interrupted");
    return std::move(*given);
  }
  if (!challenge.empty()) return answer_back(challenge);
  return ask_credentials(config_.client, runtime_.store);
}

// Nothing: it is not for a manager to answer.
std::optional<management::PasswordQuestion> ClientLogin::question_for_manager(
    std::string_view challenge) const {
  const options::Client& client = config_.client;
  const bool from_file = client.auth_user_pass_file.defined() && challenge.empty();
  if (from_file || !asks_manager(runtime_, config_)) return std::nullopt;
  management::PasswordQuestion question{"Auth", true, {}};
  if (client.static_challenge && challenge.empty()) {
    question.challenge = fmt::format(" SC:{},{}", client.static_challenge->echo ? 1 : 0,
                                     client.static_challenge->text);
  }
  return question;
}

void ClientLogin::expect(const node::Outcome& outcome) {
  if (outcome.ask_credentials_again) remembered_.asked = false;
  challenge_ = outcome.challenge;
}

void ClientLogin::renew(node::Client& client) {
  node::ClientMemory& memory = remembered_.memory;
  if (auto question = question_for_manager({})) {
    // A handshake may have put its own question (for a PIN) in the place of ours.
    const bool asked = asking_ && runtime_.management->face().password();
    asking_ = true;
    if (!asked) return begin_asking(runtime_, std::move(*question));
    auto given = take_answer(runtime_);
    if (!given) return;
    asking_ = false;
    remember(std::move(*given), false);
  } else if (Status asked = log_in(); !asked) {
    runtime_.log.fatal("{}", asked.error().text());
    return runtime_.raise({SIGTERM, false, "auth-user-pass", 1});
  }
  client.give_credentials(memory.credentials, runtime_.loop->now());
  if (config_.client.auth_nocache) memory.forget();
}

void ClientLogin::stop_asking() {
  if (std::exchange(asking_, false)) runtime_.management->face().end_password();
}

}  // namespace adit::app
