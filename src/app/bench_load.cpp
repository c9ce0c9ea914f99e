#include "app/bench_load.h"

#include <cstdio>
#include <sys/resource.h>

#include "app/client_login.h"
#include "app/command_words.h"
#include "app/title.h"
#include "base/text.h"
#include "bench/load_run.h"
#include "node/identity_setup.h"
#include "node/make_setup.h"
#include "options/parser.h"
#include "system/random.h"
#include "system/resolver.h"
#include "system/store.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

constexpr int not_all_connected = 1;
constexpr rlim_t other_files = 64;
constexpr unsigned few_at_once = 16;

class ProfileFiles final : public options::Files {
 public:
  explicit ProfileFiles(ports::StorePort& store) : store_(store) {}
  Result<std::string> read(const std::string& path) override { return store_.read(path); }

 private:
  ports::StorePort& store_;
};

// What all clients share. The setup refers to the identity and the random numbers.
struct Shared {
  std::unique_ptr<node::Identity> identity;
  node::ClientSetup setup;
  session::Credentials credentials;
  ip::Endpoint server;
};

Result<options::Config> read_profile(const std::string& file, system::Store& store) {
  ProfileFiles files(store);
  options::Parsed parsed = options::load({"--config", file}, files);
  for (const options::Issue& issue : parsed.issues) {
    if (issue.severity != options::Issue::Severity::error) continue;
    return fail("{}", issue.text());
  }
  if (!parsed.config.client.pull || parsed.config.remotes.list.empty()) {
    return fail_with({file + " is no client's profile", "it needs \"client\" and \"remote\""});
  }
  return std::move(parsed.config);
}

Result<SecretText> passphrase_for(const options::Config& config, system::Store& store) {
  if (!node::needs_passphrase(config, store)) return SecretText();
  return system::ask("Enter Private Key Password:", false);
}

Result<ip::Endpoint> find_server(const options::Connection& connection) {
  const auto port = to_number<std::uint16_t>(connection.remote_port);
  if (!port) return fail("\"{}\" is no port number", connection.remote_port);
  const auto addresses = system::Resolver::ask_host(connection.remote, connection.proto.family);
  if (!addresses) return fail_with(addresses.error());
  return ip::Endpoint{addresses->front(), *port, 0};
}

Status prepare(const LoadOrder& order, system::Store& store, Rng& rng, Shared& shared) {
  const auto config = read_profile(order.file, store);
  if (!config) return fail_with(config.error());
  const options::Connection& connection = config->remotes.list.front();
  const auto server = find_server(connection);
  if (!server) return fail_with(server.error());
  shared.server = *server;
  const auto passphrase = passphrase_for(*config, store);
  if (!passphrase) return fail_with(passphrase.error());
  auto identity = node::Identity::load(*config, false, store, *passphrase);
  if (!identity) return fail_with(identity.error());
  shared.identity = std::move(*identity);
  auto setup =
      node::make_client_setup(*config, connection, {*shared.identity, rng, title(), {}}, store);
  if (!setup) return fail_with(setup.error());
  shared.setup = std::move(*setup);
  if (!config->client.auth_user_pass) return {};
  auto credentials = ask_credentials(config->client, store);
  if (!credentials) return fail_with(credentials.error());
  shared.credentials = std::move(*credentials);
  return {};
}

// Each client has a socket.
Status make_room_for(unsigned clients) {
  const rlim_t wanted = clients + other_files;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return {};
  const rlimit raised{wanted, std::max(limit.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
  const rlimit most{limit.rlim_max, limit.rlim_max};
  if (limit.rlim_max >= wanted && setrlimit(RLIMIT_NOFILE, &most) == 0) return {};
  return fail_with({fmt::format("{} clients need {} open files, and {} are allowed", clients,
                                wanted, limit.rlim_max),
                    "run as root, or raise the limit: ulimit -n"});
}

}  // namespace

int run_load(const LoadOrder& order) {
  system::SystemRng rng;
  system::Store store(rng);
  Shared shared;
  if (Status ready = prepare(order, store, rng, shared); !ready) {
    return complain(ready.error(), exit_no_answer);
  }
  if (Status room = make_room_for(order.clients); !room) {
    return complain(room.error(), exit_no_answer);
  }
  auto loop = system::Loop::create();
  if (!loop) return complain(loop.error(), exit_no_answer);
  bench::LoadSettings settings;
  settings.server = shared.server;
  settings.clients = order.clients;
  settings.rate = order.rate;
  settings.at_once = order.at_once > 0 || order.rate > 0 ? order.at_once : few_at_once;
  if (order.seconds > 0) settings.going_on = of_seconds(order.seconds);
  settings.hold = of_seconds(order.hold);
  settings.patience = of_seconds(order.patience);
  bench::LoadRun run(**loop, shared.setup, shared.credentials, rng, settings);
  for (const int number : {SIGINT, SIGTERM}) {
    const Status heard = (*loop)->on_signal(number, [&](int) { run.stop(); });
    if (!heard) return complain(heard.error(), exit_no_answer);
  }
  const bench::LoadReport done = run.run();
  const std::string text =
      order.json ? bench::render_load_json(done) : bench::render_load_table(done);
  std::fputs(text.c_str(), stdout);
  return done.all_connected() ? 0 : not_all_connected;
}

}  // namespace adit::app
