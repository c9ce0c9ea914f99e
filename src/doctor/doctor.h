#pragma once

// Self-tests with evidence. Start reading here.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "doctor/report.h"
#include "firewall/plan.h"
#include "ip/address.h"
#include "node/instance_facts.h"
#include "options/config.h"
#include "ports/network_port.h"
#include "ports/store_port.h"
#include "session/setup.h"

namespace adit::doctor {

// What a check uses of the world; all of it must outlive the check.
struct Surroundings {
  ports::NetworkPort& network;
  ports::StorePort& store;
  Rng& rng;
  std::string title;  // first line of --version
  // Asks for a user name and password, and for the passphrase of a private key. Without them such
  // a stage is "not tested".
  std::function<Result<session::Credentials>(const options::Client&)> ask_login = {};
  std::function<Result<SecretText>()> ask_passphrase = {};
  // Called before each slow step, to show that something happens; may be empty.
  std::function<void(const std::string& what)> on_step = {};
  void step(const std::string& what) const {
    if (on_step) on_step(what);
  }
};

struct Limits {
  Duration patience = std::chrono::seconds(8);  // for a server that does not answer
  Duration for_hosts = std::chrono::milliseconds(1500);
  // The server looks for the largest packets in the meantime.
  Duration for_path = std::chrono::milliseconds(1500);
  Duration throughput = std::chrono::seconds(1);  // 0: not measured
};

struct ServerCheck {
  std::string directory = "/etc/adit";
  std::string configuration = {};       // empty: server.conf of the directory
  std::string profile = {};             // a client to test with; empty: a certificate of our own
  std::vector<ip::Address> hosts = {};  // behind the server, beside those that are found
  // What it wants of the packet filter; nothing: that is not looked at.
  std::optional<firewall::Plan> rules = {};
  bool rules_expected = false;  // they should be loaded, because "adit up" did so
  Limits limits = {};
};

struct ClientCheck {
  std::string profile;
  std::vector<ip::Address> hosts = {};  // on the far side
  // What the instance says that runs this profile ("adit status"): then its own tunnel is tested.
  // Nothing: a session of our own is made.
  std::optional<node::InstanceFacts> running = {};
  // As on a server; of "adit join".
  std::optional<firewall::Plan> rules = {};
  Limits limits = {};
};

// Each takes some seconds and blocks. An error: it could not even begin.
[[nodiscard]] Result<Report> check_server(const ServerCheck& check, const Surroundings& around);
[[nodiscard]] Result<Report> check_client(const ClientCheck& check, const Surroundings& around);

// What a server offers a client, asked with a session of a moment.
struct Offer {
  std::string server;              // "203.0.113.2:1194"
  std::vector<ip::Prefix> tunnel;  // the tunnel's own networks
  std::vector<ip::Prefix> far;     // behind the server and its other clients
};
// profile: the text; source: for messages. Errors: why there was no session.
[[nodiscard]] Result<Offer> ask_offer(const std::string& profile, const std::string& source,
                                      const Limits& limits, const Surroundings& around);

}  // namespace adit::doctor
