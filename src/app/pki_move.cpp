// "adit pki import" and "adit pki rotate-ca": an authority that comes, and one that goes.

#include "app/pki_arguments.h"
#include "pki/listing.h"
#include "system/random.h"

namespace adit::app {

namespace {

std::string imported_text(const PkiArguments& arguments, const pki::Imported& imported) {
  if (imported.was_there) {
    return fmt::format("{} holds the authority of {} already\n", arguments.directory,
                       imported.source);
  }
  std::string text =
      fmt::format("{} ({}) is now in {}: {} certificates, {} of them revoked, {} keys\n",
                  imported.source, pki::name(imported.layout), arguments.directory,
                  imported.certificates, imported.revoked, imported.keys);
  for (const std::string& note : imported.notes) text += "note: " + note + "\n";
  return text;
}

std::string stage_after(const pki::Rotation& rotation) {
  if (rotation.stage == pki::RotationStage::none) return "start";
  if (rotation.stage == pki::RotationStage::started || !rotation.servers_left.empty()) {
    return "server";
  }
  return rotation.clients_left.empty() ? "finish" : "clients";
}

Result<pki::Rotation> start(const PkiArguments& arguments, pki::Authority& authority, Rng& rng,
                            WallTime now) {
  const auto type = key_type_of(arguments);
  if (!type) return fail_with(type.error());
  auto passphrase = passphrase_of(arguments);
  if (!passphrase) return fail_with(passphrase.error());
  return authority.start_rotation({.common_name = arguments.common_name,
                                   .key_type = type->value_or(pki::KeyType::ecdsa_p256),
                                   .lifetime = days_of(arguments, pki::authority_days),
                                   .passphrase = std::move(*passphrase)},
                                  rng, now);
}

Result<pki::Rotation> take_stage(const PkiArguments& arguments, pki::Authority& authority,
                                 WallTime now) {
  const std::string stage =
      arguments.stage.empty() ? stage_after(authority.rotation(now)) : arguments.stage;
  const pki::RotateRequest request{.lifetime = days_of(arguments, pki::certificate_days),
                                   .new_keys = arguments.new_key,
                                   .force = arguments.force};
  system::SystemRng rng;
  if (stage == "start") return start(arguments, authority, rng, now);
  if (stage == "server") return authority.rotate_servers(request, rng, now);
  if (stage == "clients") return authority.rotate_clients(request, rng, now);
  return authority.finish_rotation(arguments.force, now);
}

}  // namespace

int pki_import(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  system::SystemRng rng;
  const auto imported = pki::Authority::import_from(arguments.source, arguments.directory, rng,
                                                    *now, terminal_hooks());
  if (!imported) return complain(imported.error());
  return answer(arguments, imported_text(arguments, *imported), pki::render_json(*imported));
}

int pki_rotate(const PkiArguments& arguments) {
  const auto now = time_of(arguments);
  if (!now) return complain(now.error());
  auto authority = open_authority(arguments);
  if (!authority) return complain(authority.error());
  const auto rotation = arguments.status_only ? Result<pki::Rotation>(authority->rotation(*now))
                                              : take_stage(arguments, *authority, *now);
  if (!rotation) return complain(rotation.error());
  return answer(arguments, pki::render_rotation(*rotation), pki::render_json(*rotation, *now));
}

}  // namespace adit::app
