#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/runtime.h"
#include "management/interface.h"
#include "node/environment.h"
#include "session/setup.h"
#include "system/control_socket.h"

namespace adit::app {

// The management interface of this process: its socket, and what of the process it may change. It
// lives as long as the process; restarts and configurations read again leave it as it is.
class ManagementHost final : public management::Process {
 public:
  // config.management is defined. Listens, or connects out; an error without words has been told.
  [[nodiscard]] static Result<std::unique_ptr<ManagementHost>> open(Runtime& runtime,
                                                                    const options::Config& config);
  ~ManagementHost() override;
  ManagementHost(const ManagementHost&) = delete;
  ManagementHost& operator=(const ManagementHost&) = delete;

  [[nodiscard]] management::Interface& face() { return *face_; }
  // What the interface has to say goes out in this turn of the loop.
  void flush_soon();
  // Waits in the middle of a handshake: only the manager is served. What it says to the instance
  // waits until that is over. False: the time is up, or a signal has come.
  bool wait_apart(const std::function<bool()>& done, Duration patience);
  [[nodiscard]] bool tells_up_down() const { return options_.up_down; }
  // A manager who comes through the tunnel is asked nothing, as with openvpn.
  [[nodiscard]] bool can_ask() const { return !is_inside(); }
  // "management tunnel PORT" listens at the tunnel's own address, while it has one.
  void tunnel_is_up(const management::State& state);
  void tunnel_goes_down();
  std::function<void()> on_forget;  // passwords
  std::function<std::vector<management::TokenEntry>()> on_token_entries;
  // As the manager last had it; nothing: as configured.
  [[nodiscard]] const std::optional<options::Client::AuthRetry>& new_auth_retry() const {
    return new_auth_retry_;
  }

  // Process
  [[nodiscard]] int pid() const override;
  void log(Severity severity, std::string_view text) override;
  [[nodiscard]] int verbosity() const override;
  void set_verbosity(int verb) override;
  [[nodiscard]] unsigned mute() const override { return mute_; }
  void set_mute(unsigned lines) override;
  void signal(std::string_view name) override;
  [[nodiscard]] std::string auth_retry() const override;
  bool set_auth_retry(std::string_view how) override;
  void forget_passwords() override;
  [[nodiscard]] std::vector<management::TokenEntry> token_entries() override;

 private:
  ManagementHost(Runtime& runtime, const options::Config& config);
  [[nodiscard]] Status open_socket();
  [[nodiscard]] Result<system::ControlSocket::Place> find_place() const;
  [[nodiscard]] bool is_inside() const {
    return options_.address == "tunnel" && options_.port != "unix" && !options_.connects_out;
  }
  [[nodiscard]] Status read_password();
  void came(const ip::Endpoint& from);
  void went();
  void flush();
  void tick();

  Runtime& runtime_;
  options::Management options_;
  options::Client::AuthRetry configured_retry_;
  std::optional<options::Client::AuthRetry> new_auth_retry_;
  unsigned mute_;
  std::optional<SecretText> password_;
  std::unique_ptr<management::Interface> face_;
  system::ControlSocket::Place place_;
  std::unique_ptr<system::ControlSocket> socket_;  // nullptr: "management tunnel", which is down
  bool flushing_ = false;
  system::TimerId timer_ = 0;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

// ---- for the runs; nothing happens where there is no management interface ----

void tell_state(Runtime& runtime, const management::State& state);
// "RECONNECTING" or "EXITING", by what the signal does.
void tell_end(Runtime& runtime, const Signal& signal);
// "management-up-down".
void tell_up_down(Runtime& runtime, bool up, const node::Environment& environment);
// The manager is one to be asked for passwords: "management-query-passwords".
[[nodiscard]] bool asks_manager(const Runtime& runtime, const options::Config& config);
// "management tunnel": it closes, before the device does.
void tell_tunnel_goes_down(Runtime& runtime);
// "management-hold": waits for the release. True: it was held, so no other pause is needed.
bool hold_if_wanted(Runtime& runtime, unsigned seconds);
// The same without waiting: the answer is there or is not yet.
void begin_asking(Runtime& runtime, management::PasswordQuestion question);
[[nodiscard]] std::optional<session::Credentials> take_answer(Runtime& runtime);
// "management-query-passwords". Nothing: a signal came first.
[[nodiscard]] std::optional<session::Credentials> ask_manager(
    Runtime& runtime, management::PasswordQuestion question);

// The patience of a start: nobody waits for us yet.
inline constexpr Duration any_time = std::chrono::hours(24 * 365);
// A signature or a certificate; the manager has to be there. Nothing: why is logged.
[[nodiscard]] std::optional<std::string> ask_manager_for_text(Runtime& runtime,
                                                              management::TextQuestion question,
                                                              Duration patience);
[[nodiscard]] std::optional<std::string> ask_manager_for_need(Runtime& runtime,
                                                              management::NeedQuestion question,
                                                              Duration patience);
// As ask_manager, in the middle of a handshake.
[[nodiscard]] std::optional<SecretText> ask_manager_for_pin(Runtime& runtime,
                                                            const std::string& type,
                                                            Duration patience);

}  // namespace adit::app
