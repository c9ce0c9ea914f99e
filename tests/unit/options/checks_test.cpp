#include "options/checks.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/options/reading.h"

namespace adit::options::testing {
namespace {

struct Case {
  std::string lines;
  std::string words;
};

void expect_errors(const char* base, std::initializer_list<Case> cases) {
  for (const auto& [lines, words] : cases) {
    const Parsed parsed = read_and_complete(base + lines);
    EXPECT_FALSE(parsed.ok()) << lines;
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << "\n" << all_text(parsed.issues);
    EXPECT_TRUE(mentions(parsed.issues, "In test.conf:")) << all_text(parsed.issues);
  }
}

void expect_advice(const char* base, std::initializer_list<Case> cases) {
  for (const auto& [lines, words] : cases) {
    const Parsed parsed = read_and_complete(base + lines);
    EXPECT_TRUE(parsed.ok()) << lines << "\n" << all_text(parsed.issues);
    EXPECT_TRUE(mentions(parsed.issues, words)) << lines << "\n" << all_text(parsed.issues);
  }
}

TEST(Checks, minimal_configurations_are_silent) {
  EXPECT_EQ(all_text(read_and_complete(minimal_server).issues), "");
  EXPECT_EQ(all_text(read_and_complete(minimal_client).issues), "");
}

TEST(Checks, refuse_in_a_client_what_belongs_to_a_server) {
  for (const char* line :
       {"ifconfig-pool 10.8.0.2 10.8.0.9", "ifconfig-pool-persist x",
        "ifconfig-ipv6-pool fd00::/64", "client-to-client", "duplicate-cn", "client-config-dir ccd",
        "ccd-exclusive", "client-connect /bin/true", "client-disconnect /bin/true",
        "learn-address /bin/true", "connect-freq 1 1", "auth-user-pass-verify /bin/true via-env",
        "username-as-common-name", "client-crresponse /bin/true", "hash-size 64 64", "opt-verify",
        "force-tls-key-material-export", "verify-client-cert none"}) {
    expect_errors(minimal_client, {{line, "requires --mode server"}});
  }
}

TEST(Checks, refuse_in_a_server_what_belongs_to_a_client) {
  for (const char* line :
       {"nobind", "pull", "auth-user-pass", "route-delay 5", "up-delay", "ipchange /bin/true",
        "shaper 10000", "allow-recursive-routing", "remote 192.0.2.1", "redirect-gateway def1",
        "redirect-private", "<connection>\nremote a\n</connection>"}) {
    expect_errors(minimal_server, {{line, "cannot be used with --mode server"}});
  }
}

TEST(Checks, a_constraint_says_nothing_to_a_client) {
  expect_advice(minimal_client, {{"ifconfig-push-constraint 10.8.0.0 255.255.255.0",
                                  "it says nothing to a client"}});
}

TEST(Checks, refuse_what_has_nothing_to_stand_on) {
  expect_errors(
      "dev tun\nmode server\ntls-server\nifconfig 10.8.0.1 255.255.255.0\nca a\ncert b\n"
      "key c\n",
      {{"ifconfig-pool-persist x", "must be used with --ifconfig-pool"}});
  expect_errors(minimal_server, {{"ifconfig-ipv6-pool fd00::2/64", "needs --ifconfig-ipv6"},
                                 {"proto tcp-client", "cannot use --proto tcp-client"}});
  expect_errors("client\ndev tun\nca a\ncert b\nkey c\n",
                {{"remote 192.0.2.1\nlocal 192.0.2.1", "addresses are the same"}});
  EXPECT_TRUE(read_and_complete(std::string(minimal_client) + "local 192.0.2.1").ok());
}

TEST(Checks, static_keys_and_tls_do_not_mix) {
  const char* const base = "dev tun\nifconfig 10.1.0.1 10.1.0.2\ncipher AES-256-CBC\nsecret s\n";
  for (const char* line : {"reneg-sec 60", "tls-timeout 4", "remote-cert-tls server", "tls-exit",
                           "push-peer-info", "pkcs12 x", "hand-window 30"}) {
    expect_errors(base, {{line, "it belongs to TLS"}});
  }
  expect_errors(base, {{"auth-user-pass", "--auth-user-pass requires --pull"}});
  expect_advice(base, {{"dh none", "it is ignored"}});
}

TEST(Checks, keep_the_roles_apart) {
  expect_errors("dev tun\nca a\ncert b\nkey c\nremote x\n",
                {{"tls-client\ntls-server", "specify only one of --tls-server, --tls-client"},
                 {"mode server\ntls-client", "--mode server requires --tls-server"},
                 {"mode server", "--mode server requires --tls-server"}});
  EXPECT_TRUE(mentions(read_and_complete("dev tun\nremote a\n").issues,
                       "this is neither a client nor a server"));
}

TEST(Checks, of_the_device) {
  EXPECT_TRUE(mentions(read_and_complete("client\nremote x\nca a\ncert b\nkey c\n").issues,
                       "You must define TUN/TAP device (--dev)"));
  expect_errors(minimal_client, {{"dev office", "add \"dev-type tun\" or \"dev-type tap\""}});
}

TEST(Checks, of_what_a_client_needs) {
  expect_errors("dev tun\n", {{"client\nca a\ncert b\nkey c", "a client needs to know its server"},
                              {"tls-client\nca a\ncert b\nkey c", "the TLS client begins"}});
  const char* const anonymous = "client\ndev tun\nremote x\n";
  EXPECT_TRUE(mentions(read_and_complete(std::string(anonymous) + "ca a\n").issues,
                       "No client-side authentication method is specified"));
  EXPECT_TRUE(mentions(read_and_complete(std::string(anonymous) + "cert a\nkey b\n").issues,
                       "You must define CA file (--ca) or CA path"));
  expect_errors(anonymous, {{"ca a\ncert b", "test.conf:5: cert is given without key"},
                            {"ca a\nkey b", "test.conf:5: key is given without cert"}});
  EXPECT_TRUE(read_and_complete(std::string(anonymous) + "ca a\nauth-user-pass\n").ok());
}

TEST(Checks, of_what_a_server_needs) {
  EXPECT_TRUE(mentions(
      read_and_complete("dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\n").issues,
      "You must define certificate file (--cert) and private key file (--key)"));
  expect_errors(minimal_server,
                {{"ccd-exclusive", "--ccd-exclusive must be used with --client-config-dir"},
                 {"proto tcp\nconnect-freq 1 1", "--connect-freq only works with"},
                 {"username-as-common-name", "must be used with --management-client-auth"},
                 {"auth-user-pass-optional", "must be used with --management-client-auth"},
                 {"verify-client-cert none", "none|optional must be used with"},
                 {"verify-client-cert maybe", "use none, optional or require"}});
  expect_advice("dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\n",
                {{"", "--keepalive option is missing from server config"}});
}

TEST(Checks, of_tokens_in_place_of_passwords) {
  expect_errors(
      minimal_server,
      {{"auth-gen-token 0 119", "at least  two times --hand-window (60)."},
       {"auth-gen-token\nreneg-sec 20", "at least  two times --hand-window (60)."},
       {"auth-gen-token\nreneg-sec 0", "needs a non-infinite --renegotiate_seconds setting"},
       {"auth-gen-token 0 0", "\"0\" is out of range"},
       {"auth-gen-token 10 200 maybe", "use external-auth"}});
  const auto token = [](const char* words) {
    return read_and_complete(std::string(minimal_server) + words).config.server.auth_gen_token;
  };
  EXPECT_TRUE(token("auth-gen-token 10 external-auth")->external_auth);
  EXPECT_EQ(token("auth-gen-token 10 external-auth")->lifetime, Seconds(10));
  EXPECT_FALSE(token("auth-gen-token")->external_auth || token("auth-gen-token")->renewal);
}

TEST(Checks, of_everything_in_one_file) {
  expect_errors("client\ndev tun\nremote x\npkcs12 a\n",
                {{"cert b", "Parameter --cert cannot be used when --pkcs12 is also specified."},
                 {"key b", "Parameter --key cannot be used when --pkcs12"},
                 {"capath b", "Parameter --capath cannot be used when --pkcs12"}});
  EXPECT_TRUE(read_and_complete("client\ndev tun\nremote x\npkcs12 a\nca b\n").ok());
}

TEST(Checks, dh_is_optional) { EXPECT_TRUE(read_and_complete(minimal_server).ok()); }

TEST(Checks, of_addresses_and_ports) {
  expect_errors(minimal_client,
                {{"bind\nnobind", "--bind and --nobind can't be used together"},
                 {"local 127.0.0.1\nnobind", "--local and --nobind don't make sense"},
                 {"lport 5\nnobind", "--lport and --nobind don't make sense"}});
  expect_errors("tls-client\ndev tun\nca a\ncert b\nkey c\n",
                {{"remote x\nproto tcp", "--proto tcp is ambiguous in this context"},
                 {"nobind", "--nobind doesn't make sense unless used with --remote"}});
}

TEST(Checks, of_packet_sizes) {
  expect_errors(minimal_client, {{"tun-mtu 1400\nlink-mtu 1300", "only one of --tun-mtu or"}});
}

TEST(Checks, of_control_channel_keys) {
  expect_errors(minimal_server, {{"tls-auth a 0\ntls-crypt b", "mutually exclusive"}});
  expect_errors(minimal_client, {{"tls-auth a 0\ntls-crypt b", "mutually exclusive"},
                                 {"tls-crypt a\ntls-crypt-v2 b", "mutually exclusive"}});
  EXPECT_TRUE(read_and_complete(std::string(minimal_server) + "tls-crypt a\ntls-crypt-v2 b").ok());
}

TEST(Checks, of_tls_versions) {
  expect_errors(minimal_client, {{"tls-version-min 1.3\ntls-version-max 1.2", "bigger than"},
                                 {"tls-version-min 1.4", "use 1.0, 1.1, 1.2 or 1.3"}});
  EXPECT_EQ(client_with("tls-version-min 1.4 or-highest").identity.tls_version_min, "1.3");
}

TEST(Checks, of_compression) {
  expect_errors(minimal_client,
                {{"allow-compression no\ncomp-lzo", "Compression is not allowed"},
                 {"allow-compression no\ncompress lz4-v2", "Compression is not allowed"}});
  expect_advice(minimal_client,
                {{"comp-lzo", "what this side sends is never compressed"},
                 {"allow-compression no\ncompress stub-v2", "what this side sends is never"},
                 {"allow-compression yes", ":8: what is compressed before it is encrypted"},
                 {"allow-compression asym\ncompress lz4", "what this side sends is never"}});
  for (const char* lines :
       {"allow-compression yes\ncomp-lzo", "compress lz4\nallow-compression yes"}) {
    EXPECT_EQ(warnings(read_and_complete(std::string(minimal_client) + lines).issues), 1u) << lines;
  }
}

TEST(Checks, tell_what_happens_to_an_old_cipher) {
  const Parsed parsed = read_and_complete(std::string(minimal_client) + "cipher BF-CBC");
  EXPECT_TRUE(mentions(parsed.issues,
                       "WARNING: In test.conf:8: 'BF-CBC' is not in data-ciphers "
                       "(AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305) and not negotiated; peers "
                       "since 2.4 use AES-256-GCM"))
      << all_text(parsed.issues);
  EXPECT_EQ(all_text(read_and_complete(
                         std::string(minimal_client) +
                         "cipher AES-256-CBC\ndata-ciphers-fallback AES-256-CBC\nauth SHA256")
                         .issues),
            "");
}

TEST(Checks, give_advice_on_habits) {
  expect_advice("client\ndev tun\nremote x\nca a\ncert b\nkey c\n",
                {{"", "test.conf:4: any certificate of this CA could pose as the server"}});
  expect_advice(minimal_client,
                {{"ping 5\nping-restart 30", "what the server pushes for ping and ping-restart"},
                 {"up /bin/true", "this script will not be run"},
                 {"user nobody", "write \"persist-tun\" to keep it open"},
                 {"dh none", "only servers use dh"},
                 {"log vpn.log",
                  "every start empties this file: \"log vpn.log\" - write \"log-append "
                  "vpn.log\" to keep what earlier runs said"},
                 {"ifconfig 10.8.0.2 10.8.0.1", "using --pull/--client and --ifconfig together"},
                 {"proto tcp\nexplicit-exit-notify", "it is ignored with TCP"}});
  expect_advice("dev tun\ntopology subnet\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\n",
                {{"keepalive 10 60", "write \"explicit-exit-notify 1\" to tell them"}});
}

TEST(Checks, a_log_that_is_kept_is_no_news) {
  const Parsed parsed = read_and_complete(std::string(minimal_client) + "log-append vpn.log");
  EXPECT_EQ(all_text(parsed.issues), "");
}

TEST(Checks, give_the_lines_that_replace_net30) {
  const Parsed parsed = read_and_complete(
      "dev tun\nserver 10.8.0.0 255.255.255.0\nca a\ncert b\nkey c\nkeepalive 10 60\n");
  EXPECT_EQ(parsed.config.device.topology, Topology::net30) << "as the file meant it";
  EXPECT_TRUE(mentions(parsed.issues, "In test.conf:2: topology is not set and net30 is used"));
  EXPECT_TRUE(mentions(parsed.issues,
                       "write \"topology subnet\", and in ccd files the netmask as the second word "
                       "of ifconfig-push"));
}

TEST(Checks, say_once_what_is_wrong_with_every_remote) {
  const Parsed parsed =
      read_and_complete(std::string(minimal_client) + "remote b\nremote c\nlport 5\nnobind");
  EXPECT_EQ(parsed.issues.size(), 1u) << all_text(parsed.issues);
}

TEST(Checks, announced_blocks_must_follow) {
  const Parsed parsed =
      read_and_complete("client\ndev tun\nremote x\nca [inline]\ncert b\nkey c\n");
  EXPECT_TRUE(mentions(parsed.issues, "test.conf:4: the block <ca> is missing"));
}

TEST(FilesOf, lists_what_options_name) {
  using Kind = NamedFile::Kind;
  const Config config = server_with(
      "<extra-certs>\nx\n</extra-certs>\ndh none\ntls-crypt ta.key\ncrl-verify crls dir\n"
      "client-config-dir ccd\nscript-security 2\nclient-connect \"/bin/run me\"\n"
      "status s.log 10\nlog-append l.log\n");
  std::vector<std::string> found;
  for (const NamedFile& file : files_of(config)) {
    found.push_back(file.option + "=" + file.path + "@" + std::to_string(file.at.line));
  }
  EXPECT_EQ(found, (std::vector<std::string>{
                       "ca=ca.crt@4", "cert=s.crt@5", "key=s.key@6", "crl-verify=crls@14",
                       "tls-crypt=ta.key@13", "client-connect=/bin/run@17",
                       "client-config-dir=ccd@15", "status=s.log@18", "log-append=l.log@19"}));
  EXPECT_EQ(files_of(config)[3].kind, Kind::directory);
  EXPECT_EQ(files_of(config)[5].kind, Kind::program);
  EXPECT_EQ(files_of(config)[7].kind, Kind::written);
}

TEST(FilesOf, are_looked_for_where_they_are_used) {
  const Config config = server_with(
      "chroot /jail\ncapath cas\ncrl-verify /crl.pem\nclient-config-dir ccd\ntmp-dir tmp\n"
      "tls-export-cert certs\nscript-security 2\nup /bin/up\nroute-up /bin/route-up\n"
      "down /bin/down\nclient-connect /bin/in\ntls-verify /bin/judge\n");
  std::vector<std::string> inside, outside;
  for (const NamedFile& file : files_of(config)) {
    (file.path.starts_with("/jail/") ? inside : outside).push_back(file.option);
  }
  EXPECT_EQ(outside, (std::vector<std::string>{"ca", "cert", "key", "up", "route-up", "chroot"}));
  EXPECT_EQ(inside, (std::vector<std::string>{"capath", "crl-verify", "down", "client-connect",
                                              "tls-verify", "client-config-dir", "tmp-dir",
                                              "tls-export-cert"}));
  const Config below = server_with("script-security 2\ndown /bin/down\nchroot /jail\n");
  const auto names_down = [](const NamedFile& file) { return file.path == "/bin/down"; };
  EXPECT_TRUE(std::ranges::any_of(files_of(below), names_down)) << "judged as its line is read";
}

}  // namespace
}  // namespace adit::options::testing
