#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "management/history.h"
#include "management/instance.h"
#include "management/line_input.h"
#include "management/questions.h"

namespace adit::management {

struct Settings {
  std::string title;                     // first line of --version
  std::optional<SecretText> password{};  // asked of whoever connects
  bool hold = false;
  std::size_t log_lines = 250;
};

// One state of the tunnel, as ">STATE" tells it.
struct State {
  std::string name, detail{};  // "CONNECTED", "SUCCESS"
  std::string local4{}, remote{}, remote_port{}, from{}, from_port{}, local6{};
};

// The management interface of a process: what its client says goes in, what it is to be told comes
// out. One client at a time. It opens nothing and reads no clock; the time comes with what it is
// told. Control thread only. source: surfaces 12
class Interface {
 public:
  // Bytes that wait for the client at most; one that does not read them is dropped.
  static constexpr std::size_t most_waiting = std::size_t{8} << 20;

  // process must outlive it.
  Interface(Settings settings, Process& process);

  // ---- the client ----
  void connected();
  void take(Bytes bytes);
  void disconnected();
  [[nodiscard]] bool has_client() const { return phase_ != Phase::nobody; }
  [[nodiscard]] std::string take_output();
  // It said goodbye, gave wrong passwords or reads too slowly: close when the output is written.
  [[nodiscard]] bool wants_close() const { return closing_; }

  // ---- the instance ----
  // nullptr: none runs. Must outlive its being set. What it has moved is added to what those after
  // it move.
  void set_instance(Instance* instance);
  void log(WallTime at, const LogLine& line);
  void state(WallTime at, const State& state);
  void echo(WallTime at, const std::string& text);
  // A notification with its ">". Nobody may be there to hear it.
  void tell(const std::string& line);
  // event  "CONNECT,0,1"
  void client_event(const std::string& event, const Variables& variables);
  void up_down(bool up, const Variables& variables);
  // What was counted since; call it every second.
  void count_bytes(Instant now);
  [[nodiscard]] bool counts_bytes() const { return count_interval_ > 0; }

  // ---- waiting for the client ----
  [[nodiscard]] bool holds() const { return hold_; }
  void begin_hold(unsigned seconds);
  [[nodiscard]] bool held() const { return holding_; }
  void end_hold();
  void ask(PasswordQuestion question);
  [[nodiscard]] const std::optional<PasswordQuestion>& password() const { return password_; }
  void end_password() { password_.reset(); }
  void ask(RemoteQuestion question);
  [[nodiscard]] const std::optional<RemoteQuestion>& remote() const { return remote_; }
  void end_remote() { remote_.reset(); }
  void ask(TextQuestion question);
  [[nodiscard]] const std::optional<TextQuestion>& text() const { return text_; }
  void end_text() { text_.reset(); }
  void ask(NeedQuestion question);
  [[nodiscard]] const std::optional<NeedQuestion>& need() const { return need_; }
  void end_need() { need_.reset(); }
  void ask(ProxyQuestion question);
  [[nodiscard]] const std::optional<ProxyQuestion>& proxy() const { return proxy_; }
  void end_proxy() { proxy_.reset(); }
  // The instance itself waits for an answer, in the middle of something: what a command would do to
  // it is done by run_late(), once that is over, unless another instance has come by then.
  void set_instance_waits(bool waits) { instance_waits_ = waits; }
  [[nodiscard]] bool has_late() const { return !late_.empty(); }
  void run_late();

 private:
  using Words = std::vector<std::string>;
  enum class Phase { nobody, password, ready };
  struct Command;
  struct Stream {
    explicit Stream(std::size_t most) : history(most) {}
    History history;
    bool live = false;
  };

  struct Late {
    std::string command;
    std::function<void()> run;
  };

  struct Block {  // client-auth, pk-sig, certificate: lines until END
    std::string command;
    std::uint64_t client = 0, key = 0;
    std::string lines;
    bool too_long = false;
  };

  void say(std::string_view line);
  void success(std::string_view text) { say("SUCCESS: " + std::string(text)); }
  void error(std::string_view text) { say("ERROR: " + std::string(text)); }
  void unsupported(std::string_view command);
  void answer(std::string_view command, bool done);
  void greet();
  void say_waiting();
  void tell_hold();
  void check_password(const std::string& line);
  void take_line(const LineInput::Line& line);
  void take_block_line(const LineInput::Line& line);
  void end_block(const Block& block);
  void run_later(std::string command, std::function<void()> run);
  void run(const Words& words);
  [[nodiscard]] bool enough(const Words& words, const Command& command);
  void add(Stream& stream, const char* name, std::string line);
  void say_variables(const std::string& what, const Variables& variables,
                     const std::function<bool(std::string_view name)>& wanted);
  [[nodiscard]] bool passes_filter(std::string_view name) const;
  [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> client_and_key(
      const Words& words);
  void show_stream(const Words& words, Stream& stream, const std::string& what);
  void show(const std::string& how, Stream& stream, const std::string& what);
  void give_answer(const Words& words, bool is_name);
  void give_need(const Words& words, NeedQuestion::Kind kind);
  void begin_text(const Words& words, TextQuestion::Kind kind);
  [[nodiscard]] bool is_type(const std::string& what, const std::string& given,
                             const std::string& wanted);
  [[nodiscard]] Load load() const;  // of this instance and those before it
  [[nodiscard]] bool is_server() const { return instance_ != nullptr && instance_->is_server(); }
  [[nodiscard]] bool is_client() const { return instance_ != nullptr && !instance_->is_server(); }

  // one for each command
  void do_help(const Words& words);
  void do_version(const Words& words);
  void do_pid(const Words& words);
  void do_quit(const Words& words);
  void do_state(const Words& words);
  void do_log(const Words& words);
  void do_echo(const Words& words);
  void do_hold(const Words& words);
  void do_bytecount(const Words& words);
  void do_status(const Words& words);
  void do_kill(const Words& words);
  void do_signal(const Words& words);
  void do_verb(const Words& words);
  void do_mute(const Words& words);
  void do_auth_retry(const Words& words);
  void do_load_stats(const Words& words);
  void do_nclients(const Words& words);
  void do_forget(const Words& words);
  void do_net(const Words& words);
  void do_test(const Words& words);
  void do_username(const Words& words);
  void do_password(const Words& words);
  void do_needok(const Words& words);
  void do_needstr(const Words& words);
  void do_env_filter(const Words& words);
  void do_client_kill(const Words& words);
  void do_client_auth(const Words& words);
  void do_client_auth_nt(const Words& words);
  void do_client_deny(const Words& words);
  void do_client_pending(const Words& words);
  void do_update_all(const Words& words);
  void do_update_client(const Words& words);
  void update(std::optional<std::uint64_t> client, const std::string& text);
  void do_cr_response(const Words& words);
  void do_remote(const Words& words);
  void do_remote_count(const Words& words);
  void do_remote_get(const Words& words);
  void do_proxy(const Words& words);
  void do_signature(const Words& words);
  void do_certificate(const Words& words);
  void do_pkcs11_count(const Words& words);
  void do_pkcs11_get(const Words& words);

  static const Command commands_[];

  Settings settings_;
  Process& process_;
  Instance* instance_ = nullptr;
  Load former_;  // of the instances before it
  Phase phase_ = Phase::nobody;
  unsigned wrong_passwords_ = 0;
  LineInput input_;
  std::string output_;
  bool closing_ = false;
  bool fatal_ = false;  // it has been told

  Stream log_, state_{100}, echo_{100};
  int env_filter_ = 0;
  int version_ = 1;  // that a manager has said; later ones are taken to be like it

  bool hold_;
  bool holding_ = false;
  unsigned hold_seconds_ = 0;
  std::optional<PasswordQuestion> password_;
  std::optional<RemoteQuestion> remote_;
  std::optional<TextQuestion> text_;
  std::optional<NeedQuestion> need_;
  std::optional<ProxyQuestion> proxy_;
  bool instance_waits_ = false;
  std::vector<Late> late_;

  std::optional<Block> block_;

  int count_interval_ = 0;  // seconds
  Instant next_count_ = Instant::min();
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> counted_;
};

}  // namespace adit::management
