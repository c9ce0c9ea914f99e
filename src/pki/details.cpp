#include "pki/details.h"

#include <fmt/core.h>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/listing.h"

namespace adit::pki {

namespace {

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("{:<12} {}\n", label, text);
}

std::string state_text(const Entry& entry, WallTime now) {
  std::string text = name(entry.state);
  if (entry.state == State::valid) text += fmt::format(", {} days left", days_left(entry, now));
  const std::string remark = remark_of(entry, now);
  return remark.empty() ? text : fmt::format("{} ({})", text, remark);
}

std::string key_place(const Details& details) {
  if (!details.has_key) return "not here";
  return details.key_is_protected ? "here, under a passphrase" : "here";
}

}  // namespace

std::string render_details(const Details& details, WallTime now) {
  const Entry& entry = details.entry;
  std::string text = line("name", printable(entry.name)) + line("kind", name(entry.kind)) +
                     line("state", state_text(entry, now));
  if (entry.not_before) text += line("from", iso_text(*entry.not_before));
  text += line("until", iso_text(entry.not_after)) + line("serial", entry.serial) +
          line("subject", printable(details.subject)) + line("issuer", printable(details.issuer)) +
          line("key", details.key) + line("signature", details.signature) +
          line("fingerprint", details.fingerprint) + line("file", details.file) +
          line("private key", key_place(details));
  for (const std::string& weakness : details.weaknesses) text += line("refused", weakness);
  for (const Entry& other : details.others) {
    text += line("earlier", fmt::format("{} {}", other.serial, state_text(other, now)));
  }
  return text;
}

}  // namespace adit::pki
