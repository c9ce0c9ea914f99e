#include "setup/pki_certificates.h"

#include <algorithm>
#include <filesystem>

#include "pki/profile.h"
#include "setup/conf_text.h"

namespace adit::setup {

PkiCertificates::PkiCertificates(std::string directory, Rng& rng, WallTime now,
                                 pki::AskPassphrase ask)
    : directory_(std::move(directory)), rng_(rng), now_(now), ask_(std::move(ask)) {}

Result<pki::Authority> PkiCertificates::open() const {
  return pki::Authority::open(directory_, {ask_, {}});
}

// The index is written last: without it, an authority was begun and is finished by making it again.
bool PkiCertificates::has_authority() const {
  std::error_code unknown;
  return std::filesystem::exists(directory_ + "/ca.crt", unknown) &&
         std::filesystem::exists(directory_ + "/index.txt", unknown);
}

std::vector<pki::Entry> PkiCertificates::valid(pki::Kind kind) const {
  if (!has_authority()) return {};
  const auto authority = pki::Authority::look(directory_);  // also for a plan that is only shown
  if (!authority) return {};
  auto entries = authority->list(now_);
  std::erase_if(entries, [&](const pki::Entry& entry) {
    return entry.kind != kind || entry.state != pki::State::valid;
  });
  return entries;
}

std::optional<std::string> PkiCertificates::server_name() {
  for (const pki::Entry& entry : valid(pki::Kind::server)) {
    if (!entry.file.empty()) return entry.file;
  }
  return std::nullopt;
}

bool PkiCertificates::has_client(const std::string& name) {
  return std::ranges::any_of(valid(pki::Kind::client), [&](const pki::Entry& entry) {
    return entry.name == name || entry.file == name;
  });
}

Status PkiCertificates::make_authority() {
  const auto made = pki::Authority::create(directory_, {}, rng_, now_, {ask_, {}});
  if (!made) return fail_with(made.error());
  return {};
}

Status PkiCertificates::issue(pki::Kind kind, const std::string& name) {
  auto authority = open();
  if (!authority) return fail_with(authority.error());
  const auto parsed = pki::Name::parse(name);
  if (!parsed) return fail_with(parsed.error());
  const auto entry = authority->issue({.kind = kind, .name = *parsed}, rng_, now_);
  if (!entry) return fail_with(entry.error());
  return {};
}

Status PkiCertificates::issue_server(const std::string& name) {
  return issue(pki::Kind::server, name);
}

Status PkiCertificates::issue_client(const std::string& name) {
  return issue(pki::Kind::client, name);
}

Result<std::string> PkiCertificates::profile(const std::string& name, const ServerFacts& facts) {
  auto authority = open();
  if (!authority) return fail_with(authority.error());
  const auto parsed = pki::Name::existing(name);
  if (!parsed) return fail_with(parsed.error());
  const auto exported = authority->export_client(*parsed, rng_, now_);
  if (!exported) return fail_with(exported.error());
  return render_profile(*exported, facts);
}

Result<std::string> render_profile(const pki::Exported& exported, const ServerFacts& facts) {
  pki::ProfileSettings settings;
  settings.host = facts.endpoint;
  settings.port = facts.port;
  settings.transport = facts.tcp ? pki::Transport::tcp : pki::Transport::udp;
  if (settings.host.empty()) {
    return fail_with({"nobody has said under which address clients reach this server",
                      "give it: adit up --endpoint NAME-OR-ADDRESS"});
  }
  const auto text = pki::render_client_profile(settings, exported);
  if (!text) return fail_with(text.error());
  const ClientFile* client = facts.client(exported.name);
  auto behind = client == nullptr ? std::vector<ip::Prefix>{} : client->behind;
  std::string notes;
  for (const NamedMap& map : facts.maps) {
    if (map.site != exported.name) continue;
    std::erase(behind, map.map.shown);
    behind.push_back(map.map.real);
    notes +=
        conf_line({"setenv", map_variable, site_value(map.site, {map.map.real, map.map.shown})}) +
        "\n";
  }
  if (!behind.empty()) notes = conf_line({"setenv", lan_variable, texts(behind)}) + "\n" + notes;
  return notes.empty() ? text->reveal() : "# for adit join\n" + notes + text->reveal();
}

}  // namespace adit::setup
