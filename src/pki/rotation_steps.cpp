#include "pki/rotation_steps.h"

#include <algorithm>

#include "pki/layout.h"

namespace adit::pki {

namespace {

Status copy(Disk& disk, std::string_view from, std::string_view to, mode_t mode) {
  const auto text = disk.read(from);
  if (!text) return fail_with(text.error());
  return disk.write(to, text->reveal(), mode);
}

Status reload(Ledger& ledger) {
  auto ca = load_certificate(ledger.disk, layout::ca_certificate);
  auto previous = load_certificate(ledger.disk, layout::previous_certificate);
  if (!ca) return fail_with(ca.error());
  if (!previous) return fail_with(previous.error());
  ledger.ca = std::move(*ca);
  ledger.ca_facts = facts_of(ledger.ca.get());
  const Facts facts = facts_of(previous->get());
  ledger.previous = Sibling{std::move(*previous), facts};
  ledger.next.reset();
  return {};
}

bool same_text(const Disk& disk, std::string_view a, std::string_view b) {
  const auto left = disk.read(a);
  const auto right = disk.read(b);
  return left && right && left->reveal() == right->reveal();
}

bool has_copy(const Disk& disk, std::string_view key) {
  if (same_text(disk, key, layout::ca_key)) return true;
  return std::ranges::any_of(disk.files_in(layout::retired), [&](const std::string& file) {
    return same_text(disk, key, fmt::format("{}/{}", layout::retired, file));
  });
}

Status drop_lone_key(Disk& disk, std::string_view key, std::string_view certificate) {
  const bool lone = disk.exists(key) && !disk.exists(certificate);
  return lone && has_copy(disk, key) ? disk.remove(key) : Status{};
}

}  // namespace

Status finish_switch(Ledger& ledger) {
  Disk& disk = ledger.disk;
  if (!disk.exists(layout::previous_certificate) || !disk.exists(layout::next_certificate)) {
    return {};
  }
  return copy(disk, layout::next_key, layout::ca_key, private_mode)
      .and_then(
          [&] { return copy(disk, layout::next_certificate, layout::ca_certificate, public_mode); })
      .and_then([&] { return disk.remove(layout::next_certificate); })
      .and_then([&] { return disk.remove(layout::next_key); })
      .and_then([&] { return reload(ledger); });
}

Status tidy_rotation(Ledger& ledger) {
  Disk& disk = ledger.disk;
  const bool bridge_in_vain = !ledger.next && !ledger.previous;
  return drop_lone_key(disk, layout::next_key, layout::next_certificate)
      .and_then(
          [&] { return drop_lone_key(disk, layout::previous_key, layout::previous_certificate); })
      .and_then([&] { return bridge_in_vain ? disk.remove(layout::cross_certificate) : Status{}; });
}

}  // namespace adit::pki
