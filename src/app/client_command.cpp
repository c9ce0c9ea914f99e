#include "app/client_command.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "app/clients_bench.h"
#include "setup/qr_code.h"
#include "system/terminal.h"

namespace adit::app {

class ClientArguments {
 public:
  std::string dir = usual_dir;
  std::string name, address, output;
  unsigned days = 0, overlap = static_cast<unsigned>(pki::overlap_days.count());
  bool password = false, new_key = false, qr = false, json = false;
};

namespace {

ClientsBench bench_of(const ClientArguments& given) {
  // What goes to standard output must be nothing else.
  return {given.dir, given.json || given.output == "-"};
}

// Twice on a terminal; otherwise the first line of standard input.
Result<SecretText> new_password(const std::string& name) {
  if (isatty(STDIN_FILENO) == 0) {
    std::string line;
    std::getline(std::cin, line);
    if (line.empty()) return fail("--password: there is no password on standard input");
    return SecretText(std::move(line));
  }
  auto first = system::ask("Password for the key of " + name + ":", false);
  if (!first) return fail_with(first.error());
  const auto second = system::ask("The same again:", false);
  if (!second) return fail_with(second.error());
  if (first->reveal() != second->reveal()) return fail("the two passwords differ");
  return std::move(*first);
}

void show_qr_code(const std::string& name, const std::string& profile) {
  const auto code = setup::make_qr_code(profile);
  if (!code) {
    return tell(fmt::format(
        "  no QR code: the profile has {} bytes, a QR code holds 2953 at most - copy the file "
        "instead (scp, or a USB stick)",
        profile.size()));
  }
  const auto size = screen();
  if (size && (size->columns < code->columns || size->rows < code->rows)) {
    return tell(fmt::format(
        "  no QR code: it needs {} columns and {} lines, this terminal has {} and {} - make the "
        "letters smaller and give: adit client show {} --qr; or copy the file (scp)",
        code->columns, code->rows, size->columns, size->rows, name));
  }
  std::fputs(code->text.c_str(), stdout);
}

int show_json(ClientsBench& bench, const std::string& name) {
  const auto client = bench.clients.find(name);
  if (!client) return complain(client.error());
  std::fputs(setup::render_json(*client, bench.pki.now()).c_str(), stdout);
  return 0;
}

void tell_use(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  tell("\n  profile   " + path + "\n  On the client, as root:  adit join " + file +
       "    (or: openvpn " + file + ")");
}

// As the journal may have to remember it; "-" and nothing stay.
std::string output_of(const ClientArguments& given) {
  const bool file = !given.output.empty() && given.output != "-";
  return file ? absolute_dir(given.output) : given.output;
}

int client_add(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  setup::ClientRequest request{.name = given.name, .output = output_of(given)};
  if (!given.address.empty()) {
    const auto address = ip::Address::parse_v4(given.address);
    if (!address) return complain({"--ip: \"" + given.address + "\" is not an IPv4 address", {}});
    request.fixed = *address;
  }
  if (given.days > 0) request.lifetime = std::chrono::days(given.days);
  if (given.password) {
    auto password = new_password(given.name);
    if (!password) return complain(password.error());
    request.passphrase = std::move(*password);
  }
  const auto profile = bench.clients.add(request, bench.progress);
  if (!profile) return complain(profile.error());
  if (given.output == "-") {
    std::fputs(profile->reveal().c_str(), stdout);
    return 0;
  }
  if (given.json) return show_json(bench, given.name);
  if (given.qr) show_qr_code(given.name, profile->reveal());
  tell_use(given.output.empty() ? bench.clients.profile_path(given.name) : given.output);
  return 0;
}

int client_list(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  const auto clients = bench.clients.list();
  if (!clients) return complain(clients.error());
  const WallTime now = bench.pki.now();
  const std::string text =
      given.json ? setup::render_json(*clients, now) : setup::render_table(*clients, now);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int client_show(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  if (given.json) return show_json(bench, given.name);
  const auto client = bench.clients.find(given.name);
  if (!client) return complain(client.error());
  std::fputs(setup::render_table({*client}, bench.pki.now()).c_str(), stdout);
  tell("serial   " + client->certificate.serial);
  tell("profile  " +
       (client->profile.empty() ? "not here; adit client export " + given.name : client->profile));
  if (!given.qr) return 0;
  const auto profile = bench.clients.profile_of(given.name);
  if (!profile) return complain(profile.error());
  show_qr_code(given.name, profile->reveal());
  return 0;
}

int client_revoke(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  const auto before = bench.clients.find(given.name);  // afterwards it has no files
  if (!before) return complain(before.error());
  const std::string& name = before->certificate.name;
  if (Status done = bench.clients.revoke(given.name, bench.progress); !done) {
    return complain(done.error());
  }
  if (given.json) return show_json(bench, name);
  tell(name +
       " is revoked: a running server ends its session within two seconds and lets it "
       "in no more.");
  const auto client = bench.clients.find(name);
  if (client && !client->behind.empty()) {
    tell("Its networks are still routed to it: adit site remove " + name);
  }
  return 0;
}

int client_renew(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  const auto name = pki::Name::existing(given.name);
  if (!name) return complain(name.error());
  pki::RenewRequest request{.name = *name};
  request.overlap = std::chrono::days(given.overlap);
  if (given.days > 0) request.lifetime = std::chrono::days(given.days);
  request.new_key = given.new_key;
  if (given.password) {
    auto password = new_password(given.name);
    if (!password) return complain(password.error());
    request.passphrase = std::move(*password);
  }
  const auto renewed = bench.clients.renew(request, bench.progress);
  if (!renewed) return complain(renewed.error());
  if (given.json) return show_json(bench, given.name);
  tell(fmt::format("The new certificate lasts {} days; the old one is good for {} days more.",
                   pki::days_left(renewed->now, bench.pki.now()), given.overlap));
  tell_use(bench.clients.profile_path_of(given.name));
  return 0;
}

int client_export(const ClientArguments& given) {
  ClientsBench bench = bench_of(given);
  if (given.output == "-") {
    const auto profile = bench.clients.profile_of(given.name);
    if (!profile) return complain(profile.error());
    std::fputs(profile->reveal().c_str(), stdout);
    return 0;
  }
  Status done = bench.clients.write_profile(given.name, output_of(given), bench.progress);
  if (!done) return complain(done.error());
  if (given.json) return show_json(bench, given.name);
  if (given.qr) {
    const auto profile = bench.clients.profile_of(given.name);
    if (profile) show_qr_code(given.name, profile->reveal());
  }
  tell_use(given.output.empty() ? bench.clients.profile_path_of(given.name) : given.output);
  return 0;
}

}  // namespace

std::shared_ptr<ClientArguments> add_client(CLI::App& root, int& status) {
  auto held = std::make_shared<ClientArguments>();
  ClientArguments& given = *held;
  CLI::App* client = root.add_subcommand("client", "the clients of this server and their profiles");
  client->require_subcommand(1);
  const auto command = [&](const char* verb, const char* what, int (*run)(const ClientArguments&)) {
    CLI::App* one = client->add_subcommand(verb, what);
    one->add_option("--dir", given.dir, "where the server's state lives")->capture_default_str();
    one->add_flag("--json", given.json, "for programs");
    one->callback([&given, &status, run] { status = run(given); });
    return one;
  };
  const auto named = [&](CLI::App* one) {
    one->add_option("NAME", given.name, "of the client")->required();
    return one;
  };
  const auto writing = [&](CLI::App* one) {
    one->add_option("-o,--output", given.output,
                    "file for the profile; - is standard output [DIR/clients/NAME.ovpn]");
    one->add_flag("--qr", given.qr, "show it as QR code, where it fits");
  };
  const auto issuing = [&](CLI::App* one) {
    one->add_option("--days", given.days, "how long the certificate is valid [825]");
    one->add_flag("--password", given.password,
                  "protect the key; asked for, or the first line of standard input");
  };
  CLI::App* add = named(command("add", "a new client: certificate and profile", client_add));
  add->add_option("--ip", given.address, "a fixed address in the tunnel");
  issuing(add);
  writing(add);
  command("list", "all clients", client_list);
  named(command("show", "one client", client_show))
      ->add_flag("--qr", given.qr, "show its profile as QR code, where it fits");
  named(command("revoke", "end its sessions and let it in no more", client_revoke));
  CLI::App* renew = named(command("renew", "a new certificate and profile", client_renew));
  renew->add_option("--overlap", given.overlap, "days for which the old certificate stays good")
      ->capture_default_str();
  renew->add_flag("--new-key", given.new_key, "with a new key as well");
  issuing(renew);
  writing(named(command("export", "write the profile again", client_export)));
  return held;
}

}  // namespace adit::app
