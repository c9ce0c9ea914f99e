// "adit pki" where something is only looked at or handed out.

#include "app/pki_arguments.h"
#include "pki/dates.h"
#include "pki/listing.h"
#include "pki/profile.h"
#include "system/random.h"
#include "system/store.h"

namespace adit::app {

namespace {

Result<SecretText> profile_of(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return fail_with(now.error());
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return fail_with(name.error());
  auto authority = open_authority(arguments);
  if (!authority) return fail_with(authority.error());
  system::SystemRng rng;
  const auto exported = authority->export_client(*name, rng, *now);
  if (!exported) return fail_with(exported.error());
  pki::ProfileSettings settings;
  settings.host = arguments.endpoint;
  settings.port = static_cast<std::uint16_t>(arguments.port);
  if (arguments.proto == "tcp") settings.transport = pki::Transport::tcp;
  return pki::render_client_profile(settings, *exported);
}

}  // namespace

int pki_list(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  const auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  auto entries = authority->list(*now);
  if (const auto list = authority->revocation_list(*now)) entries.push_back(*list);
  return answer(arguments, pki::render_table(entries, *now), pki::render_json(entries, *now));
}

int pki_show(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  const auto name = pki::Name::existing(arguments.name);
  if (!name) return complain(name.error());
  const auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const auto details = authority->show(*name, *now);
  if (!details) return complain(details.error());
  return answer(arguments, pki::render_details(*details, *now),
                pki::render_details_json(*details, *now));
}

int pki_export(const PkiArguments& arguments) {
  const auto profile = profile_of(arguments);
  if (!profile) return complain(profile.error());
  const bool to_file = !arguments.output.empty() && arguments.output != "-";
  if (to_file) {
    const Status written =
        system::write_file_atomically(arguments.output, profile->reveal(), system::private_mode);
    if (!written) return complain(written.error());
  }
  return answer(arguments, to_file ? arguments.output + "\n" : profile->reveal(),
                pki::render_exported_json(arguments.name, to_file ? arguments.output : "",
                                          to_file ? "" : profile->reveal()));
}

}  // namespace adit::app
