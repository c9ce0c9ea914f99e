#include "app/bench_command.h"

#include <CLI/CLI.hpp>

#include "app/bench_load.h"
#include "app/bench_memory.h"
#include "app/bench_tunnel.h"

namespace adit::app {

class BenchArguments {
 public:
  LoadOrder load;
  TunnelOrder tunnel;
  bool json = false;
};

namespace {

void add_load(CLI::App& bench, LoadOrder& order, int& status) {
  CLI::App* load = bench.add_subcommand(
      "load", "many sessions with a server, ours or any other that speaks OpenVPN");
  load->add_option("FILE", order.file, "a client's profile; all clients use it")->required();
  load->add_option("--clients", order.clients, "how many at the same time")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  load->add_option("--rate", order.rate, "new sessions a second; 0: as fast as it goes")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  load->add_option("--at-once", order.at_once,
                   "handshakes under way at most; no limit unless given, 16 with rate 0")
      ->check(CLI::PositiveNumber);
  load->add_option("--seconds", order.seconds,
                   "go on for so long: the oldest leaves for a new one. Without it each client "
                   "connects once")
      ->check(CLI::PositiveNumber);
  load->add_option("--hold", order.hold, "seconds all stay connected at the end")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  load->add_option("--patience", order.patience, "seconds for one handshake")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load->add_flag("--json", order.json, "for programs");
  load->callback([&order, &status] { status = run_load(order); });
}

void add_tunnel_bench(CLI::App& bench, TunnelOrder& order, int& status) {
  CLI::App* tunnel =
      bench.add_subcommand("tunnel", "a tunnel between two network namespaces; as root");
  tunnel->add_option("--cipher", order.cipher, "of the data channel")->capture_default_str();
  tunnel->add_option("--proto", order.proto, "udp or tcp")
      ->check(CLI::IsMember({"udp", "tcp"}))
      ->capture_default_str();
  tunnel->add_option("--seconds", order.seconds, "of each flow")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  tunnel->add_flag("--json", order.json, "for programs");
  tunnel->callback([&order, &status] { status = run_tunnel(order); });
}

}  // namespace

std::shared_ptr<BenchArguments> add_bench(CLI::App& root, int& status) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* bench = root.add_subcommand(
      "bench", "measures: packets in memory, a tunnel on this host, many sessions with a server");
  bench->require_subcommand(0, 1);
  bench->add_flag("--json", arguments->json, "for programs");
  bench->final_callback([bench, &status, given = arguments.get()] {
    if (bench->get_subcommands().empty()) status = run_bench(given->json);
  });
  add_load(*bench, arguments->load, status);
  add_tunnel_bench(*bench, arguments->tunnel, status);
  return arguments;
}

}  // namespace adit::app
