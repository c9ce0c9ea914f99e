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
  void program(const char* option, const Script& script) {
    if (script.defined()) {
      files_.push_back({option, script.words.front(), NamedFile::Kind::program, script.at});
    }
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
  all.text("ca", identity.ca);
  all.path("capath", identity.ca_path, NamedFile::Kind::directory);
  all.text("cert", identity.cert);
  all.text("key", identity.key);
  all.text("extra-certs", identity.extra_certs);
  all.text("pkcs12", identity.pkcs12);
  if (identity.dh.path != "none") all.text("dh", identity.dh);
  if (identity.crl_is_directory) {
    all.path("crl-verify", identity.crl.path, NamedFile::Kind::directory);
  } else {
    all.text("crl-verify", identity.crl);
  }
  if (identity.askpass != "-") all.path("askpass", identity.askpass, NamedFile::Kind::read);
  all.text("auth-user-pass", config.client.auth_user_pass_file);
}

void collect_programs(Collector& all, const Scripts& scripts) {
  all.program("up", scripts.up);
  all.program("down", scripts.down);
  all.program("route-up", scripts.route_up);
  all.program("route-pre-down", scripts.route_pre_down);
  all.program("ipchange", scripts.ipchange);
  all.program("client-connect", scripts.client_connect);
  all.program("client-disconnect", scripts.client_disconnect);
  all.program("learn-address", scripts.learn_address);
  all.program("auth-user-pass-verify", scripts.auth_user_pass_verify);
  all.program("tls-verify", scripts.tls_verify);
  all.program("tls-crypt-v2-verify", scripts.tls_crypt_v2_verify);
  all.program("client-crresponse", scripts.client_crresponse);
}

// Where a path is found that is used after the change of the root directory.
std::string below(const std::string& root, const std::string& path) {
  return root.empty() || path.empty() ? path : root + (path.front() == '/' ? "" : "/") + path;
}

}  // namespace

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
  collect_programs(all, config.scripts);
  using Kind = NamedFile::Kind;
  const std::string& root = config.process.chroot;
  all.path("chroot", root, Kind::directory);
  all.path("client-config-dir", below(root, config.server.ccd), Kind::directory);
  if (config.said_of("tmp-dir") != nullptr || !root.empty()) {
    all.path("tmp-dir", below(root, config.scripts.tmp_dir), Kind::directory);
  }
  all.path("tls-export-cert", config.scripts.tls_export_cert, Kind::directory);
  all.path("ifconfig-pool-persist", config.server.pool_persist, Kind::written);
  all.path("status", config.logging.status_file, Kind::written);
  all.path(config.logging.append ? "log-append" : "log", config.logging.file, Kind::written);
  all.path("writepid", config.process.write_pid, Kind::written);
  return std::move(all.files_);
}

}  // namespace adit::options
