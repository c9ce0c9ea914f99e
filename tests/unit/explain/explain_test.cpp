#include "explain/explain.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/json.h"
#include "explain/catalogue.h"
#include "explain/pattern.h"

namespace adit::explain {
namespace {

std::string title_of(std::string_view line) {
  const Report report = explain(line);
  return report.findings.size() == 1 ? report.findings[0].title : "";
}

TEST(Patterns, stand_anywhere_and_give_what_the_stars_stood_for) {
  using Stars = std::vector<std::string>;
  EXPECT_EQ(match("a * c", "xa b cy"), Stars{"b"});
  EXPECT_EQ(match("from *", "packet from 1.2.3.4:5"), Stars{"1.2.3.4:5"});
  EXPECT_EQ(match("[*] x [*]", "[1] x [2]"), (Stars{"1", "2"}));
  EXPECT_EQ(match("abc", "xabcx"), Stars{});
  EXPECT_FALSE(match("a * c", "a b"));
  EXPECT_FALSE(match("abc", "ab"));
  EXPECT_EQ(match("*", ""), Stars{""});
}

TEST(Patterns, fill_a_text) {
  EXPECT_EQ(fill("{1} sent {2}{3}, {0}", "line", {"a", "b"}), "a sent b, line");
  EXPECT_EQ(fill("{x} {", "line", {}), "{x} {");
}

// Lines as stock 2.6.14 prints them, each beside what it must be taken for.
TEST(Explain, knows_the_lines_that_people_ask_about) {
  const std::pair<const char*, const char*> known[] = {
      {"OpenSSL: error:0A00018A:SSL routines::dh key too small:",
       "the Diffie-Hellman parameters are too small"},
      {"OpenSSL: error:0A00018E:SSL routines::ca md too weak:", "a certificate is too weak"},
      {"TLS Error: cannot locate HMAC in incoming packet from [AF_INET]203.0.113.2:45800",
       "tls-auth is missing on the other side"},
      {"TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
       "connectivity)",
       "no handshake within 60 seconds"},
      {"Authenticate/Decrypt packet error: packet HMAC authentication failed",
       "a packet is not signed with our key"},
      {"TLS Error: incoming packet authentication failed from [AF_INET]203.0.113.2:59808",
       "a packet is not signed with our key"},
      {"TLS Error: tls-crypt unwrapping failed from [AF_INET]203.0.113.2:59808",
       "a packet is not wrapped with our tls-crypt key"},
      {"Options error: If you use one of --cert or --key, you must use them both",
       "a certificate without its key, or the reverse"},
      {"Options error: No client-side authentication method is specified.  You must use either "
       "--cert/--key, --pkcs12, or --auth-user-pass",
       "the client has nothing to show"},
      {"WARNING: --ns-cert-type is DEPRECATED.  Use --remote-cert-tls instead.",
       "ns-cert-type is obsolete"},
      {"DEPRECATED OPTION: --cipher set to 'BF-CBC' but missing in --data-ciphers "
       "(AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305). OpenVPN ignores --cipher for cipher "
       "negotiations. ",
       "\"cipher BF-CBC\" is no longer used"},
      {"TLS Auth Error: --client-config-dir authentication failed for common name 'client1' "
       "file='ccd/client1'",
       "client1 has no file of its own"},
      {"AUTH: Received control message: AUTH_FAILED", "the server refused the login"},
      {"WARNING: Compression for receiving enabled. Compression has been used in the past to break "
       "encryption. Sent packets are not compressed unless \"allow-compression yes\" is also set.",
       "compression is set"},
      {"WARNING: --topology net30 support for server configs with IPv4 pools will be removed in a "
       "future release. Please migrate to --topology subnet as soon as possible.",
       "topology net30 is old"},
      {"WARNING: No server certificate verification method has been enabled.  See "
       "http://openvpn.net/howto.html#mitm for more info.",
       "the client believes any certificate of this CA"},
      {"client1/203.0.113.2:1 MULTI: bad source address from client [192.168.20.10], packet "
       "dropped",
       "a network behind a client is not known to the server"},
      {"Linux can't add IP to interface tun0", "the address could not be set on the tunnel device"},
      {"FRAG_IN error flags=0x4500003c: spurious FRAG_WHOLE flags",
       "only one side uses \"fragment\""},
      {"read UDPv4 [EMSGSIZE Path-MTU=1300]: Message too long (fd=4,code=90)",
       "the path carries packets of 1300 bytes at most"},
      {"read UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)",
       "nobody listens at the server's port"},
      {"client1/198.51.100.1:38303 AEAD Decrypt error: bad packet ID (may be a replay): [ #2915 ] "
       "-- "
       "see the man page entry for --no-replay and --replay-window for more info or silence this "
       "warning with --mute-replay-warnings",
       "packets came late or twice"},
      {"PID_ERR replay-window backtrack occurred [104] [SSL-0] [0_000] 0:172 0:68",
       "packets came late or twice"},
      {"Bad LZO decompression header byte: 69", "only one side frames packets for compression"},
      {"write to TUN/TAP : Invalid argument (fd=-1,code=22)",
       "what came out of the tunnel is no packet"},
      {"option 'route' cannot be used in this context (ccd/client1)",
       "an option stands where it may not stand"},
      {"VERIFY ERROR: depth=0, error=certificate is not yet valid: CN=server, serial=1",
       "a certificate is not valid yet"},
      {"VERIFY ERROR: depth=1, error=self-signed certificate in certificate chain: CN=Test CA",
       "the other side's certificate is from another CA"},
      {"VERIFY ERROR: depth=0, error=certificate has expired: CN=client1, serial=2",
       "a certificate has expired"},
      {"OpenSSL: error:0A000086:SSL routines::certificate verify failed:",
       "the other side's certificate is not accepted"},
      {"Maximum option line length (256) exceeded, line starts with <ca>",
       "a line is longer than 256 characters"},
      {"Options error: Bad backslash ('\\') usage in client.ovpn:3: remember that backslashes are "
       "treated as shell-escapes",
       "a backslash where it means nothing"},
      {"ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such file or directory (errno=2)",
       "there is no tun device in this system"},
      {"ERROR: Cannot ioctl TUNSETIFF tun: Operation not permitted (errno=1)",
       "no right to make a network device"},
      {"TCP/UDP: Socket bind failed on local address [AF_INET][undef]:1194: Address already in use "
       "(errno=98)",
       "the port is taken"},
      {"RESOLVE: Cannot resolve host address: vpn.example.org:1194 (Name or service not known)",
       "the server's name has no address"},
      {"[server] Inactivity timeout (--ping-restart), restarting",
       "nothing has been heard of the other side for a while"},
      {"MULTI: new connection by client 'client1' will cause previous active sessions by this "
       "client to be dropped.",
       "client1 connected a second time"},
      {"WARNING: 'link-mtu' is used inconsistently, local='link-mtu 1542', remote='link-mtu 1541'",
       "the two sides announce different packet sizes"},
      {"WARNING: 'auth' is used inconsistently, local='auth SHA1', remote='auth SHA256'",
       "the two sides say different things of \"auth\""},
      {"WARNING: 'comp-lzo' is present in remote config but missing in local config, "
       "remote='comp-lzo'",
       "only one side frames packets for compression"},
      {"TLS Error: Unroutable control packet received from [AF_INET]203.0.113.2:1194 (si=3 "
       "op=P_ACK_V1)",
       "a packet of a session that is not known here"},
      {"TLS Error: local/remote TLS keys are out of sync: [AF_INET]203.0.113.2:1194 (received key "
       "id: 0, known key ids:  [key#0 state=S_INITIAL auth=KS_AUTH_FALSE id=0 sid=00000000 "
       "00000000])",
       "the two sides use different keys"},
      {"WARNING: Bad encapsulated packet length from peer (18245), which must be > 0 and <= 1547",
       "something else than OpenVPN speaks to this port"},
      {"Recursive routing detected, drop tun packet to [AF_INET]203.0.113.2:1194",
       "the tunnel's own packets would go through the tunnel"},
      {"TCP/UDP: Incoming packet rejected from [AF_INET]10.0.0.1:1194[2], expected peer address: "
       "[AF_INET]203.0.113.2:1194 (allow this incoming source address/port by removing --remote or "
       "adding --float)",
       "answers come from another address"},
      {"write UDPv4: No buffer space available (fd=3,code=105)",
       "the network card takes no more packets"},
      {"Options error: Unrecognized option or missing or extra parameter(s) in client.ovpn:7: "
       "remot (2.6.14)",
       "an option is not known, or has too few or too many words"},
      {"Options error: Unrecognized option or missing or extra parameter(s) in [PUSH-OPTIONS]:4: "
       "block-outside-dns (2.6.14)",
       "the server pushed an option that this client does not know"},
      {"WARNING: file 'client1.key' is group or others accessible",
       "a secret file can be read by others"},
      {"TLS Error: Auth Username/Password was not provided by peer",
       "the client sent no user name"},
      {"OPTIONS ERROR: failed to negotiate cipher with server.  Add the server's cipher "
       "('AES-128-CBC') to --data-ciphers",
       "the two sides have no data cipher in common"},
      {"Initialization Sequence Completed", "the tunnel stands"},
      {"Exiting due to fatal error", "the program has ended"},
  };
  for (const auto& [line, title] : known) EXPECT_EQ(title_of(line), title) << line;
}

// What adit says of the pitfalls of old configurations.
TEST(Explain, knows_our_own_lines_about_pitfalls) {
  const std::pair<const char*, const char*> known[] = {
      {"dh dh1024.pem (server.conf:7) has 1024 bits; at least 2048 are needed - write \"dh none\"",
       "the Diffie-Hellman parameters are too small"},
      {"cannot use cert server.crt (server.conf:5): \"CN=server\" is too weak, signed with SHA1",
       "a certificate is too weak"},
      {"no ccd file \"ccd/client1\" (nor DEFAULT); using the pool",
       "a client has no file of its own"},
      {"Options error: In ccd/client1:1: second ifconfig-push word 10.0.0.1 is not a netmask but "
       "topology is subnet; the address is not sent",
       "an address pair meets topology subnet"},
      {"WARNING: In ccd/client1:1: 10.0.0.2 is inside the server's own /30, where only one client "
       "can live",
       "a client's address lies beside the server's own"},
      {"10.0.0.2 is already used by client1/198.51.100.2:1; client2/198.51.102.2:2 takes over its "
       "route - give one of them another",
       "two clients have the same address"},
      {"dropped packets of client1 from 192.168.20.10, which is no address of it: if",
       "packets from behind client1 are dropped"},
      {"client1/198.51.100.2:1 MULTI ROUTE: route quota (2) exceeded for client1/198.51.100.2:1 "
       "(see "
       "--max-routes-per-client option)",
       "client1/198.51.100.2:1 has more network cards behind it than it may have"},
      {"client1/198.51.100.2:1 MULTI: --iroute options rejected for client1/198.51.100.2:1 -- "
       "iroute "
       "only works with tun-style tunnels",
       "iroute means nothing with dev tap"},
      {"link-mtu 1300 is obsolete: using tun-mtu 1275 and sending it to clients",
       "link-mtu 1300 is taken as a tun-mtu"},
      {"no connection in 7 attempts since 2026-11-25 16:00:00 (the last: tls-error)",
       "7 attempts in a row have failed"},
  };
  for (const auto& [line, title] : known) EXPECT_EQ(title_of(line), title) << line;
}

// Nothing in a log says that hosts beyond a gateway do not answer: the push is the place to look.
TEST(Explain, knows_why_hosts_beyond_the_server_do_not_answer) {
  const Report report = explain(
      "SENT CONTROL [client1]: 'PUSH_REPLY,route 192.168.1.0 255.255.255.0,ifconfig 10.0.0.2 "
      "10.0.0.1' (status=1)\n");
  ASSERT_EQ(report.findings.size(), 1u);
  const Finding& push = report.findings[0];
  EXPECT_NE(push.meaning.find("the way back is missing"), std::string::npos);
  ASSERT_FALSE(push.reasons.empty());
  EXPECT_NE(push.reasons[0].what.find("behind the server"), std::string::npos);
  EXPECT_NE(push.reasons[0].cure.find("MASQUERADE"), std::string::npos);
  EXPECT_EQ(push.reasons[0].seen_line, 1u);
}

TEST(Explain, takes_times_and_prefixes_as_they_come) {
  const char* title = "tls-auth is missing on the other side";
  const std::string line =
      "TLS Error: cannot locate HMAC in incoming packet from [AF_INET]1.2.3.4:5";
  for (const std::string before : {"2026-11-22 10:00:00 ", "Sun Nov 22 10:00:00 2026 us=1 ",
                                   "client1/1.2.3.4:5 ", "Nov 22 host openvpn[12]: "}) {
    EXPECT_EQ(title_of(before + line), title);
  }
}

TEST(Explain, counts_repetitions_and_puts_the_heaviest_first) {
  const Report report = explain(
      "2026 Initialization Sequence Completed\n"
      "\n"
      "2026 WARNING: 'link-mtu' is used inconsistently, local='a', remote='b'\n"
      "2026 TLS Error: cannot locate HMAC in incoming packet from A\r\n"
      "2026 TLS Error: cannot locate HMAC in incoming packet from B\n"
      "2026 Cannot ioctl TUNSETIFF tun: Device or resource busy\n");
  ASSERT_EQ(report.findings.size(), 4u);
  EXPECT_EQ(report.lines, 5u);
  EXPECT_EQ(report.findings[0].title, "the network device is in use already");
  const Finding& missing = report.findings[1];
  EXPECT_EQ(missing.first, 4u);
  EXPECT_EQ(missing.last, 5u);
  EXPECT_EQ(missing.count, 2u);
  EXPECT_EQ(missing.meaning, "A sent a packet without tls-auth, and this side demands it.");
  EXPECT_EQ(report.findings[3].title, "the tunnel stands");
}

TEST(Explain, a_cause_with_evidence_comes_first) {
  const std::string timeout = "TLS Error: TLS key negotiation failed to occur within 60 seconds\n";
  const auto first_reason = [&](const std::string& more) {
    const Report report = explain(timeout + more);
    const auto found = std::ranges::find_if(report.findings, [](const Finding& finding) {
      return finding.title.starts_with("no handshake");
    });
    return found->reasons.front();
  };
  EXPECT_EQ(first_reason("").seen_line, 0u);
  const Reason key = first_reason("x\nTLS Error: tls-crypt unwrapping failed from A\n");
  EXPECT_EQ(key.seen_line, 3u);
  EXPECT_NE(key.what.find("another tls-auth or tls-crypt key"), std::string::npos);
  EXPECT_NE(first_reason("VERIFY OK: depth=0, CN=a\n").what.find("refused the certificate"),
            std::string::npos);
}

TEST(Explain, takes_over_the_cause_that_adit_found_for_late_packets) {
  const std::pair<const char*, const char*> rows[] = {
      {"50 late packets (max 90 behind) dropped; replay-window is 64, try \"replay-window 1024\"; "
       "likely cause: 700 large packets came in outer fragments and behind smaller whole ones",
       "fragmented on the way"},
      {"client1/203.0.113.1:5 836 duplicate packets dropped, which loses nothing; likely cause: a "
       "duplicated link",
       "sends packets twice"},
      {"1 late packet (max 90 behind) dropped; replay-window is 64, try \"replay-window 1024\"; "
       "likely cause: several paths or jitter",
       "the path reorders"},
  };
  for (const auto& [line, cause] : rows) {
    const Report report = explain(line);
    ASSERT_EQ(report.findings.size(), 1u) << line;
    const Reason& first = report.findings[0].reasons.at(0);
    EXPECT_NE(first.what.find(cause), std::string::npos) << first.what;
    EXPECT_EQ(first.seen_line, 1u);
  }
}

TEST(Explain, says_what_it_does_not_know) {
  const Report report = explain("ERROR: the moon is full\nall is well\n");
  EXPECT_TRUE(report.findings.empty());
  ASSERT_EQ(report.unknown.size(), 1u);
  EXPECT_EQ(report.unknown[0].line, "ERROR: the moon is full");
  EXPECT_NE(render_text(report, 80).find("Not known here"), std::string::npos);
  EXPECT_NE(render_text(explain("all is well"), 80).find("This line is not known"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 30; ++i) many += "failed " + std::to_string(i) + "\n";
  EXPECT_EQ(explain(many).unknown_count, 30u);
  EXPECT_NE(render_text(explain(many), 80).find("and 20 more"), std::string::npos);
}

TEST(Explain, shows_the_words_of_strangers_harmlessly) {
  const Report report = explain("TLS Error: cannot locate HMAC in incoming packet from \x1b[2Jme");
  for (const std::string& text : {render_text(report, 0), render_json(report)}) {
    EXPECT_EQ(text.find('\x1b'), text.npos);
  }
  const Json json = Json::parse(render_json(explain("ERROR: \xff\xfe \"quoted\"")));
  EXPECT_EQ(json["unknown"].size(), 1u);
}

TEST(Explain, keeps_to_the_width_it_is_given) {
  const Report report = explain(
      "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network "
      "connectivity)\nread UDPv4 [ECONNREFUSED]: Connection refused (fd=3,code=111)\n");
  const std::string text = render_text(report, 60);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    EXPECT_LE(end - begin, 60u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Explain, json_says_the_same) {
  const Json json =
      Json::parse(render_json(explain("write UDPv4: No buffer space available (fd=3,code=105)")));
  EXPECT_EQ(json["lines"], 1);
  EXPECT_EQ(json["findings"][0]["weight"], "notice");
  EXPECT_EQ(json["findings"][0]["title"], "the network card takes no more packets");
  EXPECT_FALSE(json["findings"][0]["causes"].empty());
}

// Every entry can be met, says something, and every trouble has a cure or points to another line.
TEST(Catalogue, is_complete) {
  std::set<std::string_view> patterns;
  for (const auto* page : pages()) {
    for (const Entry& entry : *page) {
      EXPECT_FALSE(entry.patterns.empty());
      EXPECT_FALSE(entry.title.empty());
      EXPECT_FALSE(entry.meaning.empty()) << entry.title;
      for (const std::string_view pattern : entry.patterns) {
        EXPECT_TRUE(patterns.insert(pattern).second) << pattern << " stands twice";
        const Report report = explain(pattern);
        ASSERT_EQ(report.findings.size(), 1u) << pattern;
        EXPECT_EQ(report.findings[0].entry, &entry)
            << pattern << " is taken for: " << report.findings[0].title;
      }
      for (const Cause& cause : entry.causes) {
        EXPECT_FALSE(cause.what.empty() || cause.cure.empty()) << entry.title;
      }
    }
  }
}

}  // namespace
}  // namespace adit::explain
