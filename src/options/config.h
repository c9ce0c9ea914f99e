#pragma once

// What the user said, typed, in groups by subject. Nothing here acts; the node turns each group
// into the setup of the room that needs it. Absent optionals mean "not said": the reader applies
// the default, which often depends on the mode.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "ip/address.h"
#include "options/file_or_inline.h"
#include "options/listen_config.h"
#include "options/location.h"
#include "options/proxy_config.h"
#include "options/routing_config.h"
#include "options/tap_config.h"

namespace adit::options {

using Seconds = std::chrono::seconds;

enum class Mode { p2p, server };
enum class TlsRole { none, client, server };
enum class DevType { tun, tap, null };
enum class Topology { net30, p2p, subnet };
enum class Compression { off, lzo, lzo_stub, stub, stub_v2, lz4, lz4_v2, migrate };
// Whether packets may come compressed; the others only have room for a mark.
constexpr bool compresses(Compression compression) {
  return compression == Compression::lzo || compression == Compression::lz4 ||
         compression == Compression::lz4_v2;
}

// A program and its own arguments, split as a config line.
struct Script {
  std::vector<std::string> words;
  Location at;
  [[nodiscard]] bool defined() const { return !words.empty(); }
};

// A shared object and its arguments.
struct Plugin {
  std::vector<std::string> words;
  Location at;
};

// Everything that may differ between the remotes of a client ("connection=y" in the table). A
// server uses the one that stands outside any block.
struct Connection {
  std::string remote;  // host name or address; empty: none
  std::string remote_port = "1194";
  std::string local;
  std::optional<std::string> local_port;
  bool local_port_binds = false;  // said by lport, which implies bind; port does not
  bool bind = false;
  bool bind_ipv6_only = false;
  bool nobind = false;
  bool floats = false;  // "float"
  Proto proto;
  Seconds connect_retry{1};
  Seconds connect_retry_max{300};
  std::optional<unsigned> connect_retry_rounds;  // connect-retry-max
  Seconds server_poll_timeout{120};
  std::optional<unsigned> explicit_exit_notify;
  std::optional<unsigned> tun_mtu;
  std::optional<unsigned> occ_mtu;
  std::optional<unsigned> link_mtu;
  unsigned tun_mtu_extra = 0;
  std::optional<unsigned> tun_mtu_max;
  std::optional<unsigned> fragment;
  bool fragment_counts_outer = false;  // "mtu": IP and UDP headers count too
  std::optional<unsigned> mssfix;      // 0: off
  enum class MssfixKind { payload, mtu, fixed } mssfix_kind = MssfixKind::payload;
  // Stock takes 1250; a little less gets a handshake through more of the narrow paths.
  unsigned max_packet_size = 1200;
  enum class MtuDiscovery { system, no, maybe, yes } mtu_discovery = MtuDiscovery::system;
  FileOrInline tls_auth;
  FileOrInline tls_crypt;
  FileOrInline tls_crypt_v2;
  enum class Cookie { allow_noncookie, force_cookie } tls_crypt_v2_cookie = Cookie::allow_noncookie;
  std::optional<int> key_direction;
  std::optional<HttpProxy> http_proxy;
  std::optional<SocksProxy> socks_proxy;
  Location at;
};

// "remote" outside any block; becomes a Connection when everything has been read.
struct RemoteLine {
  std::string host;
  std::optional<std::string> port;
  std::optional<Proto> proto;
  Location at;
};

struct Remotes {
  std::vector<Connection> list;   // in the order to try; filled from remote lines or blocks
  std::vector<RemoteLine> lines;  // as read; finish() turns them into the list
  bool random = false;
  bool random_hostname = false;                  // a label that nobody has asked for in front
  std::optional<HttpProxy> http_proxy_override;  // for all that are reached by TCP
  std::optional<Proto> proto_force;
  std::optional<Seconds> resolve_retry;  // nothing: infinite
  bool mark_set = false;
  std::uint32_t mark = 0;
  std::string bind_device;
  std::optional<unsigned> send_buffer;
  std::optional<unsigned> receive_buffer;
  bool multihome = false, multihome_same_interface = false;
  bool mtu_test = false;
  std::vector<LocalLine> locals;  // as read; finish() turns those of a server into listens
  std::vector<Listen> listens;    // of a server; empty: what the connection says
  bool tcp_nodelay = false;       // socket-flags TCP_NODELAY
  bool pass_tos = false;
};

struct Device {
  std::string name;  // "tun", "tun7", "office"
  std::optional<DevType> type;
  std::string node = "/dev/net/tun";
  std::optional<Topology> topology;
  std::optional<std::pair<std::string, std::string>> ifconfig;       // local, remote or netmask
  std::optional<std::pair<std::string, std::string>> ifconfig_ipv6;  // addr/bits, remote
  bool ifconfig_noexec = false;
  std::string lladdr;
  std::optional<unsigned> tx_queue_length;
  bool persist_tun = false;
  bool block_ipv6 = false;

  [[nodiscard]] bool is_tap() const { return type == DevType::tap; }
};

struct RouteLine {
  std::string network, netmask, gateway, metric;  // as written; empty: default
  Location at;
};
struct RouteLine6 {
  std::string prefix, gateway, metric;
  Location at;
};
struct RedirectGateway {
  bool on = false;  // redirect-gateway rather than redirect-private
  bool local = false, autolocal = false, def1 = false, bypass_dhcp = false, bypass_dns = false;
  bool block_local = false, ipv6 = false, no_ipv4 = false;
};
struct Routes {
  std::vector<RouteLine> v4;
  std::vector<RouteLine6> v6;
  std::string gateway;  // route-gateway
  std::string gateway6;
  std::optional<std::uint32_t> metric;
  std::uint32_t table = 0;
  std::optional<RedirectGateway> redirect;
  std::vector<NatLine> client_nat;
  bool block_outside_dns = false;
  bool noexec = false;
  bool nopull = false;
  std::optional<std::pair<Seconds, Seconds>>
      delay;  // route-delay: wait, and no longer for the rest
};

struct Identity {
  FileOrInline ca, cert, key, dh, extra_certs, crl, pkcs12;
  std::string ca_path;
  bool crl_is_directory = false;
  std::string askpass;  // file; "-": somebody is asked
  bool askpass_set = false;
  std::vector<std::string> peer_fingerprints;  // SHA-256, upper-case hex with colons
  std::string verify_x509_name;
  enum class NameMatch { subject, name, name_prefix } verify_x509_type = NameMatch::subject;
  enum class CertUsage { any, server, client } remote_cert_tls = CertUsage::any;
  std::vector<unsigned> remote_cert_ku;
  std::string remote_cert_eku;
  std::vector<std::string> username_fields{"CN"};  // x509-username-field
  enum class ClientCert { require, optional, none } verify_client_cert = ClientCert::require;
  std::string tls_version_min = "1.2";
  bool tls_version_min_or_highest = false;
  std::string tls_version_max;
  std::string tls_cipher, tls_ciphersuites, tls_groups;
  enum class CertProfile { insecure, legacy, preferred, suiteb } cert_profile = CertProfile::legacy;
  std::vector<std::string> providers;
  std::vector<std::string> issuer_hashes;  // verify-hash, as peer_fingerprints
  bool issuer_hashes_sha1 = true;
  std::vector<std::string> x509_track;
};

struct Channel {                          // control and data channel
  std::vector<std::string> data_ciphers;  // upper case, optional '?' entries already judged away
  std::string data_ciphers_text;          // as written, for messages
  std::string cipher;                     // "cipher"; empty: not said
  std::string data_ciphers_fallback;
  std::string auth = "SHA1";
  Compression compression = Compression::off;
  enum class AllowCompression { asym, no, yes } allow_compression = AllowCompression::no;
  bool allow_compression_set = false;
  std::optional<unsigned> compat_mode;  // 20406 is 2.4.6
  Seconds reneg{3600};
  std::optional<Seconds> reneg_min;
  std::optional<std::uint64_t> reneg_bytes;
  std::uint64_t reneg_packets = 0;
  Seconds hand_window{60};
  Seconds tran_window{3600};
  Seconds tls_timeout{2};
  unsigned replay_window = 64;
  Seconds replay_time{15};
  bool replay_window_set = false;
  bool mute_replay_warnings = false;
  std::string replay_persist;  // a file
  bool force_key_export = false;
  bool tls_exit = false;
  bool single_session = false;
  std::string exporter_label;   // keying-material-exporter
  unsigned exporter_bytes = 0;  // 0: not said
  bool persist_key = false;     // said; key files are kept in any case, as OpenVPN 2.7 does
};

struct Timers {
  Seconds ping{0}, ping_restart{0}, ping_exit{0};  // 0: off
  bool ping_restart_set = false, ping_exit_set = false;
  bool timer_remote = false;  // ping-timer-rem
  std::optional<std::pair<unsigned, unsigned>> keepalive;
  std::optional<Seconds> inactive;
  std::uint64_t inactive_bytes = 0;
  std::optional<Seconds> session_timeout;
  std::uint64_t shaper_bytes_per_second = 0;
};

struct Pool4 {
  std::string start, end, netmask;
  Location at;
};
struct Iroute {
  ip::Prefix prefix;
  Location at;
};

// The per-client options: from the ccd file, a client-connect script, or inherited.
struct ClientProfile {
  bool disable = false;
  std::optional<std::pair<ip::Address, ip::Address>> ifconfig_push;  // local, remote or netmask
  Location ifconfig_push_at;
  std::optional<ip::Address> ifconfig_push_alias;
  struct Ipv6Push {
    ip::Address address;
    std::uint8_t bits = 64;
    std::optional<ip::Address> remote;
  };
  std::optional<Ipv6Push> ifconfig_ipv6_push;
  std::vector<Iroute> iroutes;  // both families
  std::vector<std::string> push;
  std::vector<std::string> push_remove;
  bool push_reset = false;
  std::vector<std::string> data_ciphers;
  std::string cipher;
  std::optional<Seconds> ping, ping_restart, ping_exit, inactive, session_timeout;
  std::optional<std::uint64_t> inactive_bytes;
  std::optional<unsigned> max_routes;
  std::optional<std::uint16_t> vlan_pvid;
  bool tcp_nodelay = false;
  std::string override_username;
};

struct Server {
  std::optional<ip::Prefix> network;   // "server"
  std::optional<ip::Prefix> network6;  // "server-ipv6"
  std::optional<Bridge> bridge;
  Vlan vlan;
  bool no_pool = false;
  std::optional<Pool4> pool;
  std::optional<ip::Prefix> pool6;  // the first address to hand out and the length: not masked
  std::optional<std::pair<ip::Address, ip::Address>> push_constraint;
  std::string pool_persist;
  Seconds pool_persist_interval{600};
  std::string ccd;  // client-config-dir
  bool ccd_exclusive = false;
  std::vector<std::string> push;  // users' pushes first, then what the helpers add
  bool client_to_client = false;
  bool duplicate_cn = false;
  unsigned max_clients = 1024;
  unsigned max_routes_per_client = 256;
  struct StaleRoutes {
    Seconds age{0};
    Seconds interval{0};
  };
  std::optional<StaleRoutes> stale_routes;  // stale-routes-check
  std::optional<std::pair<unsigned, Seconds>> connect_freq;
  std::pair<unsigned, Seconds> connect_freq_initial{100, Seconds(10)};
  bool username_as_common_name = false;
  bool auth_user_pass_optional = false;
  unsigned tcp_queue_limit = 64;
  bool tcp_nodelay = false;
  struct AuthToken {
    Seconds lifetime{0};  // 0: unlimited
    std::optional<Seconds> renewal;
    bool external_auth = false;
  };
  std::optional<AuthToken> auth_gen_token;
  FileOrInline auth_gen_token_secret;
  std::optional<std::pair<std::string, std::string>> port_share;
  std::string port_share_dir;
  std::optional<unsigned> crypt_v2_max_age_days;
};

struct Client {
  bool pull = false;
  bool auth_user_pass = false;
  FileOrInline auth_user_pass_file;  // undefined: somebody is asked
  enum class AuthRetry { none, nointeract, interact } auth_retry = AuthRetry::none;
  bool auth_nocache = false;
  bool push_peer_info = false;
  int auth_failed_status = 0;  // the exit status when the server refuses us
  struct Filter {
    enum class Action { accept, ignore, reject } action;
    std::string prefix;
  };
  std::vector<Filter> pull_filters;
  bool persist_local_ip = false, persist_remote_ip = false;
  bool up_delay = false;
  bool allow_recursive_routing = false;
  bool allow_pull_fqdn = false;
  SecretText auth_token;
  std::string auth_token_user;  // decoded
  struct Challenge {
    std::string text;
    bool echo = false;
  };
  std::optional<Challenge> static_challenge;
};

struct Scripts {
  int security = 1;
  Script up, down, route_up, route_pre_down, ipchange;
  Script dns_updown;
  DnsUpdown dns_choice = DnsUpdown::usual;
  Script client_connect, client_disconnect, learn_address, auth_user_pass_verify;
  Script tls_verify, tls_crypt_v2_verify, client_crresponse;
  std::string tls_export_cert;
  std::vector<Plugin> plugins;
  bool auth_via_file = false;
  bool down_pre = false, up_restart = false;
  std::string tmp_dir = "/tmp";
  std::vector<std::pair<std::string, std::string>> variables;  // setenv, setenv-safe
  std::vector<std::string> foreign_options;   // "dhcp-option DNS 10.8.0.1", in order
  std::vector<std::vector<std::string>> dns;  // words of each dns option
  std::vector<std::string> echoes;            // echo and parameter, words joined by a blank
};

struct Process {
  std::string cd, chroot, user, group, write_pid;
  bool daemon = false;
  std::string daemon_name = "openvpn";
  std::optional<int> nice;
  bool mlock = false;
  enum class Usr1 { usual, sighup, sigterm } remap_usr1 = Usr1::usual;
};

struct Logging {
  int verb = 1;
  unsigned mute = 0;
  std::string file;
  bool append = false;
  bool syslog = false;
  std::string syslog_name = "openvpn";
  bool suppress_timestamps = false;
  bool machine_readable = false;
  bool errors_to_stderr = false;
  std::string status_file;
  Seconds status_interval{60};
  int status_version = 1;
};

struct Management {
  std::string address;  // host, "tunnel" or a path
  std::string port;     // "unix": address is a path
  std::string password_file;
  bool connects_out = false;  // management-client
  bool hold = false, query_passwords = false, query_remote = false, query_proxy = false;
  bool signal = false, forget_disconnect = false, up_down = false, client_auth = false;
  std::string client_user, client_group;
  std::string external_cert;
  // What the manager can be asked to sign with; nothing: the key is not there.
  struct ExternalKey {
    bool no_padding = false, pkcs1 = false, pss = false;
    bool digest = false;  // it digests messages itself
  };
  std::optional<ExternalKey> external_key;
  unsigned log_cache = 250;

  [[nodiscard]] bool defined() const { return !address.empty(); }
};

// Keys on PKCS#11 tokens. What is said of modules goes by their order.
struct Tokens {
  std::vector<std::string> modules;
  std::string id;
  bool id_by_manager = false;
  std::optional<int> pin_cache;  // seconds; -1: for ever
  std::vector<bool> protected_authentication, certificate_is_private;
  std::vector<unsigned> private_mode;

  [[nodiscard]] bool defined() const { return !modules.empty() || !id.empty() || id_by_manager; }
};

// Stand-alone tools of the command line.
struct Tool {
  enum class Kind {
    none,
    help,
    version,
    show_ciphers,
    show_digests,
    show_tls,
    show_curves,
    show_engines,
    show_gateway,
    genkey,
    mktun,
    rmtun,
    show_tokens,
    test_crypto
  } kind = Kind::none;
  std::string genkey_type = "secret";
  std::string genkey_file;      // empty: standard output
  std::string genkey_metadata;  // base64
  std::string show_gateway_address;
  std::string token_module;  // empty: the system's
  bool token_login = false;
};

// An option as it was given, for messages, for the parameter dump, and to compare with what is said
// at another time.
struct Said {
  std::string name;
  Location at;
  std::string line;
  std::vector<std::string> words = {};  // its parameters; of a block its text
  bool is_inline = false;
  bool part_of_another = false;  // a line of a <connection> block
};

// What only adit has: how packets are moved.
struct FastPath {
  enum class Engine : std::uint8_t { automatic, openssl, ipsec_mb, vaes };
  enum class TunOffload : std::uint8_t { automatic, no_uso, no_tso, off };
  unsigned lanes = 0;  // pairs of lanes; 0: by the number of cores
  Engine engine = Engine::automatic;
  TunOffload tun_offload = TunOffload::automatic;
  bool udp_offload = true;
};

struct Config {
  Mode mode = Mode::p2p;
  TlsRole tls_role = TlsRole::none;
  Connection connection;  // the one outside any block
  Remotes remotes;
  Device device;
  Routes routes;
  Identity identity;
  Channel channel;
  Timers timers;
  Server server;
  Client client;
  Scripts scripts;
  Process process;
  Logging logging;
  Management management;
  Tokens tokens;
  FastPath fast;
  KillSwitch kill_switch;
  Tool tool;
  FileOrInline secret;  // static key mode

  std::string source;      // the config file, for messages
  std::vector<Said> said;  // in order

  // Where the option was last said; nullptr when it was not.
  [[nodiscard]] const Said* said_of(std::string_view option) const;
};

// What a server pushed, after the filter: merged into a copy of the client's groups.
struct Pulled {
  Device device;
  Routes routes;
  Timers timers;
  Scripts scripts;
  std::string cipher;
  std::optional<std::uint32_t> peer_id;
  bool tls_ekm = false, dyn_tls_crypt = false, cc_exit = false, aead_epoch = false;
  std::optional<Compression> compression;
  std::optional<unsigned> tun_mtu;
  std::optional<unsigned> explicit_exit_notify;
  std::optional<unsigned> send_buffer, receive_buffer;
  bool tcp_nodelay = false;
  bool errors_to_stderr = false;
  std::optional<int> verb;
  std::optional<unsigned> mute;
  SecretText auth_token;
  std::string auth_token_user;
  bool persist_tun = false;
  bool unknown_protocol = false;         // the server chose a protocol feature unknown to us
  std::optional<unsigned> continuation;  // push-continuation: 2 says that more follows
};

}  // namespace adit::options
