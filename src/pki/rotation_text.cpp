#include <fmt/core.h>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/listing.h"
#include "pki/rotation.h"

namespace adit::pki {

namespace {

std::string named(std::string_view what, const std::vector<Entry>& entries) {
  if (entries.empty()) return {};
  std::string text = fmt::format("  {}:", what);
  for (const Entry& entry : entries) text += " " + printable(entry.name);
  return text + "\n";
}

std::string left_of(const Rotation& rotation) {
  return named("servers with a certificate of the old authority", rotation.servers_left) +
         named("clients with a certificate of the old authority", rotation.clients_left) +
         named("clients whose new certificate is in no profile yet", rotation.not_exported) +
         named("new certificates that state no use, and may be clients'", rotation.unstated);
}

std::string next_of(const Rotation& rotation) {
  if (rotation.stage == RotationStage::started) {
    return "next: let servers read ca-bundle.crt again, then: adit pki rotate-ca server";
  }
  if (!rotation.servers_left.empty()) return "next: adit pki rotate-ca server";
  if (!rotation.clients_left.empty()) {
    return "next: let servers read their certificates again, then: adit pki rotate-ca clients";
  }
  if (!rotation.not_exported.empty()) {
    return "next: hand out new profiles (adit pki export NAME, or adit client export NAME)";
  }
  if (!rotation.unstated.empty()) {
    return "next: hand them out from issued/, then: adit pki rotate-ca finish --force";
  }
  return "next: once the new profiles are in use: adit pki rotate-ca finish";
}

}  // namespace

std::string render_rotation(const Rotation& rotation) {
  const std::string from = printable(rotation.from.name);
  if (!rotation.to) {
    return fmt::format("{} is the only authority, until {}\n", from,
                       day_text(rotation.from.not_after));
  }
  const bool signs = rotation.stage == RotationStage::switched;
  std::string text =
      fmt::format("{} follows {}; both are trusted, {} signs\n", printable(rotation.to->name), from,
                  signs ? printable(rotation.to->name) : from);
  if (!rotation.renewed.empty()) {
    text += fmt::format("  renewed now: {}\n", join(rotation.renewed, " "));
  }
  return text + left_of(rotation) + next_of(rotation) + "\n";
}

}  // namespace adit::pki
