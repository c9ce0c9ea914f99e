#include <algorithm>

#include <fmt/core.h>

#include "lint/certificate_facts.h"
#include "lint/checks.h"
#include "lint/edits.h"

// What is missing in a file, or too weak to start with.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;

constexpr unsigned least_dh_bits = 2048;

bool has_finding(const Round& round, std::string_view words) {
  return std::ranges::any_of(round.issues(), [&](const Issue& issue) {
    return issue.severity == Issue::Severity::warning &&
           issue.message.find(words) != std::string::npos;
  });
}

// The line that made this end what it is.
const Piece* anchor(const Round& round) {
  for (const char* name : {"server", "server-ipv6", "mode", "tls-server", "client", "tls-client"}) {
    if (const Piece* piece = round.last(name)) return piece;
  }
  return nullptr;
}

void add(Round& round, std::vector<std::string> lines, const char* why) {
  if (const Piece* piece = anchor(round)) round.add_below(*piece, std::move(lines), why);
}

void mend_topology(Round& round) {
  if (!has_finding(round, "topology is not set and net30 is used")) return;
  round.keep_new({"topology net30"},
                 "what was meant before 2.7 where nothing is said; \"topology subnet\" is better, "
                 "and then the second word of ifconfig-push in files of client-config-dir is the "
                 "netmask");
}

void mend_keepalive(Round& round) {
  if (!has_finding(round, "--keepalive option is missing")) return;
  const bool half = round.says("ping-restart") || round.says("ping-exit");
  add(round, {half ? "ping 10" : "keepalive 10 60"},
      "without it nobody notices when the other side is gone");
}

std::optional<unsigned> bits_of(const Piece& piece, const DhBits& dh_bits_of) {
  if (piece.words.size() < 2) return std::nullopt;
  if (piece.is_block) return dh_bits(piece.words[1]);
  if (dh_bits_of) {
    if (const auto bits = dh_bits_of(piece.words[1])) return bits;
  }
  // Where the file cannot be seen, its name often tells: this is what easy-rsa called it.
  for (const auto& [name, bits] : {std::pair("dh512", 512U), {"dh768", 768U}, {"dh1024", 1024U}}) {
    if (piece.words[1].find(name) != std::string::npos) return bits;
  }
  return std::nullopt;
}

void mend_dh(Round& round, const DhBits& dh_bits_of) {
  if (has_finding(round, "do not start a server without dh")) {
    return add(round, {"dh none"}, "OpenVPN 2.6 and older want to be told; ECDHE is used");
  }
  const Piece* piece = round.last("dh");
  const auto bits = piece == nullptr ? std::nullopt : bits_of(*piece, dh_bits_of);
  if (!bits || *bits >= least_dh_bits) return;
  round.replace(*piece, {"dh none"},
                fmt::format("{} bits are too few for today's TLS; ECDHE is used anyway", *bits));
}

void mend_scripts(Round& round) {
  if (has_finding(round, "this script will not be run")) {
    const Piece* piece = round.last("script-security");
    if (piece != nullptr && piece->text() == "script-security 2") return;
    if (piece != nullptr) {
      return round.replace(*piece, {"script-security 2"},
                           "programs are named here, and may not run without it");
    }
    return add(round, {"script-security 2"}, "programs are named here, and may not run without it");
  }
  if (!has_finding(round, "the script will not be told the password")) return;
  const Piece* piece = round.last("script-security");
  if (piece != nullptr && piece->text() != "script-security 3") {
    round.replace(*piece, {"script-security 3"},
                  "auth-user-pass-verify with via-env needs it to see the password");
  }
}

// A cipher that nobody named and that is weak all the same: the default of static keys.
void mend_default_cipher(Round& round) {
  const Config& config = round.config();
  if (!config.secret.defined() || round.says("cipher")) return;
  round.keep_new({"cipher BF-CBC", "providers legacy default"},
                 "what was meant before 2.6 where nothing is said; both ends must have the same");
}

}  // namespace

void mend_whole(Round& round, const DhBits& dh_bits_of) {
  mend_topology(round);
  mend_keepalive(round);
  mend_dh(round, dh_bits_of);
  mend_scripts(round);
  mend_default_cipher(round);
}

void accept_the_rest(Round& round) {
  for (const Issue& issue : round.issues()) {
    if (issue.severity == Issue::Severity::warning) round.accept(issue.message);
  }
}

}  // namespace adit::lint
