#include "wire/early_negotiation.h"

namespace adit::wire {

namespace {
constexpr std::uint16_t type_flags = 0x0001;
constexpr std::uint16_t flag_resend_wkc = 0x0001;
}  // namespace

std::optional<EarlyNegotiation> decode_early_negotiation(Bytes payload) {
  EarlyNegotiation flags;
  Reader reader(payload);
  while (reader.left() > 0) {
    const std::uint16_t type = reader.u16();
    const Bytes value = reader.take(reader.u16());
    if (!reader.ok()) return std::nullopt;
    if (type != type_flags) continue;
    if (value.size() != 2) return std::nullopt;
    flags.resend_wkc = (load_u16(value.data()) & flag_resend_wkc) != 0;
  }
  return flags;
}

Buffer encode_early_negotiation(const EarlyNegotiation& flags) {
  if (!flags.resend_wkc) return {};
  Buffer payload(6);
  Writer writer(payload);
  writer.u16(type_flags);
  writer.u16(2);
  writer.u16(flag_resend_wkc);
  return payload;
}

}  // namespace adit::wire
