// A server's side: from its configuration to a packet forwarded to the networks behind it.

#include <algorithm>

#include "base/text.h"
#include "doctor/client_routes.h"
#include "doctor/network_stages.h"
#include "doctor/probe_identity.h"
#include "options/parser.h"
#include "system/holders.h"

namespace adit::doctor {

namespace {

constexpr const char* process_id = "process";

std::string path_in(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// Where the server is asked from this host.
std::string own_host(const options::Config& server) {
  if (!server.connection.local.empty()) return server.connection.local;
  const bool only_v6 = server.connection.proto.family == ip::Family::v6;
  return only_v6 ? "::1" : "127.0.0.1";
}

class ServerTest {
 public:
  ServerTest(const ServerCheck& check, options::Config config, const Surroundings& around)
      : check_(check),
        config_(std::move(config)),
        around_(around),
        files_(around.store, check.directory) {
    report_.subject = "server " + config_.source;
  }

  Report run() {
    test_process();
    const auto profile = load_profile();
    if (!profile) {
      report_.not_tested("handshake", "handshake", profile.error().what, profile.error().advice);
      return skip("there is no client to test with");
    }
    const auto endpoints = endpoints_of((*profile)->connections().front());
    if (!endpoints) {
      report_.not_tested("handshake", "handshake", endpoints.error().what);
      return skip("the server has no address");
    }
    node::ClientSetup setup;
    const auto session =
        shake_hands(report_, **profile, *endpoints, (*profile)->connections().front(), setup,
                    around_, check_.limits);
    if (!session) return skip("there is no session");
    InsidePlan plan = plan_of(session->client().pulled(), setup);
    if (config_.device.ifconfig) {
      const auto own = ip::Address::parse_v4(config_.device.ifconfig->first);
      if (own) plan.far_end.insert(plan.far_end.begin(), *own);
    }
    test_inside(report_, *session, plan, around_.rng, check_.limits);
    return std::move(report_);
  }

 private:
  Report skip(const std::string& why) {
    skip_inside(report_, why);
    return std::move(report_);
  }

  void test_process() {
    const bool tcp = config_.connection.proto.is_tcp();
    const auto port = to_number<unsigned>(config_.connection.local_port.value_or("1194"));
    const std::string where = fmt::format("{} {}", tcp ? "tcp" : "udp", port.value_or(0));
    const auto holder = system::holder_of_port(
        tcp ? system::Transport::tcp : system::Transport::udp, port.value_or(0));
    if (!holder) {
      return report_.failed(
          process_id, "server runs", "no program holds " + where,
          "start it: systemctl start adit-server@server, or adit --config " + config_.source);
    }
    const bool known = holder->starts_with("adit") || holder->starts_with("openvpn");
    if (known) return report_.ok(process_id, "server runs", *holder + " holds " + where);
    report_.failed(process_id, "server runs", where + " is held by " + *holder,
                   "end that program, or give the server another port");
  }

  Result<std::unique_ptr<ProbeProfile>> load_profile() {
    Result<std::unique_ptr<ProbeProfile>> made;
    if (!check_.profile.empty()) {
      const auto text = around_.store.read(check_.profile);
      if (!text) return fail_with(text.error());
      made = ProbeProfile::load(*text, check_.profile, check_.directory, around_);
      if (made) report_.notes.push_back("tested as the client of " + check_.profile);
    } else {
      const auto text = make_probe_profile(config_, path_in(check_.directory, "pki"),
                                           own_host(config_), files_, around_.rng);
      if (!text) return fail_with(text.error());
      made = ProbeProfile::load(text->reveal(), "the test's profile", check_.directory, around_);
      if (made) {
        report_.notes.push_back(
            fmt::format("tested as client \"{}\", a certificate of one day from {}", probe_name,
                        path_in(check_.directory, "pki")));
      }
    }
    if (!made) return made;
    if (Status prepared = (*made)->prepare(); !prepared) return fail_with(prepared.error());
    return made;
  }

  const ServerCheck& check_;
  options::Config config_;
  const Surroundings& around_;
  FolderStore files_;
  Report report_;
};

}  // namespace

Result<Report> check_server(const ServerCheck& check, const Surroundings& around) {
  const std::string file =
      check.configuration.empty() ? path_in(check.directory, "server.conf") : check.configuration;
  const auto text = around.store.read(file);
  if (!text) return fail_with(text.error());
  FolderStore files(around.store, check.directory);
  options::Parsed parsed = options::parse_text(*text, file, &files);
  if (parsed.ok()) options::complete(parsed);
  for (const options::Issue& issue : parsed.issues) {
    if (issue.severity == options::Issue::Severity::error) return fail("{}", issue.text());
  }
  if (parsed.config.mode != options::Mode::server) {
    return fail_with({file + " is no server's configuration", "it needs \"server\""});
  }
  parsed.config.source = file;
  return ServerTest(check, std::move(parsed.config), around).run();
}

}  // namespace adit::doctor
