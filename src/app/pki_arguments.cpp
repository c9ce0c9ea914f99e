#include "app/pki_arguments.h"

#include <cstdio>

#include "base/text.h"
#include "pki/calendar.h"
#include "system/clock.h"
#include "system/random.h"
#include "system/store.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

Result<SecretText> typed_passphrase() {
  auto first = system::ask("New passphrase:", false);
  if (!first) return first;
  const auto second = system::ask("The same again:", false);
  if (!second) return second;
  if (first->reveal() == second->reveal()) return first;
  return fail_with({"the two passphrases differ", "repeat the command"});
}

Result<SecretText> first_line_of(const std::string& file) {
  system::SystemRng rng;
  auto text = system::Store(rng).read(file);
  if (!text) return fail_with(text.error());
  const SecretText whole(std::move(*text));
  return SecretText(whole.reveal().substr(0, whole.reveal().find_first_of("\r\n")));
}

}  // namespace

int answer(const PkiArguments& arguments, const std::string& text, const std::string& json) {
  std::fputs((arguments.json ? json : text).c_str(), stdout);
  return 0;
}

pki::Hooks terminal_hooks() {
  return {[](const std::string& file) -> std::optional<SecretText> {
            auto answer = system::ask("Passphrase of " + file + ":", false);
            if (!answer) return std::nullopt;
            return *answer;
          },
          {}};
}

Result<pki::Authority> open_authority(const PkiArguments& arguments) {
  auto authority = pki::Authority::open(arguments.directory, terminal_hooks());
  if (authority) {
    for (const std::string& repair : authority->repairs()) {
      std::fprintf(stderr, "adit: repaired: %s\n", repair.c_str());
    }
  }
  return authority;
}

Result<WallTime> time_of(const PkiArguments& arguments) {
  if (arguments.now.empty()) return system::wall_now();
  const auto at = pki::parse_iso_text(arguments.now);
  if (at) return *at;
  return fail_with(
      {fmt::format("\"{}\" is not a date", printable(arguments.now)), "for example: 2027-01-31"});
}

std::chrono::days days_of(const PkiArguments& arguments, std::chrono::days usual) {
  return arguments.days > 0 ? std::chrono::days(arguments.days) : usual;
}

Result<std::optional<pki::KeyType>> key_type_of(const PkiArguments& arguments) {
  if (!arguments.key_type) return std::nullopt;
  const auto type = pki::parse_key_type(*arguments.key_type);
  if (!type) return fail_with(type.error());
  return std::optional(*type);
}

Result<std::optional<SecretText>> passphrase_of(const PkiArguments& arguments) {
  if (!arguments.password && arguments.password_file.empty()) return std::nullopt;
  auto text =
      arguments.password_file.empty() ? typed_passphrase() : first_line_of(arguments.password_file);
  if (!text) return fail_with(text.error());
  return std::optional(std::move(*text));
}

}  // namespace adit::app
