// Session tokens: any text verified; and tokens of ours, damaged or shown by somebody else, which
// must not verify unless they are what was signed.
//
//   user name as a piece | any text as a piece | 12 bytes session, u64 initial, u64 issued | damage

#include "crypto/auth_token.h"

#include "tests/fuzz/input.h"
#include "tests/sim/seeded_rng.h"

namespace adit::fuzz {

namespace {

const crypto::AuthTokenKey& key() {
  static const crypto::AuthTokenKey made = [] {
    sim::SeededRng rng(6);
    return crypto::AuthTokenKey::generate(rng);
  }();
  return made;
}

// The same bytes may be written in several ways: white space, loose bits behind the last digit.
bool same_bytes(std::string_view a, std::string_view b) {
  if (!a.starts_with(crypto::auth_token_prefix)) return false;
  const std::size_t prefix = crypto::auth_token_prefix.size();
  const auto left = from_base64(a.substr(prefix)), right = from_base64(b.substr(prefix));
  return left && right && same(*left, *right);
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::string user(as_text(input.piece()));
  ADIT_ASSERT(!key().verify(as_text(input.piece()), user));

  crypto::AuthToken token;
  for (std::uint8_t& byte : token.session) byte = input.u8();
  token.initial.seconds = static_cast<std::int64_t>(input.u64());
  token.issued.seconds = static_cast<std::int64_t>(input.u64());
  const std::string text = key().sign(token, user);
  const auto verified = key().verify(text, user);
  ADIT_ASSERT(verified && verified->session == token.session);
  ADIT_ASSERT(verified->initial == token.initial && verified->issued == token.issued);
  ADIT_ASSERT(!key().verify(text, user + "x"));

  Buffer damaged = to_buffer(as_bytes(text));
  damage(damaged, input);
  const std::string_view shown = as_text(damaged);
  ADIT_ASSERT(!key().verify(shown, user) || same_bytes(shown, text));
}

}  // namespace adit::fuzz
