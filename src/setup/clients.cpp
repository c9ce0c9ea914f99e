#include "setup/clients.h"

#include <algorithm>

#include "setup/addresses.h"
#include "setup/own_files.h"

namespace adit::setup {

namespace {

// Certificates of one day that "adit doctor" tests with belong to nobody.
constexpr std::string_view name_of_tests = "adit-doctor";

Wish wish_profile(const std::string& path, const std::string& text) {
  Wish wish = wish_kept_file(path, text, private_file);
  wish.secret = true;
  return wish;
}

// By which its files are found, and nobody else's.
Result<pki::Name> file_name(const pki::Entry& certificate) {
  return pki::Name::existing(certificate.file.empty() ? certificate.name : certificate.file);
}

bool same_client(const pki::Entry& one, const pki::Entry& later) {
  return one.name == later.name && (one.file.empty() || one.file == later.file);
}

}  // namespace

std::string Clients::profile_path(const std::string& name) const {
  return dir_ + "/clients/" + name + ".ovpn";
}

std::string Clients::profile_path_of(const std::string& name) {
  const auto client = find(name);
  return profile_path(client ? client->certificate.name : name);
}

Status Clients::issue(const ClientRequest& request) {
  const auto name = pki::Name::parse(request.name);
  if (!name) return fail_with(name.error());
  auto authority = pki_.open();
  if (!authority) return fail_with(authority.error());
  pki::CertificateRequest wanted{.kind = pki::Kind::client, .name = *name};
  if (request.lifetime) wanted.lifetime = *request.lifetime;
  wanted.passphrase = request.passphrase;
  const auto entry = authority->issue(wanted, pki_.rng(), pki_.now());
  if (!entry) return fail_with(entry.error());
  return {};
}

Status Clients::apply(const Edit& edit, const Progress& progress) {
  auto journal = Journal::open(host_, state_folder(dir_), "up");
  if (!journal) return fail_with(journal.error());
  if (Status whole = recover(host_, *journal); !whole) return whole;
  const auto plan = plan_edit(host_, edit, program_);
  if (!plan) return fail_with(plan.error());
  const auto steps = plan_changes(host_, *journal, plan->wishes);
  if (!steps) return fail_with(steps.error());
  if (Status done = setup::carry_out(host_, *journal, *steps, progress); !done) return done;
  for (const std::string& note : plan->notes) progress("note: " + note);
  return {};
}

Result<SecretText> Clients::add(const ClientRequest& request, const Progress& progress) {
  const auto facts = read_server(host_, dir_);
  if (!facts) return fail_with(facts.error());
  if (pki_.has_client(request.name)) {
    return fail_with({"there is a client " + request.name + " already",
                      fmt::format("its profile again: adit client export {0}; a new certificate: "
                                  "adit client renew {0}",
                                  request.name)});
  }
  Edit edit{.dir = dir_};
  if (request.fixed) {
    if (Status good = check_fixed_address(*facts, request.name, *request.fixed); !good) {
      return fail_with(good.error());
    }
    const auto file = host_.read_file(facts->ccd + "/" + request.name);
    if (!file) return fail_with(file.error());
    ConfText text(*file ? (*file)->text : "");
    if (Status set = set_fixed_address(text, *facts, *request.fixed); !set) {
      return fail_with(set.error());
    }
    edit.clients[request.name] = text.text();
  }
  if (facts->endpoint.empty()) return fail_with(render_profile({}, *facts).error());
  const std::string output = request.output.empty() ? profile_path(request.name) : request.output;
  const bool to_file = request.output != "-";
  if (to_file) {  // a place where nothing can lie is told before there is a certificate
    if (const auto before = host_.read_file(output); !before) return fail_with(before.error());
  }
  if (Status issued = issue(request); !issued) return fail_with(issued.error());
  auto profile = profile_of(request.name);
  if (!profile) return fail_with(profile.error());
  if (to_file) edit.others.push_back(wish_profile(output, profile->reveal()));
  if (Status done = apply(edit, progress); !done) return fail_with(done.error());
  return profile;
}

Result<std::vector<Client>> Clients::list() {
  const auto facts = read_server(host_, dir_);
  if (!facts) return fail_with(facts.error());
  const auto authority = pki_.open();
  if (!authority) return fail_with(authority.error());
  std::vector<Client> clients;
  for (pki::Entry& entry : authority->list(pki_.now())) {
    if (entry.kind != pki::Kind::client && entry.kind != pki::Kind::server_and_client) continue;
    if (entry.name == name_of_tests) continue;
    std::erase_if(clients, [&](const Client& one) { return same_client(one.certificate, entry); });
    Client client{std::move(entry), {}, {}, {}};
    if (const ClientFile* file = facts->client(client.certificate.name)) {
      client.fixed = file->fixed;
      client.behind = file->behind;
    }
    const std::string path = profile_path(client.certificate.name);
    const auto profile = host_.read_file(path);
    if (profile && *profile) client.profile = path;
    clients.push_back(std::move(client));
  }
  return clients;
}

Result<Client> Clients::find(const std::string& name) {
  auto clients = list();
  if (!clients) return fail_with(clients.error());
  Client* found = nullptr;
  for (Client& client : *clients) {
    if (client.certificate.file == name) return std::move(client);
    const bool better = found == nullptr || !client.certificate.file.empty();
    if (client.certificate.name == name && better) found = &client;
  }
  if (found != nullptr) return std::move(*found);
  return fail_with({"there is no client " + name, "adit client list shows those there are"});
}

Status Clients::revoke(const std::string& name, const Progress& progress) {
  const auto client = find(name);
  if (!client) return fail_with(client.error());
  // A site's networks may get another gateway; that is for "adit site" to say.
  const bool frees_address = client->fixed && client->behind.empty();
  // What an earlier call could not end is ended by the next.
  const pki::Entry& certificate = client->certificate;
  const bool rest_only = certificate.state == pki::State::revoked && certificate.file.empty() &&
                         (!client->profile.empty() || frees_address);
  if (!rest_only) {
    const auto parsed = file_name(certificate);
    if (!parsed) return fail_with(parsed.error());
    auto authority = pki_.open();
    if (!authority) return fail_with(authority.error());
    const auto revoked = authority->revoke(*parsed, pki::Reason::unspecified, pki_.now());
    if (!revoked) return fail_with(revoked.error());
    progress("certificate " + revoked->serial + " is on the revocation list");
  }
  Edit edit{.dir = dir_};
  const std::string path = profile_path(certificate.name);
  if (const auto file = host_.read_file(path); file && *file) {
    edit.others.push_back(wish_profile(path + ".revoked", (*file)->text));
    Wish gone = wish_profile(path, "");
    gone.state = {};
    edit.others.push_back(std::move(gone));
  }
  if (frees_address) edit.clients[certificate.name] = std::nullopt;
  return apply(edit, progress);
}

Result<pki::Renewed> Clients::renew(const pki::RenewRequest& request, const Progress& progress) {
  const auto client = find(request.name.text());
  if (!client) return fail_with(client.error());
  const auto name = file_name(client->certificate);
  if (!name) return fail_with(name.error());
  auto renewed = [&]() -> Result<pki::Renewed> {
    auto authority = pki_.open();
    if (!authority) return fail_with(authority.error());
    pki::RenewRequest wanted = request;
    wanted.name = *name;
    return authority->renew(wanted, pki_.rng(), pki_.now());
  }();
  if (!renewed) return renewed;
  if (Status written = write_profile(name->text(), {}, progress); !written) {
    return fail_with(written.error());
  }
  return renewed;
}

Result<SecretText> Clients::profile_of(const std::string& name) {
  const auto facts = read_server(host_, dir_);
  if (!facts) return fail_with(facts.error());
  auto text = pki_.profile(name, *facts);
  if (!text) return fail_with(text.error());
  return SecretText(std::move(*text));
}

Status Clients::write_profile(const std::string& name, const std::string& output,
                              const Progress& progress) {
  const auto text = profile_of(name);
  if (!text) return fail_with(text.error());
  Edit edit{.dir = dir_};
  edit.others.push_back(
      wish_profile(output.empty() ? profile_path_of(name) : output, text->reveal()));
  return apply(edit, progress);
}

Status Clients::carry_out(Edit edit, const std::string& name, const Progress& progress) {
  if (const auto client = find(name); client && client->certificate.name != name) {
    return fail_with({fmt::format("{} is what the files of the client {} are called", name,
                                  client->certificate.name),
                      fmt::format("call it by its common name: \"{}\"", client->certificate.name)});
  }
  if (!pki_.has_client(name)) {
    if (Status issued = issue({.name = name}); !issued) return issued;
    progress("issue the certificate of " + name);
  }
  const auto conf = edit.conf ? *edit.conf : server_text(host_, dir_);
  if (!conf) return fail_with(conf.error());
  const auto facts = read_server_text(host_, dir_, *conf, edit.clients);
  if (!facts) return fail_with(facts.error());
  const auto text = pki_.profile(name, *facts);
  if (!text) return fail_with(text.error());
  edit.others.push_back(wish_profile(profile_path(name), *text));
  return apply(edit, progress);
}

}  // namespace adit::setup
