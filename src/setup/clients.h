#pragma once

// The clients of a server: certificate, profile, file in client-config-dir.

#include <string>
#include <vector>

#include "pki/renew.h"
#include "setup/pki_certificates.h"
#include "setup/up.h"

namespace adit::setup {

struct Client {
  pki::Entry certificate;  // of several of one name and file, the last
  std::optional<ip::Address> fixed;
  std::vector<ip::Prefix> behind;
  std::string profile;  // its path; empty: there is no file
};

struct ClientRequest {
  std::string name;
  std::optional<ip::Address> fixed{};
  std::optional<std::chrono::days> lifetime{};
  std::optional<SecretText> passphrase{};
  std::string output{};  // where the profile goes; empty: into the server's folder
};

// The commands of one server's folder. Each error leaves everything as it was, but for certificates
// that have been issued.
class Clients {
 public:
  // program: for units, as in UpRequest.
  Clients(Host& host, std::string dir, PkiCertificates& pki, std::string program)
      : host_(host), dir_(std::move(dir)), pki_(pki), program_(std::move(program)) {}

  // Returns the profile's text, which lies in the file as well ("-" as output: only the text).
  [[nodiscard]] Result<SecretText> add(const ClientRequest& request, const Progress& progress);
  [[nodiscard]] Result<std::vector<Client>> list();
  // By its common name, or what its files in pki are called.
  [[nodiscard]] Result<Client> find(const std::string& name);
  // Its profile is set aside, its address is free again.
  [[nodiscard]] Status revoke(const std::string& name, const Progress& progress);
  [[nodiscard]] Result<pki::Renewed> renew(const pki::RenewRequest& request,
                                           const Progress& progress);
  // Made anew of the certificate and the server as it is now.
  [[nodiscard]] Result<SecretText> profile_of(const std::string& name);
  [[nodiscard]] Status write_profile(const std::string& name, const std::string& output,
                                     const Progress& progress);
  [[nodiscard]] std::string profile_path(const std::string& name) const;
  // The same by any name that find() knows.
  [[nodiscard]] std::string profile_path_of(const std::string& name);

  // Makes the certificate where there is none, and writes the profile for the server of this edit.
  [[nodiscard]] Status carry_out(Edit edit, const std::string& name, const Progress& progress);
  // All files of the edit and what follows from them, or nothing.
  [[nodiscard]] Status apply(const Edit& edit, const Progress& progress);

 private:
  [[nodiscard]] Status issue(const ClientRequest& request);

  Host& host_;
  std::string dir_;
  PkiCertificates& pki_;
  std::string program_;
};

[[nodiscard]] std::string render_table(const std::vector<Client>& clients, WallTime now);
[[nodiscard]] std::string render_json(const std::vector<Client>& clients, WallTime now);
[[nodiscard]] std::string render_json(const Client& client, WallTime now);

}  // namespace adit::setup
