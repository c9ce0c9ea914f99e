// "adit pki" where something is signed or revoked.

#include "app/pki_arguments.h"
#include "pki/calendar.h"
#include "pki/listing.h"
#include "system/random.h"

namespace adit::app {

namespace {

// What every command that signs is asked for.
struct Wishes {
  WallTime now;
  std::optional<pki::KeyType> key_type;
  std::optional<SecretText> passphrase;
};

Result<Wishes> wishes_of(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return fail_with(now.error());
  const auto type = key_type_of(arguments);
  if (!type) return fail_with(type.error());
  auto passphrase = passphrase_of(arguments);
  if (!passphrase) return fail_with(passphrase.error());
  return Wishes{*now, *type, std::move(*passphrase)};
}

std::string file_of(const PkiArguments& arguments, const std::string& below) {
  return arguments.directory + "/" + below;
}

std::string renewed_text(const PkiArguments& arguments, const pki::Renewed& renewed) {
  std::string text = fmt::format("{} is valid until {}: {}\n", renewed.now.name,
                                 pki::day_text(renewed.now.not_after),
                                 file_of(arguments, "issued/" + arguments.name + ".crt"));
  if (renewed.new_key) text += "it has a new key\n";
  if (renewed.before.overlap_end) {
    text += fmt::format("the old certificate lives on until {}\n",
                        pki::day_text(*renewed.before.overlap_end));
  }
  if (renewed.now.kind == pki::Kind::client) {
    text += fmt::format("hand out the new profile: adit pki export {}\n", arguments.name);
  }
  return text;
}

}  // namespace

int pki_init(const PkiArguments& arguments) {
  auto wishes = wishes_of(arguments);
  if (!wishes) return complain(wishes.error());
  pki::AuthorityRequest request;
  if (!arguments.common_name.empty()) request.common_name = arguments.common_name;
  if (wishes->key_type) request.key_type = *wishes->key_type;
  request.lifetime = days_of(arguments, pki::authority_days);
  request.passphrase = std::move(wishes->passphrase);
  system::SystemRng rng;
  auto made =
      pki::Authority::create(arguments.directory, request, rng, wishes->now, terminal_hooks());
  if (!made) return complain(made.error());
  return answer(arguments, "certificate authority made in " + arguments.directory + "\n",
                pki::render_json(made->list(wishes->now).front(), wishes->now));
}

int pki_ca(const PkiArguments& arguments) {
  if (arguments.issue) return pki_init(arguments);
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  const auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const pki::Details details = authority->show_authority(*now);
  return answer(arguments, pki::render_details(details, *now),
                pki::render_details_json(details, *now));
}

int pki_issue(const PkiArguments& arguments, pki::Kind kind) {
  const auto name = pki::Name::parse(arguments.name);
  if (!name) return complain(name.error());
  auto wishes = wishes_of(arguments);
  if (!wishes) return complain(wishes.error());
  auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const pki::CertificateRequest request{.kind = kind,
                                        .name = *name,
                                        .key_type = wishes->key_type,
                                        .lifetime = days_of(arguments, pki::certificate_days),
                                        .passphrase = std::move(wishes->passphrase)};
  system::SystemRng rng;
  const auto entry = authority->issue(request, rng, wishes->now);
  if (!entry) return complain(entry.error());
  return answer(arguments, file_of(arguments, "issued/" + arguments.name + ".crt\n"),
                pki::render_json(*entry, wishes->now));
}

int pki_renew(const PkiArguments& arguments) {
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return complain(name.error());
  auto wishes = wishes_of(arguments);
  if (!wishes) return complain(wishes.error());
  auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const pki::RenewRequest request{.name = *name,
                                  .overlap = std::chrono::days(arguments.overlap),
                                  .lifetime = days_of(arguments, pki::certificate_days),
                                  .new_key = arguments.new_key,
                                  .key_type = wishes->key_type,
                                  .passphrase = std::move(wishes->passphrase)};
  system::SystemRng rng;
  const auto renewed = authority->renew(request, rng, wishes->now);
  if (!renewed) return complain(renewed.error());
  return answer(arguments, renewed_text(arguments, *renewed),
                pki::render_json(*renewed, wishes->now));
}

int pki_revoke(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return complain(name.error());
  const auto reason = pki::parse_reason(arguments.reason);
  if (!reason) return complain(reason.error());
  auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const auto entry = authority->revoke(*name, *reason, *now);
  if (!entry) return complain(entry.error());
  return answer(arguments,
                arguments.name + " is revoked; " + file_of(arguments, "crl.pem says so\n"),
                pki::render_json(*entry, *now));
}

int pki_crl(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const Status published = authority->publish_crl(*now, days_of(arguments, pki::crl_days));
  if (!published) return complain(published.error());
  const auto entry = authority->revocation_list(*now);
  return answer(arguments, file_of(arguments, "crl.pem\n"),
                entry ? pki::render_json(*entry, *now) : "{}\n");
}

}  // namespace adit::app
