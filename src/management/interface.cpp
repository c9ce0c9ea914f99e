// Who is there, what it is told, and what it is waited for.

#include "management/interface.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "options/lexer.h"

namespace adit::management {

namespace {

constexpr unsigned most_wrong_passwords = 3;
constexpr std::size_t longest_word = 255;
constexpr std::size_t longest_block = std::size_t{64} << 10;

const char* flag_of(const LogLine& line) {
  switch (line.severity) {
    case Severity::fatal:
      return "F";
    case Severity::error:
      return "N";
    case Severity::warning:
      return "W";
    case Severity::debug:
      return "D";
    case Severity::info:
      return line.verb <= 1 ? "I" : "";
  }
  return "";
}

// What others say (a peer's password, a script's words) must not begin a line of its own.
std::string one_line(std::string text) {
  for (char& letter : text) {
    if (is_control(letter)) letter = '_';
  }
  return text;
}

std::string stamped(WallTime at, std::string_view text) {
  return std::to_string(at.seconds) + "," + std::string(text);
}

}  // namespace

Interface::Interface(Settings settings, Process& process)
    : settings_(std::move(settings)),
      process_(process),
      log_(settings_.log_lines),
      hold_(settings_.hold) {}

// ---- the client ----

void Interface::connected() {
  input_.clear();
  output_.clear();
  closing_ = false;
  wrong_passwords_ = 0;
  block_.reset();
  log_.live = state_.live = echo_.live = false;
  count_interval_ = 0;
  env_filter_ = 0;
  if (!settings_.password) {
    phase_ = Phase::ready;
    return greet();
  }
  phase_ = Phase::password;
  output_ += "ENTER PASSWORD:";
}

void Interface::disconnected() {
  phase_ = Phase::nobody;
  late_.clear();
  input_.clear();
  output_.clear();
  block_.reset();
  log_.live = state_.live = echo_.live = false;
  count_interval_ = 0;
}

void Interface::greet() {
  say(">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info");
  say_waiting();
}

// A handshake may need a signature while the user still thinks about a password.
void Interface::say_waiting() {
  if (holding_) return tell_hold();
  if (password_) tell(password_->line());
  if (text_ && !text_->text) tell(text_->line(version_));
  if (need_ && !need_->answer) tell(need_->line());
  if (remote_ && remote_->answer == RemoteQuestion::Answer::none) tell(remote_->line());
  if (proxy_ && !proxy_->answered) tell(proxy_->line());
}

void Interface::tell_hold() {
  tell(">HOLD:Waiting for hold release:" + std::to_string(hold_seconds_));
}

std::string Interface::take_output() { return std::exchange(output_, {}); }

void Interface::say(std::string_view line) {
  if (phase_ == Phase::nobody || closing_) return;
  if (output_.size() + line.size() > most_waiting) {
    output_.clear();
    closing_ = true;
    return;
  }
  output_ += line;
  output_ += "\r\n";
}

void Interface::unsupported(std::string_view command) {
  error("The '" + std::string(command) + "' command is not supported by the current daemon mode");
}

void Interface::answer(std::string_view command, bool done) {
  const std::string text = std::string(command) + " command ";
  done ? success(text + "succeeded") : error(text + "failed");
}

void Interface::take(Bytes bytes) {
  input_.take(bytes);
  while (!closing_ && phase_ != Phase::nobody) {
    auto line = input_.next();
    if (!line) return;
    take_line(*line);
    explicit_bzero(line->text.data(), line->text.size());
  }
}

void Interface::take_line(const LineInput::Line& line) {
  if (phase_ == Phase::password) return check_password(line.text);
  if (block_) return take_block_line(line);
  if (line.too_long) return error("unknown command, enter 'help' for more options");
  const bool secret = line.text.starts_with("password");
  if (line.text != "load-stats") {
    process_.log(Severity::debug,
                 "MANAGEMENT: CMD '" + (secret ? "password [...]" : line.text) + "'");
  }
  auto words = options::split_words(line.text);
  if (!words) return error("Options error: No closing quotation (\") in TCP:0");
  for (const std::string& word : *words) {
    if (word.size() <= longest_word) continue;
    return error("Options error: Parameter at TCP:0 is too long (256 chars max): " +
                 word.substr(0, longest_word));
  }
  if (!words->empty()) run(*words);
  for (std::string& word : *words) explicit_bzero(word.data(), word.size());
}

void Interface::check_password(const std::string& line) {
  if (equal_constant_time(as_bytes(line), as_bytes(settings_.password->reveal()))) {
    phase_ = Phase::ready;
    success("password is correct");
    return greet();
  }
  if (++wrong_passwords_ < most_wrong_passwords) {
    output_ += "ENTER PASSWORD:";
    return;
  }
  process_.log(Severity::warning,
               "MAN: client connection rejected after 3 failed password attempts");
  closing_ = true;
}

void Interface::take_block_line(const LineInput::Line& line) {
  if (line.text != "END") {
    const bool fits = block_->lines.size() + line.text.size() <= longest_block;
    block_->too_long = block_->too_long || line.too_long || !fits;
    if (!block_->too_long) block_->lines += line.text + "\n";
    return;
  }
  end_block(*std::exchange(block_, std::nullopt));
}

// ---- the instance ----

void Interface::set_instance(Instance* instance) {
  former_ = load();
  instance_ = instance;
  counted_.clear();
  // Numbers of clients begin anew: it would be another that is let in or killed.
  for (const Late& one : std::exchange(late_, {})) answer(one.command, false);
}

Load Interface::load() const {
  Load all = instance_ != nullptr ? instance_->load() : Load();
  all.bytes_in += former_.bytes_in;
  all.bytes_out += former_.bytes_out;
  return all;
}

void Interface::add(Stream& stream, const char* name, std::string line) {
  line = one_line(std::move(line));
  if (stream.live) tell(">" + std::string(name) + ":" + line);
  stream.history.add(std::move(line));
}

void Interface::log(WallTime at, const LogLine& line) {
  const std::string text = std::string(flag_of(line)) + "," + std::string(line.text);
  add(log_, "LOG", stamped(at, text));
  // The first one says why; those after it only that this is the end.
  if (line.severity == Severity::fatal && phase_ == Phase::ready && !std::exchange(fatal_, true)) {
    tell(">FATAL:" + std::string(line.text));
  }
}

void Interface::state(WallTime at, const State& state) {
  std::string line = join({std::to_string(at.seconds), state.name, state.detail, state.local4,
                           state.remote, state.remote_port, state.from, state.from_port},
                          ",");
  if (!state.local6.empty()) line += "," + state.local6;
  if (state_.live && phase_ == Phase::ready) {
    process_.log(Severity::info, "MANAGEMENT: >STATE:" + line);
  }
  add(state_, "STATE", std::move(line));
}

void Interface::echo(WallTime at, const std::string& text) {
  add(echo_, "ECHO", stamped(at, text));
}

void Interface::tell(const std::string& line) {
  if (phase_ == Phase::ready) say(one_line(line));
}

// source: openvpn 2.6 manage.c, env_filter_match().
bool Interface::passes_filter(std::string_view name) const {
  static constexpr std::array<std::string_view, 16> wanted{"username",
                                                           "password",
                                                           "X509_0_CN",
                                                           "untrusted_ip",
                                                           "ifconfig_local",
                                                           "ifconfig_netmask",
                                                           "daemon_start_time",
                                                           "daemon_pid",
                                                           "dev",
                                                           "time_duration",
                                                           "bytes_sent",
                                                           "bytes_received",
                                                           "session_id",
                                                           "session_state",
                                                           "ifconfig_pool_remote_ip",
                                                           "ifconfig_pool_netmask"};
  if (env_filter_ <= 0) return true;
  if (env_filter_ > 2) return false;
  if (env_filter_ == 1 && name.starts_with("X509_")) return true;
  return name.starts_with("tls_serial_") || std::ranges::find(wanted, name) != wanted.end();
}

void Interface::say_variables(const std::string& what, const Variables& variables,
                              const std::function<bool(std::string_view name)>& wanted) {
  for (const auto& [name, value] : variables) {
    if (wanted(name)) tell(">" + what + ":ENV," + name + "=" + value);
  }
  tell(">" + what + ":ENV,END");
}

// What a client says of itself is told with every question about it, whatever the filter.
void Interface::client_event(const std::string& event, const Variables& variables) {
  tell(">CLIENT:" + event);
  if (event.starts_with("ADDRESS,")) return;
  const bool asks = event.starts_with("CONNECT,") || event.starts_with("REAUTH,") ||
                    event.starts_with("CR_RESPONSE,");
  say_variables("CLIENT", variables, [&](std::string_view name) {
    const bool of_peer = name.starts_with("IV_") || name.starts_with("UV_");
    return (asks && of_peer) || passes_filter(name);
  });
}

void Interface::up_down(bool up, const Variables& variables) {
  tell(up ? ">UPDOWN:UP" : ">UPDOWN:DOWN");
  say_variables("UPDOWN", variables, [](std::string_view) { return true; });
}

void Interface::count_bytes(Instant now) {
  if (count_interval_ <= 0 || instance_ == nullptr || now < next_count_) return;
  next_count_ = now + std::chrono::seconds(count_interval_);
  if (!instance_->is_server()) {
    const Load all = load();
    return say(">BYTECOUNT:" + std::to_string(all.bytes_in) + "," + std::to_string(all.bytes_out));
  }
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> seen;
  for (const ByteCount& count : instance_->byte_counts()) {
    const std::pair now_counted{count.bytes_in, count.bytes_out};
    seen[count.client_id] = now_counted;
    const auto before = counted_.find(count.client_id);
    if (before != counted_.end() && before->second == now_counted) continue;
    say(">BYTECOUNT_CLI:" + std::to_string(count.client_id) + "," + std::to_string(count.bytes_in) +
        "," + std::to_string(count.bytes_out));
  }
  counted_ = std::move(seen);
}

// ---- waiting for the client ----

void Interface::begin_hold(unsigned seconds) {
  holding_ = true;
  hold_seconds_ = seconds;
  tell_hold();
}

void Interface::end_hold() { holding_ = false; }

void Interface::ask(PasswordQuestion question) {
  password_ = std::move(question);
  tell(password_->line());
}

void Interface::ask(RemoteQuestion question) {
  remote_ = std::move(question);
  tell(remote_->line());
}

void Interface::ask(TextQuestion question) {
  text_ = std::move(question);
  tell(text_->line(version_));
}

void Interface::ask(NeedQuestion question) {
  need_ = std::move(question);
  tell(need_->line());
}

void Interface::ask(ProxyQuestion question) {
  proxy_ = std::move(question);
  tell(proxy_->line());
}

}  // namespace adit::management
