#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adit::wire {

// IV_PROTO bits.
enum : std::uint32_t {
  proto_data_v2 = 1u << 1,
  proto_request_push = 1u << 2,     // expects PUSH_REPLY without having asked
  proto_tls_key_export = 1u << 3,   // exporter key derivation
  proto_auth_pending_kw = 1u << 4,  // AUTH_PENDING keywords
  proto_ncp_p2p = 1u << 5,          // point-to-point negotiation
  proto_dns_option = 1u << 6,       // older dns option of 2.6
  proto_cc_exit = 1u << 7,          // EXIT on the control channel, protocol-flags
  proto_auth_fail_temp = 1u << 8,   // AUTH_FAILED,TEMP
  proto_dyn_tls_crypt = 1u << 9,
  proto_data_epoch = 1u << 10,
  proto_dns_option_v2 = 1u << 11,
  proto_push_update = 1u << 12,
};

// The NAME=value lines that travel in key method 2.
class PeerInfo {
 public:
  PeerInfo() = default;
  // Ignores lines without a name; keeps the first of equal names.
  static PeerInfo parse(std::string_view text);

  void add(std::string name, std::string value);
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& lines() const {
    return lines_;
  }
  [[nodiscard]] std::string text() const;

  [[nodiscard]] std::uint32_t proto() const;  // IV_PROTO, 0 when absent or nonsense
  [[nodiscard]] bool offers(std::uint32_t proto_bit) const { return (proto() & proto_bit) != 0; }
  [[nodiscard]] bool has_ncp2() const;  // IV_NCP of 2 or more

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

// Whether a line may be shown and exported: at most 255 characters, IV_ or UV_ name of letters,
// digits and underscore. The value comes back with dangerous characters replaced by '_'.
[[nodiscard]] std::optional<std::string> exportable_value(std::string_view name,
                                                          std::string_view value);

}  // namespace adit::wire
