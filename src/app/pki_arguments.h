#pragma once

// What the commands "adit pki ..." share.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "app/command_words.h"
#include "pki/authority.h"

namespace CLI {
class App;
}

namespace adit::app {

class PkiArguments {
 public:
  std::string directory = "/etc/adit/pki";
  std::string name;
  std::string common_name;
  std::optional<std::string> key_type{};
  std::string reason = "unspecified";
  std::string output;
  std::string endpoint = "SERVER-ADDRESS";
  unsigned port = 1194;
  std::string proto = "udp";
  unsigned days = 0;  // 0: what is usual
  unsigned overlap = static_cast<unsigned>(pki::overlap_days.count());
  std::string source;
  std::string stage;
  std::string password_file;
  std::string now;  // for trying out what will be: the date to assume
  bool password = false;
  bool new_key = false;
  bool force = false;
  bool status_only = false;
  bool issue = false;
  bool json = false;
};

// The text or the JSON, as asked for.
int answer(const PkiArguments& arguments, const std::string& text, const std::string& json);

[[nodiscard]] pki::Hooks terminal_hooks();
// Opens the directory and tells what was repaired.
[[nodiscard]] Result<pki::Authority> open_authority(const PkiArguments& arguments);
[[nodiscard]] Result<WallTime> time_of(const PkiArguments& arguments);
[[nodiscard]] std::chrono::days days_of(const PkiArguments& arguments, std::chrono::days usual);
[[nodiscard]] Result<std::optional<pki::KeyType>> key_type_of(const PkiArguments& arguments);
// The passphrase for a new key: typed twice, or the first line of a file; nothing when not wanted.
[[nodiscard]] Result<std::optional<SecretText>> passphrase_of(const PkiArguments& arguments);

int pki_init(const PkiArguments& arguments);
int pki_ca(const PkiArguments& arguments);
int pki_issue(const PkiArguments& arguments, pki::Kind kind);
int pki_renew(const PkiArguments& arguments);
int pki_revoke(const PkiArguments& arguments);
int pki_crl(const PkiArguments& arguments);

int pki_list(const PkiArguments& arguments);
int pki_show(const PkiArguments& arguments);
int pki_export(const PkiArguments& arguments);

int pki_import(const PkiArguments& arguments);
int pki_rotate(const PkiArguments& arguments);

}  // namespace adit::app
