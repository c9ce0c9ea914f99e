#include "doctor/log_lines.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "explain/pattern.h"
#include "ip/address.h"

namespace adit::doctor {

namespace {

using Kind = LogLine::Kind;

struct Mark {
  std::string_view pattern;
  Kind kind;
  Role role = Role::unknown;
};

// What tells how far things went. The first that fits counts.
constexpr std::array marks{
    Mark{"was answered, and it came again", Kind::came_again, Role::server},
    Mark{" READ [*] from [AF_INET*: P_CONTROL_HARD_RESET_CLIENT", Kind::came_again, Role::server},
    Mark{" READ [*] from [AF_INET*: P_ACK_V1", Kind::first_packet},
    Mark{" READ [*] from [AF_INET*: P_CONTROL_V1", Kind::first_packet},
    Mark{"link remote: [AF_UNSPEC]", Kind::other, Role::server},
    Mark{"IFCONFIG POOL", Kind::other, Role::server},
    Mark{"client-instance", Kind::other, Role::server},
    Mark{"MULTI: primary virtual", Kind::other, Role::server},
    Mark{"Listening for incoming TCP connection", Kind::other, Role::server},
    Mark{"multi_create_instance called", Kind::first_packet, Role::server},
    Mark{"TCP connection established with", Kind::first_packet},
    Mark{"link remote: [AF_INET", Kind::dialled, Role::client},
    Mark{"Attempting to establish TCP connection", Kind::dialled, Role::client},
    Mark{"TLS: Initial packet from", Kind::first_packet},
    Mark{"VERIFY OK: depth=0", Kind::accepted},
    Mark{"TLS was done here and then the other side fell silent", Kind::accepted},
    Mark{"Peer Connection Initiated with", Kind::connected},
    Mark{"PUSH: Received control message: 'PUSH_REQUEST'", Kind::asked, Role::server},
    Mark{"PUSH: Received control message: 'PUSH_REPLY", Kind::pushed, Role::client},
    Mark{"SENT CONTROL [*]: 'PUSH_REQUEST'", Kind::asked, Role::client},
    Mark{"SENT CONTROL [*]: 'PUSH_REPLY", Kind::pushed, Role::server},
    Mark{"Initialization Sequence Completed", Kind::started},
    Mark{"TLS key negotiation failed to occur within", Kind::timed_out},
    Mark{"sent no PUSH_REPLY within", Kind::timed_out, Role::client},
};

struct Sign {
  std::string_view pattern;
  Cause cause;
  std::string_view what;
  std::string_view cure;
};

constexpr std::string_view same_key =
    "give both sides the same key file; tls-auth with direction 0 on the server and 1 on the "
    "client";
constexpr std::string_view set_clocks =
    "renew the certificate, or set the clock: date on both hosts";
constexpr std::string_view new_for_role =
    "issue one for that role: adit pki server NAME, adit pki client NAME";
constexpr std::string_view same_ca = "give both sides the CA that signed the other's certificate";

// What says why it failed; {1} is what the star stands for.
constexpr std::array signs{
    Sign{"has the right tls-auth key and the wrong direction", Cause::wrong_direction,
         "the packets are signed with the right tls-auth key in the wrong direction",
         "tls-auth FILE 0 on the server and tls-auth FILE 1 on the client"},
    Sign{"cannot locate HMAC in incoming packet", Cause::wrong_key,
         "packets come without the tls-auth signature that is demanded", same_key},
    Sign{"incoming packet authentication failed", Cause::wrong_key,
         "packets come with another tls-auth key or the wrong direction", same_key},
    Sign{"tls-crypt unwrapping failed", Cause::wrong_key,
         "packets come with another tls-crypt key, or without one", same_key},
    Sign{"can not extract tls-crypt-v2 client key", Cause::wrong_key,
         "the client's tls-crypt-v2 key was not made from the server's",
         "make a new profile: adit client renew NAME"},
    Sign{"tls-crypt-v2 unwrap error", Cause::wrong_key,
         "the client's tls-crypt-v2 key was not made from the server's",
         "make a new profile: adit client renew NAME"},
    Sign{"reading acknowledgement record from packet failed", Cause::wrong_key,
         "packets come with a tls-auth or tls-crypt key, and none is set here", same_key},
    Sign{"error=certificate has expired", Cause::certificate,
         "the other side's certificate has expired (date: not after)", set_clocks},
    Sign{"error=certificate is not yet valid", Cause::certificate,
         "the other side's certificate is not valid yet (date: not before)", set_clocks},
    Sign{"error=CRL has expired", Cause::certificate,
         "the revocation list is too old (date: next update)", "renew it: adit pki crl"},
    Sign{"error=certificate revoked", Cause::certificate, "the certificate was revoked",
         "issue a new one: adit client add NAME"},
    Sign{"certificate serial number * is revoked", Cause::certificate,
         "the certificate {1} was revoked", "issue a new one: adit client add NAME"},
    Sign{"VERIFY X509NAME ERROR: *, must be *", Cause::certificate,
         "the certificate has another name than verify-x509-name demands: {1} instead of {2}",
         "correct verify-x509-name, or ask who answers there"},
    Sign{"VERIFY EKU ERROR", Cause::certificate,
         "the certificate was made for another usage (extended key usage)", new_for_role},
    Sign{"VERIFY KU ERROR", Cause::certificate,
         "the certificate was made for another usage (key usage)", new_for_role},
    Sign{"error=unsuitable certificate purpose", Cause::certificate,
         "the certificate was made for another usage", new_for_role},
    Sign{"error=unsupported certificate purpose", Cause::certificate,
         "the certificate was made for another usage", new_for_role},
    Sign{"VERIFY nsCertType ERROR", Cause::certificate,
         "the certificate was made for another usage (nsCertType)",
         "replace ns-cert-type by remote-cert-tls server"},
    Sign{"error=self-signed certificate in certificate chain", Cause::certificate,
         "the other side's certificate is from another CA", same_ca},
    Sign{"error=self signed certificate in certificate chain", Cause::certificate,
         "the other side's certificate is from another CA", same_ca},
    Sign{"error=unable to get local issuer certificate", Cause::certificate,
         "the other side's certificate is from another CA", same_ca},
    Sign{"VERIFY ERROR: depth=*, error=*:", Cause::certificate,
         "the other side's certificate is refused: {2}", "issue a new one"},
    Sign{"alert certificate expired", Cause::certificate,
         "the other side refuses our certificate: it has expired there (date: not after)",
         set_clocks},
    Sign{"alert certificate revoked", Cause::certificate,
         "the other side refuses our certificate: it was revoked", "ask for a new one"},
    Sign{"alert unknown ca", Cause::certificate,
         "the other side refuses our certificate: it is from another CA", same_ca},
    Sign{"alert unsupported certificate", Cause::certificate,
         "the other side refuses our certificate: it was made for another usage", new_for_role},
    Sign{"alert internal error", Cause::certificate, "the other side refuses our certificate",
         "its log says why"},
    Sign{"alert certificate unknown", Cause::certificate, "the other side refuses our certificate",
         "its log says why"},
    Sign{"alert bad certificate", Cause::certificate, "the other side refuses our certificate",
         "its log says why"},
    Sign{"peer did not return a certificate", Cause::certificate,
         "the client has shown no certificate", "give it one: adit client add NAME"},
    Sign{"no TLS ciphersuites in common", Cause::no_shared_cipher,
         "the two sides have no TLS cipher in common",
         "remove tls-cipher, tls-ciphersuites and tls-groups on both sides"},
    Sign{"no shared cipher", Cause::no_shared_cipher, "the two sides have no cipher in common",
         "remove tls-cipher, tls-ciphersuites and data-ciphers on both sides, or say the same"},
    Sign{"alert handshake failure", Cause::no_shared_cipher,
         "the two sides have no TLS cipher in common",
         "remove tls-cipher, tls-ciphersuites and tls-groups on both sides"},
    Sign{"unsupported protocol", Cause::no_shared_cipher,
         "the two sides have no TLS version in common",
         "remove tls-version-min and tls-version-max, or update the older side"},
    Sign{"alert protocol version", Cause::no_shared_cipher,
         "the two sides have no TLS version in common",
         "remove tls-version-min and tls-version-max, or update the older side"},
    Sign{"Data channel cipher negotiation failed", Cause::no_shared_cipher,
         "the two sides have no data cipher in common", "say the same data-ciphers on both sides"},
    Sign{"no cipher in common", Cause::no_shared_cipher,
         "the two sides have no data cipher in common", "say the same data-ciphers on both sides"},
    Sign{"failed to negotiate cipher with", Cause::no_shared_cipher,
         "the two sides have no data cipher in common", "say the same data-ciphers on both sides"},
    Sign{"AUTH: Received control message: AUTH_FAILED", Cause::login,
         "the server refuses name or password", "check both; its log says more"},
    Sign{"TLS Auth Error: *", Cause::login, "name or password is refused: {1}", "check both"},
    Sign{"Auth Username/Password was not provided by peer", Cause::login,
         "the client sends no user name", "add auth-user-pass to its profile"},
    Sign{"Connection refused", Cause::no_answer,
         "the other host says that no program listens there",
         "start the server; compare port and proto on both sides"},
    Sign{"ECONNREFUSED", Cause::no_answer, "the other host says that no program listens there",
         "start the server; compare port and proto on both sides"},
    Sign{"EHOSTUNREACH", Cause::no_answer, "a router says that the host cannot be reached",
         "check the address, and the routes to it"},
    Sign{"Network is unreachable", Cause::no_answer, "this host has no route to the server",
         "connect it to a network: ip route"},
};

bool is_stamp(std::string_view word) {
  if (word.starts_with("us=")) return true;
  const bool date = word.size() == 10 && word[4] == '-' && word[7] == '-';
  const bool clock = word.size() >= 8 && word[2] == ':' && word[5] == ':';
  return (date || clock) && std::isdigit(static_cast<unsigned char>(word[0])) != 0;
}

std::string before_port(std::string_view word) {
  const auto colon = word.rfind(':');
  if (colon == word.npos || !to_number<std::uint16_t>(word.substr(colon + 1))) return {};
  const auto address = ip::Address::parse(word.substr(0, colon));
  return address ? address->text() : std::string();
}

// The address in a word such as "name/198.51.100.2:1194" or "[AF_INET6]2001:db8::2:1194".
std::string address_in(std::string_view word) {
  if (const auto slash = word.rfind('/'); slash != word.npos) word.remove_prefix(slash + 1);
  while (!word.empty() && (word.back() == ',' || word.back() == ':')) word.remove_suffix(1);
  if (word.starts_with("[AF_INET")) {
    word.remove_prefix(std::min(word.find(']'), word.size() - 1) + 1);
    return before_port(word);
  }
  const auto plain = ip::Address::parse(word);
  return plain ? plain->text() : before_port(word);
}

std::string peer_of(std::string_view line) {
  const auto words = split(line, ' ');
  if (const std::string first = address_in(words.front()); !first.empty()) return first;
  for (const std::string_view word : words) {
    if (!word.starts_with("[AF_INET")) continue;
    if (const std::string found = address_in(word); !found.empty()) return found;
  }
  return {};
}

}  // namespace

std::string_view without_time(std::string_view line) {
  line = trim(line);
  // A syslog line: "Nov 25 23:00:01 host adit[17]: the rest".
  constexpr std::size_t longest_head = 80;
  const std::size_t end = line.find("]: ");
  if (end < longest_head) {
    const std::string_view head = line.substr(0, end);
    const std::string_view pid = head.substr(std::min(head.rfind('['), end - 1) + 1);
    if (to_number<unsigned>(pid)) line.remove_prefix(end + 3);
  }
  while (true) {
    const auto space = line.find(' ');
    if (space == line.npos || !is_stamp(line.substr(0, space))) return line;
    line = trim(line.substr(space));
  }
}

LogLine read_line(std::string_view line, std::size_t number) {
  LogLine read;
  const std::string_view text = without_time(line);
  read.text = printable(text);
  read.number = number;
  read.peer = peer_of(text);
  for (const Mark& mark : marks) {
    if (!explain::match(mark.pattern, text)) continue;
    read.kind = mark.kind;
    read.role = mark.role;
    return read;
  }
  for (const Sign& sign : signs) {
    const auto stars = explain::match(sign.pattern, text);
    if (!stars) continue;
    read.kind = Kind::trouble;
    read.cause = sign.cause;
    read.what = printable(explain::fill(sign.what, text, *stars));
    read.cure = std::string(sign.cure);
    return read;
  }
  return read;
}

}  // namespace adit::doctor
