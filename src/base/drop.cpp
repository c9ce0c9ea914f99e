#include "base/drop.h"

namespace adit {

const char* name(Drop reason) {
  switch (reason) {
    case Drop::none:
      return "none";
    case Drop::malformed:
      return "malformed";
    case Drop::unknown_opcode:
      return "unknown opcode";
    case Drop::unknown_peer:
      return "unknown peer";
    case Drop::no_key:
      return "no key";
    case Drop::bad_tag:
      return "bad tag";
    case Drop::replayed:
      return "replayed";
    case Drop::late:
      return "late";
    case Drop::key_exhausted:
      return "key exhausted";
    case Drop::bad_source:
      return "bad source";
    case Drop::no_route:
      return "no route";
    case Drop::too_big:
      return "too big";
    case Drop::queue_full:
      return "queue full";
    case Drop::bad_framing:
      return "bad framing";
    case Drop::wrong_address:
      return "wrong address";
    case Drop::blocked:
      return "blocked";
    case Drop::link_error:
      return "link error";
    case Drop::count_:
      break;
  }
  return "unknown";
}

}  // namespace adit
