#pragma once

#include "app/client_run.h"
#include "management/questions.h"
#include "options/config.h"
#include "ports/store_port.h"
#include "session/setup.h"

namespace adit::app {

// The user name and password that auth-user-pass wants: from its file, and what is not there from
// the terminal.
[[nodiscard]] Result<session::Credentials> ask_credentials(const options::Client& wanted,
                                                           ports::StorePort& store);

// The user of a running client: whom it asks, what it remembers of the answers, and when it asks
// again. The manager is asked where that is configured ("management-query-passwords").
class ClientLogin {
 public:
  // All must outlive it.
  ClientLogin(Runtime& runtime, const options::Config& config, Remembered& remembered)
      : runtime_(runtime), config_(config), remembered_(remembered) {}

  // Before an attempt: there is a user name and password to send, or a token, or none is wanted.
  [[nodiscard]] Status log_in();
  // After one: what the server wants next time.
  void expect(const node::Outcome& outcome);
  // While the tunnel stands ("auth-nocache"): new keys want the password once more. A manager takes
  // its time, and the tunnel goes on meanwhile; call it again then.
  void renew(node::Client& client);
  void stop_asking();

 private:
  [[nodiscard]] Result<session::Credentials> ask(std::string_view challenge);
  [[nodiscard]] std::optional<management::PasswordQuestion> question_for_manager(
      std::string_view challenge) const;
  [[nodiscard]] Status use_what_was_read(const Error& error);
  void remember(session::Credentials credentials, bool on_disk);

  Runtime& runtime_;
  const options::Config& config_;
  Remembered& remembered_;
  std::string challenge_;  // the server asks back ("CRV1:...")
  bool asking_ = false;    // the manager, while the tunnel stands
};

}  // namespace adit::app
