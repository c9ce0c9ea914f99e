#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.h"
#include "lint/checks.h"
#include "lint/edits.h"
#include "options/table.h"

// Lines that are written otherwise today, whatever stands around them.

namespace adit::lint {

namespace {

using Words = std::vector<std::string>;

// Parameters of a piece without the name.
std::string parameter(const Piece& piece, std::size_t index) {
  return index + 1 < piece.words.size() ? piece.words[index + 1] : std::string();
}

void rename(Round& round, const Piece& piece, const char* name, const char* why) {
  Words words = piece.words;
  words.front() = name;
  round.replace(piece, {line_of(words)}, why);
}

// "/C=KG/ST=NA/CN=server", as OpenVPN wrote subjects before 2.3: "C=KG, ST=NA, CN=server".
std::string modern_subject(std::string_view old) {
  std::string subject;
  for (const std::string_view part : split(old.substr(1), '/')) {
    if (part.find('=') == std::string_view::npos && !subject.empty()) {
      subject += '/' + std::string(part);  // a slash of the value
    } else {
      subject += (subject.empty() ? "" : ", ") + std::string(part);
    }
  }
  return subject;
}

void mend_tls_remote(Round& round, const Piece& piece) {
  const std::string name = parameter(piece, 0);
  if (name.empty()) return;
  const bool subject = name.starts_with('/') || name.find('=') != std::string::npos;
  const std::string known = name.starts_with('/') ? modern_subject(name) : name;
  round.replace(piece, {line_of({"verify-x509-name", known, subject ? "subject" : "name-prefix"})},
                subject ? "it is gone since 2.4; subjects are written with commas today"
                        : "it is gone since 2.4; it took any name that begins so, which "
                          "name-prefix does: \"name\" is stricter");
}

void mend_x509_name(Round& round, const Piece& piece) {
  const std::string name = parameter(piece, 0), type = parameter(piece, 1);
  if (!name.starts_with('/') || (!type.empty() && type != "subject")) return;
  round.replace(piece, {line_of({"verify-x509-name", modern_subject(name), "subject"})},
                "subjects are written with commas since 2.3");
}

bool is_tap(const Round& round) {
  return std::ranges::any_of(round.pieces(), [](const Piece& piece) {
    return piece.name().starts_with("dev") && piece.words.size() > 1 &&
           piece.words[1].starts_with("tap");
  });
}

void mend_link_mtu(Round& round, const Piece& piece) {
  if (is_tap(round)) return;  // its packets have more around them
  if (round.says("tun-mtu")) {
    return round.remove(piece, "tun-mtu is there, and only one of the two may be");
  }
  const auto link = to_number<unsigned>(parameter(piece, 0));
  const unsigned inside = link ? tun_mtu_within(*link) : 0;
  if (inside == 0) return;
  round.replace(piece, {fmt::format("tun-mtu {}", inside)},
                "it is obsolete; this is what it leaves for packets inside, and a server tells its "
                "clients");
}

void mend_script_security(Round& round, const Piece& piece) {
  if (piece.words.size() != 3) return;
  round.replace(piece, {line_of({"script-security", parameter(piece, 0)})},
                "how programs are started is no choice since 2.3");
}

// push route 10.0.0.0 255.0.0.0
void mend_push(Round& round, const Piece& piece) {
  if (piece.words.size() < 3) return;
  const Words all(piece.words.begin() + 1, piece.words.end());
  round.replace(piece, {line_of({"push", join(all, " ")})},
                "what is pushed is one word, in quotes");
}

// "ca [inline]" announced a block; "tls-auth [inline] 1" said its direction as well.
bool mend_announced(Round& round, const Piece& piece) {
  if (piece.is_block || parameter(piece, 0) != "[inline]") return false;
  const std::string direction = parameter(piece, 1);
  const bool has_block = std::ranges::any_of(round.pieces(), [&](const Piece& other) {
    return other.is_block && other.name() == piece.name();
  });
  if (!has_block) return false;
  if (direction.empty()) {
    round.remove(piece, "the block says it since 2.1");
  } else {
    round.replace(piece, {line_of({"key-direction", direction})},
                  "the block says it, and the direction has an option of its own");
  }
  return true;
}

struct Gone {
  std::string_view name;
  const char* why;
};
constexpr std::array gone{
    Gone{"no-iv", "gone since 2.5: ciphers always use an IV"},
    Gone{"compat-names", "gone since 2.5: scripts see subjects such as \"C=KG, CN=client\""},
    Gone{"no-name-remapping", "gone since 2.5: scripts see names as they are"},
    Gone{"threads", "gone since 2.2"},
    Gone{"nice-work", "gone since 2.2"},
    Gone{"auto-proxy", "gone since 2.3"},
    Gone{"http-proxy-fallback", "gone since 2.3"},
    Gone{"mtu-dynamic", "gone since 2.0; see fragment"},
    Gone{"win-sys", "it speaks of Windows"},
    Gone{"service", "it speaks of Windows"},
    Gone{"msg-channel", "it speaks of Windows"},
    Gone{"dhcp-internal", "it speaks of Windows"},
    Gone{"rdns-internal", "it speaks of Windows"},
    Gone{"use-prediction-resistance", "it belongs to another TLS library"},
    Gone{"memstats", "gone since 2.7; see status"},
    Gone{"remote-ip-hint", "gone since 2.4; see remote"},
};

bool mend_gone(Round& round, const Piece& piece) {
  const auto found = std::ranges::find(gone, piece.name(), &Gone::name);
  if (found == gone.end()) return false;
  const options::Row* row = options::find_row(piece.name());
  if (row == nullptr || row->state != options::State::refused) return false;
  round.remove(piece, found->why);
  return true;
}

struct Rule {
  std::string_view name;
  void (*mend)(Round&, const Piece&);
};
constexpr std::array rules{
    Rule{"tls-remote", mend_tls_remote},
    Rule{"verify-x509-name", mend_x509_name},
    Rule{"link-mtu", mend_link_mtu},
    Rule{"udp-mtu", mend_link_mtu},
    Rule{"script-security", mend_script_security},
    Rule{"push", mend_push},
    Rule{"ns-cert-type",
         [](Round& round, const Piece& piece) {
           rename(round, piece, "remote-cert-tls",
                  "it is obsolete; this looks at what the certificate was issued for");
         }},
    Rule{"ncp-ciphers",
         [](Round& round, const Piece& piece) {
           rename(round, piece, "data-ciphers", "it is called so since 2.5");
         }},
    Rule{"ecdh-curve",
         [](Round& round, const Piece& piece) {
           rename(round, piece, "tls-groups", "it is called so since 2.5");
         }},
    Rule{"client-cert-not-required",
         [](Round& round, const Piece& piece) {
           if (round.says("verify-client-cert")) {
             return round.remove(piece, "verify-client-cert says it");
           }
           round.replace(piece, {"verify-client-cert none"}, "it is called so since 2.4");
         }},
    Rule{"ifconfig-pool-linear",
         [](Round& round, const Piece& piece) {
           if (round.says("topology")) return round.remove(piece, "topology says it");
           round.keep_as(piece, {"topology p2p"}, "it is called so since 2.1");
         }},
};

}  // namespace

void mend_lines(Round& round) {
  for (const Piece& piece : round.pieces()) {
    if (piece.words.empty() || piece.is_kept) continue;
    if (mend_announced(round, piece) || piece.is_block || mend_gone(round, piece)) continue;
    const auto rule = std::ranges::find(rules, piece.name(), &Rule::name);
    if (rule != rules.end()) rule->mend(round, piece);
  }
}

}  // namespace adit::lint
