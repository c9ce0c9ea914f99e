// Commands about the clients of a server, and the answers to a client's questions.

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "management/command.h"

namespace adit::management {

namespace {

bool is_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 4) return false;
  for (const std::string_view part : parts) {
    const auto number = to_number<unsigned>(part);
    if (!number || *number > 255) return false;
  }
  return true;
}

// Digits at the beginning are enough.
std::optional<std::uint64_t> identifier(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    ++digits;
  }
  return to_number<std::uint64_t>(text.substr(0, digits));
}

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> Interface::client_and_key(
    const Words& words) {
  const auto client = identifier(words[1]);
  const auto key = identifier(words[2]);
  if (!client || !key) {
    error(client ? "cannot parse KID" : "cannot parse CID");
    return std::nullopt;
  }
  return std::pair{*client, *key};
}

void Interface::do_kill(const Words& words) {
  if (!is_server()) return unsupported(words[0]);
  std::string_view victim = words[1];
  for (const std::string_view proto : {"tcp:", "udp:"}) {
    if (victim.starts_with(proto)) victim.remove_prefix(proto.size());
  }
  const auto parts = split(victim, ':');
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) {
    const std::string& name = words[1];
    const std::size_t killed = instance_->kill_name(name);
    if (killed == 0) return error("common name '" + name + "' not found");
    return success("common name '" + name + "' found, " + std::to_string(killed) +
                   " client(s) killed");
  }
  const std::string address(parts[0]), port(parts[1]);
  if (!is_ipv4(address)) return error("error parsing IP address: " + address);
  const int number = leading_number(port);
  if (number < 1 || number > 65535) return error("port number is out of range: " + port);
  const std::string where = address + ":" + std::to_string(number);
  const std::size_t killed = instance_->kill_address(address, static_cast<std::uint16_t>(number));
  if (killed == 0) return error("client at address " + where + " not found");
  success(std::to_string(killed) + " client(s) at address " + where + " killed");
}

void Interface::do_client_kill(const Words& words) {
  const auto client = identifier(words[1]);
  if (!client) return error("cannot parse CID");
  if (!is_server()) return unsupported(words[0]);
  answer("client-kill", instance_->client_kill(*client, words.size() > 2 ? words[2] : "RESTART"));
}

void Interface::do_client_auth(const Words& words) {
  const auto which = client_and_key(words);
  if (which) block_ = Block{words[0], which->first, which->second, {}, false};
}

void Interface::do_client_auth_nt(const Words& words) {
  const auto which = client_and_key(words);
  if (!which) return;
  if (!is_server()) return unsupported("client-auth");
  answer("client-auth", instance_->client_auth(which->first, which->second, {}));
}

void Interface::do_client_deny(const Words& words) {
  const auto which = client_and_key(words);
  if (!which) return;
  if (!is_server()) return unsupported(words[0]);
  const std::string_view told = words.size() > 4 ? std::string_view(words[4]) : std::string_view();
  answer("client-deny", instance_->client_deny(which->first, which->second, words[3], told));
}

void Interface::do_client_pending(const Words& words) {
  const auto which = client_and_key(words);
  if (!which) return;
  if (!is_server()) return unsupported(words[0]);
  const auto seconds = to_number<unsigned>(words[4]);
  if (!seconds) return error("cannot parse timeout");
  if (instance_->client_pending(which->first, which->second, words[3], *seconds)) {
    return success("client-pending-auth command succeeded");
  }
  error("client-pending-auth command failed. Extra parameter might be too long");
}

void Interface::do_update_all(const Words& words) {
  if (!is_server()) return unsupported(words[0]);
  update(std::nullopt, words[1]);
}

void Interface::do_update_client(const Words& words) {
  const auto client = identifier(words[1]);
  if (!client) return error("cannot parse CID");
  if (!is_server()) return unsupported(words[0]);
  update(client, words[2]);
}

// The options stand in one text, as they stand in the message.
void Interface::update(std::optional<std::uint64_t> client, const std::string& text) {
  std::vector<std::string> options;
  for (const std::string_view option : split(text, ',')) options.emplace_back(trim(option));
  const std::size_t told = instance_->push_update(client, options);
  if (told > 0) return success("push-update command succeeded");
  if (!client) error("no client updated");
  error("push-update command failed");
}

void Interface::do_env_filter(const Words& words) {
  env_filter_ = words.size() > 1 ? leading_number(words[1]) : 0;
  success("env_filter_level=" + std::to_string(env_filter_));
}

// ---- answers ----

void Interface::give_answer(const Words& words, bool is_name) {
  const std::string what = is_name ? "username" : "password";
  const bool needed = password_ && (password_->with_name || !is_name);
  if (!needed) return error("no " + what + " is currently needed at this time");
  if (!is_type(what, words[1], password_->type)) return;
  if (is_name) {
    password_->name = words[2];
  } else {
    password_->password = SecretText(words[2]);
  }
  success("'" + words[1] + "' " + what + " entered, but not yet verified");
}

void Interface::do_username(const Words& words) { give_answer(words, true); }

void Interface::do_password(const Words& words) { give_answer(words, false); }

void Interface::do_cr_response(const Words& words) {
  if (!is_client()) return unsupported("cr-repsonse");  // as openvpn spells it
  const bool done = instance_->challenge_response(words[1]);
  done ? success("command succeeded") : error("command failed");
}

void Interface::do_remote(const Words& words) {
  using Answer = RemoteQuestion::Answer;
  if (!is_client()) return unsupported(words[0]);
  const bool open = remote_ && remote_->answer == Answer::none;
  if (open && words[1] == "ACCEPT") {
    remote_->answer = Answer::accept;
  } else if (open && words[1] == "SKIP") {
    remote_->answer = Answer::skip;
    if (words.size() > 2) {
      remote_->skipped = static_cast<unsigned>(std::max(1, leading_number(words[2])));
    }
  } else if (open && words[1] == "MOD" && words.size() > 3) {
    remote_->answer = Answer::modify;
    remote_->host = words[2];
    remote_->port = words[3];
  } else {
    return answer("remote", false);
  }
  answer("remote", true);
}

void Interface::do_remote_count(const Words& words) {
  if (!is_client()) return unsupported(words[0]);
  say(std::to_string(instance_->remotes().size()));
  say("END");
}

void Interface::do_remote_get(const Words& words) {
  if (!is_client()) return unsupported(words[0]);
  const auto remotes = instance_->remotes();
  const bool all = words[1] == "all";
  const auto number = [](const std::string& text) {
    return static_cast<std::size_t>(std::max(0, leading_number(text)));
  };
  const std::size_t first = all ? 0 : number(words[1]);
  std::size_t end = all ? remotes.size() : first + 1;
  if (!all && words.size() > 2) end = number(words[2]);
  for (std::size_t at = first; at < std::min(end, remotes.size()); ++at) {
    say(std::to_string(at) + "," +
        join({remotes[at].host, remotes[at].port, remotes[at].proto, "enabled"}, ","));
  }
  say("END");
}

}  // namespace adit::management
