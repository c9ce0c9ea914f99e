#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.h"
#include "lint/checks.h"
#include "lint/edits.h"
#include "options/ciphers.h"
#include "options/table.h"

// What lint says of single lines: removed where nothing acts on them, moved where only old peers
// need them.

namespace adit::lint {

namespace {

using options::Config;
using options::Issue;
using Severity = Issue::Severity;

// ---- what is not understood, or without effect ----

// The option, also where "setenv opt" stands before it.
std::string option_of(const Piece& piece) {
  const bool lenient =
      piece.words.size() > 2 && piece.words[0] == "setenv" && piece.words[1] == "opt";
  std::string name = piece.words[lenient ? 2 : 0];
  if (name.size() > 2 && name.starts_with("--")) name.erase(0, 2);
  return name;
}

std::string reason_of(const Piece& piece) {
  const options::Row* row = options::find_row(option_of(piece));
  if (row == nullptr || row->note.empty())
    return "it is not known here, and the file says to ignore that";
  return std::string(row->note);
}

bool without_effect(const Issue& issue) {
  return issue.severity == Severity::warning && issue.without_effect;
}

// ---- characters that a word processor made ----

struct Foreign {
  std::string_view bytes, instead;
};
constexpr std::array foreign{
    Foreign{"\xE2\x80\x98", "'"},  Foreign{"\xE2\x80\x99", "'"},  Foreign{"\xE2\x80\x9C", "\""},
    Foreign{"\xE2\x80\x9D", "\""}, Foreign{"\xE2\x80\x9E", "\""}, Foreign{"\xC2\xAB", "\""},
    Foreign{"\xC2\xBB", "\""},     Foreign{"\xE2\x80\x90", "-"},  Foreign{"\xE2\x80\x91", "-"},
    Foreign{"\xE2\x80\x92", "--"}, Foreign{"\xE2\x80\x93", "--"}, Foreign{"\xE2\x80\x94", "--"},
    Foreign{"\xE2\x88\x92", "-"},  Foreign{"\xC2\xA0", " "},      Foreign{"\xE2\x80\x8B", ""},
    Foreign{"\xEF\xBB\xBF", ""},
};

std::string in_plain_characters(std::string_view line) {
  std::string plain;
  while (!line.empty()) {
    const auto found = std::ranges::find_if(
        foreign, [&](const Foreign& one) { return line.starts_with(one.bytes); });
    plain += found == foreign.end() ? line.substr(0, 1) : found->instead;
    line.remove_prefix(found == foreign.end() ? 1 : found->bytes.size());
  }
  return plain;
}

bool speaks_of_characters(const Issue& issue) {
  return issue.severity == Severity::error && issue.message.find("(bytes ") != std::string::npos;
}

// ---- what only old peers need ----

constexpr std::array for_old_peers{
    "auth",        "cipher",          "data-ciphers",      "data-ciphers-fallback",
    "compat-mode", "tls-version-min", "tls-cert-profile",  "providers",
    "comp-lzo",    "compress",        "allow-compression", "secret",
    "topology",
};

bool is_legacy(std::string_view cipher) {
  constexpr std::array beginnings{"BF-",     "CAST5-", "DES-CBC", "DES-CFB",
                                  "DES-OFB", "RC2-",   "SEED-",   "IDEA-"};
  return std::ranges::any_of(beginnings,
                             [&](const char* begin) { return cipher.starts_with(begin); });
}

std::vector<std::string> with_provider(Round& round, std::vector<std::string> lines,
                                       std::string_view cipher) {
  if (is_legacy(cipher) && !round.says("providers")) {
    lines.emplace_back("providers legacy default");
  }
  return lines;
}

bool names_unknown_cipher(const Piece& piece) {
  return piece.name() == "cipher" && piece.words.size() > 1 &&
         !options::known_cipher(piece.words[1]);
}

// Where the key is static both ends must have the same: no other will do, and an error is left.
void mend_unknown_cipher(Round& round, const Piece& piece) {
  if (round.config().secret.defined()) return;
  round.remove(piece, "it is not known here, and ciphers are negotiated");
}

// A cipher that is not negotiated: a peer before 2.4 has no other.
void mend_cipher(Round& round, const Piece& piece) {
  const Config& config = round.config();
  const auto known = options::known_cipher(piece.words.size() > 1 ? piece.words[1] : "");
  if (!known) return round.remove(piece, "it names no cipher");
  const std::string& cipher = *known;
  if (config.secret.defined()) {
    return round.keep_as(piece, with_provider(round, {line_of({"cipher", cipher})}, cipher),
                         "both ends of a static key must have the same");
  }
  if (config.channel.compat_mode) {
    return round.keep(piece, "compat-mode takes it as its own default");
  }
  if (round.says("data-ciphers-fallback")) {
    return round.remove(piece, "ciphers are negotiated, and data-ciphers-fallback names another");
  }
  round.keep_as(piece, with_provider(round, {line_of({"data-ciphers-fallback", cipher})}, cipher),
                "ciphers are negotiated since 2.4; a peer that cannot do that needs this one");
}

void mend_compression(Round& round, const Piece& piece) {
  if (round.config().mode != options::Mode::server) {
    return round.keep(piece,
                      "packets bear a mark for compression as long as the other end wants it");
  }
  for (const Piece& other : round.pieces()) {
    if (other.name() != "push" || other.words.size() != 2) continue;
    const auto pushed = words(other.words[1]);
    if (pushed.empty() || (pushed[0] != "comp-lzo" && pushed[0] != "compress")) continue;
    round.remove(other, "\"compress migrate\" tells each client what it needs");
  }
  if (piece.name() == "compress" && piece.words.size() == 2 && piece.words[1] == "migrate") {
    return round.keep(piece, "clients with comp-lzo or compress need it");
  }
  round.keep_as(piece, {"compress migrate"},
                "nothing is compressed any more; clients with comp-lzo or compress are served, and "
                "others too");
}

void mend_old(Round& round, const Piece& piece, const Issue& issue) {
  const std::string& name = piece.name();
  if (name == "cipher") return mend_cipher(round, piece);
  if (name == "comp-lzo" || name == "compress") return mend_compression(round, piece);
  if (name == "allow-compression") {
    return round.keep_as(piece, {"allow-compression asym"},
                         "what is compressed before it is encrypted may betray what is inside");
  }
  round.keep(piece, issue.message);
}

// ---- single errors with one cure ----

void mend_fragment(Round& round, const Piece& piece) {
  const auto& remotes = round.config().remotes.list;
  const bool all_tcp = std::ranges::all_of(
      remotes, [](const options::Connection& one) { return one.proto.is_tcp(); });
  if (all_tcp) round.remove(piece, "TCP cuts and joins by itself");
}

void mend_repeated_script(Round& round, const Piece& piece) {
  for (const Piece& other : round.pieces()) {
    if (&other == &piece) return;
    if (other.name() != piece.name() || other.is_kept) continue;
    return round.remove(other, "a later line has another program, and the last counts");
  }
}

void mend(Round& round, const Piece& piece, const Issue& issue) {
  const std::string& name = piece.name();
  if (speaks_of_characters(issue)) {
    const std::string line = in_plain_characters(piece.text());
    if (line != piece.text()) round.replace(piece, {line}, "characters of a word processor");
    return;
  }
  if (piece.words.empty()) return;
  if (names_unknown_cipher(piece)) return mend_unknown_cipher(round, piece);
  if (without_effect(issue)) return round.remove(piece, reason_of(piece));
  if (issue.severity == Severity::error) {
    const bool tcp = issue.message.find("can only be used with --proto udp") != std::string::npos;
    if (name == "fragment" && tcp) mend_fragment(round, piece);
    return;
  }
  if (issue.message.find("Multiple --") != std::string::npos) {
    return mend_repeated_script(round, piece);
  }
  if (issue.message.find("remote lines outside are not used") != std::string::npos) {
    return round.remove(piece, "there are <connection> blocks, and only they count");
  }
  if (std::ranges::find(for_old_peers, name) != for_old_peers.end()) mend_old(round, piece, issue);
}

}  // namespace

void mend_findings(Round& round) {
  for (const Issue& issue : round.issues()) {
    if (issue.severity == Severity::note) continue;
    if (const Piece* piece = round.piece_of(issue)) mend(round, *piece, issue);
  }
}

}  // namespace adit::lint
