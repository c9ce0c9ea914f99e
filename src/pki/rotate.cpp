// Changes the authority, one stage a call:
//
//   start     next.key, cross.crt, revocation list, next.crt: from then on both are trusted
//   servers   previous.key, previous.crt: from then on the switch goes forward; new server
//             certificates, with the bridge behind them for clients that know only the old
//             authority
//   clients   new certificates for all, to be exported
//   finish    what the old authority signed is revoked; its certificate goes to retired/
//
// Where a stage stands is told by the files alone, so that each can be given again.

#include "pki/rotate.h"

#include <algorithm>

#include "base/text.h"
#include "pki/calendar.h"
#include "pki/layout.h"
#include "pki/rotation_steps.h"
#include "pki/serial.h"
#include "pki/signing.h"

namespace adit::pki {

namespace {

constexpr std::size_t most_names = 5;

tl::unexpected<Error> refuse_step(std::string_view why, std::string_view advice) {
  return fail_with({fmt::format("cannot go on: {}", why), std::string(advice)});
}

std::string names_of(const std::vector<Entry>& entries) {
  std::string text;
  for (std::size_t i = 0; i < entries.size() && i < most_names; ++i) {
    text += (i == 0 ? "" : ", ") + printable(entries[i].name);
  }
  if (entries.size() > most_names) text += fmt::format(" and {} more", entries.size() - most_names);
  return text;
}

// "adit CA" is followed by "adit CA 2", that by "adit CA 3". A long name is cut between letters.
std::string name_after(const std::string& common_name) {
  const auto blank = common_name.rfind(' ');
  const auto number = blank == std::string::npos
                          ? std::optional<unsigned>()
                          : to_number<unsigned>(common_name.substr(blank + 1));
  if (number && *number < 1000) {
    return fmt::format("{} {}", common_name.substr(0, blank), *number + 1);
  }
  std::string stem = common_name.substr(0, 60);
  const auto inside = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (stem.size() < common_name.size() && inside(common_name[stem.size()])) stem.pop_back();
  return stem + " 2";
}

Result<PrivateKey> next_key(Ledger& ledger, const AuthorityRequest& request) {
  if (ledger.disk.exists(layout::next_key)) {
    auto left = load_key(ledger.disk, layout::next_key, ledger.ask);
    if (left && type_of(left->get()) == request.key_type) return left;
  }
  auto key = generate_key(request.key_type);
  if (!key) return key;
  const Status saved = save_key(ledger.disk, layout::next_key, key->get(), request.passphrase);
  if (!saved) return fail_with(saved.error());
  return key;
}

// Without the old key, past its end, or where it may sign no authority, there is no bridge.
Status build_bridge(Ledger& ledger, X509* next, Rng& rng, WallTime now) {
  const WallTime end = std::min(ledger.ca_facts.validity.until, facts_of(next).validity.until);
  const bool possible =
      ledger.disk.exists(layout::ca_key) && now < end && X509_get_pathlen(ledger.ca.get()) != 0;
  if (!possible) return ledger.disk.remove(layout::cross_certificate);
  const auto key = load_ca_key(ledger);
  if (!key) return fail_with(key.error());
  const auto cross =
      make_cross(next, draw_serial(rng, ledger.index), {now, end}, {ledger.ca.get(), key->get()});
  if (!cross) return fail_with(cross.error());
  return ledger.disk.write(layout::cross_certificate, render_pem(cross->get()), public_mode);
}

Status make_next(Ledger& ledger, const AuthorityRequest& request, Rng& rng, WallTime now) {
  if (auto done = ledger.disk.make_folder(layout::rotation); !done) return done;
  const auto key = next_key(ledger, request);
  if (!key) return fail_with(key.error());
  auto made = make_authority(request.common_name, key->get(), draw_serial(rng, ledger.index),
                             {now, after(now, request.lifetime)});
  if (!made) return fail_with(made.error());
  if (auto done = build_bridge(ledger, made->get(), rng, now); !done) return done;
  const Facts facts = facts_of(made->get());
  ledger.next = Sibling{std::move(*made), facts};
  // Its revocation list is there before it is trusted.
  return publish(ledger, now, crl_days).and_then([&] {
    return ledger.disk.write(layout::next_certificate, render_pem(ledger.next->certificate.get()),
                             public_mode);
  });
}

Status begin_switch(Ledger& ledger, const Rotation& rotation, bool force, WallTime now) {
  const bool cut_off =
      !rotation.bridged && now <= rotation.from.not_after && !rotation.clients_left.empty();
  if (cut_off && !force) {
    return refuse_step(fmt::format("the old authority cannot vouch for the new one, so {} would no "
                                   "longer trust the server",
                                   names_of(rotation.clients_left)),
                       "export their profiles first, which trust both: adit pki export NAME; then "
                       "repeat with --force");
  }
  Disk& disk = ledger.disk;
  if (disk.exists(layout::ca_key)) {
    const auto key = disk.read(layout::ca_key);
    if (!key) return fail_with(key.error());
    const Status saved = disk.write(layout::previous_key, key->reveal(), private_mode);
    if (!saved) return saved;
  }
  const auto text = disk.read(layout::ca_certificate);
  if (!text) return fail_with(text.error());
  return disk.write(layout::previous_certificate, text->reveal(), public_mode);
}

// Until the old authority goes, its certificates live on.
RenewRequest renewal_of(const Name& name, const RotateRequest& request) {
  return {.name = name,
          .overlap = std::chrono::days(3650),
          .lifetime = request.lifetime,
          .new_key = request.new_keys};
}

Status retire_previous(Ledger& ledger) {
  Disk& disk = ledger.disk;
  const std::string serial = ledger.previous->facts.serial;
  if (auto done = disk.make_folder(layout::retired); !done) return done;
  if (disk.exists(layout::previous_key)) {
    const auto key = disk.read(layout::previous_key);
    if (!key) return fail_with(key.error());
    const Status kept = disk.write(layout::retired_key(serial), key->reveal(), private_mode);
    if (!kept) return kept;
  }
  const Status moved =
      disk.move(layout::previous_certificate, layout::retired_certificate(serial)).and_then([&] {
        return disk.remove(layout::previous_key);
      });
  if (moved) ledger.previous.reset();
  return moved;
}

// Nobody needs the bridge behind the servers' certificates any more.
Status take_bridge_down(Ledger& ledger) {
  if (auto done = ledger.disk.remove(layout::cross_certificate); !done) return done;
  for (const auto& [serial, name] : names_by_serial(ledger.disk)) {
    const auto certificate = load_certificate(ledger.disk, layout::certificate_of(name));
    if (!certificate || !signed_by(certificate->get(), ledger.ca.get())) continue;
    if (!may_serve(facts_of(certificate->get()).kind)) continue;
    const Status done = ledger.disk.write(layout::certificate_of(name),
                                          render_described(certificate->get()), public_mode);
    if (!done) return done;
  }
  return {};
}

std::vector<Revoked> everything_of_previous(const Ledger& ledger, WallTime now) {
  std::vector<Revoked> revoked;
  for (const Row& row : ledger.index.rows()) {
    const Certificate certificate = find_certificate(ledger.disk, row);
    const bool old =
        !certificate || signed_by(certificate.get(), ledger.previous->certificate.get());
    if (row.usable(now) && old) {
      revoked.push_back({row.serial, {now, name(Reason::superseded)}});
    }
  }
  return revoked;
}

Status check_finish(const Rotation& rotation, bool force) {
  if (rotation.stage != RotationStage::switched) {
    return refuse_step(rotation.stage == RotationStage::none
                           ? "there is no change of authority to finish"
                           : "the servers still have certificates of the old authority",
                       rotation.stage == RotationStage::none
                           ? "begin one with: adit pki rotate-ca start"
                           : "go on with: adit pki rotate-ca server");
  }
  if (force) return {};
  if (!rotation.servers_left.empty()) {
    return refuse_step(fmt::format("servers still have certificates of the old authority: {}",
                                   names_of(rotation.servers_left)),
                       "renew them with: adit pki rotate-ca server");
  }
  if (!rotation.clients_left.empty()) {
    return refuse_step(
        fmt::format("clients still have certificates of the old authority: {}",
                    names_of(rotation.clients_left)),
        "renew them with: adit pki rotate-ca clients; or leave them behind with --force");
  }
  if (!rotation.not_exported.empty()) {
    return refuse_step(fmt::format("no profile was made with the new certificates of: {}",
                                   names_of(rotation.not_exported)),
                       "export and hand them out; or leave them behind with --force");
  }
  if (!rotation.unstated.empty()) {
    return refuse_step(fmt::format("certificates that state no use may be clients', and then "
                                   "need handing out: {}",
                                   names_of(rotation.unstated)),
                       "hand the new ones out from issued/, then: adit pki rotate-ca finish "
                       "--force");
  }
  return {};
}

}  // namespace

Result<Rotation> Authority::start_rotation(AuthorityRequest request, Rng& rng, WallTime now) {
  Ledger& ledger = *ledger_;
  if (ledger.previous) {
    return refuse_step("a change of authority is under way",
                       "see it with: adit pki rotate-ca --status");
  }
  if (request.common_name.empty()) request.common_name = name_after(ledger.ca_facts.common_name);
  if (!ledger.next) {
    if (auto ok = check_request(request); !ok) return fail_with(ok.error());
    if (request.common_name == ledger.ca_facts.common_name) {
      return refuse_step("the new authority must not be called like the old one",
                         "choose another name with --cn");
    }
    if (auto done = make_next(ledger, request, rng, now); !done) return fail_with(done.error());
  }
  if (auto done = save_bundle(ledger); !done) return fail_with(done.error());
  return rotation_of(ledger, now);
}

Result<Rotation> Authority::rotate_servers(const RotateRequest& request, Rng& rng, WallTime now) {
  Ledger& ledger = *ledger_;
  Rotation rotation = rotation_of(ledger, now);
  if (rotation.stage == RotationStage::none) {
    return refuse_step("there is no new authority yet", "make one with: adit pki rotate-ca start");
  }
  if (rotation.stage == RotationStage::started) {
    const Status done = begin_switch(ledger, rotation, request.force, now)
                            .and_then([&] { return finish_switch(ledger); })
                            .and_then([&] { return save_bundle(ledger); });
    if (!done) return fail_with(done.error());
  }
  return renew_all(rotation_of(ledger, now).servers_left, request, rng, now);
}

Result<Rotation> Authority::rotate_clients(const RotateRequest& request, Rng& rng, WallTime now) {
  const Rotation rotation = rotation_of(*ledger_, now);
  if (rotation.stage != RotationStage::switched) {
    return refuse_step("the new authority does not sign yet",
                       "go on with: adit pki rotate-ca server");
  }
  return renew_all(rotation.clients_left, request, rng, now);
}

Result<Rotation> Authority::renew_all(const std::vector<Entry>& entries,
                                      const RotateRequest& request, Rng& rng, WallTime now) {
  const auto names = names_by_serial(ledger_->disk);
  std::vector<std::string> renewed;
  for (const Entry& entry : entries) {
    const auto name = names.find(entry.serial);
    if (name == names.end()) continue;
    const auto done = renew(renewal_of(name->second, request), rng, now);
    if (!done) return fail_with(done.error());
    renewed.push_back(name->second.text());
  }
  if (auto done = publish(*ledger_, now, crl_days); !done) return fail_with(done.error());
  Rotation rotation = rotation_of(*ledger_, now);
  rotation.renewed = std::move(renewed);
  return rotation;
}

Result<Rotation> Authority::finish_rotation(bool force, WallTime now) {
  Ledger& ledger = *ledger_;
  const Status ok = check_finish(rotation_of(ledger, now), force);
  if (!ok) return fail_with(ok.error());
  const auto revoked = everything_of_previous(ledger, now);
  const Status done = take_bridge_down(ledger)
                          .and_then([&] { return publish(ledger, now, crl_days, revoked); })
                          .and_then([&] { return retire_previous(ledger); })
                          .and_then([&] { return save_bundle(ledger); })
                          .and_then([&] { return publish(ledger, now, crl_days); });
  if (!done) return fail_with(done.error());
  return rotation_of(ledger, now);
}

}  // namespace adit::pki
