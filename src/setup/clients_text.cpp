#include <algorithm>

#include "base/json.h"
#include "pki/calendar.h"
#include "setup/clients.h"
#include "setup/own_files.h"

namespace adit::setup {

namespace {

Json client_json(const Client& client, WallTime now) {
  Json networks = Json::array();
  for (const ip::Prefix& one : client.behind) networks.push_back(one.text());
  const pki::Entry& entry = client.certificate;
  Json json{{"name", entry.name},
            {"state", pki::name(entry.state)},
            {"serial", entry.serial},
            {"not_after", pki::iso_text(entry.not_after)},
            {"days_left", pki::days_left(entry, now)},
            {"address", client.fixed ? Json(client.fixed->text()) : Json(nullptr)},
            {"networks", networks},
            {"profile", client.profile.empty() ? Json(nullptr) : Json(client.profile)}};
  return json;
}

// With what its files are called, where that is something else.
std::string name_text(const pki::Entry& entry) {
  const bool same = entry.file.empty() || entry.file == entry.name;
  return same ? entry.name : fmt::format("{} ({})", entry.name, entry.file);
}

std::string days_text(const Client& client, WallTime now) {
  if (client.certificate.state != pki::State::valid) return pki::name(client.certificate.state);
  return fmt::format("{} days left", pki::days_left(client.certificate, now));
}

}  // namespace

std::string render_table(const std::vector<Client>& clients, WallTime now) {
  if (clients.empty()) return "no clients\n";
  std::size_t width = 6;
  for (const Client& client : clients)
    width = std::max(width, name_text(client.certificate).size());
  std::string text = fmt::format("{:<{}}  {:<14}  {:<15}  networks behind it\n", "client", width,
                                 "certificate", "address");
  for (const Client& client : clients) {
    std::string line = fmt::format(
        "{:<{}}  {:<14}  {:<15}  {}", name_text(client.certificate), width, days_text(client, now),
        client.fixed ? client.fixed->text() : "from the pool", texts(client.behind));
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string render_json(const std::vector<Client>& clients, WallTime now) {
  Json all = Json::array();
  for (const Client& client : clients) all.push_back(client_json(client, now));
  return all.dump(json_indent) + "\n";
}

std::string render_json(const Client& client, WallTime now) {
  return client_json(client, now).dump(json_indent) + "\n";
}

}  // namespace adit::setup
