// Key files: what parses, renders to a text that parses to the same bytes.
//
//   kind | text

#include <algorithm>

#include "crypto/auth_token.h"
#include "tests/fuzz/fixtures.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

template <typename Key>
void try_key(std::string_view text) {
  const auto key = Key::parse(text);
  if (!key) {
    ADIT_ASSERT(!key.error().text().empty());
    return;
  }
  const std::string rendered = key->render();
  const auto again = Key::parse(rendered);
  ADIT_ASSERT(again && again->render() == rendered);
}

void try_bytes(std::string_view text) {
  if (const auto bytes = from_base64(text)) {
    ADIT_ASSERT(from_base64(to_base64(*bytes)) == bytes);
  }
  if (const auto bytes = from_hex(text)) {
    ADIT_ASSERT(from_hex(to_hex(*bytes)) == bytes && bytes->size() * 2 == text.size());
  }
  ADIT_ASSERT(from_base64(to_base64(as_bytes(text))) == to_buffer(as_bytes(text)));
}

}  // namespace

void try_input(Bytes bytes) {
  Input input(bytes);
  const std::size_t kind = input.below(5);
  const std::string_view text = as_text(input.rest());
  switch (kind) {
    case 0:
      return try_key<crypto::StaticKey>(text);
    case 1:
      return try_key<crypto::TlsCryptV2ClientKey>(text);
    case 2:
      return try_key<crypto::TlsCryptV2ServerKey>(text);
    case 3:
      return try_key<crypto::AuthTokenKey>(text);
    default:
      return try_bytes(text);
  }
}

}  // namespace adit::fuzz
