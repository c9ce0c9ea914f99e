// The commands "adit pki ...": what each is called and what it takes.

#include "app/pki_command.h"

#include <CLI/CLI.hpp>

#include "app/pki_arguments.h"

namespace adit::app {

namespace {

// Adds commands one after the other to "pki".
class PkiCommands {
 public:
  PkiCommands(CLI::App& pki, PkiArguments& arguments, int& status)
      : pki_(pki), arguments_(arguments), status_(status) {}

  // What every command takes; do leaves its exit status.
  CLI::App& add(const char* name, const char* what, int (*run)(const PkiArguments&)) {
    CLI::App& verb = *pki_.add_subcommand(name, what);
    verb.add_option("--dir", arguments_.directory, "where the certificates live")
        ->capture_default_str();
    verb.add_flag("--json", arguments_.json, "for programs");
    verb.add_option("--now", arguments_.now, "the date to assume")->group("");
    verb.callback(
        [this_arguments = &arguments_, status = &status_, run] { *status = run(*this_arguments); });
    return verb;
  }
  void name_of(CLI::App& verb, const char* whose) {
    verb.add_option("NAME", arguments_.name, whose)->required();
  }
  void days(CLI::App& verb, const char* what) { verb.add_option("--days", arguments_.days, what); }
  void key(CLI::App& verb) {
    verb.add_option("--key", arguments_.key_type, "ec, rsa2048, rsa3072, rsa4096 or ed25519");
  }
  void password(CLI::App& verb) {
    verb.add_flag("--password", arguments_.password, "protect the key; asks for a passphrase");
    verb.add_option("--password-file", arguments_.password_file,
                    "protect the key with the first line of a file");
  }
  void common_name(CLI::App& verb) {
    verb.add_option("--cn", arguments_.common_name, "common name of the authority");
  }

  PkiArguments& arguments() { return arguments_; }

 private:
  CLI::App& pki_;
  PkiArguments& arguments_;
  int& status_;
};

void add_authority(PkiCommands& commands) {
  CLI::App& init = commands.add("init", "make a certificate authority", pki_init);
  CLI::App& ca = commands.add("ca", "show the authority", pki_ca);
  ca.add_flag("--issue", commands.arguments().issue, "make it, as init does");
  for (CLI::App* verb : {&init, &ca}) {
    commands.common_name(*verb);
    commands.key(*verb);
    commands.days(*verb, "how long it is valid");
    commands.password(*verb);
  }
}

void add_issuing(PkiCommands& commands) {
  CLI::App& server = commands.add("server", "issue a server certificate", [](const auto& given) {
    return pki_issue(given, pki::Kind::server);
  });
  CLI::App& client = commands.add("client", "issue a client certificate", [](const auto& given) {
    return pki_issue(given, pki::Kind::client);
  });
  CLI::App& renew = commands.add(
      "renew", "issue a certificate anew; the old one lives on for a while", pki_renew);
  for (CLI::App* verb : {&server, &client, &renew}) {
    commands.name_of(*verb, "its common name");
    commands.key(*verb);
    commands.days(*verb, "how long it is valid");
    commands.password(*verb);
  }
  renew
      .add_option("--overlap", commands.arguments().overlap,
                  "days until the old certificate is revoked; 0 is at once")
      ->capture_default_str();
  renew.add_flag("--new-key", commands.arguments().new_key, "make a new key too");
}

void add_revoking(PkiCommands& commands) {
  CLI::App& revoke = commands.add("revoke", "revoke a certificate and renew the list", pki_revoke);
  commands.name_of(revoke, "whose");
  revoke.add_option("--reason", commands.arguments().reason, "as RFC 5280 names them")
      ->capture_default_str();
  CLI::App& crl = commands.add(
      "crl", "renew the revocation list; renewed certificates end with their overlap", pki_crl);
  commands.days(crl, "how long it is valid");
}

void add_looking(PkiCommands& commands) {
  commands.add("list", "show all certificates with the days they have left", pki_list);
  CLI::App& show = commands.add("show", "show everything about one certificate", pki_show);
  commands.name_of(show, "whose");
}

void add_export(PkiCommands& commands) {
  PkiArguments& arguments = commands.arguments();
  CLI::App& give =
      commands.add("export", "write a client's profile with everything inside", pki_export);
  commands.name_of(give, "of the client");
  give.add_option("--remote", arguments.endpoint, "the server's address")->capture_default_str();
  give.add_option("--port", arguments.port, "the server's port")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  give.add_option("--proto", arguments.proto, "udp or tcp")
      ->check(CLI::IsMember({"udp", "tcp"}))
      ->capture_default_str();
  give.add_option("-o", arguments.output, "file to write; - is standard output");
}

void add_moving(PkiCommands& commands) {
  PkiArguments& arguments = commands.arguments();
  CLI::App& bring = commands.add(
      "import", "take over a directory of easy-rsa 2 or 3, or of loose files", pki_import);
  bring.add_option("DIRECTORY", arguments.source, "it is only read")->required();
  CLI::App& rotate =
      commands.add("rotate-ca", "change to a new authority, one stage a call", pki_rotate);
  rotate
      .add_option("STAGE", arguments.stage, "start, server, clients or finish; without it the next")
      ->check(CLI::IsMember({"start", "server", "clients", "finish"}));
  rotate.add_flag("--status", arguments.status_only, "where it stands, and who is left");
  rotate.add_flag("--force", arguments.force, "even where clients are left behind");
  rotate.add_flag("--new-key", arguments.new_key, "new keys for servers and clients too");
  commands.common_name(rotate);
  commands.key(rotate);
  commands.days(rotate, "how long what is issued is valid");
  commands.password(rotate);
}

}  // namespace

std::shared_ptr<PkiArguments> add_pki(CLI::App& root, int& status) {
  auto arguments = std::make_shared<PkiArguments>();
  CLI::App* pki = root.add_subcommand("pki", "certificates: a CA, servers and clients");
  pki->require_subcommand(1);
  PkiCommands commands(*pki, *arguments, status);
  add_authority(commands);
  add_issuing(commands);
  add_looking(commands);
  add_revoking(commands);
  add_export(commands);
  add_moving(commands);
  return arguments;
}

}  // namespace adit::app
