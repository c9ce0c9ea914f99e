#include <algorithm>

#include "options/checks.h"

namespace adit::options {

namespace {

class Collector {
 public:
  explicit Collector(const Config& config) : config_(config) {}

  void text(const char* option, const FileOrInline& file) {
    if (!file.path.empty()) files_.push_back({option, file.path, NamedFile::Kind::read, file.at});
  }
  void path(const char* option, const std::string& path, NamedFile::Kind kind) {
    if (path.empty()) return;
    const Said* said = config_.said_of(option);
    files_.push_back({option, path, kind, said == nullptr ? Location() : said->at});
  }
  void program(const char* option, const Script& script, const std::string& root = {}) {
    if (script.defined()) {
      files_.push_back(
          {option, below_root(root, script.words.front()), NamedFile::Kind::program, script.at});
    }
  }
  // One that runs after the change of the root directory. Its line is judged when it is read: by
  // what stands above it. source: stock 2.6.14
  void jailed_program(const char* option, const Script& script) {
    const Said* chroot = config_.said_of("chroot");
    const bool above = chroot != nullptr && chroot < config_.said_of(option);
    program(option, script, above ? config_.process.chroot : std::string());
  }
  void wrap_keys(const Connection& connection) {
    text("tls-auth", connection.tls_auth);
    text("tls-crypt", connection.tls_crypt);
    text("tls-crypt-v2", connection.tls_crypt_v2);
  }

  void proxy_credentials(const Connection& connection) {
    const auto& http = connection.http_proxy;
    if (http && http->credentials.path != "stdin") text("http-proxy", http->credentials);
    const auto& socks = connection.socks_proxy;
    if (socks && socks->credentials.path != "stdin") text("socks-proxy", socks->credentials);
  }

  std::vector<NamedFile> files_;

 private:
  const Config& config_;
};

void collect_identity(Collector& all, const Config& config) {
  const Identity& identity = config.identity;
  const std::string& root = config.process.chroot;
  all.text("ca", identity.ca);
  all.path("capath", below_root(root, identity.ca_path), NamedFile::Kind::directory);
  all.text("cert", identity.cert);
  all.text("key", identity.key);
  all.text("extra-certs", identity.extra_certs);
  all.text("pkcs12", identity.pkcs12);
  if (identity.dh.path != "none") all.text("dh", identity.dh);
  all.path("crl-verify", below_root(root, identity.crl.path),
           identity.crl_is_directory ? NamedFile::Kind::directory : NamedFile::Kind::read);
  if (identity.askpass != "-") all.path("askpass", identity.askpass, NamedFile::Kind::read);
  all.text("auth-user-pass", config.client.auth_user_pass_file);
}

void collect_programs(Collector& all, const Config& config) {
  const Scripts& scripts = config.scripts;
  all.program("up", scripts.up);
  all.jailed_program("down", scripts.down);
  all.program("route-up", scripts.route_up);
  all.jailed_program("route-pre-down", scripts.route_pre_down);
  all.jailed_program("ipchange", scripts.ipchange);
  all.jailed_program("client-connect", scripts.client_connect);
  all.jailed_program("client-disconnect", scripts.client_disconnect);
  all.jailed_program("learn-address", scripts.learn_address);
  all.jailed_program("auth-user-pass-verify", scripts.auth_user_pass_verify);
  all.jailed_program("tls-verify", scripts.tls_verify);
  all.program("tls-crypt-v2-verify", scripts.tls_crypt_v2_verify, config.process.chroot);
  all.jailed_program("client-crresponse", scripts.client_crresponse);
}

}  // namespace

std::string below_root(const std::string& root, const std::string& path) {
  return root.empty() || path.empty() ? path : root + (path.front() == '/' ? "" : "/") + path;
}

std::vector<NamedFile> files_of(const Config& config) {
  Collector all(config);
  collect_identity(all, config);
  all.text("secret", config.secret);
  all.text("auth-gen-token-secret", config.server.auth_gen_token_secret);
  all.wrap_keys(config.connection);
  all.proxy_credentials(config.connection);
  for (const Connection& connection : config.remotes.list) {
    Collector own(config);
    own.wrap_keys(connection);
    own.proxy_credentials(connection);
    for (NamedFile& file : own.files_) {
      if (std::find(all.files_.begin(), all.files_.end(), file) == all.files_.end()) {
        all.files_.push_back(std::move(file));
      }
    }
  }
  collect_programs(all, config);
  using Kind = NamedFile::Kind;
  const std::string& root = config.process.chroot;
  all.path("chroot", root, Kind::directory);
  all.path("client-config-dir", below_root(root, config.server.ccd), Kind::directory);
  if (config.said_of("tmp-dir") != nullptr || !root.empty()) {
    all.path("tmp-dir", below_root(root, config.scripts.tmp_dir), Kind::directory);
  }
  all.path("tls-export-cert", below_root(root, config.scripts.tls_export_cert), Kind::directory);
  all.path("ifconfig-pool-persist", config.server.pool_persist, Kind::written);
  all.path("status", config.logging.status_file, Kind::written);
  all.path(config.logging.append ? "log-append" : "log", config.logging.file, Kind::written);
  all.path("writepid", config.process.write_pid, Kind::written);
  return std::move(all.files_);
}

}  // namespace adit::options
