#pragma once

// What "adit up" wants of a host, and what "adit down" leaves.

#include <string>
#include <vector>

#include "setup/engine.h"
#include "setup/preflight.h"
#include "setup/server_text.h"

namespace adit::setup {

struct UpRequest {
  std::string dir = "/etc/adit";  // absolute, without a slash at the end
  ServerSettings settings{};
  bool service = true;
  std::string program = "/usr/sbin/adit";  // for the unit
  std::string first_client = "client1";
};

// Who makes certificates and profiles: room pki with the clock and the random numbers of the
// program. Everything that is there already stays.
class Certificates {
 public:
  virtual ~Certificates() = default;
  [[nodiscard]] virtual bool has_authority() const = 0;
  // What the files of a valid server certificate are called.
  [[nodiscard]] virtual std::optional<std::string> server_name() = 0;
  [[nodiscard]] virtual bool has_client(const std::string& name) = 0;
  [[nodiscard]] virtual Status make_authority() = 0;
  [[nodiscard]] virtual Status issue_server(const std::string& name) = 0;
  [[nodiscard]] virtual Status issue_client(const std::string& name) = 0;
  // The whole .ovpn, as the server is now; secret.
  [[nodiscard]] virtual Result<std::string> profile(const std::string& name,
                                                    const ServerFacts& facts) = 0;
};

// Everything known before anything is changed.
struct UpPlan {
  ServerFacts facts;          // of the server as it will be
  std::string instance;       // "server"
  std::string unit;           // "adit-server@server.service"; empty: no service
  std::string profile;        // path of the first client's; empty: none is made
  bool is_new = false;        // there was no server.conf
  std::vector<Error> errors;  // what stands in the way; then there is nothing else
  std::vector<std::string> notes;
  Wishes wishes;
};

[[nodiscard]] Result<UpPlan> plan_up(Host& host, const UpRequest& request, Certificates& pki);

// Changed files of a server that is there, with what follows from them: rules, and that a running
// server reads them. All of it happens, or none.
struct Edit {
  std::string dir;
  std::optional<std::string> conf{};  // of server.conf
  ClientTexts clients{};              // of client-config-dir
  std::vector<Wish> others{};         // further kept files, such as a profile
};
[[nodiscard]] Result<UpPlan> plan_edit(Host& host, const Edit& edit, const std::string& program);

// Removes what remains of a server after undo(): keys, configuration, profiles.
[[nodiscard]] Status purge(Host& host, const std::string& dir);

}  // namespace adit::setup
