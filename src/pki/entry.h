#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "pki/index.h"

namespace adit::pki {

// What a certificate may be used for.
// The revocation list is no certificate, but has dates that are watched like theirs.
enum class Kind : std::uint8_t { ca, server, client, server_and_client, other, crl };
enum class State : std::uint8_t { valid, expired, revoked };

const char* name(Kind kind);
[[nodiscard]] constexpr bool serves(Kind kind) {
  return kind == Kind::server || kind == Kind::server_and_client;
}
// A certificate that states no use is as good for a server as for a client.
[[nodiscard]] constexpr bool may_serve(Kind kind) { return serves(kind) || kind == Kind::other; }
const char* name(State state);

// One certificate as a list shows it.
struct Entry {
  std::string name;
  Kind kind = Kind::other;
  std::string serial;
  std::optional<WallTime> not_before;  // unknown when the certificate's file is gone
  WallTime not_after;
  State state = State::valid;
  std::optional<Revocation> revocation{};
  std::optional<WallTime> overlap_end{};  // it was renewed, and is revoked then
  std::string file{};  // NAME of issued/NAME.crt; only list() says it; empty: it is not there
};

// Whole days until the end; negative once it has passed.
[[nodiscard]] std::int64_t days_left(const Entry& entry, WallTime now);

}  // namespace adit::pki
