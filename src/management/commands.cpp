// What a client may ask of any process.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "management/command.h"
#include "management/help.h"

namespace adit::management {

namespace {

constexpr int highest_verb = 15;
constexpr int highest_status = 3;
constexpr int most_test_lines = 100000;

void erase_line_end(std::string& text) {
  while (text.ends_with('\n')) text.pop_back();
}

}  // namespace

const Interface::Command Interface::commands_[] = {
    {"exit", 0, true, &Interface::do_quit},
    {"quit", 0, true, &Interface::do_quit},
    {"help", 0, true, &Interface::do_help},
    {"version", 0, true, &Interface::do_version},
    {"pid", 0, true, &Interface::do_pid},
    {"nclients", 0, true, &Interface::do_nclients},
    {"load-stats", 0, true, &Interface::do_load_stats},
    {"status", 0, true, &Interface::do_status},
    {"state", 0, true, &Interface::do_state},
    {"log", 1, false, &Interface::do_log},
    {"echo", 1, false, &Interface::do_echo},
    {"hold", 0, true, &Interface::do_hold},
    {"bytecount", 1, true, &Interface::do_bytecount},
    {"kill", 1, true, &Interface::do_kill, true},
    {"signal", 1, true, &Interface::do_signal},
    {"verb", 0, true, &Interface::do_verb},
    {"mute", 0, true, &Interface::do_mute},
    {"auth-retry", 0, true, &Interface::do_auth_retry},
    {"forget-passwords", 0, true, &Interface::do_forget},
    {"net", 0, true, &Interface::do_net},
    {"test", 1, true, &Interface::do_test},
    {"username", 2, true, &Interface::do_username},
    {"password", 2, true, &Interface::do_password},
    {"needok", 2, true, &Interface::do_needok},
    {"needstr", 2, true, &Interface::do_needstr},
    {"env-filter", 0, true, &Interface::do_env_filter},
    {"client-kill", 1, false, &Interface::do_client_kill, true},
    {"client-auth", 2, true, &Interface::do_client_auth},
    {"client-auth-nt", 2, true, &Interface::do_client_auth_nt, true},
    {"client-deny", 3, false, &Interface::do_client_deny, true},
    {"client-pending-auth", 4, true, &Interface::do_client_pending, true},
    {"push-update-broad", 1, true, &Interface::do_update_all, true},
    {"push-update-cid", 2, true, &Interface::do_update_client, true},
    {"cr-response", 1, true, &Interface::do_cr_response, true},
    {"remote", 1, false, &Interface::do_remote},
    {"remote-entry-count", 0, true, &Interface::do_remote_count},
    {"remote-entry-get", 1, false, &Interface::do_remote_get},
    {"proxy", 1, false, &Interface::do_proxy},
    {"pk-sig", 0, true, &Interface::do_signature},
    {"rsa-sig", 0, true, &Interface::do_signature},
    {"certificate", 0, true, &Interface::do_certificate},
    {"pkcs11-id-count", 0, true, &Interface::do_pkcs11_count},
    {"pkcs11-id-get", 1, true, &Interface::do_pkcs11_get},
};

int leading_number(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char letter : text) {
    if (letter < '0' || letter > '9' || value > std::numeric_limits<int>::max()) break;
    value = value * 10 + (letter - '0');
  }
  value = std::min<std::int64_t>(value, std::numeric_limits<int>::max());
  return static_cast<int>(negative ? -value : value);
}

bool Interface::enough(const Words& words, const Command& command) {
  const std::size_t least = command.least;
  if (words.size() > least) return true;
  error("the '" + words[0] + "' command requires " + (command.exactly ? "" : "at least ") +
        std::to_string(least) + (least == 1 ? " parameter" : " parameters"));
  return false;
}

void Interface::run(const Words& words) {
  for (const Command& command : commands_) {
    if (command.name != words[0]) continue;
    if (!enough(words, command)) return;
    if (!instance_waits_ || !command.touches_instance) return (this->*command.run)(words);
    return run_later(words[0], [this, words, run = command.run] { (this->*run)(words); });
  }
  error("unknown command, enter 'help' for more options");
}

void Interface::do_quit(const Words&) { closing_ = true; }

void Interface::do_help(const Words&) { say(help_text(settings_.title)); }

void Interface::do_version(const Words& words) {
  if (words.size() > 1) {
    version_ = leading_number(words[1]);
    return;
  }
  say("OpenVPN Version: " + settings_.title);
  say("Management Version: 5");
  say("END");
}

void Interface::do_pid(const Words&) { success("pid=" + std::to_string(process_.pid())); }

void Interface::do_nclients(const Words& words) {
  if (!is_server()) return unsupported(words[0]);
  success("nclients=" + std::to_string(instance_->load().clients));
}

void Interface::do_load_stats(const Words&) {
  const Load all = load();
  success("nclients=" + std::to_string(all.clients) + ",bytesin=" + std::to_string(all.bytes_in) +
          ",bytesout=" + std::to_string(all.bytes_out));
}

void Interface::do_status(const Words& words) {
  if (instance_ == nullptr) return unsupported(words[0]);
  const int version = words.size() > 1 ? leading_number(words[1]) : 0;
  if (is_server() && (version < 0 || version > highest_status)) {
    return error("bad status format version number");
  }
  std::string text = instance_->status(version == 0 ? 1 : version);
  erase_line_end(text);
  for (const std::string_view line : split(text, '\n')) say(line);
}

// ---- log, state, echo ----

void Interface::show(const std::string& how, Stream& stream, const std::string& what) {
  if (how == "on" || how == "off") {
    stream.live = how == "on";
    return success("real-time " + what + " notification set to " + (stream.live ? "ON" : "OFF"));
  }
  const int count = leading_number(how);
  if (how != "all" && count <= 0) {
    return error(what + " parameter must be 'on' or 'off' or some number n or 'all'");
  }
  const std::string lines =
      how == "all" ? stream.history.all() : stream.history.last(static_cast<std::size_t>(count));
  say(lines + "END");
}

void Interface::show_stream(const Words& words, Stream& stream, const std::string& what) {
  for (std::size_t at = 1; at < std::min<std::size_t>(words.size(), 3); ++at) {
    show(words[at], stream, what);
  }
}

void Interface::do_state(const Words& words) {
  if (words.size() == 1) return show("1", state_, "state");
  show_stream(words, state_, "state");
}

void Interface::do_log(const Words& words) { show_stream(words, log_, "log"); }

void Interface::do_echo(const Words& words) { show_stream(words, echo_, "echo"); }

// ---- the process ----

void Interface::do_hold(const Words& words) {
  if (words.size() == 1) return success(hold_ ? "hold=1" : "hold=0");
  const std::string& how = words[1];
  if (how == "on" || how == "off") {
    hold_ = how == "on";
    success(hold_ ? "hold flag set to ON" : "hold flag set to OFF");
  } else if (how == "release") {
    holding_ = false;
    success("hold release succeeded");
  } else {
    error("bad hold command parameter");
  }
}

void Interface::do_bytecount(const Words& words) {
  count_interval_ = std::max(0, leading_number(words[1]));
  next_count_ = Instant::min();
  counted_.clear();
  success("bytecount interval changed");
}

void Interface::do_signal(const Words& words) {
  static constexpr std::array<std::string_view, 4> known{"SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2"};
  const std::string& name = words[1];
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return error("signal '" + name + "' is not a known signal type");
  }
  if ((holding_ || password_) && (name == "SIGUSR1" || name == "SIGHUP")) {
    error("signal '" + name + "' is currently ignored");
    return say_waiting();
  }
  success("signal " + name + " thrown");
  process_.signal(name);
}

void Interface::do_verb(const Words& words) {
  if (words.size() == 1) return success("verb=" + std::to_string(process_.verbosity()));
  const int verb = leading_number(words[1]);
  if (verb < 0 || verb > highest_verb) return error("verb level is out of range");
  process_.set_verbosity(verb);
  success("verb level changed");
}

void Interface::do_mute(const Words& words) {
  if (words.size() == 1) return success("mute=" + std::to_string(process_.mute()));
  const int lines = leading_number(words[1]);
  if (lines < 0) return error("mute level is out of range");
  process_.set_mute(static_cast<unsigned>(lines));
  success("mute level changed");
}

void Interface::do_auth_retry(const Words& words) {
  if (words.size() == 1) return success("auth-retry=" + process_.auth_retry());
  if (process_.set_auth_retry(words[1])) return success("auth-retry parameter changed");
  say("--auth-retry method must be 'interact', 'nointeract', or 'none'");
  error("bad auth-retry parameter");
}

void Interface::do_forget(const Words&) {
  process_.forget_passwords();
  success("Passwords were forgotten");
}

void Interface::do_net(const Words& words) {
  if (instance_ == nullptr) return unsupported(words[0]);
  error("Sorry, this command is currently only implemented on Windows");
}

void Interface::do_test(const Words& words) {
  const int count = std::min(leading_number(words[1]), most_test_lines);
  for (int line = 0; line < count; ++line) {
    say("[" + std::to_string(line) +
        "] The purpose of this command is to generate large amounts of output.");
  }
}

}  // namespace adit::management
