#pragma once

#include <memory>

#include "doctor/doctor.h"
#include "doctor/folder_store.h"
#include "node/client.h"
#include "node/identity_setup.h"

namespace adit::doctor {

// A client's configuration with its keys loaded: what sessions of our own are made of.
class ProbeProfile {
 public:
  // folder: where relative paths begin that do not lead anywhere from here.
  [[nodiscard]] static Result<std::unique_ptr<ProbeProfile>> load(const std::string& text,
                                                                  const std::string& source,
                                                                  const std::string& folder,
                                                                  const Surroundings& around);
  ~ProbeProfile();

  [[nodiscard]] const options::Config& config() const { return config_; }
  // The remotes in their order; at least one.
  [[nodiscard]] const std::vector<options::Connection>& connections() const;
  // Loads the keys of TLS; asks for a passphrase and a login where the profile wants them.
  [[nodiscard]] Status prepare();
  [[nodiscard]] Result<node::ClientSetup> setup(const options::Connection& connection);
  [[nodiscard]] const session::Credentials& credentials() const { return credentials_; }
  // The text of its own certificate, PEM; empty: it has none.
  [[nodiscard]] std::string certificate();

 private:
  ProbeProfile(const Surroundings& around, std::unique_ptr<FolderStore> files);

  const Surroundings& around_;
  std::unique_ptr<FolderStore> files_;
  options::Config config_;
  std::unique_ptr<node::Identity> identity_;
  session::Credentials credentials_;
};

// Where a connection leads: each address of its name. Asks the host's resolver and blocks.
[[nodiscard]] Result<std::vector<ip::Endpoint>> endpoints_of(const options::Connection& connection);

}  // namespace adit::doctor
