#include "pki/entry.h"

namespace adit::pki {

const char* name(Kind kind) {
  switch (kind) {
    case Kind::ca:
      return "ca";
    case Kind::server:
      return "server";
    case Kind::client:
      return "client";
    case Kind::server_and_client:
      return "server+client";
    case Kind::other:
      return "other";
    case Kind::crl:
      return "crl";
  }
  return "other";
}

const char* name(State state) {
  switch (state) {
    case State::valid:
      return "valid";
    case State::expired:
      return "expired";
    case State::revoked:
      return "revoked";
  }
  return "valid";
}

std::int64_t days_left(const Entry& entry, WallTime now) {
  constexpr std::int64_t day = 24 * 60 * 60;
  const std::int64_t seconds = entry.not_after.seconds - now.seconds;
  return seconds >= 0 ? seconds / day : -((-seconds + day - 1) / day);
}

}  // namespace adit::pki
