// What is asked of a client beside passwords and servers: signatures, certificates, tokens, a
// proxy.

#include <utility>

#include "management/command.h"

namespace adit::management {

// ---- texts ----

void Interface::begin_text(const Words& words, TextQuestion::Kind kind) {
  if (!text_ || text_->text || text_->kind != kind) {
    return error("The " + words[0] + " command is not currently available");
  }
  block_ = Block{words[0], 0, 0, {}, false};
}

void Interface::do_signature(const Words& words) {
  begin_text(words, TextQuestion::Kind::signature);
}

void Interface::do_certificate(const Words& words) {
  begin_text(words, TextQuestion::Kind::certificate);
}

void Interface::end_block(const Block& block) {
  if (block.command == "client-auth") {
    if (!is_server()) return unsupported(block.command);
    const auto admit = [this, block] {
      answer(block.command,
             !block.too_long && instance_->client_auth(block.client, block.key, block.lines));
    };
    if (!instance_waits_) return admit();
    return run_later(block.command, admit);
  }
  if (!text_) return error("The " + block.command + " command is not currently available");
  text_->text = block.too_long ? "" : block.lines;
  answer(text_->command(version_), !block.too_long);
}

void Interface::run_later(std::string command, std::function<void()> run) {
  if (late_.size() >= most_late) return answer(command, false);
  late_.push_back({std::move(command), std::move(run)});
}

void Interface::run_late() {
  for (const Late& one : std::exchange(late_, {})) one.run();
}

// ---- words ----

bool Interface::is_type(const std::string& what, const std::string& given,
                        const std::string& wanted) {
  if (given == wanted) return true;
  error(what + " of type '" + given + "' entered, but we need one of type '" + wanted + "'");
  return false;
}

void Interface::give_need(const Words& words, NeedQuestion::Kind kind) {
  const std::string what = NeedQuestion{kind, {}, {}}.what();
  if (!need_ || need_->kind != kind) {
    return error("no " + what + " is currently needed at this time");
  }
  if (!is_type(what, words[1], need_->type)) return;
  need_->answer = words[2];
  success("'" + words[1] + "' " + what + " entered, but not yet verified");
}

void Interface::do_needok(const Words& words) {
  give_need(words, NeedQuestion::Kind::confirmation);
}

void Interface::do_needstr(const Words& words) { give_need(words, NeedQuestion::Kind::text); }

// ---- tokens ----

void Interface::do_pkcs11_count(const Words&) {
  say(">PKCS11ID-COUNT:" + std::to_string(process_.token_entries().size()));
}

void Interface::do_pkcs11_get(const Words& words) {
  const int number = leading_number(words[1]);
  const auto entries = process_.token_entries();
  const std::string head = ">PKCS11ID-ENTRY:'" + std::to_string(number) + "'";
  if (number < 0 || static_cast<std::size_t>(number) >= entries.size()) return say(head);
  const TokenEntry& entry = entries[static_cast<std::size_t>(number)];
  say(head + ", ID:'" + entry.id + "', BLOB:'" + entry.certificate + "'");
}

// ---- a proxy ----

// As with openvpn a command that cannot be understood is an answer, too: no proxy.
void Interface::do_proxy(const Words& words) {
  if (!is_client()) return unsupported(words[0]);
  if (!proxy_ || proxy_->answered) return answer("proxy", false);
  const std::string& kind = words[1];
  const bool complete = words.size() > 3;
  if (complete && kind == "HTTP" && !proxy_->tcp) {
    process_.log(Severity::warning, "HTTP proxy support only works for TCP based connections");
    return answer("proxy", false);
  }
  proxy_->answered = true;
  if (kind == "NONE") return answer("proxy", true);
  if (!complete) process_.log(Severity::warning, "Bad proxy command");
  if (!complete || (kind != "HTTP" && kind != "SOCKS")) return answer("proxy", false);
  proxy_->kind = kind == "HTTP" ? ProxyQuestion::Kind::http : ProxyQuestion::Kind::socks;
  proxy_->proxy_host = words[2];
  proxy_->proxy_port = words[3];
  proxy_->clear_passwords = words.size() < 5 || words[4] != "nct";
  answer("proxy", true);
}

}  // namespace adit::management
