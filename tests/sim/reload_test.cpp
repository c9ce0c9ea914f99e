// A server takes up another configuration under a living client. A row of the option table that
// says "now" is tried here, or said where else it is.

#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "base/text.h"
#include "node/make_setup.h"
#include "options/table.h"
#include "tests/sim/world.h"

namespace adit::sim {
namespace {

constexpr const char* base_lines =
    "ca x\ncert x\nkey x\ndh none\ndev tun\ntopology subnet\nserver 10.8.0.0 255.255.240.0\n"
    "data-ciphers AES-256-GCM\n";

// One client is there, and stays.
struct Living {
  explicit Living(const std::string& lines) {
    server.configure(base_lines + lines);
    first = &world.add_client();
    EXPECT_TRUE(world.run_until([&] { return first->up(); }, 20s));
    world.run_for(2s);
  }
  const node::ServerPeer& peer() const { return *server.server().peers().at(0); }
  // Another one comes; whether it is let in.
  bool another_comes() {
    ClientHost& other = world.add_client();
    return world.run_until([&] { return other.up(); }, 8s);
  }
  std::string routes() {
    std::string text;
    for (const auto& route : server.server().status(world.wall()).routes) {
      text += route.address + " ";
    }
    return text;
  }
  std::string programs() {
    std::string text;
    for (const ports::Command& command : server.processes().ran) {
      text += command.argv.front();
      for (const auto& [name, value] : command.variables) {
        if (name.ends_with("probe")) text += " " + name + "=" + value;
      }
      text += "\n";
    }
    return text;
  }

  World world{11, {}};
  ServerHost& server = world.add_server();
  ClientHost* first = nullptr;
};

struct Probe {
  const char* options;  // that it tries
  std::string before, after;
  std::function<std::string(Living&)> see;
  std::function<void(Living&)> meanwhile = [](Living&) {};  // before it is read again
};

std::string seconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}
std::string ping(Living& living) { return seconds(living.peer().liveness.timers().ping); }
std::string timeout(Living& living) { return seconds(living.peer().liveness.timers().timeout); }
std::string routes(Living& living) { return living.routes(); }
std::string another(Living& living) { return living.another_comes() ? "in" : "out"; }

// What runs when a client has come and gone.
std::string programs(Living& living) {
  living.server.processes().ran.clear();
  EXPECT_TRUE(living.another_comes());
  living.server.server().kill_clients(
      [](const node::ServerPeer& peer) { return peer.common_name == "client2"; },
      living.world.now());
  living.world.run_for(1s);
  return living.programs();
}

std::string status_file(Living& living) {
  living.world.run_for(2s);
  std::string text;
  for (const auto& [path, content] : living.server.store().files) {
    if (path.starts_with("status")) text += path + " " + content.substr(0, 5) + "\n";
  }
  return text;
}

std::string packet_to_another(Living& living) {
  if (!living.another_comes()) return "nobody came";
  living.world.run_for(2s);
  ClientHost& other = *living.world.clients().back();
  const std::size_t before = other.received();
  living.first->send_inside(*living.first->tunnel_address(), *other.tunnel_address());
  living.world.run_for(1s);
  return other.received() > before ? "passed" : "did not pass";
}

std::string renegotiations(Living& living) {
  living.world.traffic_every(100ms);
  living.world.run_for(30s);
  living.world.traffic_every({});
  const bool same = living.server.server().peers().size() == 1;
  return std::string(same ? "" : "gone ") +
         (living.peer().association.active().key_id() != 0 ? "renewed" : "the first key");
}

void give_networks(Living& living) {
  living.server.store().files["ccd/client1"] =
      "iroute 10.1.0.0 255.255.0.0\niroute 10.2.0.0 "
      "255.255.0.0\niroute-ipv6 fd00:1::/64\nping 3\n";
}

const std::string script = "script-security 2\n";

const std::vector<Probe>& probes() {
  static const std::vector<Probe> all{
      {"keepalive", "keepalive 10 60\n", "keepalive 7 60\n", ping},
      {"ping", "ping 10\n", "ping 7\n", ping},
      {"ping-restart", "ping-restart 60\n", "ping-restart 70\n", timeout},
      {"ping-exit", "ping-exit 60\n", "ping-exit 70\n", timeout},
      {"client-config-dir", "", "client-config-dir ccd\n", routes, give_networks},
      {"iroute iroute-ipv6", "client-config-dir ccd\n", "client-config-dir ccd\n", routes,
       give_networks},
      {"max-routes-per-client", "client-config-dir ccd\nmax-routes-per-client 1\n",
       "client-config-dir ccd\nmax-routes-per-client 3\n", routes, give_networks},
      {"max-clients", "max-clients 1\n", "max-clients 5\n", another},
      {"connect-freq", "connect-freq 1 3600\n", "", another},
      {"client-to-client", "", "client-to-client\n", packet_to_another},
      {"explicit-exit-notify", "", "explicit-exit-notify 1\n",
       [](Living& living) {
         return std::string(living.server.server().announce_end(living.world.now()) ? "told" : "");
       }},
      {"mssfix", "mssfix 1400\n", "mssfix 1200\n",
       [](Living& living) { return std::to_string(living.server.plane().spec(0).mss); }},
      {"client-connect", script, script + "client-connect /come\n", programs},
      {"client-disconnect", script, script + "client-disconnect /go\n", programs},
      {"learn-address", script, script + "learn-address /learn\n", programs},
      {"script-security", "learn-address /learn\n", script + "learn-address /learn\n", programs},
      {"setenv", script + "learn-address /learn\n",
       script + "learn-address /learn\nsetenv probe 1\n", programs},
      {"setenv-safe", script + "learn-address /learn\n",
       script + "learn-address /learn\nsetenv-safe probe 1\n", programs},
      {"tmp-dir", script + "client-connect /come\n",
       script + "client-connect /come\ntmp-dir /other\n",
       [](Living& living) {
         living.server.processes().ran.clear();
         living.another_comes();
         return living.server.processes().ran.back().argv.back().substr(0, 7);
       }},
      {"status", "status status1 1\n", "status status2 1\n", status_file},
      {"status-version", "status status1 1\n", "status status1 1\nstatus-version 3\n", status_file},
      {"reneg-pkts", "", "reneg-pkts 20\n", renegotiations},
      {"reneg-bytes", "", "reneg-bytes 2000\n", renegotiations},
  };
  return all;
}

// What is done elsewhere in the process is tried there.
constexpr const char* at_the_log =  // tests/interop/reload_config.py
    "verb mute suppress-timestamps machine-readable-output errors-to-stderr";
constexpr const char* at_the_device =  // RoutesOf, below
    "route route-ipv6 route-gateway route-ipv6-gateway route-metric route-table";
constexpr const char* at_its_end = "down down-pre route-up route-pre-down";  // ProgramsOf, below
constexpr const char* at_the_gate = "connect-freq-initial";  // tests/unit/node/gate_test.cpp
constexpr const char* at_the_identity = "crl-verify";  // tests/unit/node/identity_reload_test.cpp

void add(std::set<std::string>& names, std::string_view list) {
  for (const std::string_view name : words(list)) names.emplace(name);
}

TEST(Reload, every_row_that_says_now_is_tried) {
  std::set<std::string> claimed, tried;
  for (const options::Row* row : options::all_rows()) {
    if (row->state == options::State::refused) continue;
    if (options::effect_of(*row) == options::Change::now) claimed.emplace(row->name);
  }
  for (const Probe& probe : probes()) add(tried, probe.options);
  for (const char* list : {at_the_log, at_the_device, at_its_end, at_the_gate, at_the_identity})
    add(tried, list);
  EXPECT_EQ(claimed, tried);
}

class EachProbe : public testing::TestWithParam<Probe> {};

TEST_P(EachProbe, is_so_at_once_and_the_client_stays) {
  const Probe& probe = GetParam();
  std::string before, after;
  {
    Living living(probe.before);
    probe.meanwhile(living);
    before = probe.see(living);
  }
  Living living(probe.before);
  probe.meanwhile(living);
  living.server.reconfigure(base_lines + probe.after);
  const auto at_once = living.first->attempts();
  after = probe.see(living);
  EXPECT_NE(before, after);
  EXPECT_TRUE(living.first->up() && living.first->attempts() == at_once && at_once == 1);
  EXPECT_TRUE(living.world.invariants().violations().empty());
}

std::string name_of(const testing::TestParamInfo<Probe>& info) {
  std::string name = info.param.options;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rows, EachProbe, testing::ValuesIn(probes()), name_of);

TEST(Reload, a_client_is_pinged_at_the_shorter_and_waited_for_the_longer_of_both) {
  Living living("keepalive 10 60\n");
  EXPECT_EQ(ping(living) + " " + timeout(living), "10 120");
  living.server.reconfigure(std::string(base_lines) + "keepalive 1 2\n");
  EXPECT_EQ(ping(living) + " " + timeout(living), "1 120");
  living.server.reconfigure(std::string(base_lines) + "keepalive 100 600\n");
  EXPECT_EQ(ping(living) + " " + timeout(living), "1 1200");
  living.server.reconfigure(base_lines);
  EXPECT_EQ(ping(living) + " " + timeout(living), "1 0");
}

TEST(Reload, a_network_goes_and_comes_with_its_line) {
  Living living("client-config-dir ccd\n");
  const std::string own = living.routes();
  give_networks(living);
  living.server.reconfigure(std::string(base_lines) + "client-config-dir ccd\n");
  EXPECT_NE(living.routes().find("10.2.0.0/16"), std::string::npos);
  EXPECT_EQ(ping(living), "3");
  living.server.store().files["ccd/client1"] = "iroute 10.2.0.0 255.255.0.0\n";
  living.server.reconfigure(std::string(base_lines) + "client-config-dir ccd\n");
  EXPECT_EQ(living.routes(), own + "10.2.0.0/16 ");
  living.server.reconfigure(base_lines);
  EXPECT_EQ(living.routes(), own);
  EXPECT_EQ(living.first->attempts(), 1);
}

TEST(Reload, networks_that_a_clients_own_limit_allows_stay) {
  Living living("client-config-dir ccd\nmax-routes-per-client 1\n");
  const std::string lines =
      std::string(base_lines) + "client-config-dir ccd\nmax-routes-per-client 1\n";
  std::string& file = living.server.store().files["ccd/client1"];
  file = "max-routes-per-client 3\niroute 10.1.0.0 255.255.0.0\niroute 10.2.0.0 255.255.0.0\n";
  living.server.reconfigure(lines);
  const std::string both = living.routes();
  EXPECT_NE(both.find("10.2.0.0/16"), std::string::npos) << both;
  living.server.reconfigure(lines);
  EXPECT_EQ(living.routes(), both);
  file = "iroute 10.1.0.0 255.255.0.0\niroute 10.2.0.0 255.255.0.0\n";
  living.server.reconfigure(lines);
  EXPECT_EQ(living.routes().find("10.2.0.0/16"), std::string::npos);
  EXPECT_EQ(living.first->attempts(), 1);
}

// Its learn-address is still under way then, and agrees or does not.
TEST(Reload, a_network_that_has_gone_does_not_come_back_with_a_late_answer) {
  const std::string with = script + "learn-address /learn\n";
  for (const int status : {0, 1}) {
    Living living(with + "client-config-dir ccd\n");
    const std::size_t before = living.first->received();
    living.server.processes().status = [&](const ports::Command&) { return status; };
    give_networks(living);
    living.server.reconfigure(base_lines + with + "client-config-dir ccd\n");
    living.server.reconfigure(base_lines + with);
    living.world.run_for(1s);
    living.server.send_inside(*ip::Address::parse("10.8.0.1"), *ip::Address::parse("10.1.0.5"));
    living.world.run_for(1s);
    EXPECT_EQ(living.first->received(), before);
    EXPECT_TRUE(living.peer().unlearned.empty());
  }
}

// Whoever comes last has a network that several claim; when it goes, the one before has it again.
TEST(Reload, programs_hear_who_has_a_network_and_not_who_had_it) {
  Living living(script + "learn-address /learn\nclient-config-dir ccd\n");
  for (const char* name : {"client2", "client3"}) {
    living.server.store().files[std::string("ccd/") + name] = "iroute 10.1.0.0 255.255.0.0\n";
  }
  ASSERT_TRUE(living.another_comes());
  ASSERT_TRUE(living.another_comes());
  const auto leaves = [&](const std::string& name) {
    living.server.server().kill_clients(
        [&](const node::ServerPeer& peer) { return peer.common_name == name; }, living.world.now());
    living.world.run_for(100ms);
  };
  leaves("client2");
  leaves("client3");
  std::string told;
  for (const ports::Command& command : living.server.processes().ran) {
    if (command.argv.at(2) == "10.1.0.0/16") told += join(command.argv, " ") + "\n";
  }
  EXPECT_EQ(told,
            "/learn add 10.1.0.0/16 client2\n/learn update 10.1.0.0/16 client3\n"
            "/learn delete 10.1.0.0/16\n");
}

TEST(Reload, lines_of_a_clients_file_are_told_until_they_are_taken_up) {
  Living living("client-config-dir ccd\n");
  give_networks(living);
  const auto config = *options::load_text(std::string(base_lines) + "client-config-dir ccd\n", "s");
  const auto changes = living.server.server().changed_client_files(config);
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].at.text(), "ccd/client1:1");
  EXPECT_EQ(changes[0].effect, options::Change::now);
  EXPECT_EQ(changes[0].note, "client client1");
  living.server.reconfigure(std::string(base_lines) + "client-config-dir ccd\n");
  EXPECT_TRUE(living.server.server().changed_client_files(config).empty());
}

TEST(Reload, a_new_session_from_the_same_place_gets_what_is_configured_by_then) {
  Living living("");
  living.server.reconfigure(std::string(base_lines) + "push \"route 10.77.0.0 255.255.0.0\"\n");
  const auto pushed = [&] { return join(living.peer().push_list, ","); };
  EXPECT_EQ(pushed().find("10.77.0.0"), std::string::npos);
  const auto address = living.first->tunnel_address();
  const ip::Endpoint place = living.first->at();
  living.first->crash();
  living.first->move_to(place);
  EXPECT_TRUE(living.world.run_until(
      [&] { return living.first->up() && pushed().find("10.77.0.0") != std::string::npos; }, 30s));
  EXPECT_EQ(living.first->tunnel_address(), address);
}

TEST(Reload, plugins_are_told_the_variables_that_are_configured_by_then) {
  World world{5, {}};
  ServerHost& server = world.add_server();
  server.configure(base_lines);
  MemoryPlugins& plugins = server.use_plugins({ports::PluginEvent::client_connect_v2});
  server.reconfigure(base_lines + std::string("setenv probe 1\n"));
  ClientHost& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return client.up(); }, 20s));
  EXPECT_TRUE(std::ranges::any_of(plugins.told.at(0).variables,
                                  [](const auto& one) { return one.first.ends_with("probe"); }));
}

TEST(Reload, a_script_that_is_configured_no_more_still_answers) {
  for (const char* answer : {"1", "0"}) {
    World world{5, {.log_in = true}};
    ServerHost& server = world.add_server();
    server.processes().status = [](const ports::Command&) { return 2; };
    server.configure(base_lines + script + "auth-user-pass-verify /judge via-env\n");
    ClientHost& client = world.add_client();
    world.run_for(5s);
    ASSERT_EQ(server.processes().ran.size(), 1u);
    server.reconfigure(base_lines);
    const std::string file = variable(server.processes().ran[0], "auth_control_file");
    server.store().files.at(file) = answer;
    EXPECT_TRUE(world.run_until([&] { return client.up() || client.ended(); }, 3s));
    EXPECT_EQ(client.up(), *answer == '1');
  }
}

TEST(Reload, tokens_of_a_random_key_stay_good_and_do_so_over_a_restart) {
  World world{5, {.reneg = 90s, .log_in = true}};
  ServerHost& server = world.add_server();
  const std::string lines =
      base_lines + script + "auth-user-pass-verify /login via-env\nauth-gen-token\n";
  server.configure(lines);
  ClientHost& client = world.add_client();
  ASSERT_TRUE(world.run_until([&] { return client.up(); }, 20s));
  server.reconfigure(lines);
  EXPECT_TRUE(world.run_until([&] { return client.key_id() != 0 || client.ended(); }, 100s));
  EXPECT_EQ(client.attempts(), 1);
  server.configure(lines);
  ASSERT_TRUE(world.run_until([&] { return !client.up(); }, 200s));
  EXPECT_TRUE(world.run_until([&] { return client.up(); }, 20s));
  EXPECT_EQ(server.processes().ran.size(), 1u) << "the password was not needed again";
}

TEST(Reload, who_is_on_his_way_in_gets_there) {
  World world{5, {}};
  ServerHost& server = world.add_server();
  server.configure(base_lines);
  ClientHost& client = world.add_client();
  for (int i = 0; i < 200 && !client.up(); ++i) {
    world.run_for(20ms);
    server.reconfigure(base_lines + std::string(i % 2 == 0 ? "verb 4\n" : "push \"ping 9\"\n"));
  }
  EXPECT_TRUE(client.up() && client.attempts() == 1);
  EXPECT_TRUE(world.invariants().violations().empty());
}

TEST(Reload, a_password_script_that_goes_while_the_certificate_is_judged_is_not_run) {
  World world{5, {}};
  ServerHost& server = world.add_server();
  const std::string checks = script + "tls-verify /verify\n";
  server.configure(base_lines + checks + "auth-user-pass-verify /login via-env\n");
  ClientHost& client = world.add_client();
  auto& ran = server.processes().ran;
  ASSERT_TRUE(world.run_until([&] { return !ran.empty(); }, 10s));
  server.reconfigure(base_lines + checks);
  EXPECT_TRUE(world.run_until([&] { return client.up(); }, 10s));
  for (const ports::Command& command : ran) {
    ASSERT_FALSE(command.argv.empty());
    EXPECT_EQ(command.argv.front(), "/verify");
  }
}

// ---- the device ----

class RoutesOf : public testing::Test {
 protected:
  void bring_up(const std::string& lines) {
    const options::Config config = config_of(lines);
    const auto plan = node::make_tunnel_plan(config.device, options::Topology::subnet, 1500);
    ASSERT_TRUE(plan);
    hooks.emplace(config.scripts, node::Environment{}, processes, Log(log));
    ASSERT_TRUE(tunnel.open());
    ASSERT_TRUE(tunnel.bring_up(*plan, *hooks, {}));
    tunnel.add_routes(routes_of(config), *hooks, {});
  }
  void change(const std::string& lines) {
    failures = tunnel.change_routes(routes_of(config_of(lines)));
  }
  std::string kernel() const {
    std::string text;
    for (const ports::Route& route : network.routes) {
      text += route.destination.text() + " via " + (route.gateway ? route.gateway->text() : "-") +
              " metric " + std::to_string(route.metric.value_or(0)) + " table " +
              std::to_string(route.table) + "\n";
    }
    return text;
  }
  static options::Config config_of(const std::string& lines) {
    auto config = options::load_text(base_lines + lines, "server.conf");
    EXPECT_TRUE(config) << config.error().text();
    return *config;
  }
  node::RoutePlan routes_of(const options::Config& config) {
    node::RouteFacts facts = tunnel.look_around(std::nullopt);
    node::fill_server_gateways(config, facts);
    return node::plan_routes(config.routes, facts);
  }

  MemoryLog log{"device"};
  MemoryDevice device;
  MemoryNetwork network;
  MemoryProcesses processes;
  node::Tunnel tunnel{device, network, Log(log)};
  std::optional<node::Hooks> hooks;
  std::vector<std::string> failures;
};

TEST_F(RoutesOf, a_server_follow_its_lines) {
  struct Row {
    const char *option, *before, *after;
  };
  const std::string one = "route 10.1.0.0 255.255.0.0\n";
  for (const Row& row :
       {Row{"route", "route 10.1.0.0 255.255.0.0\n", "route 10.2.0.0 255.255.0.0\n"},
        Row{"route-ipv6", "route-ipv6 fd00:1::/64 fd00::5\n", "route-ipv6 fd00:2::/64 fd00::5\n"},
        Row{"route-gateway", "route 10.1.0.0 255.255.0.0\n",
            "route 10.1.0.0 255.255.0.0\nroute-gateway 10.8.0.77\n"},
        Row{"route-metric", "route 10.1.0.0 255.255.0.0\n",
            "route 10.1.0.0 255.255.0.0\nroute-metric 70\n"},
        Row{"route-table", "route 10.1.0.0 255.255.0.0\n",
            "route 10.1.0.0 255.255.0.0\nroute-table 70\n"}}) {
    network.routes.clear();
    bring_up(row.before);
    const std::string before = kernel();
    change(row.after);
    const std::string after = kernel();
    EXPECT_NE(before, after) << row.option;
    EXPECT_TRUE(failures.empty()) << failures.front();
    change(row.before);
    EXPECT_EQ(kernel(), before) << row.option;
    tunnel.take_down(*hooks, {}, "x");
    EXPECT_EQ(kernel(), "") << row.option;
  }
}

TEST_F(RoutesOf, a_server_that_stay_are_not_touched) {
  bring_up("route 10.1.0.0 255.255.0.0\nroute 10.2.0.0 255.255.0.0\n");
  const std::string before = kernel();
  change("route 10.2.0.0 255.255.0.0\nroute 10.1.0.0 255.255.0.0\n");
  EXPECT_EQ(kernel(), before);
  change("route 10.1.0.0 255.255.0.0\nroute not.a.network\n");
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("server.conf:"), std::string::npos) << failures[0];
  EXPECT_EQ(kernel().find("10.2.0.0"), std::string::npos);
}

TEST_F(RoutesOf, the_environment_of_later_programs_follow) {
  bring_up("script-security 2\ndown /down\nroute 10.1.0.0\nroute 10.2.0.0\n");
  change("route 10.3.0.0\n");
  tunnel.take_down(*hooks, {}, "x");
  std::string seen;
  for (const auto& [name, value] : processes.ran.back().variables) {
    if (name.starts_with("route_network")) seen += name + "=" + value + " ";
  }
  EXPECT_EQ(seen, "route_network_1=10.3.0.0 ");
}

TEST_F(RoutesOf, and_programs_that_end_it_are_those_of_the_new_lines) {
  bring_up("");
  const auto adopt = [&](const std::string& lines) {
    hooks->adopt(config_of("script-security 2\n" + lines).scripts, {});
  };
  adopt("route-up /up\nroute-pre-down /pre\ndown /down\ndown-pre\n");
  tunnel.add_routes({}, *hooks, {});
  tunnel.take_down(*hooks, {}, "x");
  std::string ran;
  for (const ports::Command& command : processes.ran) ran += command.argv.front() + " ";
  EXPECT_EQ(ran, "/up /pre /down ");
  EXPECT_TRUE(hooks->scripts().down_pre);
}

}  // namespace
}  // namespace adit::sim
