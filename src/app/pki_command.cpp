#include "app/pki_command.h"

#include <chrono>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "pki/authority.h"
#include "pki/listing.h"
#include "pki/profile.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/store.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

constexpr const char* default_directory = "/etc/adit/pki";

}  // namespace

// What the pki commands share.
class PkiArguments {
 public:
  std::string directory = default_directory;
  std::string name;
  std::string common_name = "adit CA";
  std::string key_type = "ec";
  std::string reason = "unspecified";
  std::string output;
  std::string endpoint = "SERVER-ADDRESS";
  unsigned port = 1194;
  std::string proto = "udp";
  unsigned days = 0;
  bool json = false;
};

namespace {

constexpr int exit_failure = 1;

int report(const Error& error) {
  std::fprintf(stderr, "adit: %s\n", error.text().c_str());
  return exit_failure;
}

void say(const std::string& text) { std::printf("%s\n", text.c_str()); }

pki::Hooks hooks() {
  return {[](const std::string& file) -> std::optional<SecretText> {
            auto answer = system::ask("Passphrase of " + file + ":", false);
            if (!answer) return std::nullopt;
            return *answer;
          },
          {}};
}

Result<pki::Authority> open_authority(const PkiArguments& arguments) {
  auto authority = pki::Authority::open(arguments.directory, hooks());
  if (authority) {
    for (const std::string& repair : authority->repairs()) say("repaired: " + repair);
  }
  return authority;
}

int pki_init(const PkiArguments& arguments) {
  const auto type = pki::parse_key_type(arguments.key_type);
  if (!type) return report(type.error());
  pki::AuthorityRequest request;
  request.common_name = arguments.common_name;
  request.key_type = *type;
  if (arguments.days > 0) request.lifetime = std::chrono::days(arguments.days);
  const auto parent = std::filesystem::path(arguments.directory).parent_path();
  std::error_code failed;  // what follows tells it better
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  system::SystemRng rng;
  auto made =
      pki::Authority::create(arguments.directory, request, rng, system::wall_now(), hooks());
  if (!made) return report(made.error());
  say("certificate authority made in " + arguments.directory);
  return 0;
}

int pki_issue(const PkiArguments& arguments, pki::Kind kind, bool key_type_given) {
  auto authority = open_authority(arguments);
  if (!authority) return report(authority.error());
  const auto name = pki::Name::parse(arguments.name);
  if (!name) return report(name.error());
  pki::CertificateRequest request{.kind = kind, .name = *name};
  if (key_type_given) {
    const auto type = pki::parse_key_type(arguments.key_type);
    if (!type) return report(type.error());
    request.key_type = *type;
  }
  if (arguments.days > 0) request.lifetime = std::chrono::days(arguments.days);
  system::SystemRng rng;
  const auto entry = authority->issue(request, rng, system::wall_now());
  if (!entry) return report(entry.error());
  say(arguments.directory + "/issued/" + arguments.name + ".crt");
  return 0;
}

int pki_list(const PkiArguments& arguments) {
  auto authority = open_authority(arguments);
  if (!authority) return report(authority.error());
  const WallTime now = system::wall_now();
  const auto entries = authority->list(now);
  const std::string text =
      arguments.json ? pki::render_json(entries, now) : pki::render_table(entries, now);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int pki_revoke(const PkiArguments& arguments) {
  auto authority = open_authority(arguments);
  if (!authority) return report(authority.error());
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return report(name.error());
  const auto reason = pki::parse_reason(arguments.reason);
  if (!reason) return report(reason.error());
  const auto entry = authority->revoke(*name, *reason, system::wall_now());
  if (!entry) return report(entry.error());
  say(arguments.name + " is revoked; " + arguments.directory + "/crl.pem says so");
  return 0;
}

int pki_crl(const PkiArguments& arguments) {
  auto authority = open_authority(arguments);
  if (!authority) return report(authority.error());
  const Status published =
      arguments.days > 0
          ? authority->publish_crl(system::wall_now(), std::chrono::days(arguments.days))
          : authority->publish_crl(system::wall_now());
  if (!published) return report(published.error());
  say(arguments.directory + "/crl.pem");
  return 0;
}

int pki_export(const PkiArguments& arguments) {
  auto authority = open_authority(arguments);
  if (!authority) return report(authority.error());
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return report(name.error());
  system::SystemRng rng;
  const auto exported = authority->export_client(*name, rng, system::wall_now());
  if (!exported) return report(exported.error());
  pki::ProfileSettings settings;
  settings.host = arguments.endpoint;
  settings.port = static_cast<std::uint16_t>(arguments.port);
  if (arguments.proto == "tcp") settings.transport = pki::Transport::tcp;
  const auto profile = pki::render_client_profile(settings, *exported);
  if (!profile) return report(profile.error());
  if (arguments.output.empty() || arguments.output == "-") {
    std::fputs(profile->reveal().c_str(), stdout);
    return 0;
  }
  constexpr unsigned private_mode = 0600;
  const Status written =
      system::write_file_atomically(arguments.output, profile->reveal(), private_mode);
  if (!written) return report(written.error());
  say(arguments.output);
  return 0;
}

}  // namespace

// One row per command: what it is called, what it takes, what it does.
std::shared_ptr<PkiArguments> add_pki(CLI::App& root, int& status) {
  auto held = std::make_shared<PkiArguments>();
  PkiArguments& arguments = *held;
  CLI::App* pki = root.add_subcommand("pki", "certificates: a CA, servers and clients");
  pki->require_subcommand(1);
  const auto command = [&](const char* name, const char* what) {
    CLI::App* verb = pki->add_subcommand(name, what);
    verb->add_option("--dir", arguments.directory, "where the certificates live")
        ->capture_default_str();
    return verb;
  };
  const auto key_options = [&](CLI::App* verb) {
    verb->add_option("--days", arguments.days, "how long it is valid");
    return verb->add_option("--key", arguments.key_type,
                            "ec, rsa2048, rsa3072, rsa4096 or ed25519");
  };
  CLI::App* init = command("init", "make a certificate authority");
  init->add_option("--cn", arguments.common_name, "its common name")->capture_default_str();
  key_options(init);
  init->callback([&] { status = pki_init(arguments); });
  for (const pki::Kind kind : {pki::Kind::server, pki::Kind::client}) {
    const bool server = kind == pki::Kind::server;
    CLI::App* issue = command(server ? "server" : "client",
                              server ? "issue a server certificate" : "issue a client certificate");
    issue->add_option("NAME", arguments.name, "its common name")->required();
    CLI::Option* key = key_options(issue);
    issue->callback([&arguments, &status, kind, key] {
      status = pki_issue(arguments, kind, key->count() > 0);
    });
  }
  CLI::App* list = command("list", "show all certificates with the days they have left");
  list->add_flag("--json", arguments.json, "for programs");
  list->callback([&] { status = pki_list(arguments); });
  CLI::App* revoke = command("revoke", "revoke a certificate and renew the list");
  revoke->add_option("NAME", arguments.name, "whose")->required();
  revoke->add_option("--reason", arguments.reason, "as RFC 5280 names them")->capture_default_str();
  revoke->callback([&] { status = pki_revoke(arguments); });
  CLI::App* crl = command("crl", "renew the revocation list");
  crl->add_option("--days", arguments.days, "how long it is valid");
  crl->callback([&] { status = pki_crl(arguments); });
  CLI::App* give = command("export", "write a client's profile with everything inside");
  give->add_option("NAME", arguments.name, "of the client")->required();
  give->add_option("--remote", arguments.endpoint, "the server's address")->capture_default_str();
  give->add_option("--port", arguments.port, "the server's port")->capture_default_str();
  give->add_option("--proto", arguments.proto, "udp or tcp")
      ->check(CLI::IsMember({"udp", "tcp"}))
      ->capture_default_str();
  give->add_option("-o", arguments.output, "file to write; - is standard output");
  give->callback([&] { status = pki_export(arguments); });
  return held;
}

}  // namespace adit::app
